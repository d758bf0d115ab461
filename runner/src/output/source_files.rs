//! From a file that a tool names to the path that the repository knows it by.
//!
//! Looks into the job's directory, in which the job may have put any link: paths are resolved by the
//! kernel and never lead out of it. Invariant: a path that is answered names an existing file of the
//! job's own repository.

use std::fs::File;
use std::io::Read as _;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Component, Path, PathBuf};

use nix::fcntl::{OFlag, OpenHow, ResolveFlag, open, openat2};
use nix::sys::stat::Mode;

/// A longer `.git/config` is not searched to its end.
const MOST_CONFIG_BYTES: u64 = 64 * 1024;

/// The workspace of a job.
#[derive(Clone, Debug)]
pub(crate) struct SourceFiles {
    /// On the runner's disk.
    pub(crate) directory: PathBuf,
    /// Where processes of the job see it; more than one place if there are containers of actions.
    pub(crate) inside: Vec<String>,
    /// `owner/name`
    pub(crate) repository: String,
}

impl SourceFiles {
    /// `file` is absolute, or relative to the directory of `from_path` or to the workspace.
    pub(crate) fn locate(&self, file: &str, from_path: Option<&str>) -> Option<String> {
        let from = from_path.and_then(|path| Path::new(path).parent());
        let file = from.map_or_else(|| PathBuf::from(file), |directory| directory.join(file));
        let relative = if file.is_absolute() {
            let file = normal(&file)?;
            self.inside.iter().find_map(|root| file.strip_prefix(root).ok().map(Path::to_owned))?
        } else {
            normal(&file)?
        };
        let workspace = open(
            &self.directory,
            OFlag::O_DIRECTORY | OFlag::O_PATH | OFlag::O_CLOEXEC,
            Mode::empty(),
        );
        let workspace = workspace.ok()?;
        open_within(&workspace, &relative, OFlag::O_PATH)?;
        let root = self.repository_root(&workspace, &relative)?;
        relative.strip_prefix(root).ok()?.to_str().map(str::to_owned)
    }

    /// The directory above the file that is a checkout, if it is one of the job's repository.
    fn repository_root<'a>(&self, workspace: &OwnedFd, file: &'a Path) -> Option<&'a Path> {
        let is_checkout = |directory: &&Path| {
            open_within(workspace, &directory.join(".git"), OFlag::O_PATH).is_some()
        };
        let root = file.ancestors().skip(1).find(is_checkout)?;
        let config =
            open_within(workspace, &root.join(".git/config"), OFlag::O_RDONLY | OFlag::O_NONBLOCK)?;
        let mut text = String::new();
        File::from(config).take(MOST_CONFIG_BYTES).read_to_string(&mut text).ok()?;
        names_repository(&text, &self.repository).then_some(root)
    }
}

fn open_within(workspace: &OwnedFd, path: &Path, flags: OFlag) -> Option<OwnedFd> {
    let resolve = ResolveFlag::RESOLVE_BENEATH | ResolveFlag::RESOLVE_NO_MAGICLINKS;
    let how = OpenHow::new().flags(flags | OFlag::O_CLOEXEC).resolve(resolve);
    openat2(workspace.as_fd(), path, how).ok()
}

/// The path without `.` and `..`; `None` if it leads above its beginning.
fn normal(path: &Path) -> Option<PathBuf> {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir if !normal.pop() => return None,
            Component::ParentDir => {}
            other => normal.push(other),
        }
    }
    Some(normal)
}

/// Whether a remote of this git configuration is the repository.
fn names_repository(config: &str, repository: &str) -> bool {
    let urls = config.lines().filter_map(|line| {
        let (key, url) = line.split_once('=')?;
        key.trim().eq_ignore_ascii_case("url").then(|| url.trim().to_ascii_lowercase())
    });
    let wanted = repository.to_ascii_lowercase();
    urls.into_iter().any(|url| {
        let url = url.trim_end_matches('/');
        let url = url.strip_suffix(".git").unwrap_or(url);
        url.strip_suffix(&wanted).is_some_and(|before| before.ends_with(['/', ':']))
    })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    fn checkout(directory: &Path, url: &str) {
        fs::create_dir_all(directory.join(".git")).unwrap();
        fs::create_dir_all(directory.join("src")).unwrap();
        let config = format!("[remote \"origin\"]\n\turl = {url}\n");
        fs::write(directory.join(".git/config"), config).unwrap();
        fs::write(directory.join("src/a.c"), "").unwrap();
    }

    fn sources(directory: &Path) -> SourceFiles {
        SourceFiles {
            directory: directory.to_owned(),
            inside: vec!["/__w/app/app".to_owned()],
            repository: "Owner/app".to_owned(),
        }
    }

    #[test]
    fn files_of_the_repository_are_relative_to_its_checkout() {
        let workspace = tempfile::tempdir().unwrap();
        checkout(workspace.path(), "https://github.com/owner/App.git");
        checkout(&workspace.path().join("nested"), "git@github.com:owner/app");
        let sources = sources(workspace.path());
        for (file, from, expected) in [
            ("src/a.c", None, Some("src/a.c")),
            ("./x/../src/a.c", None, Some("src/a.c")),
            ("/__w/app/app/src/a.c", None, Some("src/a.c")),
            ("a.c", Some("src/project.json"), Some("src/a.c")),
            ("nested/src/a.c", None, Some("src/a.c")),
            ("src/missing.c", None, None),
            ("../src/a.c", None, None),
            ("/usr/include/stdio.h", None, None),
        ] {
            assert_eq!(sources.locate(file, from).as_deref(), expected, "{file}");
        }
    }

    #[test]
    fn other_repositories_links_out_and_no_repository_give_no_path() {
        let workspace = tempfile::tempdir().unwrap();
        fs::write(workspace.path().join("a.c"), "").unwrap();
        assert_eq!(sources(workspace.path()).locate("a.c", None), None, "no checkout");
        checkout(workspace.path(), "https://github.com/owner/app");
        checkout(&workspace.path().join("other"), "https://github.com/other/app");
        symlink("/etc/passwd", workspace.path().join("link")).unwrap();
        let sources = sources(workspace.path());
        assert_eq!(sources.locate("a.c", None).as_deref(), Some("a.c"));
        assert_eq!(sources.locate("other/src/a.c", None), None);
        assert_eq!(sources.locate("link", None), None);
    }
}
