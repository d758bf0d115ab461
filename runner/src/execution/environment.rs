//! The environment of a process (`semantics` 5.5). Pure.
//!
//! Invariant: `GITHUB_*` and `RUNNER_*` of the runner win over whatever a workflow sets.

use std::collections::HashSet;

use indexmap::IndexMap;

/// The parts, in the order in which a later one overwrites an earlier one.
#[derive(Debug)]
pub(crate) struct EnvironmentParts<'a> {
    /// As the container's first process has it.
    pub(crate) image: &'a [(String, String)],
    pub(crate) home: &'a str,
    /// `env` of workflow and job, changed by `GITHUB_ENV`.
    pub(crate) job: &'a IndexMap<String, String>,
    pub(crate) step: &'a IndexMap<String, String>,
    /// `INPUT_*` and `STATE_*` of an action.
    pub(crate) action: &'a IndexMap<String, String>,
    /// `GITHUB_*`, `RUNNER_*`.
    pub(crate) runner: Vec<(String, String)>,
    /// `GITHUB_PATH`, in the order added.
    pub(crate) path: &'a [String],
}

/// The whole environment, each name once.
pub(crate) fn process_environment(parts: &EnvironmentParts<'_>) -> Vec<(String, String)> {
    let mut environment: IndexMap<String, String> = parts.image.iter().cloned().collect();
    environment.insert("HOME".to_owned(), parts.home.to_owned());
    for part in [parts.job, parts.step, parts.action] {
        environment.extend(part.iter().map(|(name, value)| (name.clone(), value.clone())));
    }
    environment.entry("CI".to_owned()).or_insert_with(|| "true".to_owned());
    environment.insert("GITHUB_ACTIONS".to_owned(), "true".to_owned());
    environment.extend(parts.runner.iter().cloned());
    let base = environment.get("PATH").map_or(DEFAULT_PATH, String::as_str);
    let path = search_path(base, parts.path);
    environment.insert("PATH".to_owned(), path);
    environment.into_iter().filter(|(name, value)| is_possible(name, value)).collect()
}

/// What a kernel takes: no NUL anywhere, and a name without `=`.
fn is_possible(name: &str, value: &str) -> bool {
    !name.is_empty() && !name.contains(['=', '\0']) && !value.contains('\0')
}

/// Where programs are looked up in an image that says nothing.
const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// `base` with what steps added in front, the newest first, each directory once.
fn search_path(base: &str, added: &[String]) -> String {
    let mut seen = HashSet::new();
    added
        .iter()
        .rev()
        .map(String::as_str)
        .filter(|directory| seen.insert(*directory))
        .chain([base])
        .collect::<Vec<_>>()
        .join(":")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(pairs: &[(&str, &str)]) -> IndexMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        map(pairs).into_iter().collect()
    }

    fn environment(parts: &EnvironmentParts<'_>) -> IndexMap<String, String> {
        process_environment(parts).into_iter().collect()
    }

    #[test]
    fn later_parts_overwrite_earlier_ones_and_the_runner_wins() {
        let found = environment(&EnvironmentParts {
            image: &pairs(&[("A", "image"), ("B", "image"), ("HOME", "/root")]),
            home: "/github/home",
            job: &map(&[("B", "job"), ("C", "job"), ("GITHUB_SHA", "mine")]),
            step: &map(&[("C", "step"), ("CI", "false"), ("GITHUB_ACTIONS", "no")]),
            action: &map(&[("INPUT_X", "1")]),
            runner: pairs(&[("GITHUB_SHA", "abc")]),
            path: &[],
        });
        let expected = [
            ("A", "image"),
            ("B", "job"),
            ("C", "step"),
            ("GITHUB_SHA", "abc"),
            ("CI", "false"),
            ("GITHUB_ACTIONS", "true"),
            ("HOME", "/github/home"),
            ("INPUT_X", "1"),
        ];
        for (name, value) in expected {
            assert_eq!(found.get(name).map(String::as_str), Some(value), "{name}");
        }
    }

    #[test]
    fn ci_is_true_when_nobody_says_otherwise() {
        let nothing = IndexMap::new();
        let found = environment(&EnvironmentParts {
            image: &[],
            home: "/h",
            job: &nothing,
            step: &nothing,
            action: &nothing,
            runner: Vec::new(),
            path: &[],
        });
        assert_eq!(found.get("CI").map(String::as_str), Some("true"));
        assert_eq!(found.get("PATH").map(String::as_str), Some(DEFAULT_PATH));
    }

    #[test]
    fn the_newest_path_comes_first_and_once() {
        let added = ["/a", "/b", "/a"].map(str::to_owned);
        assert_eq!(search_path("/bin", &added), "/a:/b:/bin");
    }

    #[test]
    fn names_that_no_kernel_takes_are_left_out() {
        let nothing = IndexMap::new();
        let found = environment(&EnvironmentParts {
            image: &[],
            home: "/h",
            job: &map(&[("A=B", "1"), ("", "2"), ("C", "nul\0")]),
            step: &nothing,
            action: &nothing,
            runner: Vec::new(),
            path: &[],
        });
        assert!(!found.contains_key("A=B") && !found.contains_key("") && !found.contains_key("C"));
    }
}
