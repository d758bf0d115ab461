//! The root of an `action.yml`, as the runner reads it (`semantics` 1.9).
//!
//! Unknown keys of the root (`branding`, `author`, ...) may hold anything; those of an input are
//! passed over. What runs is told apart by its keys; whether they fit `using` is checked when the
//! model is built.

use super::contexts::{
    ACTION_ARGUMENT, ACTION_INPUT_DEFAULT, ACTION_OUTPUT, ACTION_STEP, ACTION_STEP_IF,
};
use super::definition::{
    Definition, Kind, lenient_mapping, mapping, mapping_and_names, names, one_of, optional,
    required, sequence, text,
};
use super::scalars::{ANY, NON_EMPTY, TEXT};

/// An `action.yml`.
pub static ACTION: Definition = mapping_and_names(
    &[
        optional("name", &TEXT),
        optional("description", &TEXT),
        optional("inputs", &INPUTS),
        optional("outputs", &OUTPUTS),
        optional("runs", &RUNS),
    ],
    &ANY,
);

static INPUTS: Definition = names(&INPUT);
static INPUT: Definition = lenient_mapping(&[
    optional("description", &ANY),
    optional("required", &ANY),
    optional("default", &INPUT_DEFAULT),
    optional("deprecationMessage", &ANY),
]);
static INPUT_DEFAULT: Definition = text().with(&ACTION_INPUT_DEFAULT);

static OUTPUTS: Definition = names(&OUTPUT);
static OUTPUT: Definition =
    mapping(&[optional("description", &TEXT), optional("value", &OUTPUT_VALUE)]);
static OUTPUT_VALUE: Definition = text().with(&ACTION_OUTPUT);

static RUNS: Definition = one_of(&[&DOCKER_RUNS, &NODE_RUNS, &COMPOSITE_RUNS]);

static DOCKER_RUNS: Definition = mapping(&[
    optional("using", &NON_EMPTY),
    optional("image", &NON_EMPTY),
    optional("entrypoint", &NON_EMPTY),
    optional("args", &ARGUMENTS),
    optional("env", &DOCKER_ENV),
    optional("pre-entrypoint", &NON_EMPTY),
    optional("pre-if", &NON_EMPTY),
    optional("post-entrypoint", &NON_EMPTY),
    optional("post-if", &NON_EMPTY),
]);
static ARGUMENTS: Definition = sequence(&ARGUMENT);
static ARGUMENT: Definition = text().with(&ACTION_ARGUMENT);
static DOCKER_ENV: Definition = names(&TEXT).with(&ACTION_ARGUMENT);

static NODE_RUNS: Definition = mapping(&[
    optional("using", &NON_EMPTY),
    optional("main", &NON_EMPTY),
    optional("pre", &NON_EMPTY),
    optional("pre-if", &NON_EMPTY),
    optional("post", &NON_EMPTY),
    optional("post-if", &NON_EMPTY),
]);

static COMPOSITE_RUNS: Definition =
    mapping(&[optional("using", &NON_EMPTY), optional("steps", &STEPS)]);
static STEPS: Definition = sequence(&STEP);
static STEP: Definition = one_of(&[&RUN_STEP, &USES_STEP]);

static RUN_STEP: Definition = mapping(&[
    optional("name", &STEP_TEXT),
    optional("id", &NON_EMPTY),
    optional("if", &IF),
    required("run", &STEP_TEXT),
    optional("env", &STEP_VARIABLES),
    optional("continue-on-error", &STEP_BOOLEAN),
    optional("working-directory", &STEP_TEXT),
    required("shell", &STEP_TEXT),
]);

static USES_STEP: Definition = mapping(&[
    optional("name", &STEP_TEXT),
    optional("id", &NON_EMPTY),
    optional("if", &IF),
    required("uses", &NON_EMPTY),
    optional("continue-on-error", &STEP_BOOLEAN),
    optional("with", &STEP_VARIABLES),
    optional("env", &STEP_VARIABLES),
]);

static IF: Definition = text().with(&ACTION_STEP_IF);
static STEP_TEXT: Definition = text().with(&ACTION_STEP);
static STEP_BOOLEAN: Definition = Definition::new(Kind::Boolean).with(&ACTION_STEP);
static STEP_VARIABLES: Definition = names(&TEXT).with(&ACTION_STEP);
