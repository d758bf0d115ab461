//! The control plane of Gantry: webhooks in, runs planned and advanced, jobs handed to runners.
//!
//! A thin shell by caller (`http`), a core by domain in pipeline order. Each domain alone writes
//! its tables, and calls only those further down this list.
//!
//! Invariant: the row is the truth; memory holds only wake-ups.

pub mod app;
pub mod config;
pub mod http;
pub mod instance;
pub mod master_key;
pub mod reconcilers;

pub mod accounts;
pub mod artifacts;
pub mod caches;
pub mod deliveries;
pub mod environments;
pub mod github;
pub mod jobs;
pub mod logs;
pub mod members;
pub mod oidc;
pub mod outbox;
pub mod reporting;
pub mod reports;
pub mod repositories;
pub mod runners;
pub mod runs;
pub mod secrets;
pub mod sources;
pub mod tokens;
pub mod triggers;

pub mod audit;
pub mod background;
pub mod db;
pub mod metrics;
pub mod storage;

pub use app::App;
pub use instance::Instance;
