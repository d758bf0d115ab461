//! A repository as the rest of the server sees it.

use chrono::{DateTime, Utc};
use gantry_protocol::RepositoryId;

/// A known repository.
#[derive(Clone, Debug)]
pub struct Repository {
    pub id: RepositoryId,
    pub owner: String,
    pub name: String,
    pub default_branch: String,
    pub source: RepositorySource,
    pub workflow_directory: String,
    pub docker_socket: bool,
    /// Deliveries of a repository that is off start nothing.
    pub is_enabled: bool,
    /// Another system decides; our check runs are neutral.
    pub is_shadow: bool,
    /// Jobs are commit statuses as well.
    pub reports_statuses: bool,
    /// Jobs of workflows that a filter kept from starting are shown as `skipped`.
    pub reports_skipped: bool,
    /// Whose pull requests from forks wait for a maintainer.
    pub fork_approval: ForkApproval,
    /// So do runs of `pull_request_target`.
    pub holds_targets: bool,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// Where the files come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RepositorySource {
    /// A git repository on this machine.
    Local {
        path: String,
    },
    GitHub(GitHubRepository),
}

/// Whose pull requests from forks run only after an approval.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ForkApproval {
    Never,
    /// Who has not contributed to the repository before.
    #[default]
    FirstTime,
    /// Everybody who does not belong to it.
    Outside,
}

impl ForkApproval {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::FirstTime => "first_time",
            Self::Outside => "outside",
        }
    }

    /// `None` for a word that says none of them.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Never, Self::FirstTime, Self::Outside].into_iter().find(|it| it.as_str() == word)
    }
}

/// A repository as GitHub knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GitHubRepository {
    /// GitHub's number.
    pub id: i64,
    /// Absent when the App was taken out of the repository.
    pub installation: Option<i64>,
}

impl Repository {
    /// `owner/name`.
    #[must_use]
    pub fn full_name(&self) -> String {
        format!("{}/{}", self.owner, self.name)
    }

    #[must_use]
    pub fn github(&self) -> Option<GitHubRepository> {
        match self.source {
            RepositorySource::GitHub(repository) => Some(repository),
            RepositorySource::Local { .. } => None,
        }
    }

    /// Where it lies on this machine.
    #[must_use]
    pub fn local_path(&self) -> Option<&str> {
        match &self.source {
            RepositorySource::Local { path } => Some(path),
            RepositorySource::GitHub(_) => None,
        }
    }
}
