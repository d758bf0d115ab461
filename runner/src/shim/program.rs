//! The shim program itself, as embedded bytes, and the secret it is started with.
//!
//! Does not start it. Invariant: the file on disk is written under another name first, so that a
//! container never gets half a program.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::infra_error::InfraError;

const PROGRAM: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/gantry-shim"));

/// Name of the token file in the shim's directory; the shim removes it.
const TOKEN_FILE: &str = "token";

/// Puts the program into `directory` unless it is there, and answers its path.
pub(crate) fn install(directory: &Path) -> Result<PathBuf, InfraError> {
    let digest = hex::encode(Sha256::digest(PROGRAM));
    let path = directory.join(format!("gantry-shim-{}", &digest[..16]));
    if path.is_file() {
        return Ok(path);
    }
    let new = path.with_extension(format!("new-{}", std::process::id()));
    fs::create_dir_all(directory).map_err(InfraError::disk("creating", directory))?;
    fs::write(&new, PROGRAM).map_err(InfraError::disk("writing", &new))?;
    fs::set_permissions(&new, fs::Permissions::from_mode(0o755))
        .map_err(InfraError::disk("changing the mode of", &new))?;
    fs::rename(&new, &path).map_err(InfraError::disk("renaming", &new))?;
    Ok(path)
}

/// 256 random bits.
pub(crate) fn new_token() -> String {
    hex::encode(rand::random::<[u8; 32]>())
}

/// Leaves the token where the shim reads it, before the shim starts.
pub(crate) fn write_token(directory: &Path, token: &str) -> Result<(), InfraError> {
    let path = directory.join(TOKEN_FILE);
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&path)
        .and_then(|mut file| file.write_all(token.as_bytes()))
        .map_err(InfraError::disk("writing", &path))
}
