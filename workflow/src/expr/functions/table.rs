//! The table of functions.

use super::super::environment::Allowed;
use super::super::evaluate::{Evaluated, Evaluator, boolean};
use super::super::expression::EvalError;
use super::super::node::Node;
use super::{case, contains, format, from_json, hash_files, join, starts_ends, status, to_json};

/// Parameters a function with a variable number of them may have.
const MAX_PARAMETERS: usize = 255;

/// A function, named as in GitHub's documentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Function {
    Always,
    Cancelled,
    Case,
    Contains,
    EndsWith,
    Failure,
    Format,
    FromJson,
    HashFiles,
    Join,
    StartsWith,
    Success,
    ToJson,
}

const NAMES: [(&str, Function); 13] = [
    ("always", Function::Always),
    ("cancelled", Function::Cancelled),
    ("case", Function::Case),
    ("contains", Function::Contains),
    ("endsWith", Function::EndsWith),
    ("failure", Function::Failure),
    ("format", Function::Format),
    ("fromJSON", Function::FromJson),
    ("hashFiles", Function::HashFiles),
    ("join", Function::Join),
    ("startsWith", Function::StartsWith),
    ("success", Function::Success),
    ("toJSON", Function::ToJson),
];

impl Function {
    /// The function called `name`, in any case.
    pub(in super::super) fn named(name: &str) -> Option<Self> {
        NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, f)| *f)
    }

    /// Whether the function is known at this place.
    pub(in super::super) fn is_allowed(self, allowed: &Allowed) -> bool {
        match self {
            Self::Always | Self::Cancelled | Self::Failure | Self::Success => {
                allowed.status_functions
            }
            Self::HashFiles => allowed.hash_files,
            Self::Case
            | Self::Contains
            | Self::EndsWith
            | Self::Format
            | Self::FromJson
            | Self::Join
            | Self::StartsWith
            | Self::ToJson => true,
        }
    }

    /// The least and the greatest number of parameters.
    pub(in super::super) fn arity(self, allowed: &Allowed) -> (usize, usize) {
        match self {
            Self::Failure | Self::Success if allowed.status_arguments => (0, MAX_PARAMETERS),
            Self::Always | Self::Cancelled | Self::Failure | Self::Success => (0, 0),
            Self::Case => (3, MAX_PARAMETERS),
            Self::Contains | Self::EndsWith | Self::StartsWith => (2, 2),
            Self::Format | Self::HashFiles => (1, MAX_PARAMETERS),
            Self::FromJson | Self::ToJson => (1, 1),
            Self::Join => (1, 2),
        }
    }
}

/// Calls `function`; the parser has checked the number of arguments.
pub(in super::super) fn call<'a>(
    evaluator: &Evaluator<'a>,
    function: Function,
    arguments: &'a [Node],
) -> Result<Evaluated<'a>, EvalError> {
    match function {
        Function::Always => Ok(boolean(true)),
        Function::Cancelled => Ok(boolean(evaluator.environment.status.cancelled)),
        Function::Case => case::call(evaluator, arguments),
        Function::Contains => contains::call(evaluator, arguments),
        Function::EndsWith => starts_ends::ends_with(evaluator, arguments),
        Function::Failure => status::failure(evaluator, arguments),
        Function::Format => format::call(evaluator, arguments),
        Function::FromJson => from_json::call(evaluator, arguments),
        Function::HashFiles => hash_files::call(evaluator, arguments),
        Function::Join => join::call(evaluator, arguments),
        Function::StartsWith => starts_ends::starts_with(evaluator, arguments),
        Function::Success => status::success(evaluator, arguments),
        Function::ToJson => to_json::call(evaluator, arguments),
    }
}
