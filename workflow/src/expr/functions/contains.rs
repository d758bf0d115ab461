//! `contains(search, item)`: a text within a text, or an item of an array.

use super::super::evaluate::{Evaluated, Evaluator, boolean};
use super::super::expression::EvalError;
use super::super::fold;
use super::super::node::Node;
use super::super::value::Value;

pub(super) fn call<'a>(
    evaluator: &Evaluator<'a>,
    arguments: &'a [Node],
) -> Result<Evaluated<'a>, EvalError> {
    let [search, item] = arguments else { return Ok(Evaluated::NULL) };
    if let Some(item) = evaluator.at_hand(item) {
        let mut found = false;
        let mut compare = |candidate: &Value| found = found || item.loosely_equals(candidate);
        if evaluator.visit_selected(search, &mut compare) {
            return Ok(boolean(found));
        }
    }
    let search = match evaluator.evaluate(search)? {
        Evaluated::Filtered(items) if items.is_empty() => return Ok(boolean(false)),
        Evaluated::Filtered(items) => {
            let item = evaluator.value(item)?;
            return Ok(boolean(items.iter().any(|candidate| item.loosely_equals(candidate))));
        }
        Evaluated::Value(value) => value,
    };
    let found = match search.as_ref() {
        Value::Object(_) => false,
        Value::Array(items) if items.is_empty() => false,
        Value::Array(items) => {
            let item = evaluator.value(item)?;
            items.iter().any(|candidate| item.loosely_equals(candidate))
        }
        primitive => {
            let item = evaluator.value(item)?;
            item.is_primitive() && fold::contains(&primitive.to_text(), &item.to_text())
        }
    };
    Ok(boolean(found))
}
