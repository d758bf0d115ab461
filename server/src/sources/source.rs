//! One repository that is being asked, wherever it lies.
//!
//! Both kinds answer alike: a name that is not there is [`SourceError::is_missing`].

use super::changes;
use super::commit::{is_object_id, resolve_within};
use super::error::SourceError;
use super::files::{File, WorkflowFile};
use super::objects::Objects;
use super::refs::{Refs, list_refs};
use super::remote::Remote;
use crate::App;
use crate::repositories::{Repository, RepositorySource};

/// An open repository. Dropping it ends what it needed.
#[derive(Debug)]
pub enum Source {
    Local(Objects),
    GitHub(Remote),
}

/// Which files an event changed.
#[derive(Clone, Copy, Debug)]
pub enum Changes<'a> {
    /// From one commit to another, as a push does.
    Between { before: &'a str, after: &'a str },
    /// Since `head` left `base`; `pull_request` is the number, where there is one.
    SinceMergeBase { base: &'a str, head: &'a str, pull_request: Option<u64> },
}

impl Source {
    pub fn open(app: &App, repository: &Repository) -> Result<Self, SourceError> {
        match &repository.source {
            RepositorySource::Local { path } => Ok(Self::Local(Objects::open(path)?)),
            RepositorySource::GitHub(github) => {
                let client = app.github.for_installation(github.installation);
                let client = client.map_err(SourceError::GitHub)?;
                Ok(Self::GitHub(Remote::new(client, &repository.full_name())))
            }
        }
    }

    /// The id of the commit that `name` stands for: a full object id, or a full ref such as
    /// `refs/heads/main`.
    pub async fn commit_id(&mut self, name: &str) -> Result<String, SourceError> {
        match self {
            Self::Local(objects) => Ok(objects.commit_id(name).await?),
            Self::GitHub(remote) => remote.commit_id(name).await,
        }
    }

    /// The whole message of a commit.
    pub async fn commit_message(&mut self, name: &str) -> Result<String, SourceError> {
        match self {
            Self::Local(objects) => Ok(objects.commit_message(name).await?),
            Self::GitHub(remote) => remote.commit_message(name).await,
        }
    }

    /// The full ref and the commit of a name as people write it: a branch, else a tag; full refs stay.
    pub async fn resolve(&mut self, name: &str) -> Result<Option<(String, String)>, SourceError> {
        match self {
            Self::Local(objects) => Ok(resolve_within(objects, name).await?),
            Self::GitHub(remote) => remote.resolve(name).await,
        }
    }

    /// The file at `path` of `commit` (a full object id), unless there is none or it is larger than a
    /// workflow file may be.
    pub async fn file(&mut self, commit: &str, path: &str) -> Result<Option<File>, SourceError> {
        match self {
            Self::Local(objects) => Ok(objects.file(commit, path).await?),
            Self::GitHub(remote) => remote.file(commit, path).await,
        }
    }

    /// The workflow files right in `directory` at `commit` (a full object id), by name.
    pub async fn workflow_files(
        &mut self,
        commit: &str,
        directory: &str,
    ) -> Result<Vec<WorkflowFile>, SourceError> {
        match self {
            Self::Local(objects) => Ok(objects.workflow_files(commit, directory).await?),
            Self::GitHub(remote) => remote.workflow_files(commit, directory).await,
        }
    }

    /// The text of the file at `path` of `commit` (a full object id), or why it cannot be one.
    pub(super) async fn workflow_file(
        &mut self,
        commit: &str,
        path: &str,
    ) -> Result<Option<Result<String, String>>, SourceError> {
        match self {
            Self::Local(objects) => Ok(objects.workflow_file(commit, path).await?),
            Self::GitHub(remote) => remote.workflow_file(commit, path).await,
        }
    }

    /// The paths that changed; `None` when nobody can say, as for a commit that is gone.
    pub async fn changed_files(
        &mut self,
        changes: Changes<'_>,
    ) -> Result<Option<Vec<String>>, SourceError> {
        match self {
            Self::Local(objects) => Ok(changes::changed_files(objects.path(), changes).await?),
            Self::GitHub(remote) => remote.changed_files(changes).await,
        }
    }

    /// What a person may choose from.
    pub async fn refs(&mut self) -> Result<Refs, SourceError> {
        match self {
            Self::Local(objects) => Ok(list_refs(objects.path()).await?),
            Self::GitHub(remote) => remote.refs().await,
        }
    }

    /// The commit of a branch, a tag or a full commit id, with the full ref.
    pub(super) async fn find(
        &mut self,
        name: &str,
    ) -> Result<Option<(String, String)>, SourceError> {
        if !is_object_id(name) {
            return self.resolve(name).await;
        }
        match self.commit_id(name).await {
            Ok(sha) => Ok(Some((name.to_owned(), sha))),
            Err(error) if error.is_missing() => Ok(None),
            Err(error) => Err(error),
        }
    }
}
