//! Tells the server where each step stands, in order and beside the job.
//!
//! Does not decide anything. Invariant: the revision of a step only depends on its status, so an
//! update that is sent again after a restart changes nothing.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use gantry_protocol::{Conclusion, JobId, LeaseToken, StepStatus, StepUpdate};
use tokio::sync::mpsc;

use crate::background::{self, Task};
use crate::client::{ServerClient, persistently};

/// Where updates are handed in.
#[derive(Debug)]
pub(crate) struct Reporter {
    lease: LeaseToken,
    sender: mpsc::UnboundedSender<StepUpdate>,
    task: Task<()>,
}

/// How a step ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StepEnding {
    pub(crate) outcome: Conclusion,
    pub(crate) conclusion: Conclusion,
    pub(crate) started_at: DateTime<Utc>,
}

impl Reporter {
    pub(crate) fn start(client: ServerClient, job: JobId, lease: LeaseToken) -> Self {
        let (sender, mut receiver) = mpsc::unbounded_channel::<StepUpdate>();
        let task = background::spawn("step_reporter", async move {
            let mut waiting = Vec::new();
            while receiver.recv_many(&mut waiting, usize::MAX).await > 0 {
                // A server that is slower than the steps hears of the newest state of each only.
                let newest: BTreeMap<u32, StepUpdate> =
                    waiting.drain(..).map(|update| (update.number, update)).collect();
                for (number, update) in newest {
                    if let Err(error) = persistently(|| client.put_step(job, &update)).await {
                        tracing::warn!(job.id = job.0, step.number = number, %error, "step update refused");
                    }
                }
            }
        });
        Self { lease, sender, task }
    }

    pub(crate) fn queued(&self, number: u32, name: &str) {
        self.send(StepUpdate { status: StepStatus::Queued, ..self.update(number, 1, name) });
    }

    pub(crate) fn in_progress(&self, number: u32, name: &str, started_at: DateTime<Utc>) {
        self.send(StepUpdate {
            status: StepStatus::InProgress,
            started_at: Some(started_at),
            ..self.update(number, 2, name)
        });
    }

    pub(crate) fn completed(&self, number: u32, name: &str, end: StepEnding) {
        self.send(StepUpdate {
            status: StepStatus::Completed,
            outcome: Some(end.outcome),
            conclusion: Some(end.conclusion),
            started_at: Some(end.started_at),
            completed_at: Some(Utc::now()),
            ..self.update(number, 3, name)
        });
    }

    fn update(&self, number: u32, revision: u32, name: &str) -> StepUpdate {
        StepUpdate {
            lease: self.lease,
            number,
            revision,
            name: name.to_owned(),
            status: StepStatus::Queued,
            conclusion: None,
            outcome: None,
            started_at: None,
            completed_at: None,
        }
    }

    fn send(&self, update: StepUpdate) {
        // The task only ends when this sender is dropped.
        let _ = self.sender.send(update);
    }

    /// Returns when the server has every update.
    pub(crate) async fn finish(self) {
        drop(self.sender);
        self.task.join().await;
    }
}
