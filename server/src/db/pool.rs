//! Opens the pool and brings the schema up to date.
//!
//! Does not start a server; see the embedded supervisor next door. Invariant: a connection that was
//! idle for a while is tried before it is handed out.

use std::time::Duration;

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions, Connection, PgConnection, PgPool};

/// The schema, embedded in the program.
pub static MIGRATOR: Migrator = sqlx::migrate!("../migrations");

/// `server_version_num` of the oldest server we use.
const OLDEST_SERVER: i32 = 140_000;

/// Connections of one server. Long polls do not hold one while they wait.
const MAX_CONNECTIONS: u32 = 24;

/// A request that gets no connection within this time is answered 500.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);

/// A connection idle for longer is tried before use, so that a fail-over shows here and not in a
/// statement.
const TRY_AFTER_IDLE: Duration = Duration::from_secs(10);

/// Why the database cannot be used, in words for the person who starts the server.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("no connection to the database: {0}")]
    Connect(sqlx::Error),
    #[error("PostgreSQL {found} is too old: 14 or newer is needed")]
    TooOld { found: String },
    #[error(
        "the database was migrated by a newer version of this program (migration {0} is unknown \
         here); start that version, or restore a backup"
    )]
    Newer(i64),
    #[error("the database schema could not be migrated: {0}")]
    Migrate(MigrateError),
}

/// Checks the server's version, migrates, and opens the pool.
pub async fn open(options: PgConnectOptions) -> Result<PgPool, OpenError> {
    let mut connection = options.connect().await.map_err(OpenError::Connect)?;
    check_version(&mut connection).await?;
    MIGRATOR.run(&mut connection).await.map_err(|error| match error {
        MigrateError::VersionMissing(version) => OpenError::Newer(version),
        other => OpenError::Migrate(other),
    })?;
    connection.close().await.map_err(OpenError::Connect)?;
    pool(options).await.map_err(OpenError::Connect)
}

async fn check_version(connection: &mut PgConnection) -> Result<(), OpenError> {
    let version: i32 = sqlx::query_scalar("select current_setting('server_version_num')::integer")
        .fetch_one(&mut *connection)
        .await
        .map_err(OpenError::Connect)?;
    if version >= OLDEST_SERVER {
        return Ok(());
    }
    Err(OpenError::TooOld { found: format!("{}.{}", version / 10_000, version % 10_000) })
}

async fn pool(options: PgConnectOptions) -> sqlx::Result<PgPool> {
    let options = options.options([
        ("statement_timeout", "10s"),
        ("lock_timeout", "3s"),
        ("idle_in_transaction_session_timeout", "15s"),
        ("timezone", "UTC"),
    ]);
    PgPoolOptions::new()
        .max_connections(MAX_CONNECTIONS)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .max_lifetime(Duration::from_mins(10))
        .test_before_acquire(false)
        .before_acquire(|connection, meta| {
            Box::pin(async move {
                if meta.idle_for < TRY_AFTER_IDLE {
                    return Ok(true);
                }
                Ok(tokio::time::timeout(Duration::from_secs(1), is_writable(connection))
                    .await
                    .unwrap_or(false))
            })
        })
        .connect_with(options)
        .await
}

/// False for a dead connection and for a server that has become a read-only standby.
async fn is_writable(connection: &mut PgConnection) -> bool {
    let read_only: sqlx::Result<String> =
        sqlx::query_scalar("show transaction_read_only").fetch_one(connection).await;
    read_only.is_ok_and(|word| word == "off")
}
