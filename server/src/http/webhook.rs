//! What GitHub calls: deliveries of webhooks.
//!
//! Does not read the payload; `triggers` does, later. Invariant: what is not signed with one of our
//! secrets leaves no trace but a counter, and what is answered 202 is stored.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;
use sha2::Sha256;

use super::ApiError;
use crate::App;
use crate::background::Topic;
use crate::db;
use crate::deliveries::{self, NewDelivery, Source};

/// GitHub delivers no larger payload.
pub(super) const MAX_BODY_BYTES: usize = 25 * 1024 * 1024;

/// Longest event name and delivery id, in bytes; GitHub's are far shorter.
const MAX_HEADER_BYTES: usize = 200;

/// `POST /webhooks/github`
pub(super) async fn receive(
    State(app): State<App>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, ApiError> {
    let answer = accept(&app, &headers, body).await;
    let result = match &answer {
        Ok(response) if response.status() == StatusCode::OK => "ping",
        Ok(_) => "accepted",
        Err(error) if error.status().is_server_error() => "failed",
        Err(_) => "refused",
    };
    metrics::counter!("gantry_webhooks_total", "result" => result).increment(1);
    answer
}

async fn accept(
    app: &App,
    headers: &HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, ApiError> {
    let body = body.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => ApiError::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("a delivery has at most {MAX_BODY_BYTES} bytes"),
        ),
        status => ApiError::new(status, rejection.body_text()),
    })?;
    check_content_type(headers)?;
    let of_made_app = app.github.webhook_secret();
    let secrets: Vec<&SecretString> =
        app.config.webhook_secrets.iter().chain(of_made_app.as_ref()).collect();
    check_signature(&secrets, headers, &body)?;
    let event = required(headers, "x-github-event")?;
    let guid = required(headers, "x-github-delivery")?;
    if event == "ping" {
        return Ok(Json(json!({ "message": "pong" })).into_response());
    }
    let is_new =
        store(app, NewDelivery { guid, source: Source::Webhook, event, payload: &body }).await?;
    if is_new {
        app.wakeups.wake(Topic::Deliveries);
    }
    let message = if is_new { "delivery accepted" } else { "delivery known already" };
    Ok((StatusCode::ACCEPTED, Json(json!({ "message": message }))).into_response())
}

/// A database that restarts is waited for; GitHub would not deliver again by itself.
async fn store(app: &App, delivery: NewDelivery<'_>) -> Result<bool, ApiError> {
    let stored = db::retry_idempotent(|| async move {
        let mut connection = app.db.acquire().await?;
        deliveries::store(&mut connection, delivery).await
    })
    .await;
    stored.map_err(|error| {
        if !db::is_passing(&error) {
            return error.into();
        }
        tracing::error!(delivery.guid = delivery.guid, %error, "a delivery could not be stored");
        ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "the database is not available")
    })
}

/// A signed form has its JSON in a field; GitHub sends it only when the hook is set up so.
fn check_content_type(headers: &HeaderMap) -> Result<(), ApiError> {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let content_type = content_type.unwrap_or_default();
    if content_type.to_ascii_lowercase().starts_with("application/json") {
        return Ok(());
    }
    Err(ApiError::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "set the content type of the webhook to application/json",
    ))
}

fn check_signature(
    secrets: &[&SecretString],
    headers: &HeaderMap,
    body: &[u8],
) -> Result<(), ApiError> {
    let given = headers
        .get("x-hub-signature-256")
        .and_then(|value| value.to_str().ok())
        .ok_or_else(|| ApiError::unauthorized("the delivery is not signed: set a secret"))?;
    let is_ours = given
        .strip_prefix("sha256=")
        .and_then(|digits| hex::decode(digits).ok())
        .is_some_and(|signature| secrets.iter().any(|secret| signs(secret, body, &signature)));
    if is_ours {
        return Ok(());
    }
    Err(ApiError::forbidden("the signature does not match the webhook's secret"))
}

/// Takes the same time for any signature of the right length.
fn signs(secret: &SecretString, body: &[u8], signature: &[u8]) -> bool {
    Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes())
        .is_ok_and(|mac| mac.chain_update(body).verify_slice(signature).is_ok())
}

fn required<'a>(headers: &'a HeaderMap, name: &str) -> Result<&'a str, ApiError> {
    let value = headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if value.is_empty() || value.len() > MAX_HEADER_BYTES {
        return Err(ApiError::bad_request(format!("the header {name} is missing or too long")));
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn status(secrets: &[&str], signature: Option<&str>) -> Option<StatusCode> {
        let secrets: Vec<SecretString> = secrets.iter().map(|s| (*s).to_owned().into()).collect();
        let mut headers = HeaderMap::new();
        if let Some(signature) = signature {
            let value = HeaderValue::from_str(signature).expect("a header");
            headers.insert("x-hub-signature-256", value);
        }
        let secrets: Vec<&SecretString> = secrets.iter().collect();
        check_signature(&secrets, &headers, b"Hello, World!").err().map(|error| error.status())
    }

    /// The example of GitHub's documentation.
    const SECRET: &str = "It's a Secret to Everybody";
    const GOOD: &str = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";

    #[test]
    fn the_documented_example_is_accepted_by_either_secret() {
        assert_eq!(status(&[SECRET], Some(GOOD)), None);
        assert_eq!(status(&["new", SECRET], Some(GOOD)), None);
    }

    #[test]
    fn anything_else_is_refused() {
        assert_eq!(status(&[SECRET], None), Some(StatusCode::UNAUTHORIZED));
        assert_eq!(status(&[], Some(GOOD)), Some(StatusCode::FORBIDDEN));
        assert_eq!(status(&["other"], Some(GOOD)), Some(StatusCode::FORBIDDEN));
        let (short, odd) = (&GOOD[..GOOD.len() - 2], &GOOD[..GOOD.len() - 1]);
        let last = format!("{short}18");
        for wrong in [&last, short, odd, "sha256=", "sha1=757107ea", "", &GOOD.to_uppercase()] {
            assert_eq!(status(&[SECRET], Some(wrong)), Some(StatusCode::FORBIDDEN), "{wrong}");
        }
    }
}
