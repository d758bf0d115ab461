//! SQL on what polling has seen.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use gantry_protocol::RepositoryId;
use sqlx::PgConnection;

use super::refs::{Kind, Move};
use crate::deliveries::github_payload::ZERO_SHA;

/// How far a repository has been read.
#[derive(Clone, Debug)]
pub(super) struct Position {
    pub(super) repository: RepositoryId,
    pub(super) started_at: DateTime<Utc>,
    pub(super) n_deliveries: i64,
    pub(super) branches_etag: Option<String>,
    pub(super) tags_etag: Option<String>,
    pub(super) pull_requests_etag: Option<String>,
    pub(super) pull_requests_read_to: Option<DateTime<Utc>>,
    pub(super) pull_requests_began_at: Option<DateTime<Utc>>,
}

impl Position {
    /// A list that has no mark, not even an empty one, was never read.
    pub(super) fn is_first(&self, kind: Kind) -> bool {
        match kind {
            Kind::Branches => self.branches_etag.is_none(),
            Kind::Tags => self.tags_etag.is_none(),
        }
    }
}

/// A pull request as it was last seen.
#[derive(Clone, Debug)]
pub(super) struct KnownPullRequest {
    pub(super) number: i64,
    pub(super) is_open: bool,
    pub(super) head_sha: String,
}

/// What is to be remembered of a list.
#[derive(Clone, Debug, Default)]
pub(super) enum Seen {
    #[default]
    Nothing,
    Refs {
        kind: Kind,
        moves: Vec<Move>,
        etag: String,
    },
    PullRequests {
        changed: Vec<KnownPullRequest>,
        etag: Option<String>,
        read_to: DateTime<Utc>,
        /// Of the first time.
        began_at: Option<DateTime<Utc>>,
    },
}

pub(super) async fn forget_all(db: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query!("delete from poll_repositories").execute(db).await?;
    Ok(())
}

/// Repositories that were turned on begin, and those that were turned off are forgotten.
pub(super) async fn begin_and_forget(db: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query!(
        "delete from poll_repositories
         using repositories
         where repositories.id = poll_repositories.repository_id
             and (not repositories.is_enabled or repositories.github_id is null)"
    )
    .execute(&mut *db)
    .await?;
    sqlx::query!(
        "insert into poll_repositories (repository_id)
         select id
         from repositories
         where is_enabled and github_id is not null
         on conflict (repository_id) do nothing"
    )
    .execute(db)
    .await?;
    Ok(())
}

pub(super) async fn due(db: &mut PgConnection) -> sqlx::Result<Vec<Position>> {
    let rows = sqlx::query!(
        "select repository_id, started_at, n_deliveries, branches_etag, tags_etag,
             pull_requests_etag, pull_requests_read_to, pull_requests_began_at
         from poll_repositories
         where next_poll_at <= clock_timestamp()
         order by next_poll_at"
    )
    .fetch_all(db)
    .await?;
    let position = rows.into_iter().map(|row| Position {
        repository: RepositoryId(row.repository_id),
        started_at: row.started_at,
        n_deliveries: row.n_deliveries,
        branches_etag: row.branches_etag,
        tags_etag: row.tags_etag,
        pull_requests_etag: row.pull_requests_etag,
        pull_requests_read_to: row.pull_requests_read_to,
        pull_requests_began_at: row.pull_requests_began_at,
    });
    Ok(position.collect())
}

pub(super) async fn next_due(db: &mut PgConnection) -> sqlx::Result<Option<DateTime<Utc>>> {
    sqlx::query_scalar!("select min(next_poll_at) from poll_repositories").fetch_one(db).await
}

pub(super) async fn note_polled(
    db: &mut PgConnection,
    repository: RepositoryId,
    next_poll_at: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update poll_repositories set next_poll_at = $2 where repository_id = $1",
        repository.0,
        next_poll_at
    )
    .execute(db)
    .await?;
    Ok(())
}

