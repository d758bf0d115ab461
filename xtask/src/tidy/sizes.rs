//! Files stay small: 500 product lines, 80 for a `mod.rs`. Functions: clippy's `too_many_lines`.

use anyhow::Result;

use super::Complaint;
use super::sources::Source;

/// Product lines of one file, inline tests apart.
const MAX_FILE_LINES: usize = 500;
/// Lines of a `mod.rs`: documentation, `mod` lines, re-exports.
const MAX_MOD_LINES: usize = 80;
/// Folders that collect everything and say nothing.
const BANNED_FOLDERS: &[&str] =
    &["utils", "util", "helpers", "common", "misc", "types", "models", "shared"];
/// Generated files and tables of data.
const EXEMPT: &[&str] = &[];

pub(super) fn check(sources: &[Source]) -> Result<Vec<Complaint>> {
    let rust = sources.iter().filter(|source| {
        source.is_rust() && !source.is_test() && !EXEMPT.contains(&source.path.as_str())
    });
    let mut complaints: Vec<Complaint> = rust.filter_map(too_long).collect();
    complaints.extend(sources.iter().filter(|source| source.is_rust()).filter_map(banned_folder));
    Ok(complaints)
}

fn too_long(source: &Source) -> Option<Complaint> {
    let is_mod = source.path.ends_with("/mod.rs");
    let limit = if is_mod { MAX_MOD_LINES } else { MAX_FILE_LINES };
    let n_lines = source.product_lines().count();
    (n_lines > limit).then(|| Complaint {
        path: source.path.clone(),
        line: limit + 1,
        text: format!("has {n_lines} product lines; the wall is {limit}"),
    })
}

fn banned_folder(source: &Source) -> Option<Complaint> {
    let banned = source.path.split('/').find(|part| {
        BANNED_FOLDERS.contains(part) || BANNED_FOLDERS.iter().any(|b| *part == format!("{b}.rs"))
    })?;
    Some(Complaint {
        path: source.path.clone(),
        line: 0,
        text: format!("`{banned}` collects everything; name it after what it does"),
    })
}
