//! What browsers call: the page's files, login, server-sent events; and what only we have a shape
//! for, under `/api/gantry/`.

pub(crate) mod access_tokens;
pub(crate) mod assets;
pub(crate) mod audit;
pub(crate) mod badge;
mod badge_svg;
mod call_edges;
pub(crate) mod deliveries;
pub(crate) mod dispatch_form;
pub(crate) mod environment_history;
pub(crate) mod events;
mod feed;
pub(crate) mod github_login;
pub(crate) mod headers;
pub(crate) mod insights;
pub(crate) mod log_search;
pub(crate) mod login;
pub(crate) mod logs;
pub(crate) mod operations;
pub(crate) mod preview;
pub(crate) mod reports;
pub(crate) mod repositories;
pub(crate) mod run_changes;
mod run_detail;
pub(crate) mod runners;
pub(crate) mod runs;
pub(crate) mod schedules;
pub(crate) mod secrets;
pub(crate) mod sessions;
pub(crate) mod setup;
pub(crate) mod summaries;
