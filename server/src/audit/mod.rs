//! The audit log: who did what, from where, and how it ended; append-only and hash-chained.
//!
//! Does not know routes; `http/audited.rs` names the action of each. Invariant: an event is stored before
//! what it tells of is done, and once it is sealed neither it nor the order of events changes.

mod chain;
mod event;
mod queries;
mod record;
mod seal;
mod view;

pub use chain::{Broken, Chain, Head};
pub use event::{Actor, AuditEntry, EventId, NewEvent, Outcome};
pub use record::{begin, finish, record};
pub use seal::seal_events;
pub use view::{Filter, entries};
