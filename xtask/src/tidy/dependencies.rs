//! Who may know whom: the tables in `docs/ARCHITECTURE.md` against `Cargo.toml` and `use crate::`.
//!
//! A table starts after `<!-- tidy: crates -->` or `<!-- tidy: modules of CRATE -->`; its rows are
//! "| name | what it may use, separated by commas, or `all below` |".

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use anyhow::{Context, Result};

use super::Complaint;
use super::sources::Source;

const DOCUMENT: &str = "docs/ARCHITECTURE.md";

/// Names and what each may use.
type Table = BTreeMap<String, BTreeSet<String>>;

pub(super) fn check(sources: &[Source]) -> Result<Vec<Complaint>> {
    let document = sources
        .iter()
        .find(|source| source.path == DOCUMENT)
        .with_context(|| format!("{DOCUMENT} is missing"))?;
    let mut complaints = check_crates(sources, &read_table(&document.text, "crates")?);
    for folder in ["workflow", "runner", "server"] {
        let table = read_table(&document.text, &format!("modules of {folder}"))?;
        complaints.extend(check_modules(sources, folder, &table));
    }
    Ok(complaints)
}

fn read_table(document: &str, name: &str) -> Result<Table> {
    let marker = format!("<!-- tidy: {name} -->");
    let (_, rest) = document
        .split_once(&marker)
        .with_context(|| format!("{DOCUMENT} has no table `{marker}`"))?;
    let rows: Vec<Vec<String>> = rest
        .lines()
        .skip_while(|line| !line.starts_with('|'))
        .take_while(|line| line.starts_with('|'))
        .skip(2)
        .map(|line| {
            line.trim_matches('|')
                .split('|')
                .map(|c| c.replace('`', "").trim().to_owned())
                .collect()
        })
        .collect();
    let names: Vec<String> = rows.iter().filter_map(|row| row.first().cloned()).collect();
    let mut table = Table::new();
    for (index, row) in rows.iter().enumerate() {
        let mut allowed = BTreeSet::new();
        for word in row.get(1).map(String::as_str).unwrap_or_default().split(',').map(str::trim) {
            if word == "all below" {
                allowed.extend(names.iter().skip(index + 1).cloned());
            } else if !word.is_empty() && word != "-" {
                allowed.insert(word.to_owned());
            }
        }
        table.insert(names[index].clone(), allowed);
    }
    Ok(table)
}

fn check_crates(sources: &[Source], table: &Table) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    for (folder, allowed) in table {
        let path = format!("{folder}/Cargo.toml");
        let Some(manifest) = sources.iter().find(|source| source.path == path) else {
            complaints.push(Complaint {
                path,
                line: 0,
                text: "is in the table, but missing".into(),
            });
            continue;
        };
        for (index, line) in manifest.text.lines().enumerate() {
            let Some(used) = line.strip_prefix("gantry-").and_then(|l| l.split(['.', ' ']).next())
            else {
                continue;
            };
            if !allowed.contains(used) {
                let text = format!("`{folder}` may not depend on `{used}` ({DOCUMENT})");
                complaints.push(Complaint { path: path.clone(), line: index + 1, text });
            }
        }
    }
    complaints
}

fn check_modules(sources: &[Source], folder: &str, table: &Table) -> Vec<Complaint> {
    let prefix = format!("{folder}/src/");
    let mut complaints = Vec::new();
    for source in sources.iter().filter(|source| source.is_rust() && !source.is_test()) {
        let Some(inner) = source.path.strip_prefix(&prefix) else { continue };
        let module = inner.split('/').next().unwrap_or(inner).trim_end_matches(".rs");
        if ["lib", "main", "bin"].contains(&module) {
            continue;
        }
        let Some(allowed) = table.get(module) else {
            let text = format!("module `{module}` is not in the table of {DOCUMENT}");
            complaints.push(Complaint { path: source.path.clone(), line: 0, text });
            continue;
        };
        complaints.extend(check_uses(source, module, allowed));
    }
    complaints
}

fn check_uses(source: &Source, module: &str, allowed: &BTreeSet<String>) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    for (line, text) in source.product_lines().filter(|(_, text)| !text.trim().starts_with("//")) {
        for used in uses_in(text) {
            if used != module
                && used.starts_with(|c: char| c.is_lowercase())
                && !allowed.contains(&used)
            {
                let text = format!("`{module}` may not use `{used}` ({DOCUMENT})");
                complaints.push(Complaint { path: source.path.clone(), line, text });
            }
        }
    }
    complaints
}

/// The modules named after `crate::` in one line, also in `crate::{a, b}`.
fn uses_in(line: &str) -> Vec<String> {
    let mut names = Vec::new();
    for rest in line.split("crate::").skip(1) {
        let list =
            rest.strip_prefix('{').map_or(rest, |inner| inner.split('}').next().unwrap_or(inner));
        let is_list = rest.starts_with('{');
        let parts: Vec<&str> = if is_list { list.split(',').collect() } else { vec![list] };
        for part in parts {
            let name: String =
                part.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            if !name.is_empty() {
                names.push(name);
            }
        }
    }
    names
}
