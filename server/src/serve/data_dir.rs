//! The data directory: created, locked, and the webhook's secret in it.
//!
//! Invariant: one server at a time has a data directory.

use std::fs::{self, File, TryLockError};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use secrecy::SecretString;

/// A data directory that is ours until this value is dropped.
#[derive(Debug)]
pub(super) struct DataDir {
    path: PathBuf,
    _lock: File,
}

impl DataDir {
    /// Creates the directory if it is missing, and takes its lock.
    pub(super) fn open(path: &Path) -> anyhow::Result<Self> {
        // The user of the embedded database has to pass through; what is in it is protected itself.
        fs::DirBuilder::new().recursive(true).mode(0o711).create(path).with_context(|| {
            format!("the data directory `{}` cannot be created", path.display())
        })?;
        let path = fs::canonicalize(path)
            .with_context(|| format!("the data directory `{}` cannot be read", path.display()))?;
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(path.join("lock"))
            .with_context(|| format!("the data directory `{}` is not writable", path.display()))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                bail!("another server is running on the data directory `{}`", path.display())
            }
            Err(TryLockError::Error(error)) => {
                return Err(error)
                    .with_context(|| format!("locking the data directory `{}`", path.display()));
            }
        }
        open_to_database_user(&path)?;
        Ok(Self { path, _lock: lock })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The secrets in `files`, or the one in the data directory, which is created when missing.
    pub(super) fn webhook_secrets(&self, files: &[PathBuf]) -> anyhow::Result<Vec<SecretString>> {
        if files.len() > 2 {
            bail!("at most two webhook secrets can be in use at once");
        }
        if !files.is_empty() {
            return files.iter().map(|file| read_secret(file)).collect();
        }
        let own = self.webhook_secret_file();
        if !own.exists() {
            let secret: [u8; 32] = rand::random();
            write_private(&own, &hex::encode(secret))?;
        }
        Ok(vec![read_secret(&own)?])
    }

    pub(super) fn webhook_secret_file(&self) -> PathBuf {
        self.path.join(gantry_server::config::WEBHOOK_SECRET_FILE)
    }

    /// Tells commands on this machine where the server is.
    pub(super) fn write_server_file(&self, url: &str) -> anyhow::Result<()> {
        let text = serde_json::json!({ "url": url, "pid": std::process::id() }).to_string();
        write_private(&self.server_file(), &text)
    }

    pub(super) fn remove_server_file(&self) {
        let _ = fs::remove_file(self.server_file());
    }

    fn server_file(&self) -> PathBuf {
        self.path.join(gantry_server::config::SERVER_FILE)
    }
}

/// As root the database runs as somebody else, who has to reach its own directory in here. A
/// directory that was made for us (by `mktemp`, by systemd) may be closed to all others.
fn open_to_database_user(path: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

    let metadata = fs::metadata(path)?;
    let is_ours = nix::unistd::geteuid().is_root() && metadata.uid() == 0;
    if is_ours && metadata.mode() & 0o001 == 0 {
        fs::set_permissions(path, fs::Permissions::from_mode(metadata.mode() | 0o011))
            .with_context(|| format!("opening `{}` to the database", path.display()))?;
    }
    Ok(())
}

fn read_secret(file: &Path) -> anyhow::Result<SecretString> {
    let text = fs::read_to_string(file)
        .with_context(|| format!("reading the webhook secret `{}`", file.display()))?;
    let secret = text.trim();
    if secret.is_empty() {
        bail!("the webhook secret `{}` is empty", file.display());
    }
    Ok(secret.to_owned().into())
}

/// Written beside its place and renamed, so that a reader finds it whole.
fn write_private(path: &Path, text: &str) -> anyhow::Result<()> {
    let write = || -> std::io::Result<()> {
        let directory = path.parent().unwrap_or(Path::new("."));
        let mut draft = tempfile::NamedTempFile::new_in(directory)?;
        writeln!(draft, "{text}")?;
        draft.persist(path).map(drop).map_err(|refused| refused.error)
    };
    write().with_context(|| format!("writing `{}`", path.display()))
}
