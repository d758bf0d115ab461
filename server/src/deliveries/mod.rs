//! The inbox: deliveries are stored, claimed, and each ends with a reason.
//!
//! Does not know what a delivery starts; `triggers` takes them from here, and puts its own
//! (dispatches, schedules) in by the same door.
//!
//! Life of a row: `pending` -> `processed` | `ignored` | `failed`. A claim only moves the time of
//! the next attempt, so a crash in the middle of one is a late retry.

mod delivery;
pub mod github_payload;
mod poll;
mod queries;
mod recover;
mod redeliver;
mod retry;
mod view;

pub use delivery::{Delivery, NewDelivery, Outcome, Source};
pub use poll::{next_poll, poll_github};
pub use queries::{claim, finish, next_due, note_failure, store};
pub use recover::recover_deliveries;
pub use redeliver::{DeliveryDetail, StartedRun, find_delivery, redeliver};
pub use view::{DeliveryView, newest};
