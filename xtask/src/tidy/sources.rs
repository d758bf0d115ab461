//! The text files that git tracks or would track.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result};

use crate::command::output;
use crate::root;

/// One file of the project.
#[derive(Debug)]
pub(super) struct Source {
    /// Relative to the checkout, with `/`.
    pub(super) path: String,
    pub(super) text: String,
}

impl Source {
    pub(super) fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// Lines before the first inline test module.
    pub(super) fn product_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text
            .lines()
            .enumerate()
            .map(|(index, line)| (index + 1, line))
            .take_while(|(_, line)| line.trim() != "#[cfg(test)]")
    }

    /// Whether the file only exists for tests.
    pub(super) fn is_test(&self) -> bool {
        self.path.starts_with("tests/")
            || self.path.contains("/tests/")
            || self.path.ends_with("/tests.rs")
    }
}

/// All text files; binary ones are left out.
pub(super) fn read() -> Result<Vec<Source>> {
    let listing = output(
        Command::new("git")
            .args(["ls-files", "--cached", "--others", "--exclude-standard"])
            .current_dir(root()),
    )
    .context("listing the project's files")?;
    let mut sources = Vec::new();
    for path in listing.lines() {
        if let Ok(text) = fs::read_to_string(root().join(path)) {
            sources.push(Source { path: path.to_owned(), text });
        }
    }
    Ok(sources)
}
