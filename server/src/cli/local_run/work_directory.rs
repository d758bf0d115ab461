//! Where the runner of a `gantry run` works: a numbered directory in the user's cache.
//!
//! Kept between runs for the actions it holds. Invariant: two runs at once never share one.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

/// So many runs at once on one machine.
const MAX_DIRECTORIES: u32 = 64;

/// A directory that is ours until this is dropped.
#[derive(Debug)]
pub(super) struct WorkDirectory {
    path: PathBuf,
    /// Held, not read.
    _lock: File,
}

impl WorkDirectory {
    /// The first directory that nobody uses.
    pub(super) fn take() -> anyhow::Result<Self> {
        Self::take_in(&cache().join("gantry/run"))
    }

    fn take_in(parent: &Path) -> anyhow::Result<Self> {
        std::fs::create_dir_all(parent)
            .with_context(|| format!("creating {}", parent.display()))?;
        for number in 0..MAX_DIRECTORIES {
            let lock_path = parent.join(format!("{number}.lock"));
            let lock = File::create(&lock_path)
                .with_context(|| format!("creating {}", lock_path.display()))?;
            match lock.try_lock() {
                Ok(()) => return Ok(Self { path: parent.join(number.to_string()), _lock: lock }),
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(error)) => {
                    return Err(error).with_context(|| format!("locking {}", lock_path.display()));
                }
            }
        }
        bail!("{MAX_DIRECTORIES} runs are under way below {}", parent.display())
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

#[expect(clippy::disallowed_methods, reason = "the user's cache is named by the environment")]
fn cache() -> PathBuf {
    let directory = |name| std::env::var_os(name).filter(|it| !it.is_empty()).map(PathBuf::from);
    directory("XDG_CACHE_HOME")
        .or_else(|| Some(directory("HOME")?.join(".cache")))
        .unwrap_or_else(std::env::temp_dir)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_used_by_one_run_at_a_time() {
        let parent = tempfile::tempdir().expect("a directory");
        let first = WorkDirectory::take_in(parent.path()).expect("taken");
        let second = WorkDirectory::take_in(parent.path()).expect("taken");
        assert_ne!(first.path(), second.path());
        let path = first.path().to_owned();
        drop(first);
        // A program that another test starts at this moment may hold the file for a little longer.
        let is_free = || {
            std::thread::yield_now();
            WorkDirectory::take_in(parent.path()).expect("taken").path() == path
        };
        assert!((0..100_000).any(|_| is_free()));
    }
}
