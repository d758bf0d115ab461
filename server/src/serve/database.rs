//! The database of `gantry serve`: the embedded one, or one that is there already.

use std::str::FromStr as _;

use anyhow::Context as _;
use gantry_server::db::{self, EmbeddedOptions, EmbeddedPostgres};
use secrecy::ExposeSecret as _;
use sqlx::PgPool;
use sqlx::postgres::PgConnectOptions;

use super::arguments::Arguments;
use super::data_dir::DataDir;

/// An open database.
#[derive(Debug)]
pub(super) struct Database {
    pub(super) pool: PgPool,
    embedded: Option<EmbeddedPostgres>,
}

impl Database {
    /// Starts the embedded PostgreSQL unless another one is configured, migrates, and connects.
    pub(super) async fn open(arguments: &Arguments, data_dir: &DataDir) -> anyhow::Result<Self> {
        let Some(url) = &arguments.database_url else {
            return Self::open_embedded(arguments, data_dir).await;
        };
        let options = PgConnectOptions::from_str(url.expose_secret())
            .context("DATABASE_URL is not a PostgreSQL URL")?;
        Ok(Self { pool: db::open(options).await?, embedded: None })
    }

    async fn open_embedded(arguments: &Arguments, data_dir: &DataDir) -> anyhow::Result<Self> {
        let embedded = EmbeddedPostgres::start(EmbeddedOptions {
            data_dir: data_dir.path().to_owned(),
            bin_dir: arguments.postgres_bin_dir.clone(),
            search_path: search_path(),
            user: arguments.postgres_user.clone(),
        })
        .await?;
        match db::open(embedded.connect_options()).await {
            Ok(pool) => Ok(Self { pool, embedded: Some(embedded) }),
            Err(error) => {
                embedded.stop().await;
                Err(error.into())
            }
        }
    }

    /// Ends the embedded database; the pool is closed already.
    pub(super) async fn stop(self) {
        if let Some(embedded) = self.embedded {
            embedded.stop().await;
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the environment is read while the server starts")]
fn search_path() -> Vec<std::path::PathBuf> {
    std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect()).unwrap_or_default()
}
