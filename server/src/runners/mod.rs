//! Runners: registration, identity, labels, heartbeat.
//!
//! Does not know jobs. Invariant: who a runner is comes from its token alone, never from a message;
//! only hashes of tokens are stored.

mod labels;
mod queries;
mod register;
mod token;
mod view;

pub use labels::{LabelChange, LabelError, change_labels, remove_runner};
pub use queries::{Runner, touch};
pub use register::{RegisterError, authenticate, issue_registration_token, register};
pub use view::{RunnerView, list_runners, set_draining};
