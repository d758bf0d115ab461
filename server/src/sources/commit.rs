//! Names to commits, and what a commit says.

use super::git::GitError;
use super::objects::{Object, Objects};

/// Most of a commit that is read, in bytes.
const MAX_COMMIT_BYTES: u64 = 1024 * 1024;

impl Objects {
    /// The id of the commit that `name` stands for: a full object id, or a full ref such as
    /// `refs/heads/main`.
    pub async fn commit_id(&mut self, name: &str) -> Result<String, GitError> {
        Ok(self.commit(name).await?.id)
    }

    /// The whole message of a commit.
    pub async fn commit_message(&mut self, name: &str) -> Result<String, GitError> {
        let content = self.commit(name).await?.content.unwrap_or_default();
        let text = String::from_utf8_lossy(&content);
        // The first empty line ends the header.
        let message = text.split_once("\n\n").map_or("", |(_, message)| message);
        Ok(message.trim_end().to_owned())
    }

    async fn commit(&mut self, name: &str) -> Result<Object, GitError> {
        if !is_full_name(name) {
            return Err(self.missing(format!("`{name}`")));
        }
        let found = self.ask(&format!("{name}^{{commit}}"), MAX_COMMIT_BYTES).await?;
        found.ok_or_else(|| self.missing(format!("`{name}`")))
    }
}

/// The full ref and the commit of a name as people write it: a branch, else a tag; full refs stay.
pub(super) async fn resolve_within(
    objects: &mut Objects,
    name: &str,
) -> Result<Option<(String, String)>, GitError> {
    let candidates = if name.starts_with("refs/") {
        vec![name.to_owned()]
    } else {
        vec![format!("refs/heads/{name}"), format!("refs/tags/{name}")]
    };
    for full in candidates {
        match objects.commit_id(&full).await {
            Ok(sha) => return Ok(Some((full, sha))),
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
