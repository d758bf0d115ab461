//! `case(predicate, value, ..., default)`: the value of the first predicate that is true.

use super::super::evaluate::{Evaluated, Evaluator};
use super::super::expression::EvalError;
use super::super::node::Node;
use super::super::value::Value;

pub(super) fn call<'a>(
    evaluator: &Evaluator<'a>,
    arguments: &'a [Node],
) -> Result<Evaluated<'a>, EvalError> {
    let (pairs, default) = arguments.as_chunks::<2>();
    for [predicate, value] in pairs {
        match evaluator.value(predicate)?.as_ref() {
            Value::Bool(true) => return evaluator.evaluate(value),
            Value::Bool(false) => {}
            _ => {
                let message = "case predicate must evaluate to a boolean value".to_owned();
                return Err(EvalError { message });
            }
        }
    }
    match default {
        [default] => evaluator.evaluate(default),
        _ => Ok(Evaluated::NULL),
    }
}
