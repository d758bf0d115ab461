//! The runner inside `gantry serve`. It talks to the server over HTTP, like any other.

use gantry_server::Instance;

use super::arguments::Arguments;

/// A runner that was started, or the absence of one.
#[derive(Debug)]
pub(super) struct EmbeddedRunner {}

impl EmbeddedRunner {
    pub(super) async fn start(arguments: &Arguments, instance: &Instance) -> anyhow::Result<Self> {
        let _ = (arguments.no_runner, instance);
        Ok(Self {})
    }

    /// Returns when the runner ends by itself.
    pub(super) async fn ended(&mut self) -> anyhow::Result<()> {
        std::future::pending().await
    }

    pub(super) async fn stop(self) {}
}
