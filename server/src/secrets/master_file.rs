//! The file of the master keys.
//!
//! Its first line is the newest key in hex; each further line is a key before it, and the second in which it
//! was replaced. Does not use them. Invariant: whoever reads the file sees all of an old state or all of a
//! new one, and nobody but its owner reads it.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use chrono::{DateTime, Utc};
use tempfile::NamedTempFile;
use zeroize::Zeroizing;

use super::cipher::KEY_BYTES;

const KEY_FILE: &str = "master.key";

type Key = Zeroizing<Vec<u8>>;

/// The newest key, and the ones before it with the second in which each was replaced.
pub(super) struct MasterKeys {
    newest: Key,
    older: Vec<(Key, i64)>,
}

impl MasterKeys {
    fn random() -> Self {
        let newest = Zeroizing::new(rand::random::<[u8; KEY_BYTES]>().to_vec());
        Self { newest, older: Vec::new() }
    }

    /// The newest first.
    pub(super) fn all(&self) -> impl Iterator<Item = &[u8]> {
        let older = self.older.iter().map(|(key, _)| key.as_slice());
        std::iter::once(self.newest.as_slice()).chain(older)
    }

    pub(super) fn rotated(&self, now: DateTime<Utc>) -> Self {
        let mut older = vec![(self.newest.clone(), now.timestamp())];
        older.extend(self.older.iter().cloned());
        Self { older, ..Self::random() }
    }

    /// `None` when none is older.
    pub(super) fn without_older_than(&self, end: DateTime<Utc>) -> Option<Self> {
        let mut older = self.older.clone();
        older.retain(|(_, replaced_at)| *replaced_at >= end.timestamp());
        (older.len() < self.older.len()).then(|| Self { newest: self.newest.clone(), older })
    }

    fn text(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(format!("{}\n", hex::encode(&self.newest)));
        for (key, replaced_at) in &self.older {
            // Writing to a string does not fail.
            let _ = writeln!(text, "{} {replaced_at}", hex::encode(key));
        }
        text
    }

    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.trim().lines();
        let newest = parse_key(lines.next()?.trim())?;
        let older = lines.map(|line| {
            let (key, replaced_at) = line.trim().split_once(' ')?;
            Some((parse_key(key)?, replaced_at.trim().parse().ok()?))
        });
        Some(Self { newest, older: older.collect::<Option<_>>()? })
    }
}

fn parse_key(text: &str) -> Option<Key> {
    let key = Zeroizing::new(hex::decode(text).ok()?);
    (key.len() == KEY_BYTES).then_some(key)
}

/// Where the file is; the directory is made.
pub(super) fn path_in(data_dir: &Path) -> anyhow::Result<PathBuf> {
    fs::create_dir_all(data_dir)
        .with_context(|| format!("creating the data directory {}", data_dir.display()))?;
    Ok(data_dir.join(KEY_FILE))
}

pub(super) fn read_or_create(path: &Path) -> anyhow::Result<MasterKeys> {
    match read(path)? {
        Some(keys) => Ok(keys),
        None => create(path),
    }
}

fn read(path: &Path) -> anyhow::Result<Option<MasterKeys>> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            return Err(error).with_context(|| format!("opening {}", path.display()));
        }
    };
    let mode = file.metadata().context("reading the master key's mode")?.permissions().mode();
    if mode & 0o077 != 0 {
        bail!("{0} can be read by others; run `chmod 600 {0}`", path.display());
    }
    let mut text = Zeroizing::new(String::new());
    file.read_to_string(&mut text).with_context(|| format!("reading {}", path.display()))?;
    let keys = MasterKeys::parse(&text).with_context(|| {
        format!("{} is not a master key: expected {} hex digits", path.display(), 2 * KEY_BYTES)
    })?;
    Ok(Some(keys))
}

/// Links the file there, so that of two first starts one wins.
fn create(path: &Path) -> anyhow::Result<MasterKeys> {
    let keys = MasterKeys::random();
    match draft(path, &keys)?.persist_noclobber(path) {
        Ok(_) => Ok(keys),
        Err(refused) if refused.error.kind() == ErrorKind::AlreadyExists => {
            read(path)?.with_context(|| format!("{} vanished", path.display()))
        }
        Err(refused) => Err(refused.error).with_context(|| format!("creating {}", path.display())),
    }
}

/// The new state is on the disk when this comes back.
pub(super) fn replace(path: &Path, keys: &MasterKeys) -> anyhow::Result<()> {
    let failed = || format!("replacing {}", path.display());
    draft(path, keys)?.persist(path).map_err(|refused| refused.error).with_context(failed)?;
    let directory = path.parent().context("the master key has no directory")?;
    File::open(directory).and_then(|directory| directory.sync_all()).with_context(failed)
}

/// Readable by its owner alone from the start.
fn draft(path: &Path, keys: &MasterKeys) -> anyhow::Result<NamedTempFile> {
    let directory = path.parent().context("the master key has no directory")?;
    let mut draft = NamedTempFile::new_in(directory)
        .with_context(|| format!("writing in {}", directory.display()))?;
    draft.write_all(keys.text().as_bytes()).context("writing the master key")?;
    draft.as_file().sync_all().context("writing the master key")?;
    Ok(draft)
}
