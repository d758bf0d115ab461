//! A chat's incoming webhooks, on an address that containers of the engine reach.

use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result, ensure};
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Json;
use axum::routing::post;
use serde_json::Value;

/// Path and text of every message, in the order of arrival.
type Messages = Arc<Mutex<Vec<(String, String)>>>;

/// Takes messages as Slack does. Ended when dropped.
#[derive(Debug)]
pub struct Chat {
    url: String,
    messages: Messages,
    server: tokio::task::JoinHandle<()>,
}

impl Chat {
    #[expect(clippy::disallowed_methods, reason = "a test ends it by dropping it")]
    pub async fn start() -> Result<Self> {
        let listener = tokio::net::TcpListener::bind((gateway()?, 0)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let messages = Messages::default();
        let app = Router::new().route("/{channel}", post(take)).with_state(Arc::clone(&messages));
        let server = tokio::spawn(async move { drop(axum::serve(listener, app).await) });
        Ok(Self { url, messages, server })
    }

    /// The webhook of a channel.
    #[must_use]
    pub fn webhook(&self, channel: &str) -> String {
        format!("{}/{channel}", self.url)
    }

    /// Everything that was sent to a channel.
    #[must_use]
    pub fn messages(&self, channel: &str) -> Vec<String> {
        let messages = self.messages.lock().unwrap_or_else(PoisonError::into_inner);
        let sent = messages.iter().filter(|(to, _)| to == channel);
        sent.map(|(_, text)| text.clone()).collect()
    }
}

impl Drop for Chat {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn take(
    State(messages): State<Messages>,
    Path(channel): Path<String>,
    Json(message): Json<Value>,
) -> StatusCode {
    let Some(text) = message["text"].as_str() else {
        return StatusCode::BAD_REQUEST;
    };
    let mut messages = messages.lock().unwrap_or_else(PoisonError::into_inner);
    messages.push((channel, text.to_owned()));
    StatusCode::OK
}

/// This machine's address on the engine's default bridge.
fn gateway() -> Result<String> {
    let output = Command::new("docker")
        .args(["network", "inspect", "bridge", "--format", "{{(index .IPAM.Config 0).Gateway}}"])
        .output()
        .context("starting docker")?;
    let address = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    ensure!(!address.is_empty(), "the bridge has no gateway");
    Ok(address)
}
