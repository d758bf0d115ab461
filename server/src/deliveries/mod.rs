//! The inbox: deliveries are stored, claimed, and each ends with a reason.
//!
//! Does not know what a delivery starts; `triggers` takes them from here, and puts its own
//! (dispatches, schedules) in by the same door.
//!
//! Life of a row: `pending` -> `processed` | `ignored` | `failed`. A claim only moves the time of
//! the next attempt, so a crash in the middle of one is a late retry.

pub mod github_payload;
mod queries;
mod retry;
mod view;

pub use queries::{claim, finish, next_due, note_failure, store};
pub use view::{DeliveryView, newest};

/// A delivery that has been claimed.
#[derive(Clone)]
pub struct Delivery {
    pub id: i64,
    pub guid: String,
    pub event: String,
    /// The body exactly as it came.
    pub payload: Vec<u8>,
    /// This attempt included.
    pub n_attempts: i32,
}

impl std::fmt::Debug for Delivery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Delivery")
            .field("guid", &self.guid)
            .field("event", &self.event)
            .finish_non_exhaustive()
    }
}

/// A delivery to store.
#[derive(Clone, Copy)]
pub struct NewDelivery<'a> {
    /// Unchanged on redelivery; the second one of a guid changes nothing.
    pub guid: &'a str,
    pub source: Source,
    pub event: &'a str,
    pub payload: &'a [u8],
}

impl std::fmt::Debug for NewDelivery<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewDelivery").field("guid", &self.guid).finish_non_exhaustive()
    }
}

/// Where a delivery came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    Webhook,
    Dispatch,
    Schedule,
}

impl Source {
    fn as_str(self) -> &'static str {
        match self {
            Self::Webhook => "webhook",
            Self::Dispatch => "dispatch",
            Self::Schedule => "schedule",
        }
    }
}

/// How a delivery ended, in words for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was looked at as a whole: what it started, and why it did not start the rest.
    Processed(String),
    /// It concerns nothing here.
    Ignored(String),
}
