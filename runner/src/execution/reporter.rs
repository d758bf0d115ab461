//! Tells the server where each step stands, in order and beside the job.
//!
//! Does not decide anything. Invariant: the revision of a step only depends on its status, so an
//! update that is sent again after a restart changes nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use gantry_protocol::step::MAX_STEP_UPDATES;
use gantry_protocol::{Conclusion, JobId, LeaseToken, StepStatus, StepUpdate, StepUpdates};
use tokio::sync::mpsc;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::background::{self, Task};
use crate::client::{ServerClient, persistently};

/// Pause between two reports. The first news after a quiet time goes at once.
const REPORT_PAUSE: Duration = Duration::from_millis(100);

/// Where updates are handed in.
#[derive(Debug)]
pub(crate) struct Reporter {
    sender: mpsc::UnboundedSender<StepUpdate>,
    /// Nothing more will come, so there is nothing to wait for.
    ending: CancellationToken,
    task: Task<()>,
}

/// The task that reports.
struct Reporting {
    client: ServerClient,
    job: JobId,
    lease: LeaseToken,
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
        let ending = CancellationToken::new();
        let ended = ending.clone();
        let reporting = Reporting { client, job, lease };
        let task = background::spawn("step_reporter", async move {
            let mut waiting = Vec::new();
            while receiver.recv_many(&mut waiting, usize::MAX).await > 0 {
                reporting.send(std::mem::take(&mut waiting)).await;
                tokio::select! {
                    () = sleep(REPORT_PAUSE) => {}
                    () = ended.cancelled() => {}
                }
            }
        });
        Self { sender, ending, task }
    }

    pub(crate) fn queued(&self, number: u32, name: &str) {
        self.send(StepUpdate { status: StepStatus::Queued, ..update(number, 1, name) });
    }

    pub(crate) fn in_progress(&self, number: u32, name: &str, started_at: DateTime<Utc>) {
        self.send(StepUpdate {
            status: StepStatus::InProgress,
            started_at: Some(started_at),
            ..update(number, 2, name)
        });
    }

    pub(crate) fn completed(&self, number: u32, name: &str, end: StepEnding) {
        self.send(StepUpdate {
            status: StepStatus::Completed,
            outcome: Some(end.outcome),
            conclusion: Some(end.conclusion),
            started_at: Some(end.started_at),
            completed_at: Some(Utc::now()),
            ..update(number, 3, name)
        });
    }

    fn send(&self, update: StepUpdate) {
        // The task only ends when this sender is dropped.
        let _ = self.sender.send(update);
    }

    /// Returns when the server has every update.
    pub(crate) async fn finish(self) {
        drop(self.sender);
        self.ending.cancel();
        self.task.join().await;
    }
}

fn update(number: u32, revision: u32, name: &str) -> StepUpdate {
    StepUpdate {
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

impl Reporting {
    /// Whatever happened to a step meanwhile, the server hears of its newest state only.
    async fn send(&self, updates: Vec<StepUpdate>) {
        let newest: BTreeMap<u32, StepUpdate> =
            updates.into_iter().map(|update| (update.number, update)).collect();
        let newest: Vec<StepUpdate> = newest.into_values().collect();
        for updates in newest.chunks(MAX_STEP_UPDATES) {
            let updates = StepUpdates { lease: self.lease, updates: updates.to_vec() };
            if let Err(error) = persistently(|| self.client.put_steps(self.job, &updates)).await {
                tracing::warn!(job.id = self.job.0, %error, "step updates refused");
            }
        }
    }
}
