//! The embedded database as the server sees it: start, connect, stop.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection};

use super::account::Account;
use super::binaries::Binaries;
use super::error::EmbeddedError;
use super::supervisor::Supervisor;
use super::{cluster, orphan, socket};

/// Recovery of a large cluster after a crash may take this long.
const START_PATIENCE: Duration = Duration::from_mins(1);

/// A database that ends so often before it has answered once will not come up: its files or its
/// settings are wrong. Sessions of a killed one are gone long before.
const MAX_VAIN_STARTS: u32 = 30;

/// Starting takes about 50 ms; the socket is tried at this pace meanwhile.
const TRY_AGAIN: Duration = Duration::from_millis(10);

/// How to run the embedded database.
#[derive(Clone, Debug)]
pub struct EmbeddedOptions {
    /// The server's data directory; the caller holds its lock.
    pub data_dir: PathBuf,
    /// Where PostgreSQL's programs are; found by itself otherwise.
    pub bin_dir: Option<PathBuf>,
    /// Directories of `PATH`, the last place where programs are looked for.
    pub search_path: Vec<PathBuf>,
    /// The user to run as when this server is root.
    pub user: Option<String>,
}

/// A running private cluster. Dropping it ends the database.
#[derive(Debug)]
pub struct EmbeddedPostgres {
    supervisor: Supervisor,
    options: PgConnectOptions,
}

impl EmbeddedPostgres {
    /// Creates the cluster if there is none, starts it, and waits until it answers.
    pub async fn start(options: EmbeddedOptions) -> Result<Self, EmbeddedError> {
        let log = cluster::log_path(&options.data_dir);
        let (supervisor, socket_dir) = tokio::task::spawn_blocking(move || launch(&options))
            .await
            .map_err(std::io::Error::other)
            .map_err(EmbeddedError::io("starting the database"))??;
        let options = PgConnectOptions::new_without_pgpass()
            .socket(&socket_dir)
            .port(socket::PORT)
            .username(cluster::ROLE)
            .database("postgres");
        let started = Self { supervisor, options };
        match started.wait_until_ready().await {
            Ok(()) => {
                let options = started.options.clone().database(cluster::ROLE);
                Ok(Self { options, ..started })
            }
            Err(error) => {
                let tail = format!("{} | {error}", cluster::log_tail(&log));
                Err(EmbeddedError::NotStarted { log, tail })
            }
        }
    }

    /// How to connect to our database in it.
    #[must_use]
    pub fn connect_options(&self) -> PgConnectOptions {
        self.options.clone()
    }

    /// Ends the database in an orderly way.
    pub async fn stop(mut self) {
        let stopped = tokio::task::spawn_blocking(move || self.supervisor.stop()).await;
        if let Err(error) = stopped {
            tracing::error!(%error, "the database was not stopped");
        }
    }

    async fn wait_until_ready(&self) -> sqlx::Result<()> {
        let deadline = Instant::now() + START_PATIENCE;
        loop {
            match create_database(&self.options).await {
                Err(error)
                    if is_starting(&error)
                        && self.supervisor.n_ended() < MAX_VAIN_STARTS
                        && Instant::now() < deadline =>
                {
                    tokio::time::sleep(TRY_AGAIN).await;
                }
                done => return done,
            }
        }
    }
}

async fn create_database(options: &PgConnectOptions) -> sqlx::Result<()> {
    let mut connection = options.connect().await?;
    let exists: bool =
        sqlx::query_scalar("select exists(select from pg_database where datname = $1)")
            .bind(cluster::ROLE)
            .fetch_one(&mut connection)
            .await?;
    if !exists {
        sqlx::query("create database gantry").execute(&mut connection).await?;
    }
    connection.close().await
}

/// Nobody listens yet, or PostgreSQL says itself that it is starting up (class 57P).
fn is_starting(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) => true,
        sqlx::Error::Database(error) => error.code().is_some_and(|code| code.starts_with("57P")),
        _ => false,
    }
}

fn launch(options: &EmbeddedOptions) -> Result<(Supervisor, PathBuf), EmbeddedError> {
    let directory = options.data_dir.join("postgres");
    let account = Account::choose(options.user.as_deref())?;
    account.check_entry(&options.data_dir)?;
    let binaries = Binaries::find(
        options.bin_dir.as_deref(),
        &options.search_path,
        cluster::version(&directory),
    )?;
    orphan::end(&directory)?;
    cluster::create_if_missing(&directory, &binaries, &account)?;
    cluster::write_access_rules(&directory, &account)?;
    let socket_dir = socket::prepare(&options.data_dir, &account)?;
    let program = binaries.program("postgres");
    let log = cluster::log_path(&options.data_dir);
    let for_command = socket_dir.clone();
    let supervisor = Supervisor::start(move || {
        let mut command = account.command(&program);
        configure(&mut command, &directory, &for_command);
        let log = OpenOptions::new().create(true).append(true).mode(0o600).open(&log)?;
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        Ok(command)
    })
    .map_err(EmbeddedError::io("starting the thread of the database"))?;
    Ok((supervisor, socket_dir))
}

fn configure(command: &mut Command, directory: &Path, socket_dir: &Path) {
    use std::os::unix::process::CommandExt as _;

    // A group of its own: Ctrl-C in the terminal must reach this server first.
    command.process_group(0);
    command.arg("-D").arg(directory).args(["-c", "listen_addresses="]);
    command.arg("-c").arg(format!("unix_socket_directories={}", socket_dir.display()));
    command.arg("-c").arg(format!("port={}", socket::PORT));
    for setting in [
        "unix_socket_permissions=0700",
        "fsync=on",
        "full_page_writes=on",
        "synchronous_commit=on",
        "max_connections=100",
        "logging_collector=off",
        "log_destination=stderr",
        "lc_messages=C",
    ] {
        command.args(["-c", setting]);
    }
}
