//! Caches: what a job leaves for later runs, under a key that it chose.
//!
//! Does not speak to clients; `http/toolkit` and `http/rest` do. Invariants: an entry is found when it is
//! whole, and never changes then; a job writes into the scope of its own ref alone, and reads those that
//! its token names.

mod error;
mod evict;
mod lookup;
mod remove;
mod reserve;
mod view;

pub use error::CacheError;
pub use evict::evict_caches;
pub use lookup::{CacheHit, CacheQuery, lookup};
pub use remove::{delete, delete_by_key};
pub use reserve::{CacheName, Reservation, finish, finish_ranges, reservation, reserve};
pub use view::{CacheFilter, CacheOrder, CacheUsage, CacheView, list, usage};

/// What a repository may keep, in bytes, when the configuration does not say; GitHub's 10 GB.
pub const LIMIT_BYTES: u64 = 10 * 1024 * 1024 * 1024;
