//! Refreshing `.sqlx/`: every query is checked against a throw-away cluster with all migrations.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::command::{run, say};
use crate::root;
use crate::setup::{self, Install};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Change nothing; fail when `.sqlx/` is not what the queries say.
    #[arg(long)]
    pub(crate) check: bool,
}

/// Applies the migrations, then compiles the server with the queries checked and written down.
const SCRIPT: &str = r#"
set -eu
for file in "$MIGRATIONS"/*.sql; do
    psql --quiet --set ON_ERROR_STOP=1 --file "$file"
done
export DATABASE_URL="postgres://$PGUSER:$PGPASSWORD@$PGHOST:$PGPORT/$PGDATABASE"
export SQLX_OFFLINE=false
touch server/src/lib.rs server/src/main.rs
cargo check --quiet --package gantry-server --all-targets
"#;

/// `cargo xtask sqlx-prepare`.
pub(crate) fn run_prepare(check: bool) -> Result<()> {
    let fresh = tempfile::tempdir().context("making a temporary folder")?;
    let committed = root().join(".sqlx");
    run(Command::new("pg_virtualenv")
        .args(["-o", "fsync=off", "bash", "-c", SCRIPT])
        .current_dir(root())
        .env("MIGRATIONS", root().join("migrations"))
        .env("SQLX_OFFLINE_DIR", fresh.path()))?;
    let (fresh, old) = (read_folder(fresh.path())?, read_folder(&committed)?);
    if fresh == old {
        say("`.sqlx/` is current");
        return Ok(());
    }
    if check {
        bail!("`.sqlx/` is not current: run `cargo xtask sqlx-prepare` and commit it");
    }
    replace_folder(&committed, &old, &fresh)
}

pub(crate) fn run_command(install: &Install, arguments: &Arguments) -> Result<()> {
    setup::require(install, &[setup::POSTGRES])?;
    run_prepare(arguments.check)
}

fn read_folder(folder: &Path) -> Result<BTreeMap<String, String>> {
    let mut files = BTreeMap::new();
    if !folder.exists() {
        return Ok(files);
    }
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            files.insert(name, fs::read_to_string(&path)?);
        }
    }
    Ok(files)
}

fn replace_folder(
    folder: &Path,
    old: &BTreeMap<String, String>,
    fresh: &BTreeMap<String, String>,
) -> Result<()> {
    fs::create_dir_all(folder)?;
    for name in old.keys().filter(|name| !fresh.contains_key(*name)) {
        fs::remove_file(folder.join(name))?;
    }
    for (name, text) in fresh {
        fs::write(folder.join(name), text)?;
    }
    say(&format!("`.sqlx/` holds {} queries now", fresh.len()));
    Ok(())
}
