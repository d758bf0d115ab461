//! Steps that wait for others or end them (`semantics` 5.16).
//!
//! Invariant: what steps in the background have changed is seen from the end of such a step on.

use gantry_protocol::Conclusion;

use super::execute::StepEnd;
use crate::execution::RunningJob;
use crate::infra_error::InfraError;
use crate::output::{Effects, StepLog};

/// `wait`
pub(super) async fn wait(
    job: &mut RunningJob,
    ids: &[String],
    log: &mut StepLog,
) -> Result<StepEnd, InfraError> {
    let names = names(job, ids);
    log.line(&format!("Waiting for background step(s) to complete: {names}"));
    wait_for(job, ids, ("Finished waiting for background step(s).", log)).await
}

/// `wait-all`
pub(super) async fn wait_for_all(
    job: &mut RunningJob,
    log: &mut StepLog,
) -> Result<StepEnd, InfraError> {
    let ids = job.background_ids();
    if ids.is_empty() {
        log.line("No background steps remaining to wait for.");
    } else {
        let names = names(job, &ids);
        log.line(&format!("Waiting for all background step(s) to complete: {names}"));
    }
    wait_for(job, &ids, ("Finished waiting for all background step(s).", log)).await
}

/// `cancel`
pub(super) async fn cancel(
    job: &mut RunningJob,
    id: &str,
    log: &mut StepLog,
) -> Result<StepEnd, InfraError> {
    let ids = [id.to_owned()];
    log.line(&format!("Cancelling background step(s): {}", names(job, &ids)));
    log.send().await;
    job.cancel_background(&ids);
    job.wait_for_background(&ids).await?;
    if let Some(end) = job.state.record.progress.ended_background.get_mut(id) {
        end.was_cancelled = true;
    }
    report(job, &ids, ("Finished cancelling background step(s).", log));
    Ok(StepEnd::success())
}

async fn wait_for(
    job: &mut RunningJob,
    ids: &[String],
    (finished, log): (&str, &mut StepLog),
) -> Result<StepEnd, InfraError> {
    log.send().await;
    job.wait_for_background(ids).await?;
    report(job, ids, (finished, log));
    let ended = &job.state.record.progress.ended_background;
    let conclusions = ids.iter().filter_map(|id| ended.get(id)).map(|end| end.result.conclusion);
    Ok(StepEnd { outcome: worst(conclusions), effects: Effects::default() })
}

fn names(job: &RunningJob, ids: &[String]) -> String {
    let names = job.background_names(ids).join(", ");
    if names.is_empty() { "(none)".to_owned() } else { names }
}

/// How each of the steps ended, in the words of GitHub's runner.
fn report(job: &RunningJob, ids: &[String], (finished, log): (&str, &mut StepLog)) {
    log.line(finished);
    let ended = &job.state.record.progress.ended_background;
    for end in ids.iter().filter_map(|id| ended.get(id)) {
        let result = match end.result.conclusion {
            Conclusion::Success => "Succeeded",
            Conclusion::Cancelled => "Canceled",
            Conclusion::Skipped => "Skipped",
            _ => "Failed",
        };
        log.line(&format!("  {}: {result}", end.name));
    }
}

fn worst(conclusions: impl Iterator<Item = Conclusion>) -> Conclusion {
    conclusions.fold(Conclusion::Success, |worst, conclusion| match (worst, conclusion) {
        (Conclusion::Failure, _) | (_, Conclusion::Failure) => Conclusion::Failure,
        (Conclusion::Cancelled, _) | (_, Conclusion::Cancelled) => Conclusion::Cancelled,
        _ => Conclusion::Success,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_worse_than_a_cancellation_and_a_skipped_step_is_none() {
        use Conclusion::{Cancelled, Failure, Skipped, Success};
        assert_eq!(worst([Success, Cancelled, Failure].into_iter()), Failure);
        assert_eq!(worst([Cancelled, Success].into_iter()), Cancelled);
        assert_eq!(worst([Skipped].into_iter()), Success);
        assert_eq!(worst([].into_iter()), Success);
    }
}
