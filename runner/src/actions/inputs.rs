//! `with:` of a step.

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
    let texts = job.evaluate(scope, |e| with.evaluate_texts(e)).map_err(|error| error.message)?;
    Ok(texts.into_iter().map(|(name, text)| (name.to_lowercase(), text)).collect())
}
