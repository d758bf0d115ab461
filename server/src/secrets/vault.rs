//! The master keys: the newest wraps data keys and signs our own tokens, the ones before it still open and
//! verify.
//!
//! Does not store anything but the master keys. Invariant: keys for different purposes are derived,
//! never shared; a new master key is on the disk before anything is under it.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::cipher::{Cipher, KEY_BYTES, Sealed, SecretScope};
use super::master_file::{self, MasterKeys};

/// What a wrapped data key is authenticated with.
const KEY_CONTEXT: &[u8] = b"gantry data key v1";

/// The keys derived from the master keys. Debug does not show them.
pub struct Vault {
    path: PathBuf,
    keys: RwLock<Arc<Keys>>,
}

struct Keys {
    masters: MasterKeys,
    /// The newest first; there is always one.
    derived: Vec<Derived>,
}

struct Derived {
    secrets: Cipher,
    keys: Cipher,
    tokens: Hmac<Sha256>,
}

impl Vault {
    /// Reads `<data_dir>/master.key`; creates it, readable by its owner alone, when there is none.
    pub fn open(data_dir: &Path) -> anyhow::Result<Self> {
        let path = master_file::path_in(data_dir)?;
        let keys = Keys::new(master_file::read_or_create(&path)?)?;
        Ok(Self { path, keys: RwLock::new(Arc::new(keys)) })
    }

    /// A new master key; the one until now still opens and verifies what there is. It is on the disk when
    /// this comes back.
    pub fn rotate_master(&self, now: DateTime<Utc>) -> anyhow::Result<()> {
        self.change(|masters| Some(masters.rotated(now)))
    }

    /// Forgets master keys that were replaced before `end`. Everything that was under them is lost.
    pub fn forget_masters(&self, end: DateTime<Utc>) -> anyhow::Result<()> {
        self.change(|masters| masters.without_older_than(end))
    }

    /// Whether something could be under a master key that has been replaced.
    #[must_use]
    pub fn has_old_masters(&self) -> bool {
        self.keys().derived.len() > 1
    }

    fn change(&self, change: impl FnOnce(&MasterKeys) -> Option<MasterKeys>) -> anyhow::Result<()> {
        // Held until the file is written, so that of two changes none is lost.
        let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        let Some(masters) = change(&keys.masters) else { return Ok(()) };
        let changed = Keys::new(masters)?;
        master_file::replace(&self.path, &changed.masters)?;
        *keys = Arc::new(changed);
        Ok(())
    }

    fn keys(&self) -> Arc<Keys> {
        Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// What was encrypted under the master key itself, before there were data keys.
    pub(super) fn unseal(
        &self,
        scope: SecretScope<'_>,
        sealed: &Sealed,
    ) -> anyhow::Result<Vec<u8>> {
        self.keys().first(|key| key.secrets.unseal(scope, sealed))
    }

    /// Encrypts a data key.
    pub(super) fn wrap(&self, key: &[u8]) -> anyhow::Result<Sealed> {
        self.keys().newest()?.keys.encrypt(KEY_CONTEXT, key).context("encrypting a data key")
    }

    /// The data key in `wrapped`.
    pub(super) fn unwrap(&self, wrapped: &Sealed) -> anyhow::Result<Vec<u8>> {
        self.decrypt(KEY_CONTEXT, wrapped)
            .context("the master key is not the one that the secrets were encrypted under")
    }

    /// The same data key under the newest master key; `None` when it is already.
    pub(super) fn wrap_anew(&self, wrapped: &Sealed) -> anyhow::Result<Option<Sealed>> {
        self.encrypt_anew(KEY_CONTEXT, wrapped)
    }

    /// Encrypts a key of another domain, which opens for the same `purpose` only.
    pub fn seal_key(&self, purpose: &str, key: &[u8]) -> anyhow::Result<Sealed> {
        self.keys().newest()?.keys.encrypt(purpose.as_bytes(), key).context("encrypting a key")
    }

    /// The key that [`Vault::seal_key`] encrypted.
    pub fn open_key(&self, purpose: &str, sealed: &Sealed) -> anyhow::Result<Vec<u8>> {
        self.decrypt(purpose.as_bytes(), sealed)
            .context("the master key is not the one that this key was encrypted under")
    }

    /// The same key under the newest master key; `None` when it is already.
    pub fn seal_anew(&self, purpose: &str, sealed: &Sealed) -> anyhow::Result<Option<Sealed>> {
        self.encrypt_anew(purpose.as_bytes(), sealed)
    }

    fn decrypt(&self, context: &[u8], sealed: &Sealed) -> anyhow::Result<Vec<u8>> {
        self.keys().first(|key| key.keys.decrypt(context, sealed))
    }

    fn encrypt_anew(&self, context: &[u8], sealed: &Sealed) -> anyhow::Result<Option<Sealed>> {
        let keys = self.keys();
        let newest = keys.newest()?;
        if newest.keys.decrypt(context, sealed).is_ok() {
            return Ok(None);
        }
        let plain = Zeroizing::new(keys.first(|key| key.keys.decrypt(context, sealed))?);
        newest.keys.encrypt(context, &plain).map(Some)
    }

    /// An authentication code over `message`, usable only for the same `purpose`.
    #[must_use]
    pub fn sign(&self, purpose: &str, message: &[u8]) -> Vec<u8> {
        let keys = self.keys();
        let newest = keys.derived.first();
        newest
            .map(|key| key.mac(purpose, message).finalize().into_bytes().to_vec())
            .unwrap_or_default()
    }

    /// Whether `code` is [`Vault::sign`] of the same arguments, by a master key that is not forgotten;
    /// takes the same time for any code.
    #[must_use]
    pub fn verify(&self, purpose: &str, message: &[u8], code: &[u8]) -> bool {
        let keys = self.keys();
        let fits = |key: &Derived| key.mac(purpose, message).verify_slice(code).is_ok();
        // All of them are tried, so that the time does not tell which one it was.
        keys.derived.iter().map(fits).fold(false, |any, fits| any | fits)
    }
}

impl Keys {
    fn new(masters: MasterKeys) -> anyhow::Result<Self> {
        let derived = masters.all().map(Derived::from_master).collect::<Result<_, _>>()?;
        Ok(Self { masters, derived })
    }

