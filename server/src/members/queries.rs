//! SQL on `mirrored_roles` and `mirrored_memberships`.
//!
//! Asks nobody.

use std::collections::{BTreeMap, BTreeSet};

use gantry_protocol::RepositoryId;
use sqlx::PgConnection;

use super::LIFE_MINUTES;
use crate::accounts::Role;

/// What is known and still counts, by repository.
pub(super) async fn roles(
    db: &mut PgConnection,
    github_id: i64,
) -> sqlx::Result<BTreeMap<RepositoryId, Option<Role>>> {
    let rows = sqlx::query!(
        "select repository_id, role
         from mirrored_roles
         where github_id = $1 and checked_at > now() - make_interval(mins => $2)",
        github_id,
        LIFE_MINUTES,
    )
    .fetch_all(db)
    .await?;
    let role = |word: Option<String>| word.as_deref().and_then(Role::from_word);
    Ok(rows.into_iter().map(|row| (RepositoryId(row.repository_id), role(row.role))).collect())
}

pub(super) async fn store_role(
    db: &mut PgConnection,
    github_id: i64,
    (repository, role): (RepositoryId, Option<Role>),
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into mirrored_roles (github_id, repository_id, role, checked_at)
         select $1, id, $3, now()
         from repositories
         where id = $2
         on conflict (github_id, repository_id) do update
         set role = excluded.role, checked_at = excluded.checked_at",
        github_id,
        repository.0,
        role.map(Role::as_str),
    )
    .execute(db)
    .await?;
    Ok(())
}

/// What is known and still counts.
pub(super) async fn membership(
    db: &mut PgConnection,
    login: &str,
    group: &str,
) -> sqlx::Result<Option<bool>> {
    sqlx::query_scalar!(
        "select is_member
         from mirrored_memberships
         where login = lower($1) and group_name = lower($2)
           and checked_at > now() - make_interval(mins => $3)",
        login,
        group,
        LIFE_MINUTES,
    )
    .fetch_optional(db)
    .await
}

pub(super) async fn store_membership(
    db: &mut PgConnection,
    (login, group): (&str, &str),
    is_member: bool,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into mirrored_memberships (login, group_name, is_member, checked_at)
         values (lower($1), lower($2), $3, now())
         on conflict (login, group_name) do update
         set is_member = excluded.is_member, checked_at = excluded.checked_at",
        login,
        group,
        is_member,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// The groups that somebody belonged to when GitHub was last asked, however long ago: to be shown, and not
/// to be decided by.
pub async fn known_groups(db: &mut PgConnection, login: &str) -> sqlx::Result<BTreeSet<String>> {
    let groups = sqlx::query_scalar!(
        "select group_name from mirrored_memberships where login = lower($1) and is_member",
        login,
    );
    Ok(groups.fetch_all(db).await?.into_iter().collect())
}
