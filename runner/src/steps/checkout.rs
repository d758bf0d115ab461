//! A step that uses the built-in checkout.

use gantry_protocol::Conclusion;
use indexmap::IndexMap;

use super::execute::{StepEnd, StepPlace};
use crate::actions;
use crate::execution::RunningJob;
use crate::output::StepLog;

/// Checks out, unless the step is stopped before.
pub(super) async fn run(
    job: &RunningJob,
    inputs: &IndexMap<String, String>,
    place: &StepPlace<'_>,
    log: &mut StepLog,
) -> StepEnd {
    log.send().await;
    // The checkout's own names are in lower case, and inputs are found without regard to case.
    let inputs = inputs.iter().map(|(name, value)| (name.to_lowercase(), value.clone())).collect();
    let result = tokio::select! {
        result = actions::check_out(job, &inputs, &place.process, log) => result,
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
