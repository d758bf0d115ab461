//! The one error of every HTTP answer, in GitHub's shape.
//!
//! Does not decide who may do what. Invariant: what we did not expect is logged once, here, and the
//! caller sees only a request id.

use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use uuid::Uuid;

use crate::github::GitHubError;

/// Where GitHub describes the shape of these answers.
const DOCUMENTATION_URL: &str = "https://docs.github.com/rest";

/// GitHub's name for the header that carries the id of a request.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-github-request-id");

/// PostgreSQL's code for text that it cannot store; ours is UTF-8, so it holds a zero character.
const NOT_A_TEXT: &str = "22021";

/// An answer that is not a success.
#[derive(Debug)]
pub struct ApiError {
    status: StatusCode,
    message: String,
    errors: Vec<FieldError>,
    /// What the operator needs to know; never sent.
    cause: Option<anyhow::Error>,
}

/// One entry of `errors`, as GitHub reports validation failures.
#[derive(Clone, Debug, Serialize)]
pub struct FieldError {
    pub resource: &'static str,
    pub field: String,
    /// `missing`, `missing_field`, `invalid`, `already_exists` or `custom`.
    pub code: &'static str,
    pub message: String,
}

#[derive(Serialize)]
struct Body<'a> {
    message: &'a str,
    #[serde(skip_serializing_if = "<[FieldError]>::is_empty")]
    errors: &'a [FieldError],
    documentation_url: &'static str,
    status: String,
}

impl ApiError {
    #[must_use]
    pub fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), errors: Vec::new(), cause: None }
    }

    /// 404, also for what the caller may not see.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "Not Found")
    }

    /// 404 that says what there is not.
    #[must_use]
    pub fn not_found_with(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, message)
    }

    /// 401: nobody, or a token we do not know.
    #[must_use]
    pub fn unauthorized(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, message)
    }

    /// 403: known, but not entitled.
    #[must_use]
    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, message)
    }

    #[must_use]
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    #[must_use]
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, message)
    }

    /// 422: understood, but the content cannot be accepted.
    #[must_use]
    pub fn unprocessable(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, message)
    }

    #[must_use]
    pub fn with_errors(mut self, errors: Vec<FieldError>) -> Self {
        self.errors = errors;
        self
    }

    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    fn internal(cause: anyhow::Error) -> Self {
        Self { cause: Some(cause), ..Self::new(StatusCode::INTERNAL_SERVER_ERROR, "Server Error") }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let request_id = Uuid::now_v7().to_string();
        let mut message = self.message;
        if let Some(cause) = self.cause {
            tracing::error!(
                request.id = request_id,
                error = format!("{cause:#}"),
                "a request failed on our side"
            );
            message = format!("{message}; the server's log has the cause under id {request_id}");
        }
        let body = Body {
            message: &message,
            errors: &self.errors,
            documentation_url: DOCUMENTATION_URL,
            status: self.status.as_u16().to_string(),
        };
        let mut response = (self.status, Json(body)).into_response();
        if let Ok(value) = HeaderValue::from_str(&request_id) {
            response.headers_mut().insert(REQUEST_ID, value);
        }
        response
    }
}

impl From<anyhow::Error> for ApiError {
    fn from(cause: anyhow::Error) -> Self {
        Self::internal(cause)
    }
}

/// A request that could not be answered because GitHub does not answer.
impl From<GitHubError> for ApiError {
    fn from(error: GitHubError) -> Self {
        match error {
            GitHubError::NotFound(_) => Self::not_found(),
            GitHubError::Later { reason, .. } => {
                tracing::warn!(reason, "a request needs an answer of GitHub's");
                Self::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "GitHub does not say at present what you may do here; try again soon",
                )
            }
            GitHubError::Refused(reason) | GitHubError::NotConnected(reason) => {
                tracing::warn!(reason, "a request needs an answer of GitHub's");
                Self::new(
                    StatusCode::BAD_GATEWAY,
                    "GitHub refuses to say what you may do here; the server's log has the reason",
                )
            }
        }
    }
}

