//! The keys that sign identity tokens, and their change.
//!
//! A new key is shown for a day before it signs, so that whoever keeps the key set knows it by then; the
//! first one signs at once. Invariant: a private key is stored encrypted under a key that is derived from
//! the master key, and leaves this module as signatures only.

use anyhow::Context as _;
use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sqlx::{Connection as _, PgConnection};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::App;
use crate::secrets::{Sealed, Vault};

/// What private keys are encrypted for.
const PURPOSE: &str = "identity token keys v1";

/// Days after which a new key is made; the old one goes a day after the new one signs.
const ROTATION_DAYS: i32 = 30;

/// Serializes the making of keys among all servers of a database.
const LOCK: i64 = 0x6f69_6463;

/// The key that signs now.
pub(super) struct SigningKey {
    /// `kid`
    pub(super) id: Uuid,
    pair: KeyPair,
}

impl SigningKey {
    /// RS256.
    pub(super) fn sign(&self, message: &[u8]) -> anyhow::Result<Vec<u8>> {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature)
            .map_err(|_| anyhow::anyhow!("the key does not sign"))?;
        Ok(signature)
    }
}

/// The oldest key that is not too old; keys are made and dropped as their time comes.
pub(super) async fn signing_key(
    db: &mut PgConnection,
    vault: &Vault,
) -> anyhow::Result<SigningKey> {
    rotate(db, vault).await?;
    let row = sqlx::query!(
        "select id, nonce, ciphertext
         from id_token_keys
         order by (created_at < clock_timestamp() - interval '1 day') desc,
             case when created_at < clock_timestamp() - interval '1 day' then created_at end
                 desc nulls last,
             created_at
         limit 1",
    )
    .fetch_one(db)
    .await
    .context("reading the key of identity tokens")?;
    let sealed = Sealed { nonce: row.nonce, ciphertext: row.ciphertext };
    let der = Zeroizing::new(vault.open_key(PURPOSE, &sealed)?);
    let pair = KeyPair::from_pkcs8(&der).context("reading the key of identity tokens")?;
    Ok(SigningKey { id: row.id, pair })
}

/// The public halves, as `/.well-known/jwks` shows them.
pub async fn key_set(app: &App) -> anyhow::Result<Value> {
    let mut db = app.db.acquire().await?;
    rotate(&mut db, &app.vault).await?;
    let rows = sqlx::query!(
        "select id, modulus, exponent
         from id_token_keys
         order by created_at desc",
    )
    .fetch_all(&mut *db)
    .await?;
    let keys: Vec<_> = rows
        .into_iter()
        .map(|row| {
            json!({
                "kty": "RSA", "alg": "RS256", "use": "sig",
                "kid": row.id, "n": row.modulus, "e": row.exponent,
            })
        })
        .collect();
    Ok(json!({ "keys": keys }))
}

/// Makes a key when the newest is old, and drops those that no living token was signed with.
async fn rotate(db: &mut PgConnection, vault: &Vault) -> anyhow::Result<()> {
    if has_fresh_key(db).await? {
        return Ok(());
    }
    // Before the lock: it takes a good part of a second.
    let key = tokio::task::spawn_blocking(|| KeyPair::generate(KeySize::Rsa2048)).await?;
    let key = key.map_err(|_| anyhow::anyhow!("no key could be made"))?;
    let mut transaction = db.begin().await?;
    sqlx::query!("select pg_advisory_xact_lock($1)", LOCK).execute(&mut *transaction).await?;
    if has_fresh_key(&mut transaction).await? {
        return Ok(());
    }
    insert(&mut transaction, vault, &key).await?;
    sqlx::query!(
        "delete from id_token_keys
         where created_at < clock_timestamp() - make_interval(days => $1)",
        2 * ROTATION_DAYS,
    )
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await?;
    tracing::info!("a new key for identity tokens was made");
    Ok(())
}

/// Puts every key under the newest master key; how many were under another one.
pub async fn seal_keys_anew(app: &App) -> anyhow::Result<usize> {
    let mut db = app.db.acquire().await?;
    let rows =
        sqlx::query!("select id, nonce, ciphertext from id_token_keys").fetch_all(&mut *db).await?;
    let mut n_changed = 0;
    for row in rows {
        let sealed = Sealed { nonce: row.nonce, ciphertext: row.ciphertext };
        let Some(anew) = app.vault.seal_anew(PURPOSE, &sealed)? else { continue };
        sqlx::query!(
            "update id_token_keys set nonce = $2, ciphertext = $3 where id = $1",
            row.id,
            anew.nonce,
            anew.ciphertext,
        )
        .execute(&mut *db)
        .await?;
        n_changed += 1;
    }
    Ok(n_changed)
}

async fn has_fresh_key(db: &mut PgConnection) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists(
             select
             from id_token_keys
             where created_at > clock_timestamp() - make_interval(days => $1)
         ) as "exists!""#,
        ROTATION_DAYS,
    )
    .fetch_one(db)
    .await
}

async fn insert(db: &mut PgConnection, vault: &Vault, key: &KeyPair) -> anyhow::Result<()> {
    let private = key.as_der().map_err(|_| anyhow::anyhow!("the key cannot be written down"))?;
    let private: Pkcs8V1Der<'_> = private;
    let sealed = vault.seal_key(PURPOSE, private.as_ref())?;
    let public = key.public_key();
    let number = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    sqlx::query!(
        "insert into id_token_keys (id, nonce, ciphertext, modulus, exponent)
         values ($1, $2, $3, $4, $5)",
        Uuid::new_v4(),
        sealed.nonce,
        sealed.ciphertext,
        number(public.modulus().big_endian_without_leading_zero()),
        number(public.exponent().big_endian_without_leading_zero()),
    )
    .execute(db)
    .await?;
    Ok(())
}
