//! Who this runner is to its server.
//!
//! The identity is a file in the work directory, readable only for the runner's user. Invariant: a
//! runner whose identity fits its configuration does not register again.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use anyhow::Context;
use gantry_protocol::RegisterRequest;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use crate::client::{ServerClient, persistently, register};
use crate::config::RunnerConfig;
use crate::infra_error::InfraError;
use crate::replace_file::replace_file;

#[derive(Serialize, Deserialize)]
struct Identity {
    server_url: String,
    name: String,
    labels: Vec<String>,
    token: String,
}

/// Makes the work directory.
pub(super) fn create_work_directory(path: &Path) -> Result<(), InfraError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(InfraError::disk("creating", path))
}

/// This installation's id, made at its first start. Unlike the registration it never changes.
pub(super) fn installation(work_directory: &Path) -> Result<String, InfraError> {
    let path = work_directory.join("installation");
    match fs::read_to_string(&path) {
        Ok(id) if !id.trim().is_empty() => Ok(id.trim().to_owned()),
        _ => {
            let id = uuid::Uuid::new_v4().simple().to_string();
            fs::write(&path, &id).map_err(InfraError::disk("writing", &path))?;
            Ok(id)
        }
    }
}

/// The client of a registered runner; registers first unless that was done. `anew` says that the
/// server does not know the stored identity.
pub(super) async fn connect(config: &RunnerConfig, anew: bool) -> anyhow::Result<ServerClient> {
    let path = config.work_directory.join("runner.json");
    let stored = fs::read(&path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let fits = |identity: &Identity| {
        identity.server_url == config.server_url
            && identity.name == config.name
            && identity.labels == config.all_labels()
    };
    if let Some(identity) = stored.filter(|identity| !anew && fits(identity)) {
        return Ok(ServerClient::new(&config.server_url, identity.token.into())?);
    }
    let token = config.registration_token.as_ref().with_context(|| {
        format!(
            "this runner is not registered at {} with this name and these labels; start it once \
             with --registration-token",
            config.server_url
        )
    })?;
    let token = register_at(config, token).await?;
    let identity = Identity {
        server_url: config.server_url.clone(),
        name: config.name.clone(),
        labels: config.all_labels(),
        token: token.expose_secret().to_owned(),
    };
    store(&path, &identity)?;
    Ok(ServerClient::new(&config.server_url, token)?)
}

async fn register_at(config: &RunnerConfig, token: &SecretString) -> anyhow::Result<SecretString> {
    let request = RegisterRequest {
        name: config.name.clone(),
        labels: config.all_labels(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    let registered = persistently(|| register(&config.server_url, token, &request))
        .await
        .with_context(|| format!("registering at {}", config.server_url))?;
    tracing::info!(runner.id = registered.runner_id.0, name = config.name, "runner registered");
    Ok(registered.token.into())
}

fn store(path: &Path, identity: &Identity) -> anyhow::Result<()> {
    let bytes = serde_json::to_vec_pretty(identity)?;
    Ok(replace_file(path, &bytes)?)
}
