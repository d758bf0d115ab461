//! `startsWith(text, start)` and `endsWith(text, end)`; false for arrays and objects.

use super::super::evaluate::{Evaluated, Evaluator, boolean};
use super::super::expression::EvalError;
use super::super::fold;
use super::super::node::Node;

pub(super) fn starts_with<'a>(
    evaluator: &Evaluator<'a>,
    arguments: &'a [Node],
) -> Result<Evaluated<'a>, EvalError> {
    compare(evaluator, arguments, fold::starts_with)
}

pub(super) fn ends_with<'a>(
    evaluator: &Evaluator<'a>,
    arguments: &'a [Node],
) -> Result<Evaluated<'a>, EvalError> {
    compare(evaluator, arguments, fold::ends_with)
}

fn compare<'a>(
    evaluator: &Evaluator<'a>,
    arguments: &'a [Node],
    test: fn(&str, &str) -> bool,
) -> Result<Evaluated<'a>, EvalError> {
    let [text, part] = arguments else { return Ok(Evaluated::NULL) };
    let text = evaluator.value(text)?;
    if !text.is_primitive() {
        return Ok(boolean(false));
    }
    let part = evaluator.value(part)?;
    Ok(boolean(part.is_primitive() && test(&text.to_text(), &part.to_text())))
}
