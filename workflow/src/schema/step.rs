//! One entry under `steps:`.

use super::contexts::{STEP, STEP_IF};
use super::definition::{
    Definition, Kind, mapping, names, one_of, optional, required, sequence, text,
};
use super::scalars::{BOOLEAN, NON_EMPTY, NULL, ONE_OR_MORE, TEXT};

pub(super) static STEPS: Definition = sequence(&STEP_ENTRY);

static STEP_ENTRY: Definition =
    one_of(&[&RUN_STEP, &USES_STEP, &WAIT_STEP, &WAIT_ALL_STEP, &CANCEL_STEP, &PARALLEL_STEP]);

static RUN_STEP: Definition = mapping(&[
    optional("name", &STEP_TEXT),
    optional("id", &NON_EMPTY),
    optional("if", &IF),
    optional("timeout-minutes", &STEP_NUMBER),
    required("run", &STEP_TEXT),
    optional("continue-on-error", &STEP_BOOLEAN),
    optional("env", &STEP_VARIABLES),
    optional("working-directory", &STEP_TEXT),
    optional("shell", &NON_EMPTY),
    optional("background", &BOOLEAN),
]);

static USES_STEP: Definition = mapping(&[
    optional("name", &STEP_TEXT),
    optional("id", &NON_EMPTY),
    optional("if", &IF),
    optional("continue-on-error", &STEP_BOOLEAN),
    optional("timeout-minutes", &STEP_NUMBER),
    required("uses", &NON_EMPTY),
    optional("with", &STEP_VARIABLES),
    optional("env", &STEP_VARIABLES),
    optional("background", &BOOLEAN),
]);

static WAIT_STEP: Definition = mapping(&[
    optional("name", &STEP_TEXT),
    optional("id", &NON_EMPTY),
    optional("continue-on-error", &STEP_BOOLEAN),
    required("wait", &ONE_OR_MORE),
]);

static WAIT_ALL_STEP: Definition = mapping(&[
    optional("name", &STEP_TEXT),
    optional("id", &NON_EMPTY),
    optional("continue-on-error", &STEP_BOOLEAN),
    required("wait-all", &NULL_OR_BOOLEAN),
]);

static CANCEL_STEP: Definition = mapping(&[
    optional("name", &STEP_TEXT),
    optional("id", &NON_EMPTY),
    optional("continue-on-error", &STEP_BOOLEAN),
    required("cancel", &NON_EMPTY),
]);

static PARALLEL_STEP: Definition = mapping(&[required("parallel", &STEPS)]);

static IF: Definition = text().with(&STEP_IF);
static STEP_TEXT: Definition = text().with(&STEP);
static STEP_NUMBER: Definition = Definition::new(Kind::Number).with(&STEP);
static STEP_BOOLEAN: Definition = Definition::new(Kind::Boolean).with(&STEP);
static STEP_VARIABLES: Definition = names(&TEXT).with(&STEP);
static NULL_OR_BOOLEAN: Definition = one_of(&[&NULL, &BOOLEAN]);
