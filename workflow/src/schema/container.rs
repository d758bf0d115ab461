//! `container:` and `services:` of a job.

use super::contexts::{CREDENTIALS, JOB};
use super::definition::{Definition, mapping, names, one_of, optional};
use super::scalars::{NON_EMPTY, NON_EMPTY_TEXTS, RUNNER_TEXT, TEXT};

pub(super) static CONTAINER: Definition = one_of(&[&TEXT, &CONTAINER_MAPPING]).with(&JOB);
static CONTAINER_MAPPING: Definition = mapping(&[
    optional("image", &NON_EMPTY),
    optional("options", &TEXT),
    optional("env", &ENV),
    optional("ports", &NON_EMPTY_TEXTS),
    optional("volumes", &NON_EMPTY_TEXTS),
    optional("credentials", &REGISTRY_CREDENTIALS),
]);

pub(super) static SERVICES: Definition = names(&SERVICE).with(&JOB);
static SERVICE: Definition = one_of(&[&NON_EMPTY, &SERVICE_MAPPING]);
static SERVICE_MAPPING: Definition = mapping(&[
    optional("image", &NON_EMPTY),
    optional("options", &TEXT),
    optional("env", &ENV),
    optional("ports", &NON_EMPTY_TEXTS),
    optional("volumes", &NON_EMPTY_TEXTS),
    optional("credentials", &REGISTRY_CREDENTIALS),
    optional("entrypoint", &TEXT),
    optional("command", &TEXT),
]);

static ENV: Definition = names(&RUNNER_TEXT);
static REGISTRY_CREDENTIALS: Definition =
    mapping(&[optional("username", &NON_EMPTY), optional("password", &NON_EMPTY)])
        .with(&CREDENTIALS);
