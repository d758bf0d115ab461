//! Repositories whose workflows run here: of this machine, and of GitHub.
//!
//! Does not read workflows. Invariant: a repository of GitHub is known by its number, so that it stays
//! the same one when it is renamed or moved; it is off until somebody with the right turns it on.

mod connect;
mod events;
mod installations;
mod queries;
mod register;
mod repository;
mod sync;

pub use connect::{ConnectError, connect};
pub use events::{apply_event, concerns_list};
pub use installations::installation_of_owner;
pub use queries::{
    Settings, change_settings, find_by_full_name, find_by_id, find_by_payload, list, list_of_owner,
};
pub use register::{RegisterError, RegisterRepository, register};
pub use repository::{ForkApproval, GitHubRepository, Repository, RepositorySource};
pub use sync::sync_repositories;
