//! The cluster's directory: created once, its access rules rewritten at every start.
//!
//! Does not start it. Invariant: a directory called `postgres` is complete; a crash while it is
//! being created leaves only `postgres.new`.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::account::Account;
use super::binaries::Binaries;
use super::error::EmbeddedError;

/// Name of the database role and of the database.
pub(super) const ROLE: &str = "gantry";

/// The major version that created the cluster in `directory`, if there is one.
pub(super) fn version(directory: &Path) -> Option<u32> {
    fs::read_to_string(directory.join("PG_VERSION")).ok()?.trim().parse().ok()
}

/// Creates the cluster where there is none.
pub(super) fn create_if_missing(
    directory: &Path,
    binaries: &Binaries,
    account: &Account,
) -> Result<(), EmbeddedError> {
    if let Some(cluster) = version(directory) {
        if cluster != binaries.major {
            return Err(EmbeddedError::VersionMismatch {
                directory: directory.to_owned(),
                cluster,
                installed: binaries.major,
            });
        }
        return Ok(());
    }
    let unfinished = directory.with_extension("new");
    let name = unfinished.display().to_string();
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished).map_err(EmbeddedError::io(format!("removing `{name}`")))?;
    }
    fs::create_dir(&unfinished).map_err(EmbeddedError::io(format!("creating `{name}`")))?;
    fs::set_permissions(&unfinished, fs::Permissions::from_mode(0o700))
        .map_err(EmbeddedError::io(format!("protecting `{name}`")))?;
    account.own(&unfinished)?;
    initdb(&unfinished, binaries, account)?;
    fs::rename(&unfinished, directory).map_err(EmbeddedError::io(format!("renaming `{name}`")))
}

fn initdb(directory: &Path, binaries: &Binaries, account: &Account) -> Result<(), EmbeddedError> {
    let output = account
        .command(&binaries.program("initdb"))
        .arg("--pgdata")
        .arg(directory)
        .args(["--username", ROLE, "--encoding", "UTF8", "--locale", "C.UTF-8"])
        .args(["--auth", "peer", "--data-checksums"])
        .output()
        .map_err(EmbeddedError::io("starting `initdb`"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(EmbeddedError::Initdb(said.trim().lines().last().unwrap_or("no message").to_owned()))
}

/// Only the user who runs this server gets in, over the socket; no password exists anywhere.
pub(super) fn write_access_rules(directory: &Path, account: &Account) -> Result<(), EmbeddedError> {
    write(&directory.join("pg_hba.conf"), "local all all peer map=gantry\n", account)?;
    let mut map = format!("gantry \"{}\" {ROLE}\n", account.client);
    if account.name != account.client {
        map.push_str(&format!("gantry \"{}\" {ROLE}\n", account.name));
    }
    write(&directory.join("pg_ident.conf"), &map, account)
}

fn write(path: &Path, text: &str, account: &Account) -> Result<(), EmbeddedError> {
    let doing = format!("writing `{}`", path.display());
    fs::write(path, text).map_err(EmbeddedError::io(doing.clone()))?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))
        .map_err(EmbeddedError::io(doing))?;
    account.own(path)
}

/// The last lines of the database's log, for a message.
pub(super) fn log_tail(log: &Path) -> String {
    let text = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().rev().take(3).collect();
    lines.into_iter().rev().collect::<Vec<_>>().join(" | ")
}

/// Where the database writes its log.
pub(super) fn log_path(data_dir: &Path) -> PathBuf {
    data_dir.join("postgres.log")
}
