//! What the `path` of an artifact or a cache means: lines with patterns, the excluded ones after `!`.
//! Pure.
//!
//! Follows GitHub's `@actions/glob`: a directory that matches stands for all that is in it. Invariant:
//! the order of the lines decides as it does there, the last one that matches.

use crate::hash_files::segments_match;

/// Whether a name, as that of an artifact, matches a pattern.
pub(crate) fn name_matches(pattern: &str, name: &str) -> bool {
    segments_match(&[pattern.to_owned()], &[name.to_owned()])
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Pattern {
    excludes: bool,
    segments: Vec<String>,
}

/// A whole `path`.
#[derive(Clone, Debug)]
pub(crate) struct Search {
    patterns: Vec<Pattern>,
}

/// Whether a path means more than itself.
pub(crate) fn has_wildcards(path: &str) -> bool {
    path.contains(['*', '?', '['])
}

impl Search {
    /// `directory` is where relative paths begin, `home` is what `~` stands for.
    pub(crate) fn new(path: &str, directory: &str, home: &str) -> Self {
        let lines = path.lines().map(str::trim);
        let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
        let patterns = lines.map(|line| {
            let (excludes, line) = line.strip_prefix('!').map_or((false, line), |it| (true, it));
            Pattern { excludes, segments: absolute(line.trim(), directory, home) }
        });
        Self { patterns: patterns.collect() }
    }

    /// Directories and files in which all that matches is, none within another.
    pub(crate) fn roots(&self) -> Vec<String> {
        let wanted = self.patterns.iter().filter(|pattern| !pattern.excludes);
        let mut roots: Vec<&[String]> = wanted.map(Pattern::root).collect();
        roots.sort_by_key(|root| root.len());
        let mut outer: Vec<&[String]> = Vec::new();
        for root in roots {
            if !outer.iter().any(|other| root.starts_with(other)) {
                outer.push(root);
            }
        }
        outer.into_iter().map(joined).collect()
    }

    /// Where the paths within an artifact begin: at the only root, or at what all of them have in common.
    /// A root that is the only file is left for the directory around it.
    pub(crate) fn base(&self, files: &[String]) -> String {
        let roots = self.roots();
        match roots.as_slice() {
            [root] if files == std::slice::from_ref(root) => {
                let around = root.rsplit_once('/').map_or("", |(around, _)| around);
                if around.is_empty() { "/".to_owned() } else { around.to_owned() }
            }
            [root] => root.clone(),
            _ => {
                let all: Vec<Vec<String>> = roots.iter().map(|root| segments(root)).collect();
                let first = all.first().cloned().unwrap_or_default();
                let common = (0..first.len())
                    .take_while(|at| all.iter().all(|it| it.get(*at) == first.get(*at)))
                    .count();
                joined(&first[..common])
            }
        }
    }

    /// Paths that mean nothing but themselves.
    pub(crate) fn plain_paths(&self) -> Vec<String> {
        let wanted = self.patterns.iter().filter(|pattern| !pattern.excludes);
        let plain = wanted.filter(|pattern| pattern.root().len() == pattern.segments.len());
        plain.map(|pattern| joined(&pattern.segments)).collect()
    }

    /// Directories in which the others are.
    pub(crate) fn wildcard_roots(&self) -> Vec<String> {
        let is_plain = |pattern: &Pattern| pattern.root().len() == pattern.segments.len();
        let others = self.patterns.iter().filter(|pattern| !is_plain(pattern));
        Self { patterns: others.cloned().collect() }.roots()
    }

    /// Whether an absolute path is wanted.
    pub(crate) fn wants(&self, path: &str) -> bool {
        let path = segments(path);
        let last = self.patterns.iter().rev().find(|pattern| pattern.matches(&path));
        last.is_some_and(|pattern| !pattern.excludes)
    }

    /// Whether a path itself is wanted, and not because it is in a directory that is.
    pub(crate) fn wants_exactly(&self, path: &str) -> bool {
        let path = segments(path);
        let mut patterns = self.patterns.iter().rev();
        let last = patterns.find(|pattern| segments_match(&pattern.segments, &path));
        last.is_some_and(|pattern| !pattern.excludes)
    }
}

impl Pattern {
    /// As far as it has no wildcards.
    fn root(&self) -> &[String] {
        let plain = self.segments.iter().take_while(|segment| !has_wildcards(segment)).count();
        &self.segments[..plain]
    }

    fn matches(&self, path: &[String]) -> bool {
        (0..=path.len()).rev().any(|n| segments_match(&self.segments, &path[..n]))
    }
}

fn segments(path: &str) -> Vec<String> {
    path.split('/').filter(|segment| !segment.is_empty()).map(str::to_owned).collect()
}

fn joined(segments: &[String]) -> String {
    format!("/{}", segments.join("/"))
}

/// The segments of a path from the root on; `.` and `..` are resolved.
fn absolute(path: &str, directory: &str, home: &str) -> Vec<String> {
    let whole = match path {
        "~" => home.to_owned(),
        path if path.starts_with('/') => path.to_owned(),
        path => match path.strip_prefix("~/") {
            Some(rest) => format!("{home}/{rest}"),
            None => format!("{directory}/{path}"),
        },
    };
    let mut resolved: Vec<String> = Vec::new();
    for segment in segments(&whole) {
        match segment.as_str() {
            "." => {}
            ".." => drop(resolved.pop()),
            _ => resolved.push(segment),
        }
    }
    resolved
}

#[cfg(test)]
mod tests {
    use super::*;

    fn search(path: &str) -> Search {
        Search::new(path, "/__w/a/a", "/github/home")
    }

    #[test]
    fn a_directory_stands_for_all_that_is_in_it_and_exclusions_take_out() {
        let search = search("dist\n!dist/**/*.map\n# a remark\n../logs/*.txt\n~/.x\n");
        for wanted in ["/__w/a/a/dist/b/c.js", "/__w/a/logs/1.txt", "/github/home/.x/y"] {
            assert!(search.wants(wanted), "{wanted}");
        }
        for other in ["/__w/a/a/dist/b/c.map", "/__w/a/a/other", "/__w/a/logs/1.log"] {
            assert!(!search.wants(other), "{other}");
        }
        assert!(search.wants_exactly("/__w/a/a/dist"));
        assert!(!search.wants_exactly("/__w/a/a/dist/b"));
    }

    #[test]
    fn roots_are_plain_and_not_within_each_other() {
        let of = |path: &str| search(path).roots();
        assert_eq!(of("dist/**/*.js\ndist"), ["/__w/a/a/dist"]);
        assert_eq!(of("*.txt"), ["/__w/a/a"]);
        assert_eq!(of("a/x.txt\nb/y.txt\n!c"), ["/__w/a/a/a/x.txt", "/__w/a/a/b/y.txt"]);
        assert_eq!(of("/"), ["/"]);
    }

    #[test]
    fn paths_begin_at_what_the_roots_have_in_common() {
        let base = |path: &str, files: &[&str]| {
            let files: Vec<String> = files.iter().map(|file| (*file).to_owned()).collect();
            search(path).base(&files)
        };
        assert_eq!(base("dist", &["/__w/a/a/dist/x"]), "/__w/a/a/dist");
        assert_eq!(base("dist/x.txt", &["/__w/a/a/dist/x.txt"]), "/__w/a/a/dist");
        let both = ["/__w/a/a/a/x.txt", "/__w/a/a/b/y.txt"];
        assert_eq!(base("a/x.txt\nb/y.txt", &both), "/__w/a/a");
        assert_eq!(base("/x", &["/x"]), "/");
    }
}
