//! Tells the server where each step stands and what it says about itself, beside the job.
//!
//! Does not decide anything. Invariant: the revision of a step only depends on its status, so an
//! update that is sent again after a restart changes nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::{DateTime, Utc};
use gantry_protocol::step::{MAX_NAME_BYTES, MAX_STEP_UPDATES};
use gantry_protocol::{
    Conclusion, JobId, LeaseToken, StepStatus, StepSummary, StepUpdate, StepUpdates,
};
use tokio::sync::mpsc;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::summaries::Summaries;
use crate::background::{self, Task};
use crate::client::{ServerClient, persistently};
use crate::infra_error::InfraError;
use crate::workspace::JobDirectory;

/// Pause between two reports. The first news after a quiet time goes at once.
const REPORT_PAUSE: Duration = Duration::from_millis(100);

/// Where updates are handed in.
#[derive(Debug)]
pub(crate) struct Reporter {
    sender: mpsc::UnboundedSender<News>,
    summaries: Summaries,
    /// Nothing more will come, so there is nothing to wait for.
    ending: CancellationToken,
    /// Of the one who made it; others share it.
    task: Option<Task<()>>,
}

/// The task that reports.
struct Reporting {
    client: ServerClient,
    job: JobId,
    lease: LeaseToken,
    summaries: Summaries,
}

enum News {
    Step(StepUpdate),
    /// The step has a new summary.
    Summary(u32),
}

/// How a step ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StepEnding {
    pub(crate) outcome: Conclusion,
    pub(crate) conclusion: Conclusion,
    pub(crate) started_at: DateTime<Utc>,
}

impl Reporter {
    /// Begins with the summaries that an earlier runner may not have sent.
    pub(crate) fn start(
        client: ServerClient,
        (job, lease): (JobId, LeaseToken),
        directory: &JobDirectory,
    ) -> Self {
        let (sender, mut receiver) = mpsc::unbounded_channel();
        let ending = CancellationToken::new();
        let ended = ending.clone();
        let summaries = Summaries::of(directory);
        let reporting = Reporting { client, job, lease, summaries: summaries.clone() };
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
        let reporter = Self { sender, summaries, ending, task: Some(task) };
        reporter.summaries.steps().into_iter().for_each(|step| reporter.tell(News::Summary(step)));
        reporter
    }

    /// Another one that reports through the same task, which ends after all of them.
    pub(crate) fn share(&self) -> Self {
        let Self { sender, summaries, ending, .. } = self;
        let (sender, summaries) = (sender.clone(), summaries.clone());
        Self { sender, summaries, ending: ending.clone(), task: None }
    }

    /// Keeps what a process of the step wrote about it, masked, and sends it.
    pub(crate) fn summary(
        &self,
        (step, process): (u32, &str),
        markdown: &str,
    ) -> Result<(), InfraError> {
        self.summaries.keep(process, markdown)?;
        self.tell(News::Summary(step));
        Ok(())
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
        self.tell(News::Step(update));
    }

    fn tell(&self, news: News) {
        // The task only ends when this sender is dropped.
        let _ = self.sender.send(news);
    }

    /// Returns when the server has every update.
    pub(crate) async fn finish(self) {
        drop(self.sender);
        self.ending.cancel();
        if let Some(task) = self.task {
            task.join().await;
        }
    }
}

fn update(number: u32, revision: u32, name: &str) -> StepUpdate {
    StepUpdate {
        number,
        revision,
        name: name[..name.floor_char_boundary(MAX_NAME_BYTES)].to_owned(),
        status: StepStatus::Queued,
        conclusion: None,
        outcome: None,
        started_at: None,
        completed_at: None,
    }
}

impl Reporting {
    /// Whatever happened to a step meanwhile, the server hears of its newest state only.
    async fn send(&self, news: Vec<News>) {
        let (mut newest, mut summaries) = (BTreeMap::new(), BTreeSet::new());
        for news in news {
            match news {
                News::Step(update) => drop(newest.insert(update.number, update)),
                News::Summary(step) => drop(summaries.insert(step)),
            }
        }
        let newest: Vec<StepUpdate> = newest.into_values().collect();
        for updates in newest.chunks(MAX_STEP_UPDATES) {
            let updates = StepUpdates { lease: self.lease, updates: updates.to_vec() };
            if let Err(error) = persistently(|| self.client.put_steps(self.job, &updates)).await {
                tracing::warn!(job.id = self.job.0, %error, "step updates refused");
            }
        }
        for step in summaries {
            self.send_summary(step).await;
        }
    }

    async fn send_summary(&self, step_number: u32) {
        let sent = match self.summaries.read(step_number) {
            Ok(markdown) => {
                let summary = StepSummary { lease: self.lease, step_number, markdown };
                let sent = persistently(|| self.client.put_summary(self.job, &summary)).await;
                sent.map_err(|error| error.to_string())
            }
            Err(error) => Err(error.to_string()),
        };
        if let Err(error) = sent {
            tracing::warn!(
                job.id = self.job.0,
                step.number = step_number,
                error,
                "summary not sent"
            );
        }
    }
}
