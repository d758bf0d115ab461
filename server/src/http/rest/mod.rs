//! GitHub's Actions REST API, as far as it is ours.
//!
//! Handlers extract, call one domain function, and shape the answer; `http/routes.rs` names each
//! handler's route and who may call it.

pub(crate) mod annotations;
pub(crate) mod artifacts;
pub(crate) mod branch_policies;
pub(crate) mod caches;
pub(crate) mod contents;
mod created;
pub(crate) mod deployments;
pub(crate) mod dispatches;
pub(crate) mod downloads;
pub(crate) mod environments;
pub(crate) mod gates;
pub(crate) mod graphql;
mod graphql_text;
mod head_commit;
pub(crate) mod jobs;
pub(crate) mod log_zip;
pub(crate) mod meta;
pub(crate) mod paging;
pub(crate) mod place;
pub(crate) mod proxy;
mod pull_requests;
mod reader;
pub(crate) mod repositories;
pub(crate) mod reruns;
pub(crate) mod run_removal;
pub(crate) mod runners;
pub(crate) mod runs;
pub(crate) mod secrets;
pub(crate) mod selected_repositories;
pub(crate) mod usage;
pub(crate) mod variables;
pub(crate) mod workflows;
