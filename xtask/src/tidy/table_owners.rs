//! One writer per table: only the owning folder inserts, updates or deletes.
//!
//! The owner stands in the migration, as `-- owner: DOMAIN` above `create table`.

use std::collections::BTreeMap;

use anyhow::Result;

use super::Complaint;
use super::sources::Source;

pub(super) fn check(sources: &[Source]) -> Result<Vec<Complaint>> {
    let mut complaints = Vec::new();
    let owners = read_owners(sources, &mut complaints);
    for source in sources.iter().filter(|s| s.is_rust() && s.path.starts_with("server/src/")) {
        for (line, text) in source.product_lines() {
            for table in written_tables(text) {
                let Some(owner) = owners.get(&table) else { continue };
                if !source.path.starts_with(&format!("server/src/{owner}/")) {
                    let text = format!("writes `{table}`, which belongs to `{owner}`");
                    complaints.push(Complaint { path: source.path.clone(), line, text });
                }
            }
        }
    }
    Ok(complaints)
}

fn read_owners(sources: &[Source], complaints: &mut Vec<Complaint>) -> BTreeMap<String, String> {
    let mut owners = BTreeMap::new();
    for source in sources.iter().filter(|source| source.path.ends_with(".sql")) {
        let mut owner = None;
        for (index, line) in source.text.lines().enumerate() {
            if let Some(name) = line.strip_prefix("-- owner: ") {
                owner = Some(name.trim().to_owned());
            } else if let Some(rest) = line.strip_prefix("create table ") {
                let table: String =
                    rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                match owner.take() {
                    Some(name) => drop(owners.insert(table, name)),
                    None => complaints.push(Complaint {
                        path: source.path.clone(),
                        line: index + 1,
                        text: format!("table `{table}` has no `-- owner:` comment above it"),
                    }),
                }
            }
        }
    }
    owners
}

/// Tables that a line of SQL inserts into, updates or deletes from.
fn written_tables(line: &str) -> Vec<String> {
    let lower = line.to_lowercase();
    let words: Vec<&str> = lower
        .split(|c: char| !(c.is_alphanumeric() || c == '_'))
        .filter(|w| !w.is_empty())
        .collect();
    let mut tables = Vec::new();
    for (index, word) in words.iter().enumerate() {
        let offset = match (*word, words.get(index + 1).copied()) {
            ("insert", Some("into")) | ("delete", Some("from")) => 2,
            ("update", Some(_)) => 1,
            _ => continue,
        };
        tables.extend(words.get(index + offset).map(|table| (*table).to_owned()));
    }
    tables
}
