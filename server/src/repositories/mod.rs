//! Who may use this server: registered repositories and their settings.

mod queries;
mod register;

pub use queries::{Repository, find_by_full_name, find_by_id, list, list_of_owner};
pub use register::{RegisterError, RegisterRepository, register};
