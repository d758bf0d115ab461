//! Lists of patterns: `branches`, `tags` and `paths`, and their `-ignore` forms (`semantics` 3.2).
//!
//! Does not know events. Each function answers `Ok` or the reason why the filter refuses.

use super::pattern::Pattern;

/// Patterns and files named in a reason before it says "and N more".
const MAX_NAMED: usize = 8;

/// How a list of patterns judged one value: the last pattern that matches decides.
enum Judgement {
    Unmatched,
    MatchedBy(String),
    ExcludedBy(String),
}

/// An include list over one ref name.
pub(super) fn includes(key: &str, patterns: &[String], name: &str) -> Result<(), String> {
    let compiled = compile(key, patterns)?;
    match judge(&compiled, name) {
        Judgement::MatchedBy(_) => Ok(()),
        Judgement::ExcludedBy(pattern) => {
            Err(format!("{key} filter: `{name}` is excluded by `{pattern}`"))
        }
        Judgement::Unmatched => {
            Err(format!("{key} filter: `{name}` matches none of {}", quote(patterns)))
        }
    }
}

/// An ignore list over one ref name.
pub(super) fn not_ignored(key: &str, patterns: &[String], name: &str) -> Result<(), String> {
    let compiled = compile(key, patterns)?;
    match judge(&compiled, name) {
        Judgement::MatchedBy(pattern) => Err(format!("{key} filter: `{name}` matches `{pattern}`")),
        Judgement::Unmatched | Judgement::ExcludedBy(_) => Ok(()),
    }
}

/// `paths`: at least one changed file must be included.
pub(super) fn includes_any(patterns: &[String], files: &[String]) -> Result<(), String> {
    let compiled = compile("paths", patterns)?;
    if files.iter().any(|file| matches!(judge(&compiled, file), Judgement::MatchedBy(_))) {
        return Ok(());
    }
    Err(format!("paths filter: {} matches {}", none_of(files), quote(patterns)))
}

/// `paths-ignore`: at least one changed file must not be ignored.
pub(super) fn not_ignores_all(patterns: &[String], files: &[String]) -> Result<(), String> {
    let compiled = compile("paths-ignore", patterns)?;
    if files.iter().any(|file| !matches!(judge(&compiled, file), Judgement::MatchedBy(_))) {
        return Ok(());
    }
    Err(match files {
        [] => "paths-ignore filter: no file changed".to_owned(),
        _ => format!(
            "paths-ignore filter: every changed file ({}) matches {}",
            quote(files),
            quote(patterns)
        ),
    })
}

fn none_of(files: &[String]) -> String {
    match files {
        [] => "no file changed, so none".to_owned(),
        [only] => format!("the changed file `{only}` is not one that"),
        _ => format!("none of the changed files ({})", quote(files)),
    }
}

fn compile(key: &str, patterns: &[String]) -> Result<Vec<Pattern>, String> {
    patterns
        .iter()
        .map(|pattern| Pattern::parse(pattern).map_err(|error| format!("{key} filter: {error}")))
        .collect()
}

fn judge(patterns: &[Pattern], value: &str) -> Judgement {
    let mut judgement = Judgement::Unmatched;
    for pattern in patterns.iter().filter(|pattern| pattern.matches(value)) {
        judgement = match (pattern.is_negative(), judgement) {
            (false, _) => Judgement::MatchedBy(pattern.text().to_owned()),
            (true, Judgement::Unmatched) => Judgement::Unmatched,
            (true, _) => Judgement::ExcludedBy(pattern.text().to_owned()),
        };
    }
    judgement
}

fn quote(items: &[String]) -> String {
    let mut named: Vec<String> =
        items.iter().take(MAX_NAMED).map(|item| format!("`{item}`")).collect();
    if items.len() > MAX_NAMED {
        named.push(format!("and {} more", items.len() - MAX_NAMED));
    }
    named.join(", ")
}
