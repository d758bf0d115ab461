//! Hints that something may be worth looking at. Losing one costs time, never correctness.

use std::sync::Arc;

use tokio::sync::watch;

/// What may have changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Topic {
    /// A delivery is pending.
    Deliveries,
    /// A run may be advanced.
    Runs,
    /// A job is queued.
    Queue,
    /// A job, step or log line that somebody may be watching has changed.
    Events,
    /// An effect waits in the outbox.
    Outbox,
    /// A cancellation was asked for.
    Cancellations,
    /// A finished job's log can be archived.
    Archive,
    /// An event of the audit log has its outcome.
    Audit,
}

/// One counter per topic; a watcher that lags sees the newest count, so no wake-up is lost between
/// looking and waiting.
#[derive(Clone, Debug, Default)]
pub struct Wakeups {
    counters: Arc<Counters>,
}

#[derive(Debug, Default)]
struct Counters {
    deliveries: watch::Sender<u64>,
    runs: watch::Sender<u64>,
    queue: watch::Sender<u64>,
    events: watch::Sender<u64>,
    outbox: watch::Sender<u64>,
    cancellations: watch::Sender<u64>,
    archive: watch::Sender<u64>,
    audit: watch::Sender<u64>,
}

impl Wakeups {
    /// Wakes everybody who waits for `topic`. Call it after the transaction has committed.
    pub fn wake(&self, topic: Topic) {
        self.sender(topic).send_modify(|count| *count = count.wrapping_add(1));
    }

    /// Subscribe first, then look at the rows, then wait for `changed()`.
    #[must_use]
    pub fn subscribe(&self, topic: Topic) -> watch::Receiver<u64> {
        self.sender(topic).subscribe()
    }

    fn sender(&self, topic: Topic) -> &watch::Sender<u64> {
        match topic {
            Topic::Deliveries => &self.counters.deliveries,
            Topic::Runs => &self.counters.runs,
            Topic::Queue => &self.counters.queue,
            Topic::Events => &self.counters.events,
            Topic::Outbox => &self.counters.outbox,
            Topic::Cancellations => &self.counters.cancellations,
            Topic::Archive => &self.counters.archive,
            Topic::Audit => &self.counters.audit,
        }
    }
}
