//! Everything periodic: a name, an interval, an idempotent pass without input.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use super::wakeups::Topic;
use crate::App;

/// What one pass did: how many items it changed.
pub type Pass<'a> = Pin<Box<dyn Future<Output = anyhow::Result<u64>> + Send + 'a>>;

/// A pass that is repeated when woken and after `interval`. A failed pass is logged and repeated;
/// it loses nothing, because what it works on are rows.
#[derive(Clone, Copy, Debug)]
pub struct Reconciler {
    pub name: &'static str,
    pub interval: Duration,
    pub topic: Option<Topic>,
    pub pass: for<'a> fn(&'a App) -> Pass<'a>,
}

/// Repeats the passes of `reconciler` until the server stops.
pub async fn run_reconciler(app: App, reconciler: Reconciler) {
    let _ = (app, reconciler);
    todo!()
}
