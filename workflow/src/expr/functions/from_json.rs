//! `fromJSON(text)`: the first JSON value of a text.
//!
//! GitHub's reader is lenient and ignores what follows the first value, and workflows rely on it:
//! a list that a shell loop wrote ends in a comma. So text that is not strict JSON is read once more
//! by [`super::lenient_json`]. GitHub has a strict reader behind a flag; should it be switched on for
//! all, the second attempt goes.

use super::super::evaluate::{Evaluated, Evaluator};
use super::super::expression::EvalError;
use super::super::node::Node;
use super::super::value::Value;
use super::lenient_json;

pub(super) fn call<'a>(
    evaluator: &Evaluator<'a>,
    arguments: &'a [Node],
) -> Result<Evaluated<'a>, EvalError> {
    let [json] = arguments else { return Ok(Evaluated::NULL) };
    let json = evaluator.value(json)?;
    let json = json.to_text();
    evaluator.count(json.len())?;
    let strict = serde_json::Deserializer::from_str(&json).into_iter::<Value>().next();
    let value = strict.and_then(Result::ok).or_else(|| lenient_json::parse(&json));
    value
        .map(Evaluated::owned)
        .ok_or_else(|| EvalError { message: "Error parsing fromJson".to_owned() })
}
