//! What browsers call: the page's files, login, server-sent events; and what only we have a shape
//! for, under `/api/gantry/`.

pub(crate) mod access_tokens;
pub(crate) mod assets;
mod call_edges;
pub(crate) mod deliveries;
pub(crate) mod events;
mod feed;
pub(crate) mod headers;
pub(crate) mod login;
pub(crate) mod logs;
pub(crate) mod operations;
pub(crate) mod repositories;
mod run_detail;
pub(crate) mod runs;
pub(crate) mod secrets;
pub(crate) mod summaries;
