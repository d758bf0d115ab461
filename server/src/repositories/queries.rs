//! SQL on `repositories`.
//!
//! Does not look at the git repositories themselves.

use chrono::{DateTime, Utc};
use gantry_protocol::RepositoryId;
use sqlx::PgConnection;

/// A registered repository.
#[derive(Clone, Debug)]
pub struct Repository {
    pub id: RepositoryId,
    pub owner: String,
    pub name: String,
    pub default_branch: String,
    pub local_path: String,
    pub workflow_directory: String,
    pub docker_socket: bool,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

impl Repository {
    /// `owner/name`.
    #[must_use]
    pub fn full_name(&self) -> String {
        format!("{}/{}", self.owner, self.name)
    }
}

/// The columns as sqlx reads them; its macros do not know our ids.
struct Row {
    id: i64,
    owner: String,
    name: String,
    default_branch: String,
    local_path: String,
    workflow_directory: String,
    docker_socket: bool,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<Row> for Repository {
    fn from(row: Row) -> Self {
        Self {
            id: RepositoryId(row.id),
            owner: row.owner,
            name: row.name,
            default_branch: row.default_branch,
            local_path: row.local_path,
            workflow_directory: row.workflow_directory,
            docker_socket: row.docker_socket,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// The repository called `owner/name`, ignoring case.
pub async fn find_by_full_name(
    db: &mut PgConnection,
    owner: &str,
    name: &str,
) -> sqlx::Result<Option<Repository>> {
    let row = sqlx::query_as!(
        Row,
        "select id, owner, name, default_branch, local_path, workflow_directory, docker_socket,
             created_at, updated_at
         from repositories
         where lower(owner) = lower($1) and lower(name) = lower($2)",
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
    let row = sqlx::query_as!(
        Row,
        "select id, owner, name, default_branch, local_path, workflow_directory, docker_socket,
             created_at, updated_at
         from repositories
         where id = $1",
        id.0
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(Repository::from))
}

/// The registered repositories of an owner, by name.
pub async fn list_of_owner(db: &mut PgConnection, owner: &str) -> sqlx::Result<Vec<Repository>> {
    let rows = sqlx::query_as!(
        Row,
        "select id, owner, name, default_branch, local_path, workflow_directory, docker_socket,
             created_at, updated_at
         from repositories
         where lower(owner) = lower($1)
         order by lower(name)",
        owner
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(Repository::from).collect())
}

/// Every registered repository, by name.
pub async fn list(db: &mut PgConnection) -> sqlx::Result<Vec<Repository>> {
    let rows = sqlx::query_as!(
        Row,
        "select id, owner, name, default_branch, local_path, workflow_directory, docker_socket,
             created_at, updated_at
         from repositories
         order by lower(owner), lower(name)"
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(Repository::from).collect())
}

/// What is known of a repository before it has an id.
pub(super) struct NewRepository {
    pub(super) owner: String,
    pub(super) name: String,
    pub(super) default_branch: String,
    pub(super) local_path: String,
    pub(super) docker_socket: bool,
}

/// Stores a repository; one of the same name keeps its id and gets the new settings.
pub(super) async fn upsert(
    db: &mut PgConnection,
    repository: &NewRepository,
) -> sqlx::Result<Repository> {
    let row = sqlx::query_as!(
        Row,
        "insert into repositories (owner, name, default_branch, local_path, docker_socket)
         values ($1, $2, $3, $4, $5)
         on conflict (lower(owner), lower(name)) do update
         set default_branch = excluded.default_branch,
             local_path = excluded.local_path,
             docker_socket = excluded.docker_socket,
             updated_at = now()
         returning id, owner, name, default_branch, local_path, workflow_directory, docker_socket,
             created_at, updated_at",
        repository.owner,
        repository.name,
        repository.default_branch,
        repository.local_path,
        repository.docker_socket
    )
    .fetch_one(db)
    .await?;
    Ok(row.into())
}
