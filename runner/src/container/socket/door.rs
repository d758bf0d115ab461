//! One job's socket: who may ask for what, and how answers come back.
//!
//! Invariant: a route that is not named here is refused.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::upgrade::OnUpgrade;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Map, Value, json};

use super::binds::Places;
use super::engine::{Body, BoxError, Engine, collect, whole};
use super::names::{Names, read_filters, write_filters};
use super::refusal::{Refusal, json_response};
use super::target::Target;
use crate::background;
use crate::container::docker::Freezer;
use crate::container::{Limits, Owner};
use crate::shim::Shim;

/// What a job's requests are held against.
pub(super) struct Door {
    pub(super) engine: Engine,
    pub(super) freezer: Freezer,
    pub(super) owner: Owner,
    pub(super) names: Names,
    pub(super) places: Places,
    pub(super) limits: Limits,
    /// The one container with the job's labels that the job does not reach.
    pub(super) job_container: String,
    pub(super) shim: Arc<Shim>,
    /// One push at a time has a name that everybody sees.
    pub(super) pushing: tokio::sync::Mutex<()>,
}

/// A request.
pub(super) struct Call {
    pub(super) target: Target,
    pub(super) method: Method,
    pub(super) headers: HeaderMap,
    pub(super) body: Incoming,
    upgrade: Option<OnUpgrade>,
}

/// What belongs to a single connection and is never passed on.
const OF_CONNECTION: [HeaderName; 5] =
    [header::CONTENT_LENGTH, header::TRANSFER_ENCODING, header::HOST, header::EXPECT, header::TE];

impl Call {
    pub(super) fn new(mut request: Request<Incoming>) -> Result<Self, Refusal> {
        let target =
            Target::parse(request.uri().path(), request.uri().query().unwrap_or_default())?;
        let is_form = |value: &HeaderValue| {
            value.to_str().is_ok_and(|text| {
                let text = text.to_ascii_lowercase();
                text.contains("form-urlencoded") || text.contains("multipart")
            })
        };
        // The engine would take parameters from such a body, which is not looked at.
        if request.headers().get_all(header::CONTENT_TYPE).iter().any(is_form) {
            return Err(Refusal::bad("forms are not part of the engine's interface"));
        }
        let upgrades = request.headers().contains_key(header::UPGRADE);
        let upgrade = upgrades.then(|| hyper::upgrade::on(&mut request));
        let (parts, body) = request.into_parts();
        Ok(Self { target, method: parts.method, headers: parts.headers, body, upgrade })
    }

    /// The body as a mapping; none is an empty one.
    pub(super) async fn json(self) -> Result<(Target, Map<String, Value>), Refusal> {
        let text = collect(self.body).await?;
        if text.iter().all(u8::is_ascii_whitespace) {
            return Ok((self.target, Map::new()));
        }
        match serde_json::from_slice(&text) {
            Ok(Value::Object(body)) => Ok((self.target, body)),
            Ok(Value::Null) => Ok((self.target, Map::new())),
            _ => Err(Refusal::bad("the body is not a mapping")),
        }
    }
}

impl Door {
    /// Answers a request, or says why not.
    pub(super) async fn answer(self: Arc<Self>, call: Call) -> Result<Response<Body>, Refusal> {
        let segments = call.target.segments.clone();
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        match (call.method.as_str(), segments.as_slice()) {
            ("GET" | "HEAD", ["_ping"]) => self.ping(call).await,
            ("GET", ["version" | "info"] | ["images", "search"]) | ("POST", ["auth"]) => {
                let path = call.target.again();
                self.pass(call, &path).await
            }
            ("GET", ["events"]) => self.events(call).await,
            (_, ["containers", rest @ ..]) => self.containers(call, rest).await,
            (_, ["exec", id, what]) => self.exec(call, id, what).await,
            (_, ["networks", rest @ ..]) => self.networks(call, rest).await,
            (_, ["volumes", rest @ ..]) => self.volumes(call, rest).await,
            (_, ["images", rest @ ..]) => self.images(call, rest).await,
            ("POST", ["build"]) => self.build(call).await,
            ("POST", ["build", "prune"]) => Ok(json_response(
                StatusCode::OK,
                &json!({"CachesDeleted": [], "SpaceReclaimed": 0}),
            )),
            ("POST", ["commit"]) => self.commit(call).await,
            _ => Err(not_there(&call)),
        }
    }

    async fn ping(&self, call: Call) -> Result<Response<Body>, Refusal> {
        let path = call.target.again();
        let mut response = self.pass(call, &path).await?;
        // Clients then build by `/build`, whose every step is the engine's own.
        response.headers_mut().insert("builder-version", HeaderValue::from_static("1"));
        Ok(response)
    }

    async fn events(&self, mut call: Call) -> Result<Response<Body>, Refusal> {
        let filters = read_filters(call.target.get("filters"))?;
        call.target.set("filters", write_filters(filters, &self.labels()));
        let path = call.target.again();
        self.pass(call, &path).await
    }

    /// What everything of the job carries, as filters.
    pub(super) fn labels(&self) -> Vec<String> {
        crate::container::docker::labels_of(&self.owner)
            .into_iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect()
    }

