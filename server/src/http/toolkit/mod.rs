//! What actions call from inside a job: artifacts, caches, identity tokens.
//!
//! Speaks as GitHub's services do (`protocols` 3); the domains know nothing of it. Invariants: who calls is
//! known from the token and never from what a request says of itself; bytes go by links that we have
//! signed for one blob, without any other credential.

mod artifacts;
mod block_list;
mod caches;
mod caller;
mod downloads;
mod id_tokens;
mod legacy_artifacts;
mod legacy_caches;
mod links;
mod range;
mod routes;
mod twirp;
mod uploads;
mod zip_stream;

pub(super) use downloads::link_of_artifact;
pub(super) use routes::routes;
