//! Where the repositories of actions come from, and which commit a ref of one means.
//!
//! A mirror on this machine is looked into first, then the configured git URL. Does not download
//! files ([`super::cache`]). Invariant: what a ref means is asked of one repository only, so a mirror
//! that lacks a version does not mix with the source.

use std::path::Path;

use super::git::{Remote, git};
use crate::config::RunnerConfig;

/// An action's repository and the ref that is asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted<'a> {
    pub(super) owner: &'a str,
    pub(super) repository: &'a str,
    pub(super) git_ref: &'a str,
}

impl Wanted<'_> {
    /// Refuses names that would lead out of a directory.
    pub(super) fn check(&self) -> Result<(), String> {
        let names = [self.owner, self.repository];
        let parts = names.into_iter().chain(self.git_ref.split('/'));
        let is_wrong = |part: &str| matches!(part, "" | "." | "..");
        if self.owner.starts_with('.') || parts.into_iter().any(is_wrong) {
            return Err(format!("`{}` is not the name of an action", self.text()));
        }
        Ok(())
    }

    fn text(&self) -> String {
        format!("{}/{}@{}", self.owner, self.repository, self.git_ref)
    }
}

/// The repository of an action.
pub(super) fn remote_of(config: &RunnerConfig, wanted: Wanted<'_>) -> Remote {
    let (owner, repository) = (wanted.owner, wanted.repository);
    let mirrored = config.action_mirror.iter().find_map(|mirror| {
        let plain = mirror.join(owner).join(repository);
        let bare = mirror.join(owner).join(format!("{repository}.git"));
        [plain, bare].into_iter().find(|path| path.is_dir())
    });
    match mirrored {
        Some(path) => Remote::new(&path.display().to_string(), ""),
        None => {
            let url = config.action_source.replace("{owner}", owner).replace("{repo}", repository);
            Remote::new(&url, "")
        }
    }
}

/// The commit that a tag, a branch or a full commit means. Short commits are not resolved.
pub(super) async fn resolve(
    remote: &Remote,
    wanted: Wanted<'_>,
    directory: &Path,
) -> Result<String, String> {
    let git_ref = wanted.git_ref;
    if git_ref.len() == 40 && git_ref.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(git_ref.to_ascii_lowercase());
    }
    let unable = || format!("Unable to resolve action `{}`", wanted.text());
    let (tag, branch) = (format!("refs/tags/{git_ref}"), format!("refs/heads/{git_ref}"));
    let peeled = format!("{tag}^{{}}");
    let arguments = ["ls-remote", "--quiet", &remote.url, &tag, &peeled, &branch];
    let listed = git(directory, remote, &arguments)
        .await
        .map_err(|error| format!("{}, repository not found: {error}", unable()))?;
    let find = |name: &str| {
        let line = listed.lines().find(|line| line.split_whitespace().nth(1) == Some(name))?;
        line.split_whitespace().next().map(str::to_owned)
    };
    find(&peeled)
        .or_else(|| find(&tag))
        .or_else(|| find(&branch))
        .ok_or_else(|| format!("{}, unable to find version `{git_ref}`", unable()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GREET: Wanted<'_> = Wanted { owner: "octo", repository: "greet", git_ref: "v1" };

    #[test]
    fn a_mirror_is_looked_into_before_the_source() {
        let mirror = tempfile::tempdir().unwrap();
        let mut config = RunnerConfig::new(String::new(), "r".to_owned(), mirror.path().to_owned());
        config.action_source = "https://git.example/{owner}/{repo}".to_owned();
        config.action_mirror = Some(mirror.path().to_owned());
        assert_eq!(remote_of(&config, GREET).url, "https://git.example/octo/greet");
        std::fs::create_dir_all(mirror.path().join("octo/greet.git")).unwrap();
        let bare = mirror.path().join("octo/greet.git").display().to_string();
        assert_eq!(remote_of(&config, GREET).url, bare);
        std::fs::create_dir_all(mirror.path().join("octo/greet")).unwrap();
        let plain = mirror.path().join("octo/greet").display().to_string();
        assert_eq!(remote_of(&config, GREET).url, plain);
    }

    #[test]
    fn names_that_lead_elsewhere_are_refused() {
        assert!(GREET.check().is_ok());
        for wanted in [
            Wanted { owner: "..", ..GREET },
            Wanted { owner: ".new", ..GREET },
            Wanted { repository: "", ..GREET },
            Wanted { git_ref: "v1/../x", ..GREET },
        ] {
            assert!(wanted.check().unwrap_err().contains("is not the name of an action"));
        }
    }
}
