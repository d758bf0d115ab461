//! Why there is no embedded database, each in one sentence that says what to do.

use std::path::PathBuf;

/// What went wrong while the embedded database was set up.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    #[error(
        "PostgreSQL is not installed: install the Debian package `postgresql` \
         (`apt-get install postgresql`), or set DATABASE_URL to a PostgreSQL 14 or newer"
    )]
    NotInstalled,
    #[error("there is no PostgreSQL in `{0}`: it must hold the programs `initdb` and `postgres`")]
    NotInstalledIn(PathBuf),
    #[error(
        "the database in `{directory}` was created by PostgreSQL {cluster}, but only PostgreSQL \
         {installed} is installed: install `postgresql-{cluster}`, or move the data with `pg_upgrade`"
    )]
    VersionMismatch { directory: PathBuf, cluster: u32, installed: u32 },
    #[error(
        "there is no user `{0}` to run the database as, which root cannot do itself: create it, or \
         name another one with --postgres-user"
    )]
    NoAccount(String),
    #[error(
        "the database runs as user `{account}`, who may not enter `{directory}`: choose another \
         data directory, or allow it with `chmod o+x {directory}`"
    )]
    NoEntry { account: String, directory: PathBuf },
    #[error("`initdb` could not create the database: {0}")]
    Initdb(String),
    #[error("the database did not start; its log `{log}` ends with: {tail}")]
    NotStarted { log: PathBuf, tail: String },
    #[error("the database left by an earlier server (process {0}) does not end: stop it by hand")]
    OrphanStays(i32),
    #[error("{doing}: {source}")]
    Io {
        doing: String,
        #[source]
        source: std::io::Error,
    },
}

impl EmbeddedError {
    pub(super) fn io(doing: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let doing = doing.into();
        move |source| Self::Io { doing, source }
    }
}
