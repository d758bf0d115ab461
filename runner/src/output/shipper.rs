//! Sends a job's log to the server, in order and without gaps.
//!
//! Does not look into lines. Invariant: at most one request is under way, and chunks are only
//! followed by the next when the server has stored them.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use gantry_protocol::log::MAX_CHUNK_BYTES;
use gantry_protocol::{JobId, LeaseToken, LogChunk, LogChunks};
use tokio::time::{Instant, sleep_until};

use super::block::Block;
use super::journal::{Batch, Journal};
use super::queue::Queue;
use crate::background::{self, Task};
use crate::client::{ClientError, ServerClient, persistently};
use crate::infra_error::InfraError;
use crate::workspace::JobDirectory;

/// Pause between two requests of a steady stream, whichever steps it comes from. The first line of a
/// quiet stream goes at once.
const BATCH_PAUSE: Duration = Duration::from_millis(100);

/// The job's log as its steps see it.
#[derive(Clone, Debug)]
pub(crate) struct JobLog {
    queue: Arc<Queue>,
    checkpoint: PathBuf,
}

/// The task that sends.
#[derive(Debug)]
pub(crate) struct Shipper {
    queue: Arc<Queue>,
    task: Task<Result<u64, InfraError>>,
}

/// Where chunks go.
#[derive(Clone, Debug)]
pub(crate) struct Destination {
    pub(crate) client: ServerClient,
    pub(crate) job: JobId,
    pub(crate) lease: LeaseToken,
}

/// Starts sending, from where the files in `directory` say the server is.
pub(crate) fn start(
    destination: Destination,
    directory: &JobDirectory,
) -> Result<(JobLog, Shipper), InfraError> {
    let (journal, unanswered) = Journal::open(directory)?;
    let checkpoint = directory.root().join("log-pending.json");
    let queue = Arc::new(Queue::restore(&checkpoint, journal.sent())?);
    let shipping = Shipping { destination, journal, queue: Arc::clone(&queue) };
    let task = background::spawn("log_shipper", shipping.run(unanswered));
    Ok((JobLog { queue: Arc::clone(&queue), checkpoint }, Shipper { queue, task }))
}

impl JobLog {
    /// Adds lines; waits while too many are under way.
    pub(crate) async fn add(&self, block: Block) {
        if !block.is_empty() {
            self.queue.add(block).await;
        }
    }

    /// After this a restarted runner has every line added so far, also those the server has not.
    pub(crate) fn checkpoint(&self) -> Result<(), InfraError> {
        self.queue.checkpoint(&self.checkpoint)
    }

    /// Returns when the server has everything added so far, or nothing is sent any more.
    pub(crate) async fn flush(&self) {
        self.queue.wait_until_empty().await;
    }
}

impl Shipper {
    /// Waits for the last chunk; answers how many there are in all.
    pub(crate) async fn finish(self) -> Result<u64, InfraError> {
        self.queue.close();
        self.task.join().await.unwrap_or_else(|| {
            Err(InfraError::LeaseLost { reason: "sending the log was given up".to_owned() })
        })
    }
}

struct Shipping {
    destination: Destination,
    journal: Journal,
    queue: Arc<Queue>,
}

impl Shipping {
    async fn run(mut self, unanswered: Option<Batch>) -> Result<u64, InfraError> {
        let result = self.send_all(unanswered).await;
        // Whoever adds more must not wait for ever.
        self.queue.close();
        result.map(|()| self.journal.chunks())
    }

    async fn send_all(&mut self, unanswered: Option<Batch>) -> Result<(), InfraError> {
        if let Some(batch) = unanswered {
            self.send(&batch).await?;
        }
        let mut next_send = Instant::now();
        while self.queue.wait_for_lines().await {
            tokio::select! {
                () = sleep_until(next_send) => {}
                () = self.queue.urgent(MAX_CHUNK_BYTES) => {}
            }
            let batch = self.journal.begin(self.queue.front(MAX_CHUNK_BYTES))?;
            self.send(&batch).await?;
            self.queue.remove(&batch.blocks);
            next_send = Instant::now() + BATCH_PAUSE;
        }
        Ok(())
    }

    async fn send(&mut self, batch: &Batch) -> Result<(), InfraError> {
        let Destination { client, job, lease } = &self.destination;
        let chunks = (batch.sequence..).zip(&batch.blocks).map(|(sequence, block)| LogChunk {
            sequence,
            step_number: block.step,
            first_line: block.first_line,
            text: block.text.clone(),
        });
        let message = LogChunks { lease: *lease, chunks: chunks.collect() };
        match persistently(|| client.put_log(*job, &message)).await {
            Ok(()) => {
                self.journal.note_stored(batch);
                Ok(())
            }
            Err(ClientError::Rejected { status, message }) => {
                Err(InfraError::LogRefused { status, message })
            }
            Err(error) => Err(InfraError::LeaseLost { reason: error.to_string() }),
        }
    }
}
