//! SQL on `repositories`.
//!
//! Does not look at the git repositories themselves.

use chrono::{DateTime, Utc};
use gantry_protocol::RepositoryId;
use sqlx::PgConnection;

use super::repository::{ForkApproval, GitHubRepository, Repository, RepositorySource};

/// The columns as sqlx reads them; its macros do not know our ids.
struct Row {
    id: i64,
    owner: String,
    name: String,
    default_branch: String,
    local_path: Option<String>,
    github_id: Option<i64>,
    installation_id: Option<i64>,
    workflow_directory: String,
    docker_socket: bool,
    is_enabled: bool,
    is_shadow: bool,
    reports_statuses: bool,
    reports_skipped: bool,
    fork_approval: String,
    holds_targets: bool,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<Row> for Repository {
    fn from(row: Row) -> Self {
        let source = match (row.local_path, row.github_id) {
            (Some(path), _) => RepositorySource::Local { path },
            (None, id) => RepositorySource::GitHub(GitHubRepository {
                // The table has a number where it has no path.
                id: id.unwrap_or_default(),
                installation: row.installation_id,
            }),
        };
        Self {
            id: RepositoryId(row.id),
            owner: row.owner,
            name: row.name,
            default_branch: row.default_branch,
            source,
            workflow_directory: row.workflow_directory,
            docker_socket: row.docker_socket,
            is_enabled: row.is_enabled,
            is_shadow: row.is_shadow,
            reports_statuses: row.reports_statuses,
            reports_skipped: row.reports_skipped,
            fork_approval: ForkApproval::from_word(&row.fork_approval).unwrap_or_default(),
            holds_targets: row.holds_targets,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// A query that gives whole rows: everything after `from repositories`.
macro_rules! select_repositories {
    ($rest:literal $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            Row,
            "select id, owner, name, default_branch, local_path, github_id, installation_id,
                 workflow_directory, docker_socket, is_enabled, is_shadow, reports_statuses,
                 reports_skipped, fork_approval, holds_targets, created_at, updated_at
             from repositories "
                + $rest
            $(, $argument)*
        )
    };
}

/// The repository called `owner/name`, ignoring case.
pub async fn find_by_full_name(
    db: &mut PgConnection,
    owner: &str,
    name: &str,
) -> sqlx::Result<Option<Repository>> {
    let row = select_repositories!(
        "where lower(owner) = lower($1) and lower(name) = lower($2)",
        owner,
        name
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(Repository::from))
}

/// The repository that a payload of GitHub is about: by its number there, which outlives names; one
/// of this machine by its name.
pub async fn find_by_payload(
    db: &mut PgConnection,
    github_id: Option<i64>,
    (owner, name): (&str, &str),
) -> sqlx::Result<Option<Repository>> {
    let row = select_repositories!(
        "where github_id = $1
             or (local_path is not null and lower(owner) = lower($2) and lower(name) = lower($3))
         order by local_path is null
         limit 1",
        github_id,
        owner,
        name
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(Repository::from))
}

pub async fn find_by_id(
    db: &mut PgConnection,
    id: RepositoryId,
) -> sqlx::Result<Option<Repository>> {
    let row = select_repositories!("where id = $1", id.0).fetch_optional(db).await?;
    Ok(row.map(Repository::from))
}

/// The known repositories of an owner, by name.
pub async fn list_of_owner(db: &mut PgConnection, owner: &str) -> sqlx::Result<Vec<Repository>> {
    let rows = select_repositories!("where lower(owner) = lower($1) order by lower(name)", owner)
        .fetch_all(db)
        .await?;
    Ok(rows.into_iter().map(Repository::from).collect())
}

/// Every known repository, by name.
pub async fn list(db: &mut PgConnection) -> sqlx::Result<Vec<Repository>> {
    let rows = select_repositories!("order by lower(owner), lower(name)").fetch_all(db).await?;
    Ok(rows.into_iter().map(Repository::from).collect())
}

/// What is known of a repository of this machine before it has an id.
pub(super) struct NewRepository {
    pub(super) owner: String,
    pub(super) name: String,
    pub(super) default_branch: String,
    pub(super) local_path: String,
    pub(super) docker_socket: bool,
}

/// Stores a repository; one of the same name keeps its id and gets the new settings.
pub(super) async fn upsert(db: &mut PgConnection, new: &NewRepository) -> sqlx::Result<Repository> {
    let id = sqlx::query_scalar!(
        "insert into repositories (owner, name, default_branch, local_path, docker_socket)
         values ($1, $2, $3, $4, $5)
         on conflict (lower(owner), lower(name)) do update
         set default_branch = excluded.default_branch,
             local_path = excluded.local_path,
             github_id = null,
             installation_id = null,
             docker_socket = excluded.docker_socket,
             updated_at = now()
         returning id",
        new.owner,
        new.name,
        new.default_branch,
        new.local_path,
        new.docker_socket
    )
    .fetch_one(&mut *db)
    .await?;
    select_repositories!("where id = $1", id).fetch_one(db).await.map(Repository::from)
}

/// What a person may change; what is absent stays.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    pub is_enabled: Option<bool>,
    pub is_shadow: Option<bool>,
    pub reports_statuses: Option<bool>,
    pub reports_skipped: Option<bool>,
    pub fork_approval: Option<ForkApproval>,
    pub holds_targets: Option<bool>,
    pub workflow_directory: Option<String>,
    pub docker_socket: Option<bool>,
}

pub async fn change_settings(
    db: &mut PgConnection,
    id: RepositoryId,
    settings: &Settings,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update repositories
         set is_enabled = coalesce($2, is_enabled),
             is_shadow = coalesce($3, is_shadow),
             workflow_directory = coalesce($4, workflow_directory),
             docker_socket = coalesce($5, docker_socket),
             reports_statuses = coalesce($6, reports_statuses),
             reports_skipped = coalesce($7, reports_skipped),
             fork_approval = coalesce($8, fork_approval),
             holds_targets = coalesce($9, holds_targets),
             updated_at = now()
         where id = $1",
        id.0,
        settings.is_enabled,
        settings.is_shadow,
        settings.workflow_directory,
        settings.docker_socket,
        settings.reports_statuses,
        settings.reports_skipped,
        settings.fork_approval.map(ForkApproval::as_str),
        settings.holds_targets,
    )
    .execute(db)
    .await?;
    Ok(())
}
