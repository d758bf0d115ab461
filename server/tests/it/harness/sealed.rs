//! Values sealed as `gh` and libsodium seal them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crypto_box::PublicKey;
use crypto_box::aead::OsRng;
use serde_json::{Value, json};

/// The body that stores `value`, sealed with the key of an answer to `public-key`.
pub(crate) fn seal(key: &Value, value: &str) -> Value {
    let bytes = STANDARD.decode(key["key"].as_str().expect("a key")).expect("base64");
    let public = PublicKey::from(<[u8; 32]>::try_from(bytes).expect("32 bytes"));
    let sealed = public.seal(&mut OsRng, value.as_bytes()).expect("sealed");
    json!({ "encrypted_value": STANDARD.encode(sealed), "key_id": key["key_id"] })
}
