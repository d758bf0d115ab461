//! Secrets in GitHub's shape, of owners, repositories and environments. A secret's value never
//! leaves by this API, and comes in only sealed with our public key.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use schemars::JsonSchema;
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use serde_json::{Value, json};

use super::paging::Page;
use super::place::{At, VisibilityBody};
use super::variables::{NamePath, invalid};
use crate::App;
use crate::http::error::ApiError;
use crate::http::extract::{ApiJson, ApiPath, Repo};
use crate::http::guard::Account;
use crate::secrets::{
    self, BoxError, PutSecret, Reader, SecretView, StoreError, Stored, check_entry,
};

/// `GET .../secrets`.
pub(crate) async fn list(State(app): State<App>, at: At, page: Page) -> Result<Response, ApiError> {
    let mut db = app.db.acquire().await?;
    let found = secrets::list_secrets(&mut db, &at.place).await?;
    Ok(answer_list(&page, &at, found))
}

/// `GET .../actions/organization-secrets`: those of the owner that the repository sees.
pub(crate) async fn list_of_owner(
    State(app): State<App>,
    Repo(repository): Repo,
    (at, page): (At, Page),
) -> Result<Response, ApiError> {
    let mut db = app.db.acquire().await?;
    let reader = Reader { repository: repository.id, owner: &repository.owner };
    let found = secrets::owners_secrets(&mut db, reader).await?;
    Ok(answer_list(&page, &at, found))
}

/// `GET .../secrets/{name}`.
pub(crate) async fn get(
    State(app): State<App>,
    at: At,
    ApiPath(path): ApiPath<NamePath>,
) -> Result<Json<Value>, ApiError> {
    Ok(Json(secret_json(&at, &find(&app, &at, &path.name).await?)))
}

/// `GET .../secrets/public-key`.
pub(crate) async fn public_key(State(app): State<App>, _: At) -> Result<Json<Value>, ApiError> {
    let mut db = app.db.acquire().await?;
    let key = secrets::public_key(&mut db, &app.vault).await?;
    Ok(Json(json!({ "key_id": key.key_id, "key": STANDARD.encode(key.key) })))
}

/// The body of a secret.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct SecretBody {
    /// Base64 of a libsodium sealed box.
    encrypted_value: String,
    key_id: String,
    visibility: Option<String>,
    selected_repository_ids: Option<Vec<i64>>,
}

/// `PUT .../secrets/{name}`: 201, or 204 when there was one of this name.
pub(crate) async fn put(
    State(app): State<App>,
    Account(account): Account,
    (at, ApiPath(path)): (At, ApiPath<NamePath>),
    ApiJson(body): ApiJson<SecretBody>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let visibility = VisibilityBody {
        visibility: body.visibility,
        selected_repository_ids: body.selected_repository_ids,
    };
    let visibility = visibility.required(&app, &at).await?;
    let sealed = STANDARD
        .decode(body.encrypted_value.trim())
        .map_err(|_| ApiError::unprocessable("`encrypted_value` is not base64"))?;
    let mut db = app.db.acquire().await?;
    let value = secrets::open_box(&mut db, &app.vault, (&body.key_id, &sealed)).await?;
    let name = check_entry(&path.name, value.expose_secret()).map_err(invalid("Secret"))?;
    let secret = PutSecret { place: at.place, name, value, visibility };
    let stored = secrets::put_secret(&mut db, &app.vault, &secret).await?;
    tracing::info!(
        place = ?secret.place,
        secret = secret.name,
        login = account.login,
        "stored a secret"
    );
    let status = match stored {
        Stored::Created => StatusCode::CREATED,
        Stored::Updated => StatusCode::NO_CONTENT,
    };
    Ok((status, Json(json!({}))))
}

/// `DELETE .../secrets/{name}`.
pub(crate) async fn delete(
    State(app): State<App>,
    Account(account): Account,
    at: At,
    ApiPath(path): ApiPath<NamePath>,
) -> Result<StatusCode, ApiError> {
    let mut db = app.db.acquire().await?;
    if !secrets::delete_secret(&mut db, &at.place, &path.name).await? {
        return Err(ApiError::not_found());
    }
    tracing::info!(
        place = ?at.place,
        secret = path.name,
        login = account.login,
        "deleted a secret"
    );
    Ok(StatusCode::NO_CONTENT)
}

/// The secret of this place, without its value.
pub(super) async fn find(app: &App, at: &At, name: &str) -> Result<SecretView, ApiError> {
    let mut db = app.db.acquire().await?;
    let found = secrets::list_secrets(&mut db, &at.place).await?;
    found
        .into_iter()
        .find(|secret| secret.name.eq_ignore_ascii_case(name))
        .ok_or_else(ApiError::not_found)
}

fn answer_list(page: &Page, at: &At, secrets: Vec<SecretView>) -> Response {
    let total = i64::try_from(secrets.len()).unwrap_or(i64::MAX);
    let secrets: Vec<_> = page.cut(secrets).iter().map(|it| secret_json(at, it)).collect();
    page.answer(total, Json(json!({ "total_count": total, "secrets": secrets })))
}

/// With one field that GitHub does not have: when a job last got the secret.
fn secret_json(at: &At, secret: &SecretView) -> Value {
    let mut body = json!({
        "name": secret.name,
        "created_at": secret.created_at,
        "updated_at": secret.updated_at,
        "last_used_at": secret.last_used_at,
    });
    at.add_visibility(&mut body, ("secrets", &secret.name), &secret.visibility);
    body
}

impl From<BoxError> for ApiError {
    fn from(error: BoxError) -> Self {
        match error {
            BoxError::Other(cause) => cause.into(),
            BoxError::OtherKey(_) | BoxError::NotSealed | BoxError::NotText => {
                Self::unprocessable(error.to_string())
            }
        }
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::TooMany(_) => Self::unprocessable(error.to_string()),
            // A database's complaint about a name has an answer of its own.
            StoreError::Other(cause) => match cause.downcast::<sqlx::Error>() {
                Ok(cause) => cause.into(),
                Err(cause) => cause.into(),
            },
        }
    }
}
