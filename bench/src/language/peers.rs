//! Where the files and the peers of this benchmark are.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The folder of the npm packages, which `cargo xtask bench` has installed.
pub(super) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("peers")
}

/// The workflow files that are read, of about 100 lines each.
pub(super) fn workflow_files() -> Result<Vec<PathBuf>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("workflows");
    let entries = std::fs::read_dir(&folder).with_context(|| folder.display().to_string())?;
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}

/// The expressions that are evaluated, and their contexts.
pub(super) fn expressions_file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("expressions.json")
}

/// The program around wrkflw, which `cargo xtask bench` has built.
#[expect(clippy::disallowed_methods, reason = "`cargo xtask bench` says where the program is")]
pub(super) fn wrkflw() -> Result<PathBuf> {
    std::env::var_os("BENCH_WRKFLW_BIN").map(PathBuf::from).context("BENCH_WRKFLW_BIN is not set")
}
