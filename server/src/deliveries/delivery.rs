//! A delivery on its way in, in work, and at its end.
//!
//! Does not read payloads, and does not show them in logs.

/// A delivery that has been claimed.
#[derive(Clone)]
pub struct Delivery {
    pub id: i64,
    pub guid: String,
    pub event: String,
    /// The body exactly as it came.
    pub payload: Vec<u8>,
    /// Its name in lower case, as far as the payload says; deliveries of one are worked on in order.
    pub repository: String,
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
    /// Something has happened to a run of ours.
    Run,
    /// Found by asking GitHub.
    Poll,
}

impl Source {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Webhook => "webhook",
            Self::Dispatch => "dispatch",
            Self::Schedule => "schedule",
            Self::Run => "run",
            Self::Poll => "poll",
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
