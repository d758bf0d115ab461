//! One `git cat-file --batch` that answers any number of questions about a repository.
//!
//! Starting git costs more than all its answers together, so one delivery starts it once. Does not
//! decide what is asked. Invariant: a question is one line that git never reads as an option, and
//! no answer larger than the caller's limit is held in memory.

use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout};

use super::git::{Git, GitError, TIME_LIMIT};

const COMMAND: &str = "cat-file";

/// Most of git's complaint that is read, in bytes.
const MAX_COMPLAINT_BYTES: u64 = 4096;

/// How long a git that has closed its output may take to say why.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// A repository that is being asked. Dropping it ends git.
#[derive(Debug)]
pub struct Objects {
    repository: String,
    child: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

/// An object as git gives it.
pub(super) struct Object {
    pub(super) id: String,
    pub(super) kind: String,
    /// Absent when it is larger than asked for.
    pub(super) content: Option<Vec<u8>>,
}

impl Objects {
    /// Starts git on the repository at this path.
    pub fn open(repository: &str) -> Result<Self, GitError> {
        let mut child = Git::new(repository)
            .piped_command()
            .args([COMMAND, "--batch"])
            .spawn()
            .map_err(GitError::NotStarted)?;
        let (Some(questions), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(GitError::NotStarted(std::io::ErrorKind::BrokenPipe.into()));
        };
        let answers = BufReader::new(answers);
        Ok(Self { repository: repository.to_owned(), child, questions, answers })
    }

    /// Where the repository lies.
    pub(super) fn path(&self) -> &str {
        &self.repository
    }

    /// The object that `name` stands for, if there is one.
    pub(super) async fn ask(
        &mut self,
        name: &str,
        max_bytes: u64,
    ) -> Result<Option<Object>, GitError> {
        if name.contains('\n') {
            return Ok(None);
        }
        match tokio::time::timeout(TIME_LIMIT, self.exchange(name, max_bytes)).await {
            Ok(Ok(object)) => Ok(object),
            Ok(Err(error)) => Err(self.failure(&error).await),
            Err(_) => Err(GitError::TooSlow {
                command: COMMAND.to_owned(),
                repository: self.repository.clone().into(),
            }),
        }
    }

    pub(super) fn missing(&self, what: impl Into<String>) -> GitError {
        Git::new(&self.repository).missing(what)
    }

    /// The answer is `<id> <kind> <size>\n<content>\n`, or `<name> missing\n`.
    async fn exchange(&mut self, name: &str, max_bytes: u64) -> std::io::Result<Option<Object>> {
        self.questions.write_all(format!("{name}\n").as_bytes()).await?;
        let mut head = String::new();
        if self.answers.read_line(&mut head).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        let words: Vec<&str> = head.trim_end().rsplitn(3, ' ').collect();
        let [size, kind, id] = words[..] else { return Ok(None) };
        let Ok(size) = size.parse::<u64>() else { return Ok(None) };
        let mut content = (&mut self.answers).take(size);
        let kept = if size <= max_bytes {
            let mut bytes = Vec::new();
            content.read_to_end(&mut bytes).await?;
            Some(bytes)
        } else {
            tokio::io::copy(&mut content, &mut tokio::io::sink()).await?;
            None
        };
        // The line end after the content.
        self.answers.read_u8().await?;
        Ok(Some(Object { id: id.to_owned(), kind: kind.to_owned(), content: kept }))
    }

    /// Git ended; what it said is a better reason than a broken pipe.
    async fn failure(&mut self, error: &std::io::Error) -> GitError {
        let mut complaint = Vec::new();
        if let Some(stderr) = self.child.stderr.take() {
            let mut stderr = stderr.take(MAX_COMPLAINT_BYTES);
            let _ = tokio::time::timeout(LAST_WORDS, stderr.read_to_end(&mut complaint)).await;
        }
        let text = String::from_utf8_lossy(&complaint);
        let message = match text.trim().lines().next() {
            Some(line) => line.trim_start_matches("fatal: ").to_owned(),
            None => error.to_string(),
        };
        GitError::Failed {
            command: COMMAND.to_owned(),
            repository: self.repository.clone().into(),
            message,
        }
    }
}
