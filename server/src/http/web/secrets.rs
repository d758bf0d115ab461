//! Storing secrets in plaintext over the wire; GitHub's own way needs a sealed box.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use schemars::JsonSchema;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::App;
use crate::http::error::ApiError;
use crate::http::extract::{ApiJson, ApiPath, Repo};
use crate::http::guard::Account;
use crate::http::rest::variables::{NamePath, invalid};
use crate::master_key;
use crate::secrets::{self, Place, PutSecret, Stored, Visibility, check_entry};

/// The body. Debug does not show the value.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct SecretBody {
    #[schemars(with = "String")]
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
    let environment = body.environment.filter(|name| !name.is_empty());
    let place = match &environment {
        Some(name) => Place::Environment(repository.id, name.clone()),
        None => Place::Repository(repository.id),
    };
    let visibility = Visibility::All;
    let secret = PutSecret { place, name, value: body.value, visibility };
    let mut db = app.db.acquire().await?;
    let stored = secrets::put_secret(&mut db, &app.vault, &secret).await?;
    tracing::info!(
        repository = repository.full_name(),
        environment,
        secret = secret.name,
        login = account.login,
        "stored a secret"
    );
    let status = match stored {
        Stored::Created => StatusCode::CREATED,
        Stored::Updated => StatusCode::OK,
    };
    Ok((status, Json(json!({ "name": secret.name, "environment": environment }))))
}

/// `POST /api/gantry/secrets/rotate-key`: encrypts every secret under a new key.
pub(crate) async fn rotate_key(
    State(app): State<App>,
    Account(account): Account,
) -> Result<Json<Value>, ApiError> {
    let mut db = app.db.acquire().await?;
    let n_secrets = secrets::rotate_key(&mut db, &app.vault).await?;
    tracing::info!(n_secrets, login = account.login, "rotated the key of the secrets");
    Ok(Json(json!({ "n_secrets": n_secrets })))
}

/// `POST /api/gantry/secrets/rotate-master-key`: a new master key, and all other keys under it.
pub(crate) async fn rotate_master_key(
    State(app): State<App>,
    Account(account): Account,
) -> Result<Json<Value>, ApiError> {
    let n_keys = master_key::rotate_master_key(&app).await?;
    tracing::info!(n_keys, login = account.login, "rotated the master key");
    Ok(Json(json!({ "n_keys": n_keys })))
}