    fn newest(&self) -> anyhow::Result<&Derived> {
        self.derived.first().context("there is no master key")
    }

    /// What the first key gives that gives anything; otherwise what the newest says.
    fn first<T>(&self, act: impl Fn(&Derived) -> anyhow::Result<T>) -> anyhow::Result<T> {
        let newest = act(self.newest()?);
        match newest {
            Ok(found) => Ok(found),
            Err(error) => self.derived.iter().skip(1).find_map(|key| act(key).ok()).ok_or(error),
        }
    }
}

impl Derived {
    fn from_master(master: &[u8]) -> anyhow::Result<Self> {
        let secret_key = Zeroizing::new(derive(master, b"gantry secrets v1")?);
        let wrapping_key = Zeroizing::new(derive(master, b"gantry data keys v1")?);
        let token_key = Zeroizing::new(derive(master, b"gantry tokens v1")?);
        Ok(Self {
            secrets: Cipher::new(&secret_key)?,
            keys: Cipher::new(&wrapping_key)?,
            tokens: <Hmac<Sha256> as KeyInit>::new_from_slice(token_key.as_slice())
                .context("deriving the key of the tokens")?,
        })
    }

    fn mac(&self, purpose: &str, message: &[u8]) -> Hmac<Sha256> {
        let mut mac = self.tokens.clone();
        mac.update(purpose.as_bytes());
        mac.update(&[0]);
        mac.update(message);
        mac
    }
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Vault").finish_non_exhaustive()
    }
}

pub(super) fn derive(master: &[u8], label: &[u8]) -> anyhow::Result<[u8; KEY_BYTES]> {
    let mut mac =
        <Hmac<Sha256> as KeyInit>::new_from_slice(master).context("reading the master key")?;
    mac.update(label);
    Ok(mac.finalize().into_bytes().into())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn a_data_key_opens_after_a_restart_and_with_no_other_master_key() {
        let (one, two) = (tempfile::tempdir().expect("one"), tempfile::tempdir().expect("two"));
        let wrapped = Vault::open(one.path()).expect("created").wrap(b"data key").expect("wrapped");
        let reopened = Vault::open(one.path()).expect("opened");
        assert_eq!(reopened.unwrap(&wrapped).expect("unwrapped"), b"data key");
        assert!(Vault::open(two.path()).expect("two").unwrap(&wrapped).is_err());
    }

    #[test]
    fn a_key_that_others_can_read_is_refused_with_the_remedy() {
        let dir = tempfile::tempdir().expect("a directory");
        Vault::open(dir.path()).expect("created");
        let path = dir.path().join("master.key");
        assert_eq!(fs::metadata(&path).expect("key").permissions().mode() & 0o777, 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("chmod");
        let message = Vault::open(dir.path()).expect_err("refused").to_string();
        assert!(message.contains("chmod 600"), "{message}");
    }

    #[test]
    fn a_signature_counts_for_its_purpose_alone() {
        let dir = tempfile::tempdir().expect("a directory");
        let vault = Vault::open(dir.path()).expect("created");
        let code = vault.sign("job", b"1");
        assert!(vault.verify("job", b"1", &code));
        assert!(!vault.verify("session", b"1", &code));
        assert!(!vault.verify("job", b"2", &code));
    }

    #[test]
    fn after_a_rotation_the_old_key_opens_and_verifies_until_it_is_forgotten() {
        let dir = tempfile::tempdir().expect("a directory");
        let vault = Vault::open(dir.path()).expect("created");
        let (wrapped, code) = (vault.wrap(b"data key").expect("wrapped"), vault.sign("job", b"1"));
        let now = DateTime::<Utc>::UNIX_EPOCH;
        vault.rotate_master(now).expect("rotated");
        // As after a crash, before anything is under the new key.
        for vault in [&vault, &Vault::open(dir.path()).expect("opened")] {
            assert!(vault.has_old_masters());
            assert_eq!(vault.unwrap(&wrapped).expect("unwrapped"), b"data key");
            assert!(vault.verify("job", b"1", &code));
            assert_ne!(vault.sign("job", b"1"), code);
        }
        let anew = vault.wrap_anew(&wrapped).expect("opened").expect("under another key");
        assert!(vault.wrap_anew(&anew).expect("opened").is_none());
        vault.forget_masters(now).expect("nothing is so old");
        assert!(vault.verify("job", b"1", &code));
        vault.forget_masters(now + TimeDelta::seconds(1)).expect("forgotten");
        for vault in [&vault, &Vault::open(dir.path()).expect("opened")] {
            assert!(!vault.has_old_masters());
            assert_eq!(vault.unwrap(&anew).expect("unwrapped"), b"data key");
            assert!(vault.unwrap(&wrapped).is_err());
            assert!(!vault.verify("job", b"1", &code));
        }
    }
}
