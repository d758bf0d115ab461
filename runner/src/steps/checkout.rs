//! A step that uses the built-in checkout.

use gantry_protocol::Conclusion;
use indexmap::IndexMap;

use super::execute::{StepEnd, StepPlace};
use super::run::print_environment;
use crate::actions;
use crate::execution::{RunningJob, Scope};
use crate::output::StepLog;

/// Checks out, unless the step is stopped before.
pub(super) async fn run(
    job: &RunningJob,
    inputs: &IndexMap<String, String>,
    place: &StepPlace<'_>,
    log: &mut StepLog,
) -> StepEnd {
    print_head(inputs, place.scope, log);
    log.send().await;
    let result = tokio::select! {
        result = actions::check_out(job, inputs, &place.process, log) => result,
        _ = place.stop.told() => {
            log.error("The operation was canceled.");
            return StepEnd { outcome: Conclusion::Cancelled, ..StepEnd::failure() };
        }
    };
    match result {
        Ok(outputs) => {
            let mut end = StepEnd::success();
            end.effects.outputs = outputs;
            end
        }
        Err(message) => {
            log.error(&message);
            StepEnd::failure()
        }
    }
}

/// The rest of a `uses` step's head: its inputs and its `env`.
pub(super) fn print_head(inputs: &IndexMap<String, String>, scope: &Scope, log: &mut StepLog) {
    if !inputs.is_empty() {
        log.line("with:");
        inputs.iter().for_each(|(name, value)| log.line(&format!("  {name}: {value}")));
    }
    print_environment(scope, log);
    log.line("##[endgroup]");
}
