//! A new data key, under which every secret is encrypted anew.
//!
//! Invariant: one transaction; nobody stores a secret meanwhile, and an interrupted rotation has
//! changed nothing.

use anyhow::Context as _;
use sqlx::{Connection as _, PgConnection};
use zeroize::Zeroizing;

use super::cipher::SecretScope;
use super::vault::Vault;
use super::{keys, queries};

/// Number of PostgreSQL's advisory lock: who stores a secret holds it shared, a rotation alone.
const LOCK: i64 = 0x6761_6e74_7279_0001;

/// Rotates the key; how many secrets were encrypted anew.
pub async fn rotate_key(db: &mut PgConnection, vault: &Vault) -> anyhow::Result<usize> {
    let mut transaction = db.begin().await?;
    sqlx::query!("select pg_advisory_xact_lock($1)", LOCK).fetch_one(&mut *transaction).await?;
    let ring = keys::ring(&mut transaction, vault).await?;
    let key = keys::create(&mut transaction, vault).await?;
    let secrets = queries::all(&mut transaction).await?;
    for secret in &secrets {
        let place = secret.columns.place();
        let scope = SecretScope { place: &place, name: &secret.name };
        let plaintext = Zeroizing::new(ring.unseal(secret.key_id, scope, &secret.sealed)?);
        let sealed = key.seal(scope, &plaintext)?;
        queries::replace(&mut transaction, secret.id, (key.id, &sealed)).await?;
    }
    keys::delete_others(&mut transaction, &key).await?;
    transaction.commit().await.context("committing the rotation of the key")?;
    Ok(secrets.len())
}

/// Keeps rotations away until the transaction ends.
pub(super) async fn hold_off(db: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query!("select pg_advisory_xact_lock_shared($1)", LOCK).fetch_one(db).await?;
    Ok(())
}
