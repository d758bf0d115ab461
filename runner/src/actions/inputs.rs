//! `with:` of a step.

use gantry_workflow::expr::Value;
use gantry_workflow::template::Token;
use indexmap::IndexMap;

use crate::execution::{RunningJob, Scope};

/// The evaluated inputs as texts, under lower-case names.
pub(crate) fn inputs(
    job: &RunningJob,
    scope: &Scope,
    with: Option<&Token>,
) -> Result<IndexMap<String, String>, String> {
    let Some(with) = with else { return Ok(IndexMap::new()) };
    match job.evaluate(scope, |e| with.evaluate(e)).map_err(|error| error.message)? {
        Value::Object(pairs) => Ok(pairs
            .entries
            .iter()
            .map(|(name, value)| (name.to_lowercase(), value.to_text().into_owned()))
            .collect()),
        _ => Ok(IndexMap::new()),
    }
}
