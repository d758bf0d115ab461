//! `hashFiles()` (`semantics` 2.8): a hash over the hashes of the files that patterns match.
//!
//! Works in a directory that the job may be changing, so nothing is opened through a symlink; a
//! symlink in the workspace matches nothing. Invariant: the result depends on names and contents
//! only, not on the order in which the disk lists them.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

use nix::dir::{Dir, Type};
use nix::fcntl::{OFlag, open, openat};
use nix::sys::stat::Mode;
use sha2::{Digest, Sha256};

const DIRECTORY: OFlag = OFlag::O_DIRECTORY.union(OFlag::O_NOFOLLOW).union(OFlag::O_CLOEXEC);
const FILE: OFlag = OFlag::O_NONBLOCK.union(OFlag::O_NOFOLLOW).union(OFlag::O_CLOEXEC);

/// Levels of directories; a job may nest them deeper than a stack of calls can follow.
const MOST_LEVELS: usize = 512;

/// Lower-case hex, or an empty text when nothing matches.
///
/// # Errors
/// What went wrong, in GitHub's words.
pub fn hash_files(workspace: &Path, patterns: &[String]) -> Result<String, String> {
    let patterns = patterns
        .iter()
        .flat_map(|pattern| pattern.lines())
        .map(str::trim)
        .filter(|pattern| !pattern.is_empty() && !pattern.starts_with('#'))
        .map(|pattern| Pattern::parse(pattern, workspace))
        .collect::<Result<Vec<_>, _>>()?;
    let mut hasher = Hasher { patterns, digest: Sha256::new(), n_files: 0 };
    let root = match open(workspace, DIRECTORY, Mode::empty()) {
        Ok(root) => root,
        Err(_) => return Ok(String::new()),
    };
    hasher.walk(root, &mut Vec::new()).map_err(|error| {
        format!(
            "hashFiles('...') failed. Fail to hash files under directory '{}': {error}",
            workspace.display()
        )
    })?;
    Ok(if hasher.n_files == 0 { String::new() } else { hex::encode(hasher.digest.finalize()) })
}

/// A pattern below the workspace.
struct Pattern {
    negated: bool,
    segments: Vec<String>,
}

impl Pattern {
    fn parse(text: &str, workspace: &Path) -> Result<Self, String> {
        if text.starts_with("--") {
            return Err(format!(
                "Invalid glob option {text}, available option: '--follow-symbolic-links'."
            ));
        }
        let (negated, text) = text.strip_prefix('!').map_or((false, text), |rest| (true, rest));
        let workspace = workspace.display().to_string();
        let below = text.strip_prefix(&workspace).unwrap_or(text);
        let segments = below.split('/').filter(|part| !part.is_empty() && *part != ".");
        Ok(Self { negated, segments: segments.map(str::to_owned).collect() })
    }

    /// Whether the path, or a directory above it, matches.
    fn matches(&self, path: &[String]) -> bool {
        (0..=path.len()).rev().any(|n| segments_match(&self.segments, &path[..n]))
    }
}

pub(crate) fn segments_match(pattern: &[String], path: &[String]) -> bool {
    match (pattern.split_first(), path.split_first()) {
        (None, None) => true,
        (Some((first, rest)), _) if first == "**" => {
            segments_match(rest, path)
                || path.split_first().is_some_and(|(_, tail)| segments_match(pattern, tail))
        }
        (Some((first, rest)), Some((name, tail))) => {
            let (first, name): (Vec<char>, Vec<char>) =
                (first.chars().collect(), name.chars().collect());
            name_matches(&first, &name) && segments_match(rest, tail)
        }
        _ => false,
    }
}

/// `*`, `?` and `[...]` within one name.
fn name_matches(pattern: &[char], name: &[char]) -> bool {
    match (pattern.split_first(), name.split_first()) {
        (None, None) => true,
        (Some(('*', rest)), _) => {
            name_matches(rest, name)
                || name.split_first().is_some_and(|(_, tail)| name_matches(pattern, tail))
        }
        (Some(('?', rest)), Some((_, tail))) => name_matches(rest, tail),
        (Some(('[', rest)), Some((c, tail))) => match rest.iter().position(|end| *end == ']') {
            Some(end) => class_matches(&rest[..end], *c) && name_matches(&rest[end + 1..], tail),
            None => *c == '[' && name_matches(rest, tail),
        },
        (Some((expected, rest)), Some((c, tail))) => expected == c && name_matches(rest, tail),
        (Some(_), None) => false,
        (None, Some(_)) => false,
    }
}

