//! Node.js and npm for the page and its browser tests.
//!
//! The page's build needs a newer Node.js than Debian 12 has; where the machine's is too old, a
//! current one comes from the npm registry into the target folder.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::command::{output, run, say};
use crate::{root, target_dir};

/// Vite 8 asks for 20.19.
const MIN_NODE: (u32, u32) = (20, 19);
/// What is installed beside the machine's own when that is too old.
const NEWER_NODE: [&str; 2] = ["node@24", "npm@11"];

/// Builds the page into `web/dist`.
pub(crate) fn build() -> Result<()> {
    let web = root().join("web");
    install(&web)?;
    npm(&web, &["run", "build"])
}

/// Runs npm in `folder`, with a Node.js that is new enough.
pub(crate) fn npm(folder: &Path, arguments: &[&str]) -> Result<()> {
    run(program("npm")?.args(arguments).current_dir(folder))
}

/// A Node.js that is new enough.
pub(crate) fn node() -> Result<Command> {
    program("node")
}

fn program(name: &str) -> Result<Command> {
    let Some(newer) = newer_node()? else { return Ok(Command::new(name)) };
    let mut command = Command::new(newer.join(name));
    command.env("PATH", path_with(&newer)?);
    Ok(command)
}

/// `npm ci` in `folder`, unless it was done since the lock file changed.
pub(crate) fn install(folder: &Path) -> Result<()> {
    let lock = folder.join("package-lock.json").metadata().and_then(|meta| meta.modified());
    let marker = folder.join("node_modules/.package-lock.json");
    let installed = marker.metadata().and_then(|meta| meta.modified());
    if let (Ok(lock), Ok(installed)) = (lock, installed)
        && installed >= lock
    {
        say(&format!("npm packages of {} are current", folder.display()));
        return Ok(());
    }
    npm(folder, &["ci", "--no-audit", "--no-fund"])
}

/// The folder with a newer `node` and `npm`, or nothing when the machine's own will do.
fn newer_node() -> Result<Option<PathBuf>> {
    let version = output(Command::new("node").arg("--version"))?;
    if parse_version(&version).is_some_and(|version| version >= MIN_NODE) {
        return Ok(None);
    }
    let folder = target_dir().join("node");
    let programs = folder.join("node_modules/.bin");
    if !programs.join("node").exists() || !programs.join("npm").exists() {
        say(&format!(
            "Node.js {version} is too old for the page's build: installing {NEWER_NODE:?}"
        ));
        std::fs::create_dir_all(&folder)?;
        let mut command = Command::new("npm");
        command.args(["install", "--no-audit", "--no-fund", "--prefix"]).arg(&folder);
        run(command.args(NEWER_NODE))?;
    }
    if !programs.join("node").exists() {
        bail!("npm did not put a node into {}", programs.display());
    }
    Ok(Some(std::path::absolute(programs)?))
}

fn parse_version(text: &str) -> Option<(u32, u32)> {
    let mut parts = text.trim().trim_start_matches('v').split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[expect(clippy::disallowed_methods, reason = "the search path is extended for a child")]
fn path_with(folder: &Path) -> Result<std::ffi::OsString> {
    let own = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(folder.to_path_buf()).chain(std::env::split_paths(&own));
    std::env::join_paths(folders).context("extending PATH")
}
