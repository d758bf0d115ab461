//! The status of a job while its steps run (`semantics` 5.3). Pure.
//!
//! Invariant: a status only gets worse.

use gantry_protocol::{CancelRequest, Conclusion};
use gantry_workflow::expr::StatusView;
use serde::{Deserialize, Serialize};

/// What `job.status` says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum JobStatus {
    #[default]
    Success,
    Failure,
    Cancelled,
}

impl JobStatus {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Cancelled => "cancelled",
        }
    }

    /// The status after a step: only a failed conclusion counts.
    pub(crate) fn after(self, step_conclusion: Conclusion) -> Self {
        match step_conclusion {
            Conclusion::Failure => self.max(Self::Failure),
            _ => self,
        }
    }

    /// This status within a job of status `job`: a cancelled job cancels what is in it.
    pub(crate) fn max_cancelled(self, job: Self) -> Self {
        if job == Self::Cancelled { job } else { self }
    }

    /// What the status functions answer.
    pub(crate) fn view(self) -> StatusView {
        StatusView {
            success: self == Self::Success,
            failure: self == Self::Failure,
            cancelled: self == Self::Cancelled,
            results: Vec::new(),
        }
    }

    /// How the job ends with this status.
    pub(crate) fn conclusion(self, cancel: Option<&CancelRequest>) -> Conclusion {
        match (self, cancel) {
            (Self::Cancelled, Some(cancel)) if cancel.timed_out => Conclusion::TimedOut,
            (Self::Cancelled, _) => Conclusion::Cancelled,
            (Self::Failure, _) => Conclusion::Failure,
            (Self::Success, _) => Conclusion::Success,
        }
    }
}

/// The conclusion of a step from its outcome.
pub(crate) fn step_conclusion(outcome: Conclusion, continue_on_error: bool) -> Conclusion {
    if outcome == Conclusion::Failure && continue_on_error { Conclusion::Success } else { outcome }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_success_does_not_restore_the_status() {
        let status = JobStatus::Success.after(Conclusion::Failure).after(Conclusion::Success);
        assert!(status.view().failure);
        assert_eq!(status.conclusion(None), Conclusion::Failure);
    }

    #[test]
    fn skipped_and_cancelled_steps_do_not_fail_the_job() {
        let status = JobStatus::Success.after(Conclusion::Skipped).after(Conclusion::Cancelled);
        assert_eq!(status, JobStatus::Success);
    }

    #[test]
    fn cancellation_hides_failure_and_a_time_limit_names_itself() {
        let status = JobStatus::Cancelled.after(Conclusion::Failure);
        assert!(!status.view().failure && status.view().cancelled);
        let timeout = CancelRequest { reason: String::new(), timed_out: true };
        assert_eq!(status.conclusion(Some(&timeout)), Conclusion::TimedOut);
        assert_eq!(status.conclusion(None), Conclusion::Cancelled);
    }

    #[test]
    fn continue_on_error_changes_the_conclusion_of_failures_only() {
        assert_eq!(step_conclusion(Conclusion::Failure, true), Conclusion::Success);
        assert_eq!(step_conclusion(Conclusion::Failure, false), Conclusion::Failure);
        assert_eq!(step_conclusion(Conclusion::Cancelled, true), Conclusion::Cancelled);
    }
}
