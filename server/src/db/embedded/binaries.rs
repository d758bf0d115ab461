//! Finds PostgreSQL's programs: where the operator says, where Debian puts them, then in `PATH`.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::error::EmbeddedError;

/// Where Debian's packages put one folder per major version.
const DEBIAN_ROOT: &str = "/usr/lib/postgresql";

/// One installed PostgreSQL.
#[derive(Clone, Debug)]
pub(super) struct Binaries {
    directory: PathBuf,
    pub(super) major: u32,
}

impl Binaries {
    /// The newest installation, or the one of version `wanted` where there is one.
    pub(super) fn find(
        configured: Option<&Path>,
        search_path: &[PathBuf],
        wanted: Option<u32>,
    ) -> Result<Self, EmbeddedError> {
        if let Some(directory) = configured {
            return Self::at(directory.to_owned())
                .ok_or_else(|| EmbeddedError::NotInstalledIn(directory.to_owned()));
        }
        let mut found: Vec<Self> = debian_directories().into_iter().filter_map(Self::at).collect();
        if found.is_empty() {
            found = search_path.iter().cloned().filter_map(Self::at).collect();
        }
        found.sort_by_key(|binaries| (Some(binaries.major) == wanted, binaries.major));
        found.pop().ok_or(EmbeddedError::NotInstalled)
    }

    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    fn at(directory: PathBuf) -> Option<Self> {
        if !directory.join("initdb").is_file() {
            return None;
        }
        let output = Command::new(directory.join("postgres")).arg("--version").output().ok()?;
        let major = major_version(std::str::from_utf8(&output.stdout).ok()?)?;
        Some(Self { directory, major })
    }
}

fn debian_directories() -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(DEBIAN_ROOT) else { return Vec::new() };
    entries.flatten().map(|entry| entry.path().join("bin")).collect()
}

/// From `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`.
fn major_version(text: &str) -> Option<u32> {
    let version = text.split_whitespace().nth(2)?;
    let digits = version.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::major_version;

    #[test]
    fn version_is_read_from_releases_and_development_builds() {
        assert_eq!(major_version("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)"), Some(15));
        assert_eq!(major_version("postgres (PostgreSQL) 18beta1"), Some(18));
        assert_eq!(major_version("postgres"), None);
    }
}