    /// `Labels` of a body with the job's own ones, which nobody else may give.
    pub(super) fn label(&self, body: &mut Map<String, Value>) -> Result<(), Refusal> {
        let mut labels = super::body::part(body, "Labels")?;
        labels.retain(|name, _| !name.to_ascii_lowercase().starts_with("gantry."));
        let own = crate::container::docker::labels_of(&self.owner);
        labels.extend(own.into_iter().map(|(name, value)| (name, Value::String(value))));
        body.insert("Labels".to_owned(), Value::Object(labels));
        Ok(())
    }

    /// Whether an object with these labels is this job's.
    pub(super) fn owns(&self, labels: Option<&Value>) -> bool {
        let own = crate::container::docker::labels_of(&self.owner);
        labels.and_then(Value::as_object).is_some_and(|labels| {
            own.iter().all(|(name, value)| {
                labels.get(name).and_then(Value::as_str) == Some(value.as_str())
            })
        })
    }

    /// Passes a request on as it is, at this path.
    pub(super) async fn pass(&self, call: Call, path: &str) -> Result<Response<Body>, Refusal> {
        let (headers, upgrade) = (call.headers, call.upgrade);
        let body = call.body.map_err(BoxError::from).boxed_unsync();
        let request = self.request(&call.method, path, &headers, body)?;
        let response = self.engine.send(request).await?;
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            return self.switch(response, upgrade);
        }
        Ok(self.relay(response))
    }

    /// Passes a request on with another body.
    pub(super) async fn pass_with(
        &self,
        (method, path): (&Method, &str),
        headers: &HeaderMap,
        body: &Map<String, Value>,
    ) -> Result<Response<Body>, Refusal> {
        let text = Value::Object(body.clone()).to_string();
        let mut request = self.request(method, path, headers, whole(text))?;
        let json = HeaderValue::from_static("application/json");
        request.headers_mut().insert(header::CONTENT_TYPE, json);
        Ok(self.relay(self.engine.send(request).await?))
    }

    pub(super) fn request(
        &self,
        method: &Method,
        path: &str,
        headers: &HeaderMap,
        body: Body,
    ) -> Result<Request<Body>, Refusal> {
        let request = Request::builder().method(method).uri(path);
        let mut request = request.body(body).map_err(Refusal::engine)?;
        for (name, value) in headers {
            if !OF_CONNECTION.contains(name) {
                request.headers_mut().append(name, value.clone());
            }
        }
        request.headers_mut().insert(header::HOST, HeaderValue::from_static("docker"));
        Ok(request)
    }

    /// From here on both sides speak as they like.
    fn switch(
        &self,
        response: Response<Incoming>,
        upgrade: Option<OnUpgrade>,
    ) -> Result<Response<Body>, Refusal> {
        let upgrade = upgrade.ok_or_else(|| Refusal::bad("nobody asked for another protocol"))?;
        let (parts, body) = response.into_parts();
        let engine = hyper::upgrade::on(Response::from_parts(parts.clone(), body));
        background::spawn("engine_stream", async move {
            if let (Ok(job), Ok(engine)) = (upgrade.await, engine.await) {
                let (mut job, mut engine) = (TokioIo::new(job), TokioIo::new(engine));
                let _ = tokio::io::copy_bidirectional(&mut job, &mut engine).await;
            }
        })
        .detach();
        Ok(Response::from_parts(parts, whole(Bytes::new())))
    }

    /// An answer of the engine, piece by piece.
    pub(super) fn relay(&self, response: Response<Incoming>) -> Response<Body> {
        let (mut parts, body) = response.into_parts();
        let kind = parts.headers.get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok());
        if !kind.is_some_and(|kind| kind.starts_with("application/json")) {
            return Response::from_parts(parts, body.map_err(BoxError::from).boxed_unsync());
        }
        parts.headers.remove(header::CONTENT_LENGTH);
        let names = self.names.clone();
        // Each piece of a stream is a whole message.
        let shown = body.map_frame(move |frame| {
            frame.map_data(|data| match String::from_utf8_lossy(&data) {
                Cow::Borrowed(text) => Bytes::from(names.show(text)),
                Cow::Owned(_) => data,
            })
        });
        Response::from_parts(parts, shown.map_err(BoxError::from).boxed_unsync())
    }

    /// An answer of the engine as the job may see it.
    pub(super) fn shown(&self, status: StatusCode, value: &Value) -> Response<Body> {
        let text = self.names.show(&value.to_string());
        json_response(status, &serde_json::from_str(&text).unwrap_or_default())
    }

    /// Asks for a list or an object, changes it, and shows it.
    pub(super) async fn show_changed(
        &self,
        path: &str,
        change: impl FnOnce(&mut Value),
    ) -> Result<Response<Body>, Refusal> {
        let (status, mut value) = self.engine.ask(Method::GET, path, None).await?;
        if status.is_success() {
            change(&mut value);
        }
        Ok(self.shown(status, &value))
    }

    /// Removes what nobody uses any more, as far as it is the job's.
    pub(super) async fn prune(&self, mut call: Call) -> Result<Response<Body>, Refusal> {
        let filters = read_filters(call.target.get("filters"))?;
        call.target.set("filters", write_filters(filters, &self.labels()));
        let path = call.target.again();
        self.pass(call, &path).await
    }
}

pub(super) fn not_there(call: &Call) -> Refusal {
    let path = call.target.segments.join("/");
    let hint = if ["session", "grpc"].contains(&path.as_str()) {
        "; set DOCKER_BUILDKIT=0 to build without BuildKit"
    } else {
        ""
    };
    Refusal::forbidden(format!(
        "`{} /{path}` is not part of what a job's engine socket offers{hint}",
        call.method
    ))
}
