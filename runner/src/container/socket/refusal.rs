//! What a job is told instead of an answer of the engine, in the engine's own form.

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Response, StatusCode};

use super::engine::Body;

/// Why a request was not passed on, or came back with nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    status: StatusCode,
    message: String,
}

impl Refusal {
    /// What a job may not do.
    pub(super) fn forbidden(message: impl Into<String>) -> Self {
        Self { status: StatusCode::FORBIDDEN, message: message.into() }
    }

    pub(super) fn bad(message: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, message: message.into() }
    }

    pub(super) fn into_bad(self) -> Self {
        Self { status: StatusCode::BAD_REQUEST, ..self }
    }

    pub(super) fn conflict(message: impl Into<String>) -> Self {
        Self { status: StatusCode::CONFLICT, message: message.into() }
    }

    /// In the engine's words, from which clients conclude that they should pull.
    pub(super) fn missing(kind: &str, name: &str) -> Self {
        Self { status: StatusCode::NOT_FOUND, message: format!("No such {kind}: {name}") }
    }

    pub(super) fn engine(error: impl std::fmt::Display) -> Self {
        let message = format!("the container engine does not answer: {error}");
        Self { status: StatusCode::BAD_GATEWAY, message }
    }

    pub(super) fn failed(message: impl Into<String>) -> Self {
        Self { status: StatusCode::INTERNAL_SERVER_ERROR, message: message.into() }
    }

    pub(super) fn failed_by(error: impl std::fmt::Display) -> Self {
        Self::failed(error.to_string())
    }

    pub(super) fn response(&self) -> Response<Body> {
        json_response(self.status, &serde_json::json!({ "message": self.message }))
    }

    #[cfg(test)]
    pub(super) fn message(&self) -> &str {
        &self.message
    }
}

/// An answer of our own.
pub(super) fn json_response(status: StatusCode, value: &serde_json::Value) -> Response<Body> {
    let text = Full::new(Bytes::from(value.to_string())).map_err(|never| match never {});
    let mut response = Response::new(text.boxed_unsync());
    *response.status_mut() = status;
    let json = hyper::header::HeaderValue::from_static("application/json");
    response.headers_mut().insert(hyper::header::CONTENT_TYPE, json);
    response
}
