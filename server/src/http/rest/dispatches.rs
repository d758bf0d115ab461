//! Events that somebody makes up for a repository.

use axum::extract::State;
use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::App;
use crate::http::error::ApiError;
use crate::http::extract::{ApiJson, Repo};
use crate::http::guard::Account;
use crate::triggers::{self, RepositoryDispatch};

/// GitHub's limits: of the name in characters, of the payload in keys and in bytes.
const MAX_TYPE_CHARACTERS: usize = 100;
const MAX_PAYLOAD_KEYS: usize = 10;
const MAX_PAYLOAD_BYTES: usize = 64 * 1024;

/// The body.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct DispatchBody {
    event_type: String,
    client_payload: Option<Map<String, Value>>,
}

/// `POST /repos/{owner}/{repo}/dispatches`.
pub(crate) async fn create(
    State(app): State<App>,
    Account(account): Account,
    Repo(repository): Repo,
    ApiJson(body): ApiJson<DispatchBody>,
) -> Result<StatusCode, ApiError> {
    let client_payload = body.client_payload.unwrap_or_default();
    check(&body.event_type, &client_payload).map_err(ApiError::unprocessable)?;
    let request = RepositoryDispatch {
        repository,
        event_type: body.event_type,
        client_payload,
        actor: account.login,
    };
    triggers::dispatch_to_repository(&app, request).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn check(event_type: &str, payload: &Map<String, Value>) -> Result<(), String> {
    let n_characters = event_type.chars().count();
    if n_characters == 0 || n_characters > MAX_TYPE_CHARACTERS {
        return Err(format!(
            "Invalid request.\n\n\"event_type\" must have 1 to {MAX_TYPE_CHARACTERS} characters."
        ));
    }
    if payload.len() > MAX_PAYLOAD_KEYS {
        return Err(format!(
            "Invalid request.\n\nNo more than {MAX_PAYLOAD_KEYS} properties are allowed; {} were \
             supplied.",
            payload.len()
        ));
    }
    let n_bytes = Value::Object(payload.clone()).to_string().len();
    if n_bytes >= MAX_PAYLOAD_BYTES {
        return Err("client_payload is too large.".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn githubs_limits_hold() {
        let payload = |n: usize| (0..n).map(|i| (i.to_string(), json!(i))).collect::<Map<_, _>>();
        assert_eq!(check("deploy", &payload(10)), Ok(()));
        assert!(check("", &payload(0)).is_err());
        assert!(check(&"é".repeat(100), &payload(0)).is_ok());
        assert!(check(&"é".repeat(101), &payload(0)).is_err());
        assert!(check("deploy", &payload(11)).is_err());
        let large = json!({ "text": "x".repeat(64 * 1024) });
        assert!(check("deploy", large.as_object().expect("a map")).is_err());
    }
}
