//! One entry under `jobs:`: a job with steps, or the call of a reusable workflow.

use super::container::{CONTAINER, SERVICES};
use super::contexts::{
    JOB, JOB_DEFAULTS, JOB_ENV, JOB_IF, RUNNER_WITHOUT_SECRETS, STRATEGY as STRATEGY_CONTEXTS,
};
use super::definition::{
    Definition, mapping, mapping_and_names, names, one_of, optional, required, sequence, text,
    words,
};
use super::scalars::{
    ANY, ANY_SEQUENCE, BOOLEAN, JOB_BOOLEAN, JOB_NUMBER, JOB_TEXT, NON_EMPTY, NON_EMPTY_TEXTS,
    NUMBER, ONE_OR_MORE, RUNNER_TEXT, TEXT,
};
use super::step::STEPS;
use super::workflow::{JOB_CONCURRENCY, PERMISSIONS};

pub(super) static JOB_ENTRY: Definition = one_of(&[&STEPS_JOB, &CALL_JOB]);

static STEPS_JOB: Definition = mapping(&[
    optional("needs", &ONE_OR_MORE),
    optional("if", &IF),
    optional("strategy", &STRATEGY),
    optional("name", &JOB_TEXT),
    required("runs-on", &RUNS_ON),
    optional("timeout-minutes", &JOB_NUMBER),
    optional("cancel-timeout-minutes", &JOB_NUMBER),
    optional("continue-on-error", &JOB_BOOLEAN),
    optional("container", &CONTAINER),
    optional("services", &SERVICES),
    optional("env", &ENV),
    optional("environment", &ENVIRONMENT),
    optional("permissions", &PERMISSIONS),
    optional("concurrency", &JOB_CONCURRENCY),
    optional("outputs", &OUTPUTS),
    optional("defaults", &DEFAULTS),
    optional("steps", &STEPS),
    optional("snapshot", &SNAPSHOT).ignored("images of jobs are not kept"),
]);

static CALL_JOB: Definition = mapping(&[
    optional("name", &JOB_TEXT),
    required("uses", &NON_EMPTY),
    optional("with", &CALL_WITH),
    optional("secrets", &CALL_SECRETS),
    optional("needs", &ONE_OR_MORE),
    optional("if", &IF),
    optional("permissions", &PERMISSIONS),
    optional("concurrency", &JOB_CONCURRENCY),
    optional("strategy", &STRATEGY),
]);

static CALL_WITH: Definition = names(&CALL_INPUT);
static CALL_INPUT: Definition = one_of(&[&TEXT, &BOOLEAN, &NUMBER]).with(&JOB);
static CALL_SECRETS: Definition = one_of(&[&INHERIT, &CALL_SECRET_NAMES]);
static INHERIT: Definition = words(&["inherit"]);
static CALL_SECRET_NAMES: Definition = names(&CALL_SECRET);
static CALL_SECRET: Definition = one_of(&[&TEXT, &BOOLEAN, &NUMBER]).with(&JOB_ENV);

static IF: Definition = text().with(&JOB_IF);
static ENV: Definition = names(&TEXT).with(&JOB_ENV);
static OUTPUTS: Definition = names(&RUNNER_TEXT);

/// `strategy`.
pub static STRATEGY: Definition = mapping(&[
    optional("fail-fast", &BOOLEAN),
    optional("max-parallel", &NUMBER),
    optional("matrix", &MATRIX),
])
.with(&STRATEGY_CONTEXTS);
static MATRIX: Definition = mapping_and_names(
    &[optional("include", &MATRIX_FILTERS), optional("exclude", &MATRIX_FILTERS)],
    &ANY_SEQUENCE,
);
static MATRIX_FILTERS: Definition = sequence(&MATRIX_FILTER);
static MATRIX_FILTER: Definition = names(&ANY);

static RUNS_ON: Definition = one_of(&[&NON_EMPTY, &NON_EMPTY_TEXTS, &RUNNER_GROUP]).with(&JOB);
static RUNNER_GROUP: Definition = mapping(&[
    optional("group", &NON_EMPTY).fails("before it is queued"),
    optional("labels", &ONE_OR_MORE),
]);

static ENVIRONMENT: Definition = one_of(&[&TEXT, &ENVIRONMENT_KEYS]).with(&JOB);
/// `environment` as a mapping.
pub static ENVIRONMENT_KEYS: Definition = mapping(&[
    required("name", &TEXT),
    optional("url", &ENVIRONMENT_URL),
    optional("deployment", &BOOLEAN).ignored("no deployments are recorded"),
]);
static ENVIRONMENT_URL: Definition = text().with(&RUNNER_WITHOUT_SECRETS);

static DEFAULTS: Definition = mapping(&[optional("run", &RUN_DEFAULTS)]);
/// `defaults.run`.
pub static RUN_DEFAULTS: Definition =
    mapping(&[optional("shell", &NON_EMPTY), optional("working-directory", &NON_EMPTY)])
        .with(&JOB_DEFAULTS);

static SNAPSHOT: Definition = one_of(&[&NON_EMPTY, &SNAPSHOT_MAPPING]);
static SNAPSHOT_MAPPING: Definition = mapping(&[
    required("image-name", &NON_EMPTY),
    optional("if", &JOB_TEXT),
    optional("version", &NON_EMPTY),
]);