/// The refs below a prefix, as they were last seen.
pub(super) async fn known_refs(
    db: &mut PgConnection,
    repository: RepositoryId,
    prefix: &str,
) -> sqlx::Result<BTreeMap<String, String>> {
    let rows = sqlx::query!(
        "select ref as \"name\", sha
         from poll_refs
         where repository_id = $1 and starts_with(ref, $2)",
        repository.0,
        prefix
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| (row.name, row.sha)).collect())
}

pub(super) async fn known_pull_requests(
    db: &mut PgConnection,
    repository: RepositoryId,
) -> sqlx::Result<BTreeMap<i64, KnownPullRequest>> {
    let rows = sqlx::query_as!(
        KnownPullRequest,
        "select number, is_open, head_sha from poll_pull_requests where repository_id = $1",
        repository.0
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|it| (it.number, it)).collect())
}

/// In the transaction of the deliveries.
pub(super) async fn keep(
    db: &mut PgConnection,
    position: &Position,
    seen: &Seen,
) -> sqlx::Result<()> {
    let repository = position.repository.0;
    sqlx::query!(
        "update poll_repositories set n_deliveries = $2 where repository_id = $1",
        repository,
        position.n_deliveries
    )
    .execute(&mut *db)
    .await?;
    match seen {
        Seen::Nothing => Ok(()),
        Seen::Refs { kind, moves, etag } => {
            keep_refs(db, repository, moves).await?;
            keep_etag(db, repository, (*kind, etag)).await
        }
        Seen::PullRequests { changed, etag, read_to, began_at } => {
            keep_pull_requests(db, repository, changed).await?;
            sqlx::query!(
                "update poll_repositories
                 set pull_requests_etag = $2,
                     pull_requests_read_to = $3,
                     pull_requests_began_at = coalesce($4, pull_requests_began_at)
                 where repository_id = $1",
                repository,
                etag.as_deref(),
                read_to,
                *began_at
            )
            .execute(db)
            .await?;
            Ok(())
        }
    }
}

async fn keep_refs(db: &mut PgConnection, repository: i64, moves: &[Move]) -> sqlx::Result<()> {
    let (gone, there): (Vec<_>, Vec<_>) = moves.iter().partition(|it| it.after == ZERO_SHA);
    let gone: Vec<String> = gone.into_iter().map(|it| it.git_ref.clone()).collect();
    sqlx::query!(
        "delete from poll_refs where repository_id = $1 and ref = any($2)",
        repository,
        &gone
    )
    .execute(&mut *db)
    .await?;
    let names: Vec<String> = there.iter().map(|it| it.git_ref.clone()).collect();
    let shas: Vec<String> = there.iter().map(|it| it.after.clone()).collect();
    sqlx::query!(
        "insert into poll_refs (repository_id, ref, sha)
         select $1, moved.name, moved.sha
         from unnest($2::text[], $3::text[]) as moved (name, sha)
         on conflict (repository_id, ref) do update
         set sha = excluded.sha",
        repository,
        &names,
        &shas
    )
    .execute(db)
    .await?;
    Ok(())
}

async fn keep_etag(
    db: &mut PgConnection,
    repository: i64,
    (kind, etag): (Kind, &str),
) -> sqlx::Result<()> {
    let (branches, tags) = match kind {
        Kind::Branches => (Some(etag), None),
        Kind::Tags => (None, Some(etag)),
    };
    sqlx::query!(
        "update poll_repositories
         set branches_etag = coalesce($2, branches_etag), tags_etag = coalesce($3, tags_etag)
         where repository_id = $1",
        repository,
        branches,
        tags
    )
    .execute(db)
    .await?;
    Ok(())
}

async fn keep_pull_requests(
    db: &mut PgConnection,
    repository: i64,
    changed: &[KnownPullRequest],
) -> sqlx::Result<()> {
    for one in changed {
        sqlx::query!(
            "insert into poll_pull_requests (repository_id, number, is_open, head_sha)
             values ($1, $2, $3, $4)
             on conflict (repository_id, number) do update
             set is_open = excluded.is_open, head_sha = excluded.head_sha",
            repository,
            one.number,
            one.is_open,
            one.head_sha
        )
        .execute(&mut *db)
        .await?;
    }
    Ok(())
}
