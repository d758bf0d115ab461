//! `success()` and `failure()`, of the job, of all ancestors, or of the jobs that are named.

use super::super::evaluate::{Evaluated, Evaluator, boolean};
use super::super::expression::EvalError;
use super::super::fold;
use super::super::node::Node;

/// Whether all named jobs succeeded. A job that is not known did not.
pub(super) fn success<'a>(
    evaluator: &Evaluator<'a>,
    arguments: &'a [Node],
) -> Result<Evaluated<'a>, EvalError> {
    if arguments.is_empty() {
        return Ok(boolean(evaluator.environment.status.success));
    }
    let results = named_results(evaluator, arguments)?;
    Ok(boolean(results.iter().all(|result| *result == Some("success"))))
}

/// Whether any named job failed.
pub(super) fn failure<'a>(
    evaluator: &Evaluator<'a>,
    arguments: &'a [Node],
) -> Result<Evaluated<'a>, EvalError> {
    if arguments.is_empty() {
        return Ok(boolean(evaluator.environment.status.failure));
    }
    let results = named_results(evaluator, arguments)?;
    Ok(boolean(results.contains(&Some("failure"))))
}

fn named_results<'a>(
    evaluator: &Evaluator<'a>,
    arguments: &'a [Node],
) -> Result<Vec<Option<&'a str>>, EvalError> {
    let results = &evaluator.environment.status.results;
    let mut named = Vec::with_capacity(arguments.len());
    for argument in arguments {
        let job = evaluator.value(argument)?;
        let job = job.to_text();
        let result = results.iter().find(|(id, _)| fold::equal(id, &job));
        named.push(result.map(|(_, result)| result.as_str()));
    }
    Ok(named)
}
