//! The golden files of the language, as requests to an implementation.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::root;

/// One thing to ask.
#[derive(Debug)]
pub(super) struct Case {
    /// `read/NAME`, `read/actions/NAME`, or `expressions/NAME: EXPRESSION`.
    pub(super) name: String,
    pub(super) request: Value,
}

/// Every case, in alphabetical order of the files.
pub(super) fn read() -> Result<Vec<Case>> {
    let folder = root().join("workflow/tests");
    let mut cases = Vec::new();
    for (below, kind) in [("read", "workflow"), ("read/actions", "action")] {
        for path in files(&folder.join(below), "yml")? {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let request = json!({ kind: name, "text": text(&path)? });
            cases.push(Case { name: format!("{below}/{}", stem(&path)), request });
        }
    }
    let expressions = folder.join("expressions");
    let contexts: Value = serde_json::from_str(&text(&expressions.join("contexts.json"))?)?;
    for path in files(&expressions, "txt")? {
        for line in text(&path)?.lines().filter(|it| !it.is_empty() && !it.starts_with('#')) {
            let request = json!({ "expression": line, "contexts": contexts });
            cases.push(Case { name: format!("expressions/{}: {line}", stem(&path)), request });
        }
    }
    Ok(cases)
}

fn files(folder: &Path, extension: &str) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| format!("listing {}", folder.display()))?;
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|it| it == extension) {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

fn text(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}
