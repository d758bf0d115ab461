//! Artifacts: what a job leaves for later jobs and for people, under a name.
//!
//! Does not speak to clients; `http/toolkit` and `http/rest` do. Invariants: an artifact is seen when it
//! is whole, and never changes then; within an attempt of a run a name is given once.

mod create;
mod delete;
mod error;
mod expire;
mod files;
mod finalize;
mod name;
mod view;

pub use create::{NewArtifact, create, create_container};
pub use delete::{delete, delete_by_name, delete_of_run};
pub use error::ArtifactError;
pub use expire::expire_artifacts;
pub use files::{FileChunk, StoredFile, finish_files, list_files, put_file_chunk};
pub use finalize::{Finalization, finalize};
pub use name::check_name;
pub use view::{ArtifactFilter, ArtifactView, container_name, find, find_container, list};

/// Days that an artifact is kept when nobody says less, as on GitHub. It is the most, too.
pub const RETENTION_DAYS: i64 = 90;