fn class_matches(class: &[char], c: char) -> bool {
    let (negated, mut class) = match class.split_first() {
        Some(('!' | '^', rest)) => (true, rest),
        _ => (false, class),
    };
    let mut found = false;
    while let Some((first, rest)) = class.split_first() {
        if let ['-', last, after @ ..] = rest {
            found |= (*first..=*last).contains(&c);
            class = after;
        } else {
            found |= *first == c;
            class = rest;
        }
    }
    found != negated
}

struct Hasher {
    patterns: Vec<Pattern>,
    digest: Sha256,
    n_files: usize,
}

impl Hasher {
    fn walk(&mut self, directory: OwnedFd, path: &mut Vec<String>) -> io::Result<()> {
        let mut names = Vec::new();
        for entry in Dir::from_fd(directory.try_clone()?)?.iter() {
            let entry = entry?;
            if let Ok(name) = entry.file_name().to_str()
                && name != "."
                && name != ".."
            {
                names.push((name.to_owned(), entry.file_type()));
            }
        }
        names.sort_by(|(a, _), (b, _)| a.cmp(b));
        for (name, kind) in names {
            path.push(name.clone());
            if kind == Some(Type::Directory) && path.len() > MOST_LEVELS {
                return Err(io::Error::other(format!(
                    "directories are nested deeper than {MOST_LEVELS} levels"
                )));
            }
            if kind == Some(Type::Directory) {
                // It may have been replaced by a symlink meanwhile; then it is skipped.
                if let Ok(inner) = openat(&directory, name.as_str(), DIRECTORY, Mode::empty()) {
                    self.walk(inner, path)?;
                }
            } else if kind == Some(Type::File) && self.wants(path) {
                let file = openat(&directory, name.as_str(), FILE, Mode::empty())?;
                self.add(File::from(file))?;
            }
            path.pop();
        }
        Ok(())
    }

    /// The last pattern that matches decides.
    fn wants(&self, path: &[String]) -> bool {
        let last = self.patterns.iter().rev().find(|pattern| pattern.matches(path));
        last.is_some_and(|pattern| !pattern.negated)
    }

    fn add(&mut self, mut file: File) -> io::Result<()> {
        let mut digest = Sha256::new();
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let n = io::Read::read(&mut file, &mut buffer)?;
            if n == 0 {
                break;
            }
            digest.update(&buffer[..n]);
        }
        self.digest.update(digest.finalize());
        self.n_files += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn workspace() -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("a/node_modules")).unwrap();
        for name in ["x.lock", "a/x.lock", "a/node_modules/x.lock", "a/other"] {
            fs::write(root.path().join(name), name).unwrap();
        }
        root
    }

    fn hash(root: &tempfile::TempDir, patterns: &[&str]) -> String {
        let patterns: Vec<String> = patterns.iter().map(|p| (*p).to_owned()).collect();
        hash_files(root.path(), &patterns).unwrap()
    }

    fn expected(files: &[&str]) -> String {
        let mut digest = Sha256::new();
        files.iter().for_each(|file| digest.update(Sha256::digest(file)));
        hex::encode(digest.finalize())
    }

    #[test]
    fn it_hashes_the_digests_of_matching_files() {
        let root = workspace();
        assert_eq!(hash(&root, &["x.lock"]), expected(&["x.lock"]));
        let all = expected(&["a/node_modules/x.lock", "a/x.lock", "x.lock"]);
        assert_eq!(hash(&root, &["**/x.lock"]), all);
        assert_eq!(
            hash(&root, &["**/x.lock", "!a/node_modules"]),
            expected(&["a/x.lock", "x.lock"])
        );
        assert_eq!(hash(&root, &["a/[m-p]t?er"]), expected(&["a/other"]));
    }

    #[test]
    fn directories_nested_without_end_are_an_error() {
        let root = workspace();
        let mut inner = root.path().to_owned();
        (0..=MOST_LEVELS).for_each(|_| inner.push("d"));
        fs::create_dir_all(inner).unwrap();
        let error = hash_files(root.path(), &["**/x.lock".to_owned()]).unwrap_err();
        assert!(error.contains("nested deeper than"), "{error}");
    }

    #[test]
    fn no_match_is_an_empty_text() {
        assert_eq!(hash(&workspace(), &["*.toml"]), "");
    }

    #[test]
    fn a_symlink_out_of_the_workspace_is_not_followed() {
        let root = workspace();
        std::os::unix::fs::symlink("/etc", root.path().join("etc")).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", root.path().join("link")).unwrap();
        assert_eq!(hash(&root, &["etc/passwd", "link"]), "");
    }
}
