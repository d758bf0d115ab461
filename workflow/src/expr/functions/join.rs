//! `join(array, separator)`: the items of an array as one text.

use super::super::evaluate::{Evaluated, Evaluator};
use super::super::expression::EvalError;
use super::super::node::Node;
use super::super::value::Value;

pub(super) fn call<'a>(
    evaluator: &Evaluator<'a>,
    arguments: &'a [Node],
) -> Result<Evaluated<'a>, EvalError> {
    let [array, separator @ ..] = arguments else { return Ok(Evaluated::NULL) };
    let array = evaluator.value(array)?;
    let text = match array.as_ref() {
        Value::Array(items) if items.len() > 1 => {
            let separator = match separator.first() {
                Some(node) => Some(evaluator.value(node)?),
                None => None,
            };
            let separator = separator.as_deref().filter(|value| value.is_primitive());
            let separator = separator.map_or(",".into(), Value::to_text);
            join(evaluator, items, &separator)?
        }
        Value::Array(items) => {
            items.first().map(|item| item.to_text().into_owned()).unwrap_or_default()
        }
        Value::Object(_) => String::new(),
        primitive => primitive.to_text().into_owned(),
    };
    Ok(Evaluated::owned(Value::string(text)))
}

fn join(evaluator: &Evaluator<'_>, items: &[Value], separator: &str) -> Result<String, EvalError> {
    let mut text = String::new();
    for (position, item) in items.iter().enumerate() {
        let item = item.to_text();
        evaluator.count(item.len() + separator.len())?;
        if position > 0 {
            text.push_str(separator);
        }
        text.push_str(&item);
    }
    Ok(text)
}
