//! The engine itself, one connection for a request.

use std::path::PathBuf;

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::UnixStream;

use super::refusal::Refusal;
use crate::background;

pub(super) type BoxError = Box<dyn std::error::Error + Send + Sync>;
pub(super) type Body = UnsyncBoxBody<Bytes, BoxError>;

/// The longest answer or body that is read as a whole.
const MOST_BYTES: usize = 64 * 1024 * 1024;

#[derive(Clone, Debug)]
pub(super) struct Engine {
    pub(super) socket: PathBuf,
}

impl Engine {
    pub(super) async fn send(&self, request: Request<Body>) -> Result<Response<Incoming>, Refusal> {
        let stream = UnixStream::connect(&self.socket).await.map_err(Refusal::engine)?;
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(Refusal::engine)?;
        background::spawn("engine_connection", async move {
            // Its end is that of the answer.
            let _ = connection.with_upgrades().await;
        })
        .detach();
        sender.send_request(request).await.map_err(Refusal::engine)
    }

    /// A request of our own, and its answer read to the end.
    pub(super) async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<(StatusCode, Value), Refusal> {
        let (status, text) = self.ask_text(method, path, body).await?;
        let value = serde_json::from_slice(&text).unwrap_or_default();
        Ok((status, value))
    }

    pub(super) async fn ask_text(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<(StatusCode, Bytes), Refusal> {
        let text = body.map(Value::to_string).unwrap_or_default();
        let mut request = Request::builder().method(method).uri(path).header("host", "docker");
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        let request = request.body(whole(text)).map_err(Refusal::engine)?;
        let (parts, body) = self.send(request).await?.into_parts();
        Ok((parts.status, collect(body).await?))
    }

    /// What the engine has at a path; `None` when it has nothing.
    pub(super) async fn get(&self, path: &str) -> Result<Option<Value>, Refusal> {
        match self.ask(Method::GET, path, None).await? {
            (StatusCode::OK, value) => Ok(Some(value)),
            (StatusCode::NOT_FOUND | StatusCode::BAD_REQUEST, _) => Ok(None),
            (status, value) => Err(failed(status, &value)),
        }
    }

    /// Does something that must succeed.
    pub(super) async fn post(&self, path: &str, body: Option<&Value>) -> Result<Value, Refusal> {
        let (status, value) = self.ask(Method::POST, path, body).await?;
        let is_done = status.is_success() || status == StatusCode::NOT_MODIFIED;
        if is_done { Ok(value) } else { Err(failed(status, &value)) }
    }
}

fn failed(status: StatusCode, value: &Value) -> Refusal {
    let said = value.get("message").and_then(Value::as_str).unwrap_or("no reason is given");
    match status {
        StatusCode::CONFLICT => Refusal::conflict(said),
        StatusCode::FORBIDDEN => Refusal::forbidden(said),
        _ => Refusal::failed(said),
    }
}

pub(super) fn whole(text: impl Into<Bytes>) -> Body {
    Full::new(text.into()).map_err(|never| match never {}).boxed_unsync()
}

pub(super) async fn collect(body: Incoming) -> Result<Bytes, Refusal> {
    let limited = Limited::new(body, MOST_BYTES).collect().await;
    limited.map(|body| body.to_bytes()).map_err(Refusal::engine)
}
