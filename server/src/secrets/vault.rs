//! Encryption of secrets at rest, and signatures of our own tokens.
//!
//! Does not store anything but the master key. Invariant: a ciphertext opens only for the
//! repository, environment and name it was sealed for.

use std::fs::{self, File};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::{Context, bail};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use gantry_protocol::RepositoryId;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use tempfile::NamedTempFile;
use zeroize::Zeroizing;

const KEY_FILE: &str = "master.key";
const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;

/// The keys derived from the master key. Debug does not show them.
pub struct Vault {
    secrets: XChaCha20Poly1305,
    tokens: Hmac<Sha256>,
}

/// Which secret a ciphertext belongs to; authenticated with it.
#[derive(Clone, Copy, Debug)]
pub struct SecretScope<'a> {
    pub repository: RepositoryId,
    /// Absent for the repository's own.
    pub environment: Option<&'a str>,
    pub name: &'a str,
}

/// An encrypted value as stored.
#[derive(Clone, Debug)]
pub struct Sealed {
    pub nonce: Vec<u8>,
    pub ciphertext: Vec<u8>,
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
        let token_key = Zeroizing::new(derive(master, b"gantry tokens v1")?);
        Ok(Self {
            secrets: XChaCha20Poly1305::new_from_slice(secret_key.as_slice())
                .context("deriving the key of the secrets")?,
            tokens: <Hmac<Sha256> as KeyInit>::new_from_slice(token_key.as_slice())
                .context("deriving the key of the tokens")?,
        })
    }

    /// Encrypts `plaintext` for `scope` under a fresh random nonce.
    pub fn seal(&self, scope: SecretScope<'_>, plaintext: &[u8]) -> anyhow::Result<Sealed> {
        let nonce: [u8; NONCE_BYTES] = rand::random();
        let payload = Payload { msg: plaintext, aad: &scope.associated_data() };
        let ciphertext = self
            .secrets
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|_| anyhow::anyhow!("encrypting secret `{}`", scope.name))?;
        Ok(Sealed { nonce: nonce.to_vec(), ciphertext })
    }

    /// The plaintext, provided that `sealed` was sealed for exactly this `scope` with this key.
    pub fn unseal(&self, scope: SecretScope<'_>, sealed: &Sealed) -> anyhow::Result<Vec<u8>> {
        let nonce: [u8; NONCE_BYTES] =
            sealed.nonce.as_slice().try_into().with_context(|| {
                format!("secret `{}` has a nonce of the wrong length", scope.name)
            })?;
        let payload = Payload { msg: &sealed.ciphertext, aad: &scope.associated_data() };
        self.secrets.decrypt(&XNonce::from(nonce), payload).map_err(|_| {
            anyhow::anyhow!(
                "secret `{}` cannot be decrypted: the master key has changed or the row was altered",
                scope.name
            )
        })
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

impl SecretScope<'_> {
    /// Names and environments compare ignoring case, so they are authenticated that way. The zero
    /// bytes keep neighbouring fields apart.
    fn associated_data(&self) -> Vec<u8> {
        format!(
            "gantry secret v1\0{}\0{}\0{}",
            self.repository,
            self.environment.unwrap_or_default().to_lowercase(),
            self.name.to_uppercase()
        )
        .into_bytes()
    }
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Vault").finish_non_exhaustive()
    }
}

fn derive(master: &[u8], label: &[u8]) -> anyhow::Result<[u8; KEY_BYTES]> {
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

    const SCOPE: SecretScope<'_> =
        SecretScope { repository: RepositoryId(7), environment: Some("production"), name: "TOKEN" };

    #[test]
    fn what_is_sealed_opens_after_a_restart() {
        let dir = tempfile::tempdir().expect("a directory");
        let sealed =
            Vault::open(dir.path()).expect("created").seal(SCOPE, b"s3cret").expect("seal");
        let reopened = Vault::open(dir.path()).expect("opened");
        assert_eq!(reopened.unseal(SCOPE, &sealed).expect("unsealed"), b"s3cret");
        assert!(!sealed.ciphertext.windows(6).any(|window| window == b"s3cret"));
    }

    #[test]
    fn a_ciphertext_moved_to_another_place_does_not_open() {
        let dir = tempfile::tempdir().expect("a directory");
        let vault = Vault::open(dir.path()).expect("created");
        let sealed = vault.seal(SCOPE, b"s3cret").expect("sealed");
        let elsewhere = [
            SecretScope { repository: RepositoryId(8), ..SCOPE },
            SecretScope { environment: Some("staging"), ..SCOPE },
            SecretScope { environment: None, ..SCOPE },
            SecretScope { name: "OTHER", ..SCOPE },
        ];
        for scope in elsewhere {
            assert!(vault.unseal(scope, &sealed).is_err(), "{scope:?}");
        }
        assert!(vault.unseal(SecretScope { name: "token", ..SCOPE }, &sealed).is_ok());
    }

    #[test]
    fn another_master_key_opens_nothing() {
        let (one, two) = (tempfile::tempdir().expect("one"), tempfile::tempdir().expect("two"));
        let sealed = Vault::open(one.path()).expect("one").seal(SCOPE, b"s3cret").expect("sealed");
        assert!(Vault::open(two.path()).expect("two").unseal(SCOPE, &sealed).is_err());
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