impl From<sqlx::Error> for ApiError {
    fn from(cause: sqlx::Error) -> Self {
        let code = cause.as_database_error().and_then(|error| error.code());
        if code.as_deref() == Some(NOT_A_TEXT) {
            return Self::unprocessable("text must not contain a zero character");
        }
        let constraint = cause.as_database_error().and_then(|error| error.constraint());
        match constraint.and_then(conflict_of) {
            Some(message) => Self::conflict(message),
            None => Self::internal(cause.into()),
        }
    }
}

/// The sentence for a constraint that a caller can violate.
fn conflict_of(constraint: &str) -> Option<&'static str> {
    match constraint {
        "variables_name_key" => Some("Already exists - Variable already exists"),
        "repositories_full_name_key" => Some("a repository of this name is registered already"),
        "environment_ref_policies_key" => Some("this policy exists already"),
        "environment_gates_key" => Some("this account is a gate of the environment already"),
        "environments_name_key" => Some("an environment of this name exists already"),
        _ => None,
    }
}

impl From<JsonRejection> for ApiError {
    fn from(rejection: JsonRejection) -> Self {
        match rejection.status() {
            StatusCode::UNPROCESSABLE_ENTITY => Self::unprocessable(format!(
                "Invalid request.\n\n{}",
                complaint_about(&rejection.body_text())
            )),
            StatusCode::BAD_REQUEST => Self::bad_request("Problems parsing JSON"),
            status => Self::new(status, rejection.body_text()),
        }
    }
}

/// In GitHub's words where it has some: `"ref" wasn't supplied.`
fn complaint_about(text: &str) -> String {
    let text = text.split_once("into the target type: ").map_or(text, |(_, rest)| rest);
    let text = text.rsplit_once(" at line ").map_or(text, |(rest, _)| rest);
    match text.split_once("missing field `").and_then(|(_, rest)| rest.split_once('`')) {
        Some((field, _)) => format!("\"{field}\" wasn't supplied."),
        None => format!("{text}."),
    }
}

impl From<PathRejection> for ApiError {
    fn from(_: PathRejection) -> Self {
        Self::not_found()
    }
}

impl From<QueryRejection> for ApiError {
    fn from(rejection: QueryRejection) -> Self {
        Self::unprocessable(rejection.body_text())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn body_of(error: ApiError) -> (StatusCode, serde_json::Value) {
        let response = error.into_response();
        let status = response.status();
        let bytes = axum::body::to_bytes(response.into_body(), 65_536).await.expect("a body");
        (status, serde_json::from_slice(&bytes).expect("JSON"))
    }

    #[tokio::test]
    async fn unexpected_errors_show_an_id_and_no_cause() {
        let (status, body) = body_of(anyhow::anyhow!("password is hunter2").into()).await;
        assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(body["status"], "500");
        assert!(!body.to_string().contains("hunter2"), "{body}");
        assert!(body["message"].as_str().is_some_and(|text| text.contains("under id ")), "{body}");
    }

    #[test]
    fn what_is_wrong_with_a_body_is_said_without_our_own_types() {
        let prefix = "Failed to deserialize the JSON body into the target type: ";
        let missing = complaint_about(&format!("{prefix}missing field `ref` at line 1 column 2"));
        assert_eq!(missing, "\"ref\" wasn't supplied.");
        let wrong = format!("{prefix}ref: invalid type: integer `5`, expected a string at line 1");
        assert_eq!(complaint_about(&wrong), "ref: invalid type: integer `5`, expected a string.");
    }

    #[tokio::test]
    async fn the_shape_is_githubs() {
        let error = ApiError::unprocessable("Validation Failed").with_errors(vec![FieldError {
            resource: "Variable",
            field: "name".into(),
            code: "invalid",
            message: "name is empty".into(),
        }]);
        let (_, body) = body_of(error).await;
        assert_eq!(body["message"], "Validation Failed");
        assert_eq!(body["errors"][0]["field"], "name");
        assert_eq!(body["status"], "422");
        assert!(body["documentation_url"].is_string());
    }
}
