//! A git repository of this machine becomes known.
//!
//! Does not read any workflow. Invariant: what is stored names an existing git repository by its
//! absolute path, without symbolic links.

use std::path::{Path, PathBuf};
use std::process::Output;

use sqlx::PgConnection;
use tokio::process::Command;

use super::Repository;
use super::queries::{self, NewRepository};

/// The owner of a repository that does not say whose it is.
const DEFAULT_OWNER: &str = "local";

/// `gantry repo add`.
#[derive(Clone, Debug)]
pub struct RegisterRepository {
    pub path: PathBuf,
    /// `owner/name`; without it the name is that of the directory.
    pub full_name: Option<String>,
    pub docker_socket: bool,
}

/// Why a repository cannot be registered.
#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    #[error("`{0}` must be an absolute path to a git repository on the server's machine")]
    Relative(PathBuf),
    #[error("`{path}` is not a git repository that the server can read: {reason}")]
    NotGit { path: PathBuf, reason: String },
    #[error(
        "`{0}` is not a repository name; write it as `owner/name` with letters, digits, `-`, `_` or `.`"
    )]
    Name(String),
    #[error("`{0}` has no branch yet: make a first commit, then add it again")]
    NoBranch(PathBuf),
    #[error("running git: {0}; is git installed?")]
    Git(#[source] std::io::Error),
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// Stores the repository at `path`. Registering a name again replaces its path and settings.
pub async fn register(
    db: &mut PgConnection,
    request: &RegisterRepository,
) -> Result<Repository, RegisterError> {
    if !request.path.is_absolute() {
        return Err(RegisterError::Relative(request.path.clone()));
    }
    let git_dir = git_directory(&request.path).await?;
    let default_branch = default_branch(&git_dir).await?;
    let full_name = match &request.full_name {
        Some(name) => name.clone(),
        None => format!("{DEFAULT_OWNER}/{}", directory_name(&git_dir)),
    };
    let (owner, name) = split_name(&full_name)?;
    let repository = NewRepository {
        owner: owner.to_owned(),
        name: name.to_owned(),
        default_branch,
        local_path: git_dir.to_string_lossy().into_owned(),
        docker_socket: request.docker_socket,
    };
    Ok(queries::upsert(db, &repository).await?)
}

/// The repository's own directory (`.git`, or the bare repository itself).
async fn git_directory(path: &Path) -> Result<PathBuf, RegisterError> {
    let output = git(path, &["rev-parse", "--absolute-git-dir"]).await?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr);
        let reason = text.lines().next().unwrap_or("git gave no reason").trim();
        return Err(RegisterError::NotGit {
            path: path.to_owned(),
            reason: reason.trim_start_matches("fatal: ").to_owned(),
        });
    }
    let git_dir = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim_end());
    tokio::fs::canonicalize(&git_dir).await.map_err(RegisterError::Git)
}

/// The branch that HEAD names; it must exist.
async fn default_branch(git_dir: &Path) -> Result<String, RegisterError> {
    let head = git(git_dir, &["symbolic-ref", "--quiet", "--short", "HEAD"]).await?;
    let branch = String::from_utf8_lossy(&head.stdout).trim_end().to_owned();
    let full = format!("refs/heads/{branch}");
    let exists = git(git_dir, &["show-ref", "--verify", "--quiet", &full]).await?;
    if branch.is_empty() || !exists.status.success() {
        return Err(RegisterError::NoBranch(git_dir.to_owned()));
    }
    Ok(branch)
}

/// Runs git in `directory`, without any configuration of the machine's users. The operator named
/// the repository, so that it may belong to somebody else.
async fn git(directory: &Path, arguments: &[&str]) -> Result<Output, RegisterError> {
    Command::new("git")
        .args(["-c", "safe.directory=*"])
        .args(arguments)
        .current_dir(directory)
        .env_remove("GIT_DIR")
        .env_remove("GIT_WORK_TREE")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("LC_ALL", "C")
        .kill_on_drop(true)
        .output()
        .await
        .map_err(|error| match directory.is_dir() {
            true => RegisterError::Git(error),
            false => RegisterError::NotGit {
                path: directory.to_owned(),
                reason: "there is no such directory".into(),
            },
        })
}

/// `hotgigs` for `/srv/hotgigs/.git`, `/srv/hotgigs.git` and `/srv/hotgigs`.
fn directory_name(git_dir: &Path) -> String {
    let directory = match git_dir.file_name() {
        Some(name) if name == ".git" => git_dir.parent().and_then(Path::file_name),
        name => name,
    };
    let name = directory.map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    name.strip_suffix(".git").unwrap_or(&name).to_owned()
}

pub(super) fn split_name(full_name: &str) -> Result<(&str, &str), RegisterError> {
    let fits = |part: &str| {
        !part.is_empty()
            && part.len() <= 100
            && part != "."
            && part != ".."
            && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
    };
    full_name
        .split_once('/')
        .filter(|(owner, name)| fits(owner) && fits(name))
        .ok_or_else(|| RegisterError::Name(full_name.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_comes_from_the_directory() {
        for path in ["/srv/hotgigs/.git", "/srv/hotgigs.git", "/srv/hotgigs"] {
            assert_eq!(directory_name(Path::new(path)), "hotgigs", "{path}");
        }
    }

    #[test]
    fn names_that_could_leave_a_url_or_a_path_are_refused() {
        assert_eq!(split_name("a/b.c").expect("fits"), ("a", "b.c"));
        for name in ["a", "a/", "/b", "a/b/c", "a/..", "a/b c", "a/b?x", "a/é"] {
            assert!(split_name(name).is_err(), "{name}");
        }
    }
}
