//! A repository of GitHub, read through its REST API.
//!
//! Invariant: what is read is named by commit or blob id, so that it cannot change under us; only
//! [`Remote::commit_id`] and [`Remote::resolve`] look at refs.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::Value;

use super::commit::is_object_id;
use super::error::SourceError;
use super::files::{File, MAX_FILE_BYTES, MAX_FILES, WorkflowFile, is_workflow_name, text_of};
use super::refs::{MAX_REFS, Refs};
use super::remote_blobs;
use super::source::Changes;
use crate::github::{Client, GitHubError};

/// GitHub compares no more files, and the answer does not say that there are more.
const MAX_COMPARED_FILES: usize = 300;

/// GitHub lists no more files of a pull request.
const MAX_PULL_REQUEST_FILES: usize = 3000;

/// A repository that is being asked.
#[derive(Debug)]
pub struct Remote {
    client: Client,
    /// `/repos/owner/name`.
    place: String,
    full_name: String,
}

#[derive(Deserialize)]
struct Commit {
    sha: String,
    commit: CommitText,
}

#[derive(Deserialize)]
struct CommitText {
    message: String,
}

/// An entry of a folder, or a file.
#[derive(Deserialize)]
struct Entry {
    r#type: String,
    name: String,
    path: String,
    sha: String,
    size: u64,
}

#[derive(Deserialize)]
struct Blob {
    content: String,
}

impl Remote {
    pub(super) fn new(client: Client, full_name: &str) -> Self {
        Self { client, place: format!("/repos/{full_name}"), full_name: full_name.to_owned() }
    }

    pub(super) async fn commit_id(&self, name: &str) -> Result<String, SourceError> {
        Ok(self.commit(name).await?.sha)
    }

    pub(super) async fn commit_message(&self, name: &str) -> Result<String, SourceError> {
        Ok(self.commit(name).await?.commit.message)
    }

    pub(super) async fn resolve(
        &self,
        name: &str,
    ) -> Result<Option<(String, String)>, SourceError> {
        let candidates = if name.starts_with("refs/") {
            vec![name.to_owned()]
        } else {
            vec![format!("refs/heads/{name}"), format!("refs/tags/{name}")]
        };
        for full in candidates {
            match self.commit_id(&full).await {
                Ok(sha) => return Ok(Some((full, sha))),
                Err(error) if error.is_missing() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    pub(super) async fn file(&self, commit: &str, path: &str) -> Result<Option<File>, SourceError> {
        let Some(Value::Object(entry)) = self.contents(commit, path).await? else {
            return Ok(None);
        };
        let entry: Entry = read(Value::Object(entry))?;
        if entry.r#type != "file" || entry.size > MAX_FILE_BYTES {
            return Ok(None);
        }
        let bytes = self.blob(&entry.sha).await?;
        Ok(Some(File { id: entry.sha, bytes }))
    }

    pub(super) async fn workflow_files(
        &self,
        commit: &str,
        directory: &str,
    ) -> Result<Vec<WorkflowFile>, SourceError> {
        let directory = directory.trim_end_matches('/');
        let Some(Value::Array(entries)) = self.contents(commit, directory).await? else {
            return Ok(Vec::new());
        };
        let mut files = Vec::new();
        for entry in entries {
            let entry: Entry = read(entry)?;
            if entry.r#type != "file" || !is_workflow_name(&entry.name) {
                continue;
            }
            let text = text_of(self.content(&entry).await?);
            files.push(WorkflowFile { path: entry.path, text });
            if files.len() == MAX_FILES {
                break;
            }
        }
        Ok(files)
    }

    pub(super) async fn workflow_file(
        &self,
        commit: &str,
        path: &str,
    ) -> Result<Option<Result<String, String>>, SourceError> {
        let Some(found @ Value::Object(_)) = self.contents(commit, path).await? else {
            return Ok(None);
        };
        let entry: Entry = read(found)?;
        if entry.r#type != "file" {
            return Ok(None);
        }
        Ok(Some(text_of(self.content(&entry).await?)))
    }

    pub(super) async fn changed_files(
        &self,
        changes: Changes<'_>,
    ) -> Result<Option<Vec<String>>, SourceError> {
        let (path, key, cap) = match changes {
            Changes::SinceMergeBase { pull_request: Some(number), .. } => {
                let path = format!("{}/pulls/{number}/files", self.place);
                (path, "", MAX_PULL_REQUEST_FILES)
            }
            Changes::Between { before: base, after: head }
            | Changes::SinceMergeBase { base, head, pull_request: None } => {
                if !is_object_id(base) || !is_object_id(head) {
                    return Ok(None);
                }
                // The pages are those of commits; the first one has the files.
                let path = format!("{}/compare/{base}...{head}", self.place);
                return self.compared(&path).await;
            }
        };
        match self.client.list(&path, key, cap).await {
            Ok(files) => Ok(Some(names(&files))),
            Err(GitHubError::NotFound(_)) => Ok(None),
            Err(error) => Err(SourceError::GitHub(error)),
        }
    }

    pub(super) async fn refs(&self) -> Result<Refs, SourceError> {
        Ok(Refs { branches: self.names("branches").await?, tags: self.names("tags").await? })
    }

