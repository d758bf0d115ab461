//! Which files differ between two commits, for path filters (`semantics` 3.2).

use super::commit::is_object_id;
use super::git::{Git, GitError};

/// GitHub looks at no more of a comparison.
const MAX_CHANGED_FILES: usize = 3000;

/// Two-dot difference, as for a push. Both are full object ids; a renamed file counts with both
/// names.
pub async fn changed_files(
    repository: &str,
    before: &str,
    after: &str,
) -> Result<Vec<String>, GitError> {
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

/// Three-dot difference, as for a pull request: what `head` changed since it left `base`.
/// `None` when the two have no common ancestor.
pub async fn changed_since_merge_base(
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
            changed_files(repository, &ancestor, head).await.map(Some)
        }
        Err(GitError::Failed { message, .. }) if message.starts_with("ended with") => Ok(None),
        Err(error) => Err(error),
    }
}
