//! SQL on installations of our App, and on the repositories that they bring.

use sqlx::PgConnection;

/// An installation of our App on an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Installation {
    /// GitHub's number.
    pub(super) id: i64,
    pub(super) account: String,
    pub(super) is_suspended: bool,
}

/// A repository as GitHub names it now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Listed {
    /// GitHub's number.
    pub(super) github_id: i64,
    pub(super) owner: String,
    pub(super) name: String,
    /// Lists within events leave it out.
    pub(super) default_branch: Option<String>,
}

pub(super) async fn note_installation(
    db: &mut PgConnection,
    installation: &Installation,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into github_installations (id, account, is_suspended)
         values ($1, $2, $3)
         on conflict (id) do update
         set account = excluded.account,
             is_suspended = excluded.is_suspended,
             updated_at = now()",
        installation.id,
        installation.account,
        installation.is_suspended,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// The number of the installation in an account, ignoring case.
pub async fn installation_of_owner(
    db: &mut PgConnection,
    account: &str,
) -> sqlx::Result<Option<i64>> {
    sqlx::query_scalar!(
        "select id
         from github_installations
         where lower(account) = lower($1)
         order by id desc
         limit 1",
        account
    )
    .fetch_optional(db)
    .await
}

/// Its repositories stay with their runs, and can no longer be reached.
pub(super) async fn forget_installation(db: &mut PgConnection, id: i64) -> sqlx::Result<()> {
    sqlx::query!("delete from github_installations where id = $1", id).execute(db).await?;
    Ok(())
}

/// Forgets installations that GitHub no longer lists.
pub(super) async fn keep_installations(db: &mut PgConnection, ids: &[i64]) -> sqlx::Result<u64> {
    let gone = sqlx::query!("delete from github_installations where id <> all($1)", ids)
        .execute(db)
        .await?;
    Ok(gone.rows_affected())
}

/// Makes the names of a repository those that GitHub uses, and adds it when it is new. A new one, and
/// one that stands in for a deleted one of its name, is off.
pub(super) async fn note_repository(
    db: &mut PgConnection,
    installation: i64,
    listed: &Listed,
) -> sqlx::Result<()> {
    let known = sqlx::query!(
        "update repositories
         set owner = $2,
             name = $3,
             default_branch = coalesce($4, default_branch),
             installation_id = $5,
             updated_at = now()
         where github_id = $1",
        listed.github_id,
        listed.owner,
        listed.name,
        listed.default_branch,
        installation,
    )
    .execute(&mut *db)
    .await?;
    if known.rows_affected() > 0 {
        return Ok(());
    }
    // A repository of this machine keeps its name.
    sqlx::query!(
        "insert into repositories
             (github_id, owner, name, default_branch, installation_id, is_enabled)
         values ($1, $2, $3, coalesce($4, 'main'), $5, false)
         on conflict (lower(owner), lower(name)) do update
         set github_id = excluded.github_id,
             installation_id = excluded.installation_id,
             is_enabled = false,
             updated_at = now()
         where repositories.github_id is not null",
        listed.github_id,
        listed.owner,
        listed.name,
        listed.default_branch,
        installation,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// A renamed or moved repository, or one with another default branch.
pub(super) async fn rename_repository(db: &mut PgConnection, listed: &Listed) -> sqlx::Result<()> {
    sqlx::query!(
        "update repositories
         set owner = $2,
             name = $3,
             default_branch = coalesce($4, default_branch),
             updated_at = now()
         where github_id = $1
             and (owner, name, default_branch) is distinct from
                 ($2, $3, coalesce($4, default_branch))",
        listed.github_id,
        listed.owner,
        listed.name,
        listed.default_branch,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// The App no longer reaches these; they keep their runs and settings.
pub(super) async fn detach_repositories(
    db: &mut PgConnection,
    github_ids: &[i64],
) -> sqlx::Result<()> {
    sqlx::query!(
        "update repositories
         set installation_id = null, updated_at = now()
         where github_id = any($1)",
        github_ids
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Detaches what an installation has, except for these.
pub(super) async fn keep_repositories(
    db: &mut PgConnection,
    installation: i64,
    github_ids: &[i64],
) -> sqlx::Result<u64> {
    let gone = sqlx::query!(
        "update repositories
         set installation_id = null, updated_at = now()
         where installation_id = $1 and github_id <> all($2)",
        installation,
        github_ids
    )
    .execute(db)
    .await?;
    Ok(gone.rows_affected())
}
