//! Secrets and variables: encryption, scopes, and what a job may see.

mod vault;

pub use vault::Vault;

use std::collections::BTreeMap;

use gantry_protocol::RepositoryId;
use sqlx::PgConnection;

/// The decrypted secrets of a repository, overlaid with those of `environment`. Names in upper case.
pub async fn values_for_job(
    db: &mut PgConnection,
    vault: &Vault,
    repository: RepositoryId,
    environment: Option<&str>,
) -> anyhow::Result<BTreeMap<String, String>> {
    let _ = (db, vault, repository, environment);
    todo!()
}

/// The variables of a repository (without environment ones). Names in upper case.
pub async fn variables(
    db: &mut PgConnection,
    repository: RepositoryId,
) -> anyhow::Result<BTreeMap<String, String>> {
    let _ = (db, repository);
    todo!()
}
