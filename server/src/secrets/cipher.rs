//! Encryption of one secret under one key.
//!
//! Does not know where keys come from. Invariant: a ciphertext opens only for the place and the name
//! it was sealed for.

use anyhow::Context as _;
use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};

use super::place::Place;

pub(super) const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;

/// Which secret a ciphertext belongs to; authenticated with it.
#[derive(Clone, Copy, Debug)]
pub struct SecretScope<'a> {
    pub place: &'a Place,
    pub name: &'a str,
}

/// An encrypted value as stored.
#[derive(Clone, Debug)]
pub struct Sealed {
    pub nonce: Vec<u8>,
    pub ciphertext: Vec<u8>,
}

/// A key in use.
pub(super) struct Cipher(XChaCha20Poly1305);

impl Cipher {
    pub(super) fn new(key: &[u8; KEY_BYTES]) -> anyhow::Result<Self> {
        Ok(Self(XChaCha20Poly1305::new_from_slice(key).context("making a key")?))
    }

    /// Encrypts for `scope` under a fresh random nonce.
    pub(super) fn seal(&self, scope: SecretScope<'_>, plaintext: &[u8]) -> anyhow::Result<Sealed> {
        self.encrypt(&scope.associated_data(), plaintext)
            .with_context(|| format!("encrypting secret `{}`", scope.name))
    }

    /// The plaintext, provided that `sealed` was sealed for exactly this `scope` with this key.
    pub(super) fn unseal(
        &self,
        scope: SecretScope<'_>,
        sealed: &Sealed,
    ) -> anyhow::Result<Vec<u8>> {
        self.decrypt(&scope.associated_data(), sealed).with_context(|| {
            format!(
                "secret `{}` cannot be decrypted: the master key has changed or the row was altered",
                scope.name
            )
        })
    }

    pub(super) fn encrypt(&self, context: &[u8], plaintext: &[u8]) -> anyhow::Result<Sealed> {
        let nonce: [u8; NONCE_BYTES] = rand::random();
        let payload = Payload { msg: plaintext, aad: context };
        let ciphertext = self
            .0
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|_| anyhow::anyhow!("the value is too long"))?;
        Ok(Sealed { nonce: nonce.to_vec(), ciphertext })
    }

    pub(super) fn decrypt(&self, context: &[u8], sealed: &Sealed) -> anyhow::Result<Vec<u8>> {
        let nonce: [u8; NONCE_BYTES] =
            sealed.nonce.as_slice().try_into().context("the nonce has the wrong length")?;
        let payload = Payload { msg: &sealed.ciphertext, aad: context };
        self.0
            .decrypt(&XNonce::from(nonce), payload)
            .map_err(|_| anyhow::anyhow!("the ciphertext does not belong here"))
    }
}

impl SecretScope<'_> {
    /// Names, owners and environments compare ignoring case, so they are authenticated that way. The
    /// zero bytes keep neighbouring fields apart; a repository is a number and never `owner`.
    fn associated_data(&self) -> Vec<u8> {
        let name = self.name.to_uppercase();
        let place = match self.place {
            Place::Owner(owner) => format!("owner\0{}", owner.to_lowercase()),
            Place::Repository(repository) => format!("{repository}\0"),
            Place::Environment(repository, environment) => {
                format!("{repository}\0{}", environment.to_lowercase())
            }
        };
        format!("gantry secret v1\0{place}\0{name}").into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use gantry_protocol::RepositoryId;

    use super::*;

    fn production() -> Place {
        Place::Environment(RepositoryId(7), "production".into())
    }

    #[test]
    fn a_ciphertext_moved_to_another_place_does_not_open() {
        let cipher = Cipher::new(&[7; KEY_BYTES]).expect("a cipher");
        let place = production();
        let sealed =
            cipher.seal(SecretScope { place: &place, name: "TOKEN" }, b"s3cret").expect("sealed");
        assert!(!sealed.ciphertext.windows(6).any(|window| window == b"s3cret"));
        let elsewhere = [
            Place::Environment(RepositoryId(8), "production".into()),
            Place::Environment(RepositoryId(7), "staging".into()),
            Place::Repository(RepositoryId(7)),
            Place::Owner("7".into()),
        ];
        for place in &elsewhere {
            let scope = SecretScope { place, name: "TOKEN" };
            assert!(cipher.unseal(scope, &sealed).is_err(), "{place:?}");
        }
        assert!(cipher.unseal(SecretScope { place: &place, name: "OTHER" }, &sealed).is_err());
        let same = SecretScope { place: &place, name: "token" };
        assert_eq!(cipher.unseal(same, &sealed).expect("opened"), b"s3cret");
    }

    #[test]
    fn another_key_opens_nothing() {
        let place = production();
        let scope = SecretScope { place: &place, name: "TOKEN" };
        let sealed =
            Cipher::new(&[7; KEY_BYTES]).expect("one").seal(scope, b"s3cret").expect("sealed");
        assert!(Cipher::new(&[8; KEY_BYTES]).expect("two").unseal(scope, &sealed).is_err());
    }
}
