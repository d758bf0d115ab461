//! The branches and tags of a repository.

use super::git::{Git, GitError};

/// More of each kind are not listed.
pub(super) const MAX_REFS: usize = 1000;

/// Short names, the ones with the newest commits first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refs {
    pub branches: Vec<String>,
    pub tags: Vec<String>,
}

/// What a person may choose from.
pub(super) async fn list_refs(repository: &str) -> Result<Refs, GitError> {
    let git = Git::new(repository);
    Ok(Refs { branches: names(&git, "refs/heads/").await?, tags: names(&git, "refs/tags/").await? })
}

async fn names(git: &Git<'_>, prefix: &str) -> Result<Vec<String>, GitError> {
    let count = format!("--count={MAX_REFS}");
    let listing = git
        .read(&["for-each-ref", "--format=%(refname)", "--sort=-creatordate", &count, prefix])
        .await?;
    let listing = String::from_utf8_lossy(&listing);
    Ok(listing.lines().filter_map(|line| line.strip_prefix(prefix)).map(str::to_owned).collect())
}
