//! A step that uses the built-in checkout.

use gantry_protocol::Conclusion;
use indexmap::IndexMap;

use super::execute::{StepEnd, StepPlace};
use super::stage::Stage;
use crate::actions;
use crate::execution::RunningJob;
use crate::output::StepLog;

/// Whether the step has a key, which its post stage removes.
pub(super) fn has_key(inputs: &IndexMap<String, String>) -> bool {
    let is_key = |name: &str| name.eq_ignore_ascii_case("ssh-key");
    inputs.iter().any(|(name, value)| is_key(name) && !value.trim().is_empty())
}

/// Checks out, unless the step is stopped before.
pub(super) async fn run(
    job: &RunningJob,
    inputs: &IndexMap<String, String>,
    place: &StepPlace<'_>,
    log: &mut StepLog,
) -> StepEnd {
    log.send().await;
    if let Stage::Post { .. } = place.stage {
        return match actions::remove_key(job, &place.key, &place.process) {
            Ok(()) => StepEnd::success(),
            Err(message) => {
                log.error(&message);
                StepEnd::failure()
            }
        };
    }
    // The checkout's own names are in lower case, and inputs are found without regard to case.
    let inputs = inputs.iter().map(|(name, value)| (name.to_lowercase(), value.clone())).collect();
    let result = tokio::select! {
        result = actions::check_out(job, &inputs, (&place.process, &place.key), log) => result,
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
