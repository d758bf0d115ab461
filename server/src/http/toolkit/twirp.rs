//! Twirp, as far as GitHub's clients speak it: JSON in, JSON out, errors as `{code, msg}`
//! (`protocols` 3.3).
//!
//! Invariant: fields that we do not know are ignored, and a 64-bit number is taken as text or as a number
//! and given as text.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::artifacts::ArtifactError;
use crate::caches::CacheError;
use crate::storage::StorageError;

/// An error in Twirp's shape.
#[derive(Debug)]
pub(super) struct TwirpError {
    status: StatusCode,
    code: &'static str,
    message: String,
}

pub(super) type Answer = Result<Json<Value>, TwirpError>;

impl TwirpError {
    pub(super) fn bad_route() -> Self {
        Self::new(StatusCode::NOT_FOUND, "bad_route", "there is no such method")
    }

    pub(super) fn unauthenticated() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "unauthenticated",
            "the token is not valid, or its job has ended",
        )
    }

    pub(super) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", message)
    }

    pub(super) fn denied(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "permission_denied", message)
    }

    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_argument", message)
    }

    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }

    /// What we did not expect is logged here, and the caller sees only its id.
    fn internal(cause: &anyhow::Error) -> Self {
        let id = Uuid::now_v7();
        tracing::error!(
            request.id = %id,
            error = format!("{cause:#}"),
            "a job's request failed on our side"
        );
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            format!("the server's log has the cause under id {id}"),
        )
    }
}

impl IntoResponse for TwirpError {
    fn into_response(self) -> Response {
        (self.status, Json(json!({ "code": self.code, "msg": self.message }))).into_response()
    }
}

impl From<anyhow::Error> for TwirpError {
    fn from(cause: anyhow::Error) -> Self {
        Self::internal(&cause)
    }
}

impl From<sqlx::Error> for TwirpError {
    fn from(cause: sqlx::Error) -> Self {
        Self::internal(&cause.into())
    }
}

impl From<StorageError> for TwirpError {
    fn from(error: StorageError) -> Self {
        let message = error.to_string();
        match error {
            StorageError::NotFound => Self::not_found(message),
            // Clients try again after a 5xx that they know; room does not come back so soon.
            StorageError::Full => {
                Self::new(StatusCode::INSUFFICIENT_STORAGE, "resource_exhausted", message)
            }
            StorageError::Database(cause) => cause.into(),
            StorageError::Other(cause) => cause.into(),
            StorageError::Closed
            | StorageError::MissingBlock(_)
            | StorageError::RepeatedBlock(_)
            | StorageError::Incomplete { .. }
            | StorageError::BrokenOff => Self::invalid(message),
        }
    }
}

impl From<ArtifactError> for TwirpError {
    fn from(error: ArtifactError) -> Self {
        let message = error.to_string();
        match error {
            ArtifactError::Exists => Self::new(StatusCode::CONFLICT, "already_exists", message),
            ArtifactError::NotFound => Self::not_found(message),
            ArtifactError::Invalid(_) => Self::invalid(message),
            ArtifactError::NotUploaded => {
                Self::new(StatusCode::PRECONDITION_FAILED, "failed_precondition", message)
            }
            ArtifactError::Storage(cause) => cause.into(),
        }
    }
}

impl From<CacheError> for TwirpError {
    fn from(error: CacheError) -> Self {
        let message = error.to_string();
        match error {
            CacheError::Exists => Self::new(StatusCode::CONFLICT, "already_exists", message),
            CacheError::WriteDenied(_) => Self::denied(message),
            CacheError::NotReserved => Self::not_found(message),
            CacheError::Invalid(_) => Self::invalid(message),
            CacheError::Storage(cause) => cause.into(),
        }
    }
}

/// The message of a request; none at all is an empty one.
pub(super) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, TwirpError> {
    let body = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body)
        .map_err(|error| TwirpError::invalid(format!("the message cannot be read: {error}")))
}

/// A 64-bit number as protobuf's JSON has it, or as some clients send it.
pub(super) fn int64<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    match Option::<Value>::deserialize(deserializer)? {
        None => Ok(None),
        Some(Value::String(text)) if text.is_empty() => Ok(None),
        Some(Value::String(text)) => text.parse().map(Some).map_err(serde::de::Error::custom),
        Some(Value::Number(number)) => match number.as_i64() {
            Some(number) => Ok(Some(number)),
            None => Err(serde::de::Error::custom("the number is not a 64-bit integer")),
        },
        Some(_) => Err(serde::de::Error::custom("a number was expected")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    struct Message {
        #[serde(default, deserialize_with = "int64")]
        size: Option<i64>,
    }

    #[test]
    fn trap_3_numbers_come_as_text_or_number_and_unknown_fields_are_ignored() {
        let size = |text: &str| read::<Message>(text.as_bytes()).map(|message| message.size);
        assert_eq!(size(r#"{"size": "143"}"#).expect("text"), Some(143));
        assert_eq!(size(r#"{"size": 143, "mime_type": "x"}"#).expect("a number"), Some(143));
        assert_eq!(size("{}").expect("nothing"), None);
        assert_eq!(size("").expect("an empty body"), None);
        for wrong in [r#"{"size": "x"}"#, r#"{"size": 1.5}"#, r#"{"size": []}"#, "{"] {
            assert_eq!(size(wrong).expect_err(wrong).code, "invalid_argument");
        }
    }
}
