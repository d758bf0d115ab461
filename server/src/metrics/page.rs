//! The text that Prometheus scrapes.

use std::sync::OnceLock;

use anyhow::Context;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use sqlx::PgPool;

use super::gauges;

static RECORDER: OnceLock<Option<PrometheusHandle>> = OnceLock::new();

/// Starts counting; what is counted before is lost. Calling it again changes nothing: the recorder
/// is global to the process, and several servers of one process share it.
pub fn install() {
    RECORDER.get_or_init(|| PrometheusBuilder::new().install_recorder().ok());
}

/// The page with everything counted since the start and the state of the rows now.
pub async fn render(db: &PgPool) -> anyhow::Result<String> {
    install();
    let handle = RECORDER
        .get()
        .and_then(Option::as_ref)
        .context("another recorder of metrics is installed")?;
    gauges::measure(db).await.context("counting rows for the metrics")?;
    handle.run_upkeep();
    Ok(handle.render())
}
