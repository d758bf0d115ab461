//! Names to commits, and what a commit says.

use super::git::{Git, GitError};

/// The id of the commit that `name` stands for: a full object id, or a full ref such as
/// `refs/heads/main`.
pub async fn commit_id(repository: &str, name: &str) -> Result<String, GitError> {
    let git = Git::new(repository);
    if !is_full_name(name) {
        return Err(git.missing(format!("`{name}`")));
    }
    let wanted = format!("{name}^{{commit}}");
    let found = git.read(&["rev-parse", "--verify", "--quiet", "--end-of-options", &wanted]).await;
    match found {
        Ok(id) => Ok(String::from_utf8_lossy(&id).trim().to_owned()),
        // `--quiet`: git says nothing when there is no such thing.
        Err(GitError::Failed { message, .. }) if message.starts_with("ended with") => {
            Err(git.missing(format!("`{name}`")))
        }
        Err(error) => Err(error),
    }
}

/// The whole message of a commit.
pub async fn commit_message(repository: &str, name: &str) -> Result<String, GitError> {
    let git = Git::new(repository);
    let id = commit_id(repository, name).await?;
    let arguments = ["log", "-1", "--no-show-signature", "--format=%B", "--end-of-options", &id];
    let message = git.read(&arguments).await?;
    Ok(String::from_utf8_lossy(&message).trim_end().to_owned())
}

/// The full ref of a name as people write it: a branch, else a tag; full refs stay.
pub async fn resolve_branch_or_tag(
    repository: &str,
    name: &str,
) -> Result<Option<String>, GitError> {
    let candidates = if name.starts_with("refs/") {
        vec![name.to_owned()]
    } else {
        vec![format!("refs/heads/{name}"), format!("refs/tags/{name}")]
    };
    for full in candidates {
        match commit_id(repository, &full).await {
            Ok(_) => return Ok(Some(full)),
            Err(GitError::Missing { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

/// Anything else (`HEAD~1`, `main@{yesterday}`, `--help`) is not a name that an event may carry.
fn is_full_name(name: &str) -> bool {
    is_object_id(name)
        || name.strip_prefix("refs/").is_some_and(|rest| {
            !rest.is_empty()
                && !rest.contains("..")
                && !rest.contains("@{")
                && !rest.contains(|c: char| c.is_control() || " ~^:?*[\\".contains(c))
        })
}

/// Whether `text` is a full SHA-1 or SHA-256 object id.
pub(super) fn is_object_id(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|b| b.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::is_full_name;

    #[test]
    fn only_full_names_are_asked_of_git() {
        for name in ["refs/heads/main", "refs/heads/a/b-c", &"a".repeat(40), &"0".repeat(64)] {
            assert!(is_full_name(name), "{name}");
        }
        for name in
            ["main", "HEAD", "--help", "refs/", "refs/heads/a b", "refs/heads/a^1", "refs/a..b", ""]
        {
            assert!(!is_full_name(name), "{name}");
        }
    }
}
