//! The workflow files of a commit.

use super::git::GitError;
use super::objects::{Object, Objects};

/// Files beyond this many in the folder are not read.
pub(super) const MAX_FILES: usize = 500;

/// Larger files are not read; the language's own limit lies below.
pub(super) const MAX_FILE_BYTES: u64 = 1024 * 1024;

/// A `.yml` or `.yaml` file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkflowFile {
    /// Path in the repository.
    pub path: String,
    /// Its text, or why it cannot be one.
    pub text: Result<String, String>,
}

/// Largest listing of a folder that is read, in bytes.
const MAX_LISTING_BYTES: u64 = 16 * 1024 * 1024;

/// Any file of a commit.
#[derive(Clone, Debug)]
pub struct File {
    /// The blob's object id.
    pub id: String,
    pub bytes: Vec<u8>,
}

impl Objects {
    /// The file at `path` of `commit` (a full object id), unless there is none or it is larger than a
    /// workflow file may be.
    pub async fn file(&mut self, commit: &str, path: &str) -> Result<Option<File>, GitError> {
        let found = self.ask(&format!("{commit}:{path}"), MAX_FILE_BYTES).await?;
        let blob = found.filter(|object| object.kind == "blob");
        Ok(blob.and_then(|blob| Some(File { id: blob.id, bytes: blob.content? })))
    }

    /// The files right in `directory` at `commit` (a full object id), by name.
    pub async fn workflow_files(
        &mut self,
        commit: &str,
        directory: &str,
    ) -> Result<Vec<WorkflowFile>, GitError> {
        let directory = directory.trim_end_matches('/');
        let found = self.ask(&format!("{commit}:{directory}"), MAX_LISTING_BYTES).await?;
        let Some(folder) = found.filter(|object| object.kind == "tree") else {
            return Ok(Vec::new());
        };
        let listing = folder.content.unwrap_or_default();
        let entries = Listing { rest: &listing, id_bytes: folder.id.len() / 2 };
        let mut files = Vec::new();
        for entry in entries.filter(Entry::is_workflow).take(MAX_FILES) {
            let path = format!("{directory}/{}", entry.name);
            let found = self.ask(&entry.object, MAX_FILE_BYTES).await?;
            let blob = found.ok_or_else(|| self.missing(&path))?;
            files.push(WorkflowFile { path, text: text(blob) });
        }
        Ok(files)
    }

    /// The text of the file at `path` of `commit` (a full object id), or why it cannot be one.
    pub(super) async fn workflow_file(
        &mut self,
        commit: &str,
        path: &str,
    ) -> Result<Option<Result<String, String>>, GitError> {
        let found = self.ask(&format!("{commit}:{path}"), MAX_FILE_BYTES).await?;
        Ok(found.filter(|object| object.kind == "blob").map(text))
    }
}

fn text(blob: Object) -> Result<String, String> {
    text_of(blob.content)
}

/// `None` is a file that was too large to read.
pub(super) fn text_of(content: Option<Vec<u8>>) -> Result<String, String> {
    match content.map(String::from_utf8) {
        Some(Ok(text)) => Ok(text),
        Some(Err(_)) => Err("the file is not UTF-8 text".to_owned()),
        None => Err(format!("the file is larger than {MAX_FILE_BYTES} bytes")),
    }
}

/// A tree as git stores it: `<mode> <name>\0<id>`, repeated, the id in bytes.
struct Listing<'a> {
    rest: &'a [u8],
    id_bytes: usize,
}

struct Entry {
    mode: String,
    name: String,
    object: String,
}

impl Entry {
    /// Only regular files that end like YAML.
    fn is_workflow(&self) -> bool {
        self.mode.starts_with("100") && is_workflow_name(&self.name)
    }
}

pub(super) fn is_workflow_name(name: &str) -> bool {
    name.ends_with(".yml") || name.ends_with(".yaml")
}

impl Iterator for Listing<'_> {
    type Item = Entry;

    fn next(&mut self) -> Option<Entry> {
        let end = self.rest.iter().position(|byte| *byte == 0)?;
        let head = String::from_utf8_lossy(&self.rest[..end]);
        let (mode, name) = head.split_once(' ')?;
        let object = hex::encode(self.rest.get(end + 1..end + 1 + self.id_bytes)?);
        let entry = Entry { mode: mode.to_owned(), name: name.to_owned(), object };
        self.rest = &self.rest[end + 1 + self.id_bytes..];
        Some(entry)
    }
}
