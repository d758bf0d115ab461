//! Which files there are to check.
//!
//! Reads directories and asks git; reads no file. Invariant: each file comes once, in the order of
//! their paths, and what cannot be searched is a problem with its reason.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::cli::git_facts::git;

/// Directories that hold other people's files or none of ours.
const PASSED_OVER: [&str; 2] = [".git", "node_modules"];

/// Marks a directory as a cache (`bford.info/cachedir`), as cargo does with `target`.
const CACHE_MARK: &str = "CACHEDIR.TAG";

/// Where GitHub looks for workflows, below the top of a repository.
const WORKFLOWS: &str = ".github/workflows";

/// Where repositories keep the actions of their own, as a rule.
const OWN_ACTIONS: &str = ".github/actions";

/// Levels of directories that are searched.
const MAX_LEVELS: usize = 64;

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Workflow,
    Action,
}

/// A file to check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FoundFile {
    pub(super) path: PathBuf,
    pub(super) kind: Kind,
}

impl FoundFile {
    /// The path as it is shown.
    pub(super) fn name(&self) -> String {
        self.path.strip_prefix("./").unwrap_or(&self.path).display().to_string()
    }
}

/// Files, and what could not be searched.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) files: Vec<FoundFile>,
    pub(super) problems: Vec<String>,
}

/// The files at `paths`; without paths those of the repository around the current directory.
pub(super) fn files(paths: &[PathBuf]) -> Found {
    let mut search = Search::default();
    match paths {
        [] => search.repository(),
        paths => paths.iter().for_each(|path| search.given(path)),
    }
    let files = search.files.into_iter().map(|(path, kind)| FoundFile { path, kind }).collect();
    Found { files, problems: search.problems }
}

/// The workflows of the repository around the current directory.
pub(in crate::cli) fn workflows_here() -> Vec<PathBuf> {
    let is_workflow = |file: &FoundFile| file.kind == Kind::Workflow;
    files(&[]).files.into_iter().filter(is_workflow).map(|file| file.path).collect()
}

#[derive(Default)]
struct Search {
    files: BTreeMap<PathBuf, Kind>,
    problems: Vec<String>,
}

impl Search {
    /// Workflows, and the action files that git knows or that lie in `.github/actions`.
    fn repository(&mut self) {
        let Some(top) = top_of_repository() else {
            let problem = "the current directory is in no git repository; give paths to check";
            return self.problems.push(problem.to_owned());
        };
        let workflows = top.join(WORKFLOWS);
        if workflows.is_dir() {
            self.workflows_in(&workflows);
        }
        let own_actions = top.join(OWN_ACTIONS);
        if own_actions.is_dir() {
            self.below(&own_actions, MAX_LEVELS);
        }
        for path in tracked_actions(&top) {
            self.add(path, Kind::Action);
        }
    }

    fn given(&mut self, path: &Path) {
        match path.metadata() {
            Ok(about) if about.is_dir() => self.directory(path),
            Ok(_) => self.add(path.to_owned(), kind_of(path)),
            Err(error) => self.problems.push(format!("{}: {error}", path.display())),
        }
    }

    /// What lies where GitHub would look; otherwise the files of the directory itself.
    fn directory(&mut self, path: &Path) {
        let n_before = self.files.len() + self.problems.len();
        self.below(path, MAX_LEVELS);
        if self.files.len() + self.problems.len() == n_before || is_for_workflows(path) {
            self.workflows_in(path);
        }
        if self.files.len() + self.problems.len() == n_before {
            let problem = "no workflow file and no action file in this directory";
            self.problems.push(format!("{}: {problem}", path.display()));
        }
    }

    /// The `.yml` and `.yaml` files directly in a directory.
    fn workflows_in(&mut self, directory: &Path) {
        for path in self.entries(directory) {
            if is_yaml(&path) && path.is_file() {
                let kind = kind_of(&path);
                self.add(path, kind);
            }
        }
    }

    /// The workflows of all repositories below a directory, and all action files.
    fn below(&mut self, directory: &Path, n_levels: usize) {
        if n_levels == 0 {
            return;
        }
        for path in self.entries(directory) {
            let Ok(about) = path.symlink_metadata() else { continue };
            if about.is_file() && kind_of(&path) == Kind::Action {
                self.add(path, Kind::Action);
                continue;
            }
            if !about.is_dir() || is_passed_over(&path) {
                continue;
            }
            if path.ends_with(WORKFLOWS) {
                self.workflows_in(&path);
            } else {
                self.below(&path, n_levels - 1);
            }
        }
    }

    fn entries(&mut self, directory: &Path) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(directory)
            .and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect());
        entries.unwrap_or_else(|error| {
            self.problems.push(format!("{}: {error}", directory.display()));
            Vec::new()
        })
    }

    fn add(&mut self, path: PathBuf, kind: Kind) {
        self.files.entry(path).or_insert(kind);
    }
}

/// What a file of this name is taken for.
fn kind_of(path: &Path) -> Kind {
    match path.ends_with("action.yml") || path.ends_with("action.yaml") {
        true => Kind::Action,
        false => Kind::Workflow,
    }
}

/// The action files that git tracks and that are there; none without git.
fn tracked_actions(top: &Path) -> Vec<PathBuf> {
    let patterns = [":(glob)**/action.yml", ":(glob)**/action.yaml"];
    let arguments = ["ls-files", "-z", "--", patterns[0], patterns[1]];
    let list = git(top, &arguments).unwrap_or_default();
    let paths = list.split('\0').filter(|path| !path.is_empty()).map(|path| top.join(path));
    paths.filter(|path| path.is_file()).collect()
}

fn is_passed_over(directory: &Path) -> bool {
    PASSED_OVER.iter().any(|name| directory.ends_with(name)) || directory.join(CACHE_MARK).exists()
}

fn is_for_workflows(directory: &Path) -> bool {
    directory.canonicalize().is_ok_and(|path| path.ends_with(WORKFLOWS))
}

fn is_yaml(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "yml" || extension == "yaml")
}

/// The nearest directory upwards that git or GitHub would take for the top of a repository.
fn top_of_repository() -> Option<PathBuf> {
    let here = std::env::current_dir().ok()?;
    let is_top = |path: &&Path| path.join(".git").exists() || path.join(WORKFLOWS).is_dir();
    let top = here.ancestors().find(is_top)?;
    let n_levels_up = here.ancestors().position(|path| path == top)?;
    Some(match n_levels_up {
        0 => PathBuf::from("."),
        n => std::iter::repeat_n("..", n).collect(),
    })
}
