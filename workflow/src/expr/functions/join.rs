//! `join(array, separator)`: the items of an array as one text.

use std::borrow::Cow;

use super::super::evaluate::{Evaluated, Evaluator};
use super::super::expression::EvalError;
use super::super::node::Node;
use super::super::value::Value;

pub(super) fn call<'a>(
    evaluator: &Evaluator<'a>,
    arguments: &'a [Node],
) -> Result<Evaluated<'a>, EvalError> {
    let [array, separator @ ..] = arguments else { return Ok(Evaluated::NULL) };
    if let Some(text) = join_selected(evaluator, array, separator.first())? {
        return Ok(Evaluated::owned(Value::string(text)));
    }
    let text = match evaluator.evaluate(array)? {
        Evaluated::Filtered(items) => {
            let texts = items.iter().map(|item| item.to_text()).collect();
            join(evaluator, texts, separator.first())?
        }
        Evaluated::Value(value) => match value.as_ref() {
            Value::Array(items) => {
                join(evaluator, items.iter().map(Value::to_text).collect(), separator.first())?
            }
            Value::Object(_) => String::new(),
            primitive => primitive.to_text().into_owned(),
        },
    };
    Ok(Evaluated::owned(Value::string(text)))
}

/// Joins what a `*` selects from the contexts, if that and the separator need no evaluation.
fn join_selected<'a>(
    evaluator: &Evaluator<'a>,
    array: &'a Node,
    separator: Option<&'a Node>,
) -> Result<Option<String>, EvalError> {
    let separator = match separator.map(|node| evaluator.at_hand(node)) {
        None => Cow::Borrowed(","),
        Some(Some(value)) if value.is_primitive() => value.to_text(),
        Some(_) => return Ok(None),
    };
    let (mut n_items, mut n_bytes) = (0, 0);
    let mut measure = |item: &Value| {
        n_bytes += item.to_text().len() + separator.len();
        n_items += 1;
    };
    if !evaluator.visit_selected(array, &mut measure) {
        return Ok(None);
    }
    if n_items > 1 {
        evaluator.count(n_bytes)?;
    }
    let mut text = String::with_capacity(n_bytes);
    let mut is_first = true;
    evaluator.visit_selected(array, &mut |item| {
        if !std::mem::take(&mut is_first) {
            text.push_str(&separator);
        }
        text.push_str(&item.to_text());
    });
    Ok(Some(text))
}

/// The separator is evaluated only if it stands between two texts.
fn join<'a>(
    evaluator: &Evaluator<'a>,
    texts: Vec<Cow<'_, str>>,
    separator: Option<&'a Node>,
) -> Result<String, EvalError> {
    if texts.len() < 2 {
        return Ok(texts.into_iter().next().unwrap_or_default().into_owned());
    }
    let separator = separator.map(|node| evaluator.value(node)).transpose()?;
    let separator = separator.as_deref().filter(|value| value.is_primitive());
    let separator = separator.map_or(",".into(), Value::to_text);
    let n_bytes = texts.iter().map(|text| text.len() + separator.len()).sum();
    evaluator.count(n_bytes)?;
    Ok(texts.join(&*separator))
}
