//! What every handler and every reconciler is given: the pool, the configuration, the wake-ups.
//!
//! Holds no state of runs or jobs; those are rows.

use std::sync::Arc;

use sqlx::PgPool;

use crate::background::{Passes, Tasks, Wakeups};
use crate::config::Config;
use crate::github::GitHub;
use crate::secrets::Vault;

/// The running server. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct App {
    pub db: PgPool,
    pub config: Arc<Config>,
    pub wakeups: Wakeups,
    pub tasks: Tasks,
    pub passes: Passes,
    pub vault: Arc<Vault>,
    pub github: Arc<GitHub>,
    pub storage: Arc<dyn object_store::ObjectStore>,
}
