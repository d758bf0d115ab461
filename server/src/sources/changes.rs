//! Which files differ between two commits, for path filters (`semantics` 3.2).

use super::commit::is_object_id;
use super::git::{Git, GitError};
use super::source::Changes;

/// GitHub looks at no more of a comparison.
const MAX_CHANGED_FILES: usize = 3000;

/// What `changes` says, in the repository at this path. A renamed file counts with both names.
pub(super) async fn changed_files(
    repository: &str,
    changes: Changes<'_>,
) -> Result<Option<Vec<String>>, GitError> {
    let found = match changes {
        Changes::Between { before, after } => between(repository, before, after).await.map(Some),
        Changes::SinceMergeBase { base, head, .. } => {
            since_merge_base(repository, base, head).await
        }
    };
    match found {
        // A commit that was overwritten by a forced push may be gone.
        Err(GitError::Missing { .. } | GitError::Failed { .. }) => Ok(None),
        other => other,
    }
}

/// Two-dot difference. Both are full object ids.
async fn between(repository: &str, before: &str, after: &str) -> Result<Vec<String>, GitError> {
    let git = Git::new(repository);
    for id in [before, after] {
        if !is_object_id(id) {
            return Err(git.missing(format!("`{id}`")));
        }
    }
    let output =
        git.read(&["diff-tree", "-r", "-z", "--name-only", "--no-renames", before, after]).await?;
    let paths = output.split(|byte| *byte == 0).filter(|path| !path.is_empty());
    Ok(paths
        .take(MAX_CHANGED_FILES)
        .map(|path| String::from_utf8_lossy(path).into_owned())
        .collect())
}

/// Three-dot difference: what `head` changed since it left `base`. `None` when the two have no common
/// ancestor.
async fn since_merge_base(
    repository: &str,
    base: &str,
    head: &str,
) -> Result<Option<Vec<String>>, GitError> {
    let git = Git::new(repository);
    for id in [base, head] {
        if !is_object_id(id) {
            return Err(git.missing(format!("`{id}`")));
        }
    }
    match git.read(&["merge-base", base, head]).await {
        Ok(output) => {
            let ancestor = String::from_utf8_lossy(&output).trim().to_owned();
            between(repository, &ancestor, head).await.map(Some)
        }
        Err(GitError::Failed { message, .. }) if message.starts_with("ended with") => Ok(None),
        Err(error) => Err(error),
    }
}