    async fn names(&self, kind: &str) -> Result<Vec<String>, SourceError> {
        let path = format!("{}/{kind}", self.place);
        let listed = self.client.list(&path, "", MAX_REFS).await.map_err(SourceError::GitHub)?;
        Ok(listed.iter().filter_map(|it| it["name"].as_str().map(str::to_owned)).collect())
    }

    /// `None` beyond GitHub's cap: a filter must not hide a change that was cut off.
    async fn compared(&self, path: &str) -> Result<Option<Vec<String>>, SourceError> {
        match self.client.get::<Value>(path).await {
            Ok(answer) => {
                let files = answer["files"].as_array().map_or(&[][..], Vec::as_slice);
                Ok((files.len() < MAX_COMPARED_FILES).then(|| names(files)))
            }
            Err(GitHubError::NotFound(_)) => Ok(None),
            Err(error) => Err(SourceError::GitHub(error)),
        }
    }

    async fn commit(&self, name: &str) -> Result<Commit, SourceError> {
        let missing = || SourceError::Missing {
            what: format!("`{name}`"),
            repository: self.full_name.clone(),
        };
        let Some(segment) = segment(name) else { return Err(missing()) };
        match self.client.get(&format!("{}/commits/{segment}", self.place)).await {
            Ok(commit) => Ok(commit),
            Err(GitHubError::NotFound(_)) => Err(missing()),
            // 422: a name of the right form that is no commit.
            Err(GitHubError::Refused(reason)) if reason.contains("No commit found") => {
                Err(missing())
            }
            Err(error) => Err(SourceError::GitHub(error)),
        }
    }

    /// An object for a file, a list for a folder.
    async fn contents(&self, commit: &str, path: &str) -> Result<Option<Value>, SourceError> {
        let Some(segment) = segment(path) else { return Ok(None) };
        let path = format!("{}/contents/{segment}?ref={commit}", self.place);
        match self.client.get(&path).await {
            Ok(found) => Ok(Some(found)),
            Err(GitHubError::NotFound(_)) => Ok(None),
            Err(error) => Err(SourceError::GitHub(error)),
        }
    }

    /// `None` for a file that is too large to read.
    async fn content(&self, entry: &Entry) -> Result<Option<Vec<u8>>, SourceError> {
        if entry.size > MAX_FILE_BYTES {
            return Ok(None);
        }
        self.blob(&entry.sha).await.map(Some)
    }

    /// A blob never changes, so one that was read is not asked for again.
    async fn blob(&self, sha: &str) -> Result<Vec<u8>, SourceError> {
        if let Some(bytes) = remote_blobs::get(&self.place, sha) {
            return Ok(bytes);
        }
        let path = format!("{}/git/blobs/{sha}", self.place);
        let blob: Blob = self.client.get(&path).await.map_err(SourceError::GitHub)?;
        let packed: String = blob.content.split_ascii_whitespace().collect();
        let bytes = STANDARD.decode(packed).map_err(|error| {
            let reason = format!("GitHub's answer for the blob {sha} is not base64: {error}");
            SourceError::GitHub(GitHubError::Later { reason, retry_after: None })
        })?;
        remote_blobs::put(&self.place, sha, &bytes);
        Ok(bytes)
    }
}

/// A renamed file counts with both names.
fn names(files: &[Value]) -> Vec<String> {
    let names = |file: &Value| {
        ["filename", "previous_filename"].map(|key| file[key].as_str().map(str::to_owned))
    };
    files.iter().flat_map(names).flatten().collect()
}

fn read<T: serde::de::DeserializeOwned>(value: Value) -> Result<T, SourceError> {
    serde_json::from_value(value).map_err(|error| {
        let reason = format!("GitHub's answer is not as expected: {error}");
        SourceError::GitHub(GitHubError::Later { reason, retry_after: None })
    })
}

/// A ref or a path within a URL: what a URL would read otherwise is escaped. GitHub takes refs
/// without `refs/`. `None` for what can be neither.
fn segment(name: &str) -> Option<String> {
    let name = name.strip_prefix("refs/").unwrap_or(name);
    if name.is_empty() || name.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return None;
    }
    let mut escaped = String::with_capacity(name.len());
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'/' | b'~' => {
                escaped.push(char::from(byte));
            }
            other => escaped.push_str(&format!("%{other:02X}")),
        }
    }
    Some(escaped)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{names, segment};

    #[test]
    fn names_stay_one_place_in_a_url() {
        assert_eq!(segment("refs/heads/main").as_deref(), Some("heads/main"));
        assert_eq!(segment("refs/pull/7/merge").as_deref(), Some("pull/7/merge"));
        assert_eq!(segment("refs/heads/a?b#c d%").as_deref(), Some("heads/a%3Fb%23c%20d%25"));
        assert_eq!(segment("refs/heads/grün").as_deref(), Some("heads/gr%C3%BCn"));
        for name in ["", "refs/", "a/../b", "/a", "a//b"] {
            assert_eq!(segment(name), None, "{name}");
        }
    }

    #[test]
    fn a_renamed_file_counts_with_both_names() {
        let files =
            [json!({ "filename": "b", "previous_filename": "a" }), json!({ "filename": "c" })];
        assert_eq!(names(&files), ["b", "a", "c"]);
    }
}
