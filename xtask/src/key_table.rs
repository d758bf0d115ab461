//! Puts the table of keys of the workflow crate into `docs/compatibility.md`.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result};

use crate::command::{output, say};
use crate::root;

const DOCUMENT: &str = "docs/compatibility.md";
const START: &str = "<!-- table of keys -->";
const END: &str = "<!-- end of the table of keys -->";

/// `cargo xtask key-table`.
pub(crate) fn refresh() -> Result<()> {
    let mut command = Command::new("cargo");
    command.args(["run", "--quiet", "--package", "gantry-workflow", "--example", "key_table"]);
    let table = output(command.current_dir(root()))?;
    let path = root().join(DOCUMENT);
    let document = fs::read_to_string(&path).context(DOCUMENT)?;
    let parts = document.split_once(START).and_then(|(head, rest)| {
        let (_, tail) = rest.split_once(END)?;
        Some((head, tail))
    });
    let (head, tail) =
        parts.with_context(|| format!("{DOCUMENT} has no `{START}` and `{END}` after it"))?;
    let document = format!("{head}{START}\n\n{table}\n\n{END}{tail}");
    fs::write(&path, document).context(DOCUMENT)?;
    say(&format!("{DOCUMENT}: {} rows", table.lines().count()));
    Ok(())
}
