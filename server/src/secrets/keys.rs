//! Data keys: rows that the master key unlocks, and under which secrets are encrypted.
//!
//! The first one is made when it is needed. Invariant: new values are encrypted under the newest key;
//! a key is deleted only when no secret needs it.

use std::collections::BTreeMap;

use anyhow::Context as _;
use crypto_box::SecretKey;
use secrecy::SecretString;
use sqlx::PgConnection;
use zeroize::Zeroizing;

use super::cipher::{Cipher, KEY_BYTES, Sealed, SecretScope};
use super::rotate::rotate_key;
use super::vault::{Vault, derive};

/// A data key in use.
pub(super) struct DataKey {
    pub(super) id: i64,
    cipher: Cipher,
    /// Opens what clients have sealed for us (libsodium's `crypto_box_seal`).
    sealed_box: SecretKey,
}

/// What a client needs to seal a value for us.
#[derive(Clone, Debug)]
pub struct PublicKey {
    pub key_id: String,
    /// X25519.
    pub key: [u8; 32],
}

/// Why a sealed value is refused.
#[derive(Debug, thiserror::Error)]
pub enum BoxError {
    #[error("the key `{0}` is not the current public key; fetch it again and seal the value anew")]
    OtherKey(String),
    #[error("the value was not sealed with the public key")]
    NotSealed,
    #[error("the value is not UTF-8 text")]
    NotText,
    #[error(transparent)]
    Other(#[from] anyhow::Error),
}

/// Whatever opens the secrets there are.
pub(super) struct KeyRing<'a> {
    vault: &'a Vault,
    keys: BTreeMap<i64, DataKey>,
}

impl KeyRing<'_> {
    pub(super) fn unseal(
        &self,
        key_id: Option<i64>,
        scope: SecretScope<'_>,
        sealed: &Sealed,
    ) -> anyhow::Result<Vec<u8>> {
        let Some(id) = key_id else { return self.vault.unseal(scope, sealed) };
        let key = self.keys.get(&id).with_context(|| {
            format!("secret `{}` needs key {id}, which does not exist", scope.name)
        })?;
        key.unseal(scope, sealed)
    }
}

impl DataKey {
    fn new(id: i64, bytes: &[u8]) -> anyhow::Result<Self> {
        let cipher_key = Zeroizing::new(derive(bytes, b"gantry secrets v1")?);
        let box_key = Zeroizing::new(derive(bytes, b"gantry sealed box v1")?);
        Ok(Self { id, cipher: Cipher::new(&cipher_key)?, sealed_box: SecretKey::from(*box_key) })
    }

    pub(super) fn seal(&self, scope: SecretScope<'_>, plaintext: &[u8]) -> anyhow::Result<Sealed> {
        self.cipher.seal(scope, plaintext)
    }

    fn unseal(&self, scope: SecretScope<'_>, sealed: &Sealed) -> anyhow::Result<Vec<u8>> {
        self.cipher.unseal(scope, sealed)
    }
}

/// The key that clients seal new values with.
pub async fn public_key(db: &mut PgConnection, vault: &Vault) -> anyhow::Result<PublicKey> {
    let key = current(db, vault).await?;
    let public = key.sealed_box.public_key();
    Ok(PublicKey { key_id: key.id.to_string(), key: *public.as_bytes() })
}

/// The value in a sealed box.
pub async fn open_box(
    db: &mut PgConnection,
    vault: &Vault,
    (key_id, sealed): (&str, &[u8]),
) -> Result<SecretString, BoxError> {
    let key = current(db, vault).await?;
    if key.id.to_string() != key_id {
        return Err(BoxError::OtherKey(key_id.to_owned()));
    }
    let value = key.sealed_box.unseal(sealed).map_err(|_| BoxError::NotSealed)?;
    String::from_utf8(value).map(SecretString::from).map_err(|_| BoxError::NotText)
}

/// Every key there is.
pub(super) async fn ring<'a>(
    db: &mut PgConnection,
    vault: &'a Vault,
) -> anyhow::Result<KeyRing<'a>> {
    let rows = sqlx::query!("select id, nonce, wrapped from secret_keys").fetch_all(db).await?;
    let mut keys = BTreeMap::new();
    for row in rows {
        let wrapped = Sealed { nonce: row.nonce, ciphertext: row.wrapped };
        keys.insert(row.id, open(vault, row.id, &wrapped)?);
    }
    Ok(KeyRing { vault, keys })
}

/// The newest key; the first one is made here.
pub(super) async fn current(db: &mut PgConnection, vault: &Vault) -> anyhow::Result<DataKey> {
    let newest = sqlx::query!(
        "select id, nonce, wrapped
         from secret_keys
         order by id desc
         limit 1"
    )
    .fetch_optional(&mut *db)
    .await?;
    match newest {
        Some(row) => open(vault, row.id, &Sealed { nonce: row.nonce, ciphertext: row.wrapped }),
        None => create(db, vault).await,
    }
}

/// A new key. Of two that are made at once the newer one is used.
pub(super) async fn create(db: &mut PgConnection, vault: &Vault) -> anyhow::Result<DataKey> {
    let bytes = Zeroizing::new(rand::random::<[u8; KEY_BYTES]>());
    let wrapped = vault.wrap(bytes.as_slice())?;
    let id = sqlx::query_scalar!(
        "insert into secret_keys (nonce, wrapped)
         values ($1, $2)
         returning id",
        wrapped.nonce,
        wrapped.ciphertext
    )
    .fetch_one(db)
    .await
    .context("storing a new key")?;
    DataKey::new(id, bytes.as_slice())
}

/// Puts every data key under the newest master key; how many were under another one.
pub async fn wrap_keys_anew(db: &mut PgConnection, vault: &Vault) -> anyhow::Result<usize> {
    let rows =
        sqlx::query!("select id, nonce, wrapped from secret_keys").fetch_all(&mut *db).await?;
    let mut n_changed = 0;
    for row in rows {
        let wrapped = Sealed { nonce: row.nonce, ciphertext: row.wrapped };
        let anew = vault.wrap_anew(&wrapped).with_context(|| format!("opening key {}", row.id))?;
        let Some(anew) = anew else { continue };
        sqlx::query!(
            "update secret_keys set nonce = $2, wrapped = $3 where id = $1",
            row.id,
            anew.nonce,
            anew.ciphertext
        )
        .execute(&mut *db)
        .await?;
        n_changed += 1;
    }
    // Secrets from before there were data keys are under the master key itself.
    let is_direct =
        sqlx::query_scalar!("select exists(select from secrets where key_id is null) as \"it!\"");
    if is_direct.fetch_one(&mut *db).await? {
        n_changed += rotate_key(db, vault).await?;
    }
    Ok(n_changed)
}

/// Deletes every key but this one, which all secrets use.
pub(super) async fn delete_others(db: &mut PgConnection, key: &DataKey) -> sqlx::Result<()> {
    sqlx::query!("delete from secret_keys where id <> $1", key.id).execute(db).await?;
    Ok(())
}

fn open(vault: &Vault, id: i64, wrapped: &Sealed) -> anyhow::Result<DataKey> {
    let bytes = Zeroizing::new(vault.unwrap(wrapped).with_context(|| format!("opening key {id}"))?);
    DataKey::new(id, bytes.as_slice())
}
