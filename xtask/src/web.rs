//! Building the web page into `web/dist`.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::command::{run, say};
use crate::root;

/// Installs the page's packages when the lock file is newer than they are, then builds it.
pub(crate) fn build() -> Result<()> {
    install(&root().join("web"))?;
    run(Command::new("npm").args(["run", "build"]).current_dir(root().join("web")))
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
    run(Command::new("npm").args(["ci", "--no-audit", "--no-fund"]).current_dir(folder))
}
