//! The workflow files of a commit.

use super::git::{Git, GitError};

/// Files beyond this many in the folder are not read.
const MAX_FILES: usize = 500;

/// Larger files are not read; the language's own limit lies below.
const MAX_FILE_BYTES: u64 = 1024 * 1024;

/// A `.yml` or `.yaml` file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkflowFile {
    /// Path in the repository.
    pub path: String,
    /// Its text, or why it cannot be one.
    pub text: Result<String, String>,
}

/// The files right in `directory` at `commit` (a full object id), by name.
pub async fn workflow_files(
    repository: &str,
    commit: &str,
    directory: &str,
) -> Result<Vec<WorkflowFile>, GitError> {
    let git = Git::new(repository);
    let folder = format!("{}/", directory.trim_end_matches('/'));
    let listing = git.read(&["ls-tree", "-z", "-l", "--full-tree", commit, "--", &folder]).await?;
    let entries: Vec<Entry> =
        listing.split(|byte| *byte == 0).filter_map(Entry::parse).take(MAX_FILES).collect();
    let readable = entries.iter().filter(|entry| entry.bytes <= MAX_FILE_BYTES);
    let wanted: String = readable.map(|entry| format!("{}\n", entry.object)).collect();
    let output = git.read_with_input(&["cat-file", "--batch"], wanted.as_bytes()).await?;
    let mut contents = Batch { rest: &output };
    entries
        .into_iter()
        .map(|entry| {
            let text = if entry.bytes > MAX_FILE_BYTES {
                Err(format!("the file is larger than {MAX_FILE_BYTES} bytes"))
            } else {
                let bytes = contents.next().ok_or_else(|| git.missing(&entry.path))?;
                String::from_utf8(bytes).map_err(|_| "the file is not UTF-8 text".to_owned())
            };
            Ok(WorkflowFile { path: entry.path, text })
        })
        .collect()
}

struct Entry {
    object: String,
    bytes: u64,
    path: String,
}

impl Entry {
    /// From `<mode> <type> <object> <size>\t<path>`; only regular files that end like YAML.
    fn parse(line: &[u8]) -> Option<Self> {
        let line = std::str::from_utf8(line).ok()?;
        let (head, path) = line.split_once('\t')?;
        let mut words = head.split_whitespace();
        let is_file = words.next()?.starts_with("100") && words.next()? == "blob";
        let is_yaml = path.ends_with(".yml") || path.ends_with(".yaml");
        if !is_file || !is_yaml {
            return None;
        }
        let object = words.next()?.to_owned();
        Some(Self { object, bytes: words.next()?.parse().ok()?, path: path.to_owned() })
    }
}

/// The output of `cat-file --batch`: `<object> blob <size>\n<content>\n`, repeated.
struct Batch<'a> {
    rest: &'a [u8],
}

impl Iterator for Batch<'_> {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        let end = self.rest.iter().position(|byte| *byte == b'\n')?;
        let head = std::str::from_utf8(&self.rest[..end]).ok()?;
        let size: usize = head.rsplit_once(' ')?.1.parse().ok()?;
        let content = self.rest.get(end + 1..end + 1 + size)?.to_vec();
        self.rest = self.rest.get(end + 2 + size..).unwrap_or_default();
        Some(content)
    }
}
