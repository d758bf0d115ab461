//! The root of a workflow file, and the keys a workflow and its jobs share.

use super::contexts::{JOB, RUN, WORKFLOW_ENV};
use super::definition::{
    Definition, mapping, names, non_empty, one_of, optional, required, text, words,
};
use super::events::ON;
use super::job::JOB_ENTRY;
use super::scalars::{BOOLEAN, NON_EMPTY, TEXT};

/// A file in `.github/workflows`.
pub static WORKFLOW: Definition = mapping(&[
    required("on", &ON),
    optional("name", &TEXT),
    optional("description", &TEXT),
    optional("run-name", &RUN_NAME),
    optional("defaults", &DEFAULTS),
    optional("env", &ENV),
    optional("permissions", &PERMISSIONS),
    optional("concurrency", &CONCURRENCY),
    required("jobs", &JOBS),
]);

static RUN_NAME: Definition = text().with(&RUN);
static ENV: Definition = names(&TEXT).with(&WORKFLOW_ENV);
static JOBS: Definition = names(&JOB_ENTRY);

static DEFAULTS: Definition = mapping(&[optional("run", &DEFAULTS_RUN)]);
static DEFAULTS_RUN: Definition =
    mapping(&[optional("shell", &NON_EMPTY), optional("working-directory", &NON_EMPTY)]);

static CONCURRENCY: Definition = one_of(&[&TEXT, &CONCURRENCY_KEYS]).with(&RUN);
pub(super) static JOB_CONCURRENCY: Definition = one_of(&[&NON_EMPTY, &CONCURRENCY_KEYS]).with(&JOB);
/// `concurrency` as a mapping.
pub static CONCURRENCY_KEYS: Definition = mapping(&[
    required("group", &CONCURRENCY_GROUP),
    optional("cancel-in-progress", &BOOLEAN),
    optional("queue", &CONCURRENCY_QUEUE),
]);
static CONCURRENCY_GROUP: Definition = non_empty();
static CONCURRENCY_QUEUE: Definition = words(&["single", "max"]);

pub(super) static PERMISSIONS: Definition = one_of(&[&ALL_PERMISSIONS, &SCOPES]);
static ALL_PERMISSIONS: Definition = words(&["read-all", "write-all"]);
static SCOPES: Definition = mapping(&[
    optional("actions", &ANY_ACCESS),
    optional("artifact-metadata", &ANY_ACCESS),
    optional("attestations", &ANY_ACCESS),
    optional("checks", &ANY_ACCESS),
    optional("code-quality", &ANY_ACCESS),
    optional("contents", &ANY_ACCESS),
    optional("copilot-requests", &WRITE_OR_NONE),
    optional("deployments", &ANY_ACCESS),
    optional("discussions", &ANY_ACCESS),
    optional("drives", &ANY_ACCESS),
    optional("id-token", &WRITE_OR_NONE),
    optional("issues", &ANY_ACCESS),
    optional("models", &READ_OR_NONE),
    optional("packages", &ANY_ACCESS),
    optional("pages", &ANY_ACCESS),
    optional("pull-requests", &ANY_ACCESS),
    optional("repository-projects", &ANY_ACCESS),
    optional("security-events", &ANY_ACCESS),
    optional("statuses", &ANY_ACCESS),
    optional("vulnerability-alerts", &READ_OR_NONE),
]);
static ANY_ACCESS: Definition = words(&["read", "write", "none"]);
static READ_OR_NONE: Definition = words(&["read", "none"]);
static WRITE_OR_NONE: Definition = words(&["write", "none"]);
