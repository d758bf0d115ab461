//! The files that steps write: `GITHUB_ENV`, `GITHUB_OUTPUT`, `GITHUB_STATE`, `GITHUB_PATH`.
//!
//! Reads text that is there already; does not open files or apply what it reads. Invariant: all that
//! stands before an error is kept, as GitHub applies it before the step fails (`semantics` 5.6).

/// Bytes a step summary may have; a longer one is not stored, and the step does not fail.
const MAX_SUMMARY_BYTES: u64 = 1024 * 1024;

/// Names that steps may not put into the environment of later steps.
const BLOCKED: &str = "NODE_OPTIONS";

/// What a file of names and values holds.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Pairs {
    /// In order of the file; the last value of a name is the one that counts.
    pub pairs: Vec<(String, String)>,
    /// Why reading ended before the end of the file. The step fails.
    pub error: Option<FileCommandError>,
}

/// What a `GITHUB_ENV` file holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EnvFile {
    pub pairs: Pairs,
    /// Errors to annotate that do not fail the step.
    pub refusals: Vec<String>,
}

/// Why a file command is not valid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileCommandError {
    #[error("Invalid format '{line}'")]
    NoSeparator { line: String },
    #[error("Invalid format '{line}'. Name must not be empty and delimiter must not be empty")]
    EmptyNameOrDelimiter { line: String },
    #[error("Invalid value. Matching delimiter not found '{delimiter}'")]
    NoDelimiter { delimiter: String },
    #[error("Invalid value. EOF marker missing new line.")]
    NoLineEnd,
}

impl FileCommandError {
    /// What the step reports; `command` is `env`, `output`, `state` or `path`.
    #[must_use]
    pub fn messages(&self, command: &str) -> [String; 2] {
        [format!("Unable to process file command '{command}' successfully."), self.to_string()]
    }
}

impl std::fmt::Debug for Pairs {
    /// Shows names only; values may be secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<&String> = self.pairs.iter().map(|(name, _)| name).collect();
        f.debug_struct("Pairs").field("names", &names).field("error", &self.error).finish()
    }
}

/// Reads `NAME=VALUE` and `NAME<<DELIMITER` entries.
#[must_use]
pub fn parse_pairs(text: &str) -> Pairs {
    let mut rest = without_mark(text);
    let mut pairs = Vec::new();
    while !rest.is_empty() {
        let (line, _) = take_line(&mut rest);
        if line.is_empty() {
            continue;
        }
        match parse_pair(line, &mut rest) {
            Ok(pair) => pairs.push(pair),
            Err(error) => return Pairs { pairs, error: Some(error) },
        }
    }
    Pairs { pairs, error: None }
}

/// Reads a `GITHUB_ENV` file, and leaves out what may not be set.
#[must_use]
pub fn parse_env(text: &str) -> EnvFile {
    let mut pairs = parse_pairs(text);
    let n_read = pairs.pairs.len();
    pairs.pairs.retain(|(name, _)| !name.eq_ignore_ascii_case(BLOCKED));
    let n_blocked = n_read - pairs.pairs.len();
    let refusal = format!("Can't store {BLOCKED} output parameter using '$GITHUB_ENV' command.");
    EnvFile { pairs, refusals: vec![refusal; n_blocked] }
}

/// Reads a `GITHUB_PATH` file: a directory per line.
#[must_use]
pub fn parse_path(text: &str) -> Vec<String> {
    let lines = without_mark(text).split(['\n', '\r']);
    lines.filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

/// Why a step summary of this size is not stored, if so.
#[must_use]
pub fn check_summary_size(n_bytes: u64) -> Option<String> {
    (n_bytes > MAX_SUMMARY_BYTES).then(|| {
        let (limit, size) = (MAX_SUMMARY_BYTES / 1024, n_bytes / 1024);
        format!(
            "$GITHUB_STEP_SUMMARY upload aborted, supports content up to a size of {limit}k, got {size}k. For more information see: https://docs.github.com/actions/using-workflows/workflow-commands-for-github-actions#adding-a-markdown-summary"
        )
    })
}

/// The text without a byte order mark.
fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

/// Takes a line off `rest`, and tells whether it had a line end. A carriage return is part of it.
fn take_line<'a>(rest: &mut &'a str) -> (&'a str, bool) {
    match rest.split_once('\n') {
        Some((line, after)) => {
            *rest = after;
            (line, true)
        }
        None => (std::mem::take(rest), false),
    }
}

fn parse_pair(line: &str, rest: &mut &str) -> Result<(String, String), FileCommandError> {
    let equals = line.find('=').unwrap_or(usize::MAX);
    let heredoc = line.find("<<").unwrap_or(usize::MAX);
    if equals < heredoc {
        return Ok((line[..equals].to_owned(), line[equals + 1..].to_owned()));
    }
    let Some((name, delimiter)) = line.split_once("<<") else {
        return Err(FileCommandError::NoSeparator { line: line.to_owned() });
    };
    if name.is_empty() || delimiter.is_empty() {
        return Err(FileCommandError::EmptyNameOrDelimiter { line: line.to_owned() });
    }
    Ok((name.to_owned(), take_value(delimiter, rest)?))
}

/// All lines up to the delimiter, joined by line ends as they were.
fn take_value(delimiter: &str, rest: &mut &str) -> Result<String, FileCommandError> {
    let text = *rest;
    loop {
        let before = text.len() - rest.len();
        if rest.is_empty() {
            return Err(FileCommandError::NoDelimiter { delimiter: delimiter.to_owned() });
        }
        let (line, has_end) = take_line(rest);
        if line == delimiter {
            return Ok(text[..before.saturating_sub(1)].to_owned());
        }
        if !has_end {
            return Err(FileCommandError::NoLineEnd);
        }
    }
}
