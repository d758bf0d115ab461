//! The text that Prometheus scrapes.

use std::sync::OnceLock;

use anyhow::Context;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use sqlx::PgPool;

use super::gauges;

static RECORDER: OnceLock<Option<PrometheusHandle>> = OnceLock::new();

/// The page with everything counted since the start and the state of the rows now.
pub async fn render(db: &PgPool) -> anyhow::Result<String> {
    // The recorder is global to the process; several servers in one test process share it.
    let handle = RECORDER
        .get_or_init(|| PrometheusBuilder::new().install_recorder().ok())
        .as_ref()
        .context("another recorder of metrics is installed")?;
    gauges::measure(db).await.context("counting rows for the metrics")?;
    handle.run_upkeep();
    Ok(handle.render())
}
