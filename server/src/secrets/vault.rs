//! The master key: it wraps data keys and signs our own tokens.
//!
//! Does not store anything but the master key. Invariant: keys for different purposes are derived,
//! never shared.

use std::fs::{self, File};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::{Context, bail};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use tempfile::NamedTempFile;
use zeroize::Zeroizing;

use super::cipher::{Cipher, KEY_BYTES, Sealed, SecretScope};

const KEY_FILE: &str = "master.key";
/// What a wrapped data key is authenticated with.
const KEY_CONTEXT: &[u8] = b"gantry data key v1";

/// The keys derived from the master key. Debug does not show them.
pub struct Vault {
    secrets: Cipher,
    keys: Cipher,
    tokens: Hmac<Sha256>,
}

impl Vault {
    /// Reads `<data_dir>/master.key`; creates it, readable by its owner alone, when there is none.
    pub fn open(data_dir: &Path) -> anyhow::Result<Self> {
        fs::create_dir_all(data_dir)
            .with_context(|| format!("creating the data directory {}", data_dir.display()))?;
        let path = data_dir.join(KEY_FILE);
        let master = match read_key(&path)? {
            Some(key) => key,
            None => create_key(&path)?,
        };
        Self::from_master(&master)
    }

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

    /// What was encrypted under the master key itself, before there were data keys.
    pub(super) fn unseal(
        &self,
        scope: SecretScope<'_>,
        sealed: &Sealed,
    ) -> anyhow::Result<Vec<u8>> {
        self.secrets.unseal(scope, sealed)
    }

    /// Encrypts a data key.
    pub(super) fn wrap(&self, key: &[u8]) -> anyhow::Result<Sealed> {
        self.keys.encrypt(KEY_CONTEXT, key).context("encrypting a data key")
    }

    /// The data key in `wrapped`.
    pub(super) fn unwrap(&self, wrapped: &Sealed) -> anyhow::Result<Vec<u8>> {
        self.keys
            .decrypt(KEY_CONTEXT, wrapped)
            .context("the master key is not the one that the secrets were encrypted under")
    }

    /// Encrypts a key of another domain, which opens for the same `purpose` only.
    pub fn seal_key(&self, purpose: &str, key: &[u8]) -> anyhow::Result<Sealed> {
        self.keys.encrypt(purpose.as_bytes(), key).context("encrypting a key")
    }

    /// The key that [`Vault::seal_key`] encrypted.
    pub fn open_key(&self, purpose: &str, sealed: &Sealed) -> anyhow::Result<Vec<u8>> {
        self.keys
            .decrypt(purpose.as_bytes(), sealed)
            .context("the master key is not the one that this key was encrypted under")
    }

    /// An authentication code over `message`, usable only for the same `purpose`.
    #[must_use]
    pub fn sign(&self, purpose: &str, message: &[u8]) -> Vec<u8> {
        self.mac(purpose, message).finalize().into_bytes().to_vec()
    }

    /// Whether `code` is [`Vault::sign`] of the same arguments; takes the same time for any code.
    #[must_use]
    pub fn verify(&self, purpose: &str, message: &[u8], code: &[u8]) -> bool {
        self.mac(purpose, message).verify_slice(code).is_ok()
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

fn read_key(path: &Path) -> anyhow::Result<Option<Zeroizing<Vec<u8>>>> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            return Err(error).with_context(|| format!("opening {}", path.display()));
        }
    };
    let mode = file.metadata().context("reading the master key's mode")?.permissions().mode();
    if mode & 0o077 != 0 {
        bail!("{0} can be read by others; run `chmod 600 {0}`", path.display());
    }
    let mut text = Zeroizing::new(String::new());
    file.read_to_string(&mut text).with_context(|| format!("reading {}", path.display()))?;
    let key = Zeroizing::new(hex::decode(text.trim()).unwrap_or_default());
    if key.len() != KEY_BYTES {
        bail!("{} is not a master key: expected {} hex digits", path.display(), 2 * KEY_BYTES);
    }
    Ok(Some(key))
}

/// Writes the key beside its place and links it there, so that no reader sees half a key and of
/// two first starts one wins.
fn create_key(path: &Path) -> anyhow::Result<Zeroizing<Vec<u8>>> {
    let key = Zeroizing::new(rand::random::<[u8; KEY_BYTES]>());
    let text = Zeroizing::new(format!("{}\n", hex::encode(key.as_slice())));
    let directory = path.parent().context("the master key has no directory")?;
    // Readable by its owner alone from the start.
    let mut draft = NamedTempFile::new_in(directory)
        .with_context(|| format!("writing in {}", directory.display()))?;
    draft.write_all(text.as_bytes()).context("writing the master key")?;
    draft.as_file().sync_all().context("writing the master key")?;
    match draft.persist_noclobber(path) {
        Ok(_) => Ok(Zeroizing::new(key.to_vec())),
        Err(refused) if refused.error.kind() == ErrorKind::AlreadyExists => {
            read_key(path)?.with_context(|| format!("{} vanished", path.display()))
        }
        Err(refused) => Err(refused.error).with_context(|| format!("creating {}", path.display())),
    }
}

#[cfg(test)]
mod tests {
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
        let path = dir.path().join(KEY_FILE);
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
}
