//! `fromJSON(text)`: the first JSON value of a text.

use super::super::evaluate::{Evaluated, Evaluator};
use super::super::expression::EvalError;
use super::super::node::Node;
use super::super::value::Value;

pub(super) fn call<'a>(
    evaluator: &Evaluator<'a>,
    arguments: &'a [Node],
) -> Result<Evaluated<'a>, EvalError> {
    let [json] = arguments else { return Ok(Evaluated::NULL) };
    let json = evaluator.value(json)?;
    let json = json.to_text();
    evaluator.count(json.len())?;
    let mut values = serde_json::Deserializer::from_str(&json).into_iter::<Value>();
    match values.next() {
        Some(Ok(value)) => Ok(Evaluated::owned(value)),
        _ => Err(EvalError { message: "Error parsing fromJson".to_owned() }),
    }
}
