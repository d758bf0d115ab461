//! SQL on `repositories`.

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
}

impl Repository {
    /// `owner/name`.
    #[must_use]
    pub fn full_name(&self) -> String {
        format!("{}/{}", self.owner, self.name)
    }
}

/// The repository called `owner/name`, ignoring case.
pub async fn find_by_full_name(
    db: &mut PgConnection,
    owner: &str,
    name: &str,
) -> sqlx::Result<Option<Repository>> {
    let _ = (db, owner, name);
    todo!()
}

pub async fn find_by_id(
    db: &mut PgConnection,
    id: RepositoryId,
) -> sqlx::Result<Option<Repository>> {
    let _ = (db, id);
    todo!()
}
