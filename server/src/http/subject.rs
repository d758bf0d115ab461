//! From the parameters of a route's path to the repository that a request is about.
//!
//! Does not decide who may do what there.

use axum::extract::RawPathParams;
use gantry_protocol::{JobId, RunId};
use sqlx::PgConnection;

use crate::accounts::Subject;
use crate::repositories::{Repository, find_by_id};
use crate::{jobs, runs};

/// What a path names. A repository counts before what is in it: the handler checks that the one
/// belongs to the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Named<'a> {
    Nothing,
    Repository { owner: &'a str, name: &'a str },
    Id(i64),
    Run(RunId),
    Job(JobId),
}

/// What the parameters name; one that is not a number names a repository that there is not.
pub(super) fn named_in(parameters: &RawPathParams) -> Named<'_> {
    let value =
        |wanted| parameters.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value);
    let number = |text: &str| text.parse().unwrap_or_default();
    if let Some((owner, name)) = value("owner").zip(value("repo")) {
        // git asks for `name.git`.
        return Named::Repository { owner, name: name.strip_suffix(".git").unwrap_or(name) };
    }
    if let Some(id) = value("repository") {
        return Named::Id(number(id));
    }
    if let Some(run) = value("run") {
        return Named::Run(RunId(number(run)));
    }
    if let Some(job) = value("job") {
        return Named::Job(JobId(number(job)));
    }
    Named::Nothing
}

pub(super) fn of(repository: Option<&Repository>) -> Subject {
    repository.map_or(Subject::Nothing, |repository| Subject::Repository(repository.id))
}

pub(super) async fn of_run(db: &mut PgConnection, run: RunId) -> sqlx::Result<Option<Repository>> {
    match runs::view::repository_of(db, run).await? {
        Some(repository) => find_by_id(db, repository).await,
        None => Ok(None),
    }
}

pub(super) async fn of_job(db: &mut PgConnection, job: JobId) -> sqlx::Result<Option<Repository>> {
    match jobs::view::find_job(db, job).await? {
        Some(job) => of_run(db, job.run_id).await,
        None => Ok(None),
    }
}
