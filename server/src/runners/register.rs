//! A runner becomes known, and is recognized later.

use chrono::{DateTime, Utc};
use gantry_protocol::{RegisterRequest, RegisterResponse};
use sqlx::{Connection as _, PgConnection};

use super::queries::{self, Runner};
use super::token;

/// Longest name and label of a runner, in bytes.
const MAX_NAME_BYTES: usize = 255;

/// Most labels of a runner.
pub(super) const MAX_LABELS: usize = 100;

/// Why a runner is not registered.
#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    #[error("the registration token is unknown, used, or expired")]
    BadToken,
    #[error("{0}")]
    Invalid(String),
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// A token that registers one runner once, until `expires_at`.
pub async fn issue_registration_token(
    db: &mut PgConnection,
    expires_at: DateTime<Utc>,
) -> sqlx::Result<String> {
    let token = token::generate("gantry_registration_");
    queries::insert_registration_token(db, &token::hash(&token), expires_at).await?;
    Ok(token)
}

/// Uses up `registration_token` and gives the runner its identity.
pub async fn register(
    db: &mut PgConnection,
    registration_token: &str,
    request: &RegisterRequest,
) -> Result<RegisterResponse, RegisterError> {
    check(request)?;
    let mut transaction = db.begin().await?;
    let is_good =
        queries::use_registration_token(&mut transaction, &token::hash(registration_token)).await?;
    if !is_good {
        return Err(RegisterError::BadToken);
    }
    let token = token::generate("gantry_runner_");
    let runner_id = queries::upsert(&mut transaction, request, &token::hash(&token)).await?;
    transaction.commit().await?;
    Ok(RegisterResponse { runner_id, token })
}

/// The runner a token belongs to.
pub async fn authenticate(db: &mut PgConnection, token: &str) -> sqlx::Result<Option<Runner>> {
    queries::find_by_token_hash(db, &token::hash(token)).await
}

fn check(request: &RegisterRequest) -> Result<(), RegisterError> {
    if !is_word(&request.name) {
        return Err(RegisterError::Invalid(
            "the runner's name is empty, too long or has control characters".to_owned(),
        ));
    }
    if request.labels.len() > MAX_LABELS || !request.labels.iter().all(|label| is_word(label)) {
        return Err(RegisterError::Invalid(format!(
            "a runner has at most {MAX_LABELS} labels, none of them empty or with control characters"
        )));
    }
    if !is_word(&request.version) {
        return Err(RegisterError::Invalid("the runner's version is missing".to_owned()));
    }
    Ok(())
}

/// Whether `text` may be the name of a runner or a label.
pub(super) fn is_word(text: &str) -> bool {
    !text.trim().is_empty() && text.len() <= MAX_NAME_BYTES && !text.chars().any(char::is_control)
}
