//! Secrets: stored encrypted, read only for a job.
//!
//! Does not decide when a job is entitled to an environment's secrets; the caller names the
//! environment only after its rules are met.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context;
use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use sqlx::{Connection as _, PgConnection};

use super::cipher::SecretScope;
use super::place::{Place, Reader, StoreError, Visibility};
use super::vault::Vault;
use super::{keys, queries, rotate};

/// A secret to store; replaces the one of the same name.
#[derive(Clone, Debug)]
pub struct PutSecret {
    pub place: Place,
    /// As accepted by [`super::check_entry`].
    pub name: String,
    pub value: SecretString,
    pub visibility: Visibility,
}

/// Whether storing made a new row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stored {
    Created,
    Updated,
}

/// What may be seen of a secret.
#[derive(Clone, Debug)]
pub struct SecretView {
    pub name: String,
    pub visibility: Visibility,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    /// When a job last got it, to the minute.
    pub last_used_at: Option<DateTime<Utc>>,
}

/// The decrypted secrets of a job, as far as it refers to them: those of the owner, overlaid with those
/// of the repository, and these with those of `environment`. Names in upper case.
pub async fn values_for_job(
    db: &mut PgConnection,
    vault: &Vault,
    reader: Reader<'_>,
    (environment, is_wanted): (Option<&str>, impl Fn(&str) -> bool),
) -> anyhow::Result<BTreeMap<String, String>> {
    let mut rows = queries::visible(db, reader, environment.unwrap_or_default())
        .await
        .with_context(|| format!("reading the secrets of repository {}", reader.repository))?;
    rows.retain(|row| is_wanted(&row.name));
    if rows.is_empty() {
        return Ok(BTreeMap::new());
    }
    let ring = keys::ring(db, vault).await?;
    // Only what wins is decrypted.
    let winners: BTreeMap<_, _> = rows.iter().map(|row| (row.name.as_str(), row)).collect();
    let mut values = BTreeMap::new();
    for (name, row) in &winners {
        let place = row.columns.place();
        let plaintext =
            ring.unseal(row.key_id, SecretScope { place: &place, name }, &row.sealed)?;
        let value = String::from_utf8(plaintext)
            .map_err(|_| anyhow::anyhow!("secret `{name}` is not UTF-8"))?;
        values.insert((*name).to_owned(), value);
    }
    let used: Vec<i64> = winners.values().map(|row| row.id).collect();
    queries::note_use(db, &used).await.context("noting the use of secrets")?;
    Ok(values)
}

/// The names, in upper case, of the secrets that a job of `environment` may have; empty for none.
pub async fn names_for_job(
    db: &mut PgConnection,
    reader: Reader<'_>,
    environment: &str,
) -> sqlx::Result<BTreeSet<String>> {
    let rows = queries::visible(db, reader, environment).await?;
    Ok(rows.into_iter().map(|row| row.name).collect())
}

/// Encrypts and stores a secret.
pub async fn put_secret(
    db: &mut PgConnection,
    vault: &Vault,
    secret: &PutSecret,
) -> Result<Stored, StoreError> {
    let mut transaction = db.begin().await?;
    rotate::hold_off(&mut transaction).await?;
    let key = keys::current(&mut transaction, vault).await?;
    let scope = SecretScope { place: &secret.place, name: &secret.name };
    let sealed = key.seal(scope, secret.value.expose_secret().as_bytes())?;
    let is_new = queries::upsert(&mut transaction, secret, (key.id, &sealed)).await?;
    let limit = secret.place.max_secrets();
    if is_new && queries::count(&mut transaction, &secret.place).await? > limit {
        return Err(StoreError::TooMany(limit));
    }
    transaction.commit().await?;
    Ok(if is_new { Stored::Created } else { Stored::Updated })
}

/// The secrets of a place, by name, without their values.
pub async fn list_secrets(db: &mut PgConnection, place: &Place) -> sqlx::Result<Vec<SecretView>> {
    queries::list(db, place).await
}

/// The secrets of the owner that a repository sees.
pub async fn owners_secrets(
    db: &mut PgConnection,
    reader: Reader<'_>,
) -> sqlx::Result<Vec<SecretView>> {
    let mut secrets = queries::list(db, &Place::Owner(reader.owner.to_owned())).await?;
    secrets.retain(|secret| secret.visibility.includes(reader.repository));
    Ok(secrets)
}

/// Changes who sees an owner's secret; whether there is one.
pub async fn set_secret_visibility(
    db: &mut PgConnection,
    (place, name): (&Place, &str),
    visibility: &Visibility,
) -> sqlx::Result<bool> {
    queries::set_visibility(db, (place, name), visibility).await
}

/// Whether there was one.
pub async fn delete_secret(db: &mut PgConnection, place: &Place, name: &str) -> sqlx::Result<bool> {
    queries::delete(db, place, name).await
}
