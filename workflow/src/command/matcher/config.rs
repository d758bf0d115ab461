//! The file that `::add-matcher::` names.
//!
//! Invariant: what is read here has compiled, so that adding it later cannot fail.

use serde::{Deserialize, Serialize};

use super::pattern::compile;

/// A problem matcher as its file has it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct MatcherConfig {
    /// What it is replaced and removed by; case does not matter.
    pub owner: String,
    /// Of messages whose pattern finds none.
    pub severity: Option<String>,
    /// As if every match had this `fromPath`.
    pub from_path: Option<String>,
    #[serde(rename = "pattern")]
    pub patterns: Vec<PatternConfig>,
}

/// One line of what a tool prints: a pattern, and which of its groups is what.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PatternConfig {
    pub regexp: String,
    pub file: Option<i64>,
    pub from_path: Option<i64>,
    pub line: Option<i64>,
    pub column: Option<i64>,
    pub severity: Option<i64>,
    pub code: Option<i64>,
    pub message: Option<i64>,
    /// The last pattern goes on matching the lines that follow.
    #[serde(rename = "loop")]
    pub loops: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MatcherFile {
    #[serde(default)]
    problem_matcher: Vec<MatcherConfig>,
}

/// Reads and checks a matcher file; the error is in GitHub's words where it has some.
pub fn parse_matchers(text: &str) -> Result<Vec<MatcherConfig>, String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let file: MatcherFile = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let mut owners: Vec<String> = Vec::new();
    for matcher in &file.problem_matcher {
        let owner = matcher.owner.to_lowercase();
        if owner.is_empty() {
            return Err("Owner must not be empty".to_owned());
        }
        if owners.contains(&owner) {
            return Err(format!("Duplicate owner name '{}'", matcher.owner));
        }
        owners.push(owner);
        check(matcher)?;
    }
    Ok(file.problem_matcher)
}

fn check(matcher: &MatcherConfig) -> Result<(), String> {
    let owner = &matcher.owner;
    let severity = matcher.severity.as_deref().unwrap_or_default();
    let known = ["", "error", "warning", "notice"];
    if !known.iter().any(|known| known.eq_ignore_ascii_case(severity)) {
        return Err(format!("Matcher '{owner}' contains unexpected default severity '{severity}'"));
    }
    if matcher.patterns.is_empty() {
        return Err(format!("Matcher '{owner}' does not contain any patterns"));
    }
    let mut set = Vec::new();
    for (index, pattern) in matcher.patterns.iter().enumerate() {
        let is_last = index + 1 == matcher.patterns.len();
        if pattern.loops && (index == 0 || !is_last) {
            return Err("Only the last pattern in a multiline matcher may set 'loop'".to_owned());
        }
        if pattern.loops && pattern.message.is_none() {
            return Err("The loop pattern must set 'message'".to_owned());
        }
        check_groups(pattern, &mut set)?;
    }
    if !set.contains(&"message") {
        return Err("At least one pattern must set 'message'".to_owned());
    }
    Ok(())
}

/// `set` holds the properties that earlier patterns of the matcher have set.
fn check_groups(pattern: &PatternConfig, set: &mut Vec<&'static str>) -> Result<(), String> {
    let n_groups = compile(&pattern.regexp)?.captures_len();
    for (name, group) in pattern.groups() {
        let Some(group) = group else { continue };
        if set.contains(&name) {
            return Err(format!("The property '{name}' is set twice"));
        }
        if usize::try_from(group).map_or(true, |group| group >= n_groups) {
            return Err(format!("The property '{name}' is set to {group} which is out of range"));
        }
        set.push(name);
    }
    Ok(())
}

impl PatternConfig {
    fn groups(&self) -> [(&'static str, Option<i64>); 7] {
        [
            ("file", self.file),
            ("line", self.line),
            ("column", self.column),
            ("severity", self.severity),
            ("code", self.code),
            ("message", self.message),
            ("fromPath", self.from_path),
        ]
    }
}
