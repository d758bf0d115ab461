//! `inputs`, `secrets` and `outputs` that a workflow declares for its callers.

use super::contexts::{CALL_OUTPUT, RUN};
use super::definition::{
    Definition, lenient_mapping, mapping, names, one_of, optional, required, text, words,
};
use super::scalars::{BOOLEAN, NULL, NUMBER, SCALAR, TEXT, TEXTS};

/// `on.workflow_dispatch`.
pub(super) static DISPATCH: Definition = one_of(&[&NULL, &DISPATCH_MAPPING]);
static DISPATCH_MAPPING: Definition = lenient_mapping(&[optional("inputs", &DISPATCH_INPUTS)]);
static DISPATCH_INPUTS: Definition = one_of(&[&NULL, &DISPATCH_INPUT_NAMES]);
static DISPATCH_INPUT_NAMES: Definition = names(&DISPATCH_INPUT);
static DISPATCH_INPUT: Definition = one_of(&[&NULL, &DISPATCH_INPUT_MAPPING]);
static DISPATCH_INPUT_MAPPING: Definition = lenient_mapping(&[
    optional("description", &TEXT),
    optional("type", &DISPATCH_TYPE),
    optional("required", &BOOLEAN),
    optional("default", &SCALAR),
    optional("options", &TEXTS),
]);
static DISPATCH_TYPE: Definition = words(&["string", "boolean", "number", "choice", "environment"]);

/// `on.workflow_call`, which GitHub reads strictly everywhere.
pub(super) static CALL: Definition = one_of(&[&NULL, &CALL_MAPPING]);
static CALL_MAPPING: Definition = mapping(&[
    optional("inputs", &CALL_INPUTS),
    optional("secrets", &CALL_SECRETS),
    optional("outputs", &CALL_OUTPUTS),
]);
static CALL_INPUTS: Definition = names(&CALL_INPUT);
static CALL_INPUT: Definition = mapping(&[
    optional("description", &TEXT),
    required("type", &CALL_TYPE),
    optional("required", &BOOLEAN),
    optional("default", &CALL_DEFAULT),
]);
static CALL_TYPE: Definition = words(&["string", "boolean", "number"]);
static CALL_DEFAULT: Definition = one_of(&[&TEXT, &BOOLEAN, &NUMBER]).with(&RUN);

static CALL_SECRETS: Definition = names(&CALL_SECRET);
static CALL_SECRET: Definition = one_of(&[&NULL, &CALL_SECRET_MAPPING]);
static CALL_SECRET_MAPPING: Definition =
    mapping(&[optional("description", &TEXT), optional("required", &BOOLEAN)]);

static CALL_OUTPUTS: Definition = names(&CALL_OUTPUT_MAPPING);
static CALL_OUTPUT_MAPPING: Definition =
    mapping(&[optional("description", &TEXT), required("value", &CALL_OUTPUT_VALUE)]);
static CALL_OUTPUT_VALUE: Definition = text().with(&CALL_OUTPUT);
