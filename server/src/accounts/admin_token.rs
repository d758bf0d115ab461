//! The first credential of a new server.
//!
//! Does not create accounts. Invariant: whoever can read the data directory as its owner is the
//! administrator, and nobody else is told the token.

use std::io::{ErrorKind, Write};
use std::path::Path;

use anyhow::Context;
use secrecy::{ExposeSecret, SecretString};
use tempfile::NamedTempFile;

use super::access::{Grant, Role};
use super::queries;
use super::token::{NewAccessToken, hash, issue_access_token};
use crate::App;

/// Name of the file in the data directory.
pub const ADMIN_TOKEN_FILE: &str = "admin-token";

/// Of the account that is there from the start; nobody signs in with GitHub under it.
pub const ADMIN_LOGIN: &str = "admin";

/// Makes sure that `<data_dir>/admin-token` holds a valid administrator's token: creates one on the
/// first start, and again when the file or its row has gone.
pub async fn bootstrap_admin_token(app: &App) -> anyhow::Result<()> {
    let path = app.config.data_dir.join(ADMIN_TOKEN_FILE);
    let mut db = app.db.acquire().await.context("creating the administrator's token")?;
    if let Some(token) = read_token(&path)? {
        let known = queries::find_access_token(&mut db, &hash(token.expose_secret())).await?;
        if known.is_some() {
            return Ok(());
        }
    }
    let request = NewAccessToken {
        login: ADMIN_LOGIN.to_owned(),
        name: "the first administrator".to_owned(),
        github_id: None,
        grant: Grant::everywhere(Role::Admin),
        expires_at: None,
    };
    let token = issue_access_token(&mut db, &request).await?;
    write_private(&path, token.expose_secret())
        .with_context(|| format!("writing {}", path.display()))?;
    tracing::info!(path = %path.display(), "wrote the administrator's access token");
    Ok(())
}

fn read_token(path: &Path) -> anyhow::Result<Option<SecretString>> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text.trim().to_owned().into())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("reading {}", path.display())),
    }
}

/// Writes beside the file's place and renames, so that the file is always whole and never readable
/// by others.
fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    let directory = path.parent().unwrap_or(Path::new("."));
    let mut draft = NamedTempFile::new_in(directory)?;
    writeln!(draft, "{text}")?;
    draft.as_file().sync_all()?;
    draft.persist(path).map(drop).map_err(|refused| refused.error)
}
