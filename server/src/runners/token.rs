//! Tokens of runners and of registrations: random text that is shown once, and its hash.

use sha2::{Digest as _, Sha256};

/// A new token: `prefix` and 256 random bits.
pub(super) fn generate(prefix: &str) -> String {
    let bits: [u8; 32] = rand::random();
    format!("{prefix}{}", hex::encode(bits))
}

/// What is stored. The token has enough randomness that a plain hash cannot be searched.
pub(super) fn hash(token: &str) -> Vec<u8> {
    Sha256::digest(token.as_bytes()).to_vec()
}
