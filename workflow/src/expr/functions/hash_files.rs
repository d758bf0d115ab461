//! `hashFiles(pattern, ...)`: asks the environment, which on the runner reads the workspace.

use super::super::evaluate::{Evaluated, Evaluator};
use super::super::expression::EvalError;
use super::super::node::Node;
use super::super::value::Value;

pub(super) fn call<'a>(
    evaluator: &Evaluator<'a>,
    arguments: &'a [Node],
) -> Result<Evaluated<'a>, EvalError> {
    let mut patterns = Vec::with_capacity(arguments.len());
    for argument in arguments {
        patterns.push(evaluator.value(argument)?.to_text().into_owned());
    }
    let Some(hash_files) = evaluator.environment.hash_files else {
        let message = "hashFiles is available in steps only, where there is a workspace".to_owned();
        return Err(EvalError { message });
    };
    let hash = hash_files(&patterns).map_err(|message| EvalError { message })?;
    Ok(Evaluated::owned(Value::string(hash)))
}
