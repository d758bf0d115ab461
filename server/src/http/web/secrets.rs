//! Storing secrets in plaintext over the wire; GitHub's own way needs a sealed box.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::App;
use crate::http::error::ApiError;
use crate::http::extract::{ApiJson, ApiPath, Repo};
use crate::http::guard::Account;
use crate::http::rest::variables::{NamePath, invalid};
use crate::secrets::{self, PutSecret, Stored, check_entry};

/// The body. Debug does not show the value.
#[derive(Debug, Deserialize)]
pub(crate) struct SecretBody {
    value: SecretString,
    environment: Option<String>,
}

/// `PUT /api/gantry/repositories/{owner}/{repo}/secrets/{name}`: 201 or 204.
pub(crate) async fn put(
    State(app): State<App>,
    Account(account): Account,
    (Repo(repository), ApiPath(path)): (Repo, ApiPath<NamePath>),
    ApiJson(body): ApiJson<SecretBody>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let name = check_entry(&path.name, body.value.expose_secret()).map_err(invalid("Secret"))?;
    let secret = PutSecret {
        repository: repository.id,
        environment: body.environment.filter(|name| !name.is_empty()),
        name,
        value: body.value,
    };
    let mut db = app.db.acquire().await?;
    let stored = secrets::put_secret(&mut db, &app.vault, &secret).await?;
    tracing::info!(
        repository = repository.full_name(),
        environment = secret.environment,
        secret = secret.name,
        login = account.login,
        "stored a secret"
    );
    let status = match stored {
        Stored::Created => StatusCode::CREATED,
        Stored::Updated => StatusCode::OK,
    };
    Ok((status, Json(json!({ "name": secret.name, "environment": secret.environment }))))
}
