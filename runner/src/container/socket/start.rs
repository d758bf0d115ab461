//! Starting a container of the job, with the job standing still while its directories are looked at.
//!
//! Invariant: between the look and the mount no process of the job runs.

use std::path::PathBuf;
use std::sync::Arc;

use hyper::{Method, Response, StatusCode};
use serde_json::Value;

use super::containers::id_of;
use super::door::{Call, Door};
use super::engine::{Body, whole};
use super::refusal::Refusal;
use crate::background;

/// What is mounted from the machine.
pub(super) fn sources(container: &Value) -> Vec<PathBuf> {
    let mounts = container["Mounts"].as_array().into_iter().flatten();
    mounts
        .filter(|mount| mount["Type"] == "bind")
        .filter_map(|mount| mount["Source"].as_str().map(PathBuf::from))
        .collect()
}

impl Door {
    pub(super) async fn start(
        self: Arc<Self>,
        call: Call,
        name: &str,
    ) -> Result<Response<Body>, Refusal> {
        let id = self.container_id(name).await?;
        let path = call.target.at(&format!("/containers/{id}/start"));
        apart(async move { self.start_checked(&id, &path).await }).await
    }

    pub(super) async fn restart(
        self: Arc<Self>,
        call: Call,
        name: &str,
    ) -> Result<Response<Body>, Refusal> {
        let container = self.container(name).await?;
        let id = id_of(&container).to_owned();
        let stop = call.target.at(&format!("/containers/{id}/stop"));
        let start = format!("/containers/{id}/start");
        apart(async move {
            self.engine.post(&stop, None).await?;
            self.close_ports(&container).await;
            self.start_checked(&id, &start).await
        })
        .await
    }

    async fn start_checked(&self, id: &str, path: &str) -> Result<Response<Body>, Refusal> {
        let container = self.container(id).await?;
        let sources = sources(&container);
        let (status, text) = if sources.is_empty() {
            let _unfrozen = self.freezer.hold().await;
            self.engine.ask_text(Method::POST, path, None).await?
        } else {
            let started = self.freezer.frozen((&self.owner, &self.job_container), async {
                for source in &sources {
                    self.places.check(source).map_err(|error| {
                        Refusal::forbidden(format!(
                            "`{}` cannot be mounted: {error}",
                            source.file_name().unwrap_or_default().to_string_lossy()
                        ))
                    })?;
                }
                self.engine.ask_text(Method::POST, path, None).await
            });
            started.await.map_err(Refusal::failed_by)??
        };
        if status == StatusCode::NO_CONTENT {
            let started = self.container(id).await;
            // One that removes itself may be gone already.
            if let Ok(started) = started
                && let Err(refusal) = self.open_ports(&started).await
            {
                self.engine.ask(Method::POST, &format!("/containers/{id}/kill"), None).await?;
                return Err(refusal);
            }
        }
        let shown = self.names.show(&String::from_utf8_lossy(&text));
        let mut response = Response::new(whole(shown));
        *response.status_mut() = status;
        if !text.is_empty() {
            let json = hyper::header::HeaderValue::from_static("application/json");
            response.headers_mut().insert(hyper::header::CONTENT_TYPE, json);
        }
        Ok(response)
    }
}

/// Comes to its end also when nobody waits for the answer any more: the job must not be left standing.
async fn apart(
    work: impl Future<Output = Result<Response<Body>, Refusal>> + Send + 'static,
) -> Result<Response<Body>, Refusal> {
    let (sender, receiver) = tokio::sync::oneshot::channel();
    background::spawn("engine_start", async move {
        // Whoever asked may be gone.
        let _ = sender.send(work.await);
    })
    .detach();
    receiver.await.map_err(Refusal::engine)?
}
