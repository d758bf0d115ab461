//! SQL on `access_tokens`, `sessions` and `login_codes`.
//!
//! Sees hashes only.

use chrono::{DateTime, Utc};
use gantry_protocol::RepositoryId;
use sqlx::PgConnection;

use super::access::{Grant, Identity, Role};
use super::sessions::{NewSession, SessionView};
use super::token::{AccessTokenView, NewAccessToken};

/// A live session.
pub(super) struct Session {
    pub(super) identity: Identity,
    pub(super) created_at: DateTime<Utc>,
    pub(super) expires_at: DateTime<Utc>,
}

pub(super) async fn insert_access_token(
    db: &mut PgConnection,
    token: &NewAccessToken,
    token_hash: &[u8],
) -> sqlx::Result<()> {
    let repositories = repository_ids(&token.grant);
    sqlx::query!(
        "insert into access_tokens
             (login, github_id, name, role, repository_ids, token_hash, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7)",
        token.login,
        token.github_id,
        token.name,
        token.grant.role.as_str(),
        repositories.as_deref(),
        token_hash,
        token.expires_at
    )
    .execute(db)
    .await?;
    Ok(())
}

pub(super) async fn find_access_token(
    db: &mut PgConnection,
    token_hash: &[u8],
) -> sqlx::Result<Option<Identity>> {
    let row = sqlx::query!(
        r#"select id, login, github_id, role, repository_ids,
               (last_used_at is null or last_used_at < now() - interval '1 minute')
                   as "is_use_unnoted!"
           from access_tokens
           where token_hash = $1 and (expires_at is null or expires_at > now())"#,
        token_hash
    )
    .fetch_optional(&mut *db)
    .await?;
    let Some(row) = row else { return Ok(None) };
    if row.is_use_unnoted {
        sqlx::query!("update access_tokens set last_used_at = now() where id = $1", row.id)
            .execute(db)
            .await?;
    }
    Ok(identity((row.login, row.github_id), &row.role, row.repository_ids))
}

pub(super) async fn access_tokens(
    db: &mut PgConnection,
    owner: Option<&Identity>,
) -> sqlx::Result<Vec<AccessTokenView>> {
    sqlx::query_as!(
        AccessTokenView,
        r#"select id, login, name, role, created_at, last_used_at, expires_at,
               case when repository_ids is null then null else array(
                   select owner || '/' || repositories.name
                   from repositories
                   where repositories.id = any(repository_ids)
                   order by 1
               ) end as "repositories: Vec<String>"
           from access_tokens
           where ($1::text is null or (login = $1 and github_id is not distinct from $2))
             and (expires_at is null or expires_at > now())
           order by id desc"#,
        owner.map(|owner| &owner.login),
        owner.and_then(|owner| owner.github_id),
    )
    .fetch_all(db)
    .await
}

pub(super) async fn delete_access_token(
    db: &mut PgConnection,
    id: i64,
    owner: Option<&Identity>,
) -> sqlx::Result<bool> {
    let deleted = sqlx::query!(
        "delete from access_tokens
         where id = $1
           and ($2::text is null or (login = $2 and github_id is not distinct from $3))",
        id,
        owner.map(|owner| &owner.login),
        owner.and_then(|owner| owner.github_id),
    )
    .execute(db)
    .await?;
    Ok(deleted.rows_affected() > 0)
}

/// Everybody who has, or has had, an access token or a session that is still stored.
pub async fn known_logins(db: &mut PgConnection) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar!(
        "select login as \"login!\" from access_tokens union select login from sessions order by 1"
    )
    .fetch_all(db)
    .await
}

/// When the account was first heard of.
pub async fn account_since(
    db: &mut PgConnection,
    login: &str,
) -> sqlx::Result<Option<DateTime<Utc>>> {
    sqlx::query_scalar!(
        "select min(created_at)
         from (
             select created_at from access_tokens where login = $1
             union all
             select created_at from sessions where login = $1
         ) as seen",
        login
    )
    .fetch_one(db)
    .await
}

pub(super) async fn insert_login_code(
    db: &mut PgConnection,
    code_hash: &[u8],
    identity: &Identity,
    expires_at: DateTime<Utc>,
) -> sqlx::Result<()> {
    let repositories = repository_ids(&identity.grant);
    sqlx::query!(
        "insert into login_codes (code_hash, login, github_id, role, repository_ids, expires_at)
         values ($1, $2, $3, $4, $5, $6)",
        code_hash,
        identity.login,
        identity.github_id,
        identity.grant.role.as_str(),
        repositories.as_deref(),
        expires_at
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Removes sessions and codes that can no longer be used.
pub(super) async fn delete_expired(db: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query!("delete from login_codes where expires_at < now()").execute(&mut *db).await?;
    sqlx::query!("delete from sessions where expires_at < now()").execute(db).await?;
    Ok(())
}

/// Deletes the code; a code that is too old is deleted too and gives nobody.
pub(super) async fn take_login_code(
    db: &mut PgConnection,
    code_hash: &[u8],
) -> sqlx::Result<Option<Identity>> {
    let row = sqlx::query!(
        "delete from login_codes
         where code_hash = $1
         returning login, github_id, role, repository_ids, (expires_at > now()) as \"is_live!\"",
        code_hash
    )
    .fetch_optional(db)
    .await?;
    let row = row.filter(|row| row.is_live);
    Ok(row.and_then(|row| identity((row.login, row.github_id), &row.role, row.repository_ids)))
}

pub(super) async fn insert_session(
    db: &mut PgConnection,
    id_hash: &[u8],
    session: &NewSession<'_>,
    expires_at: DateTime<Utc>,
) -> sqlx::Result<()> {
    let identity = session.identity;
    let repositories = repository_ids(&identity.grant);
    sqlx::query!(
        "insert into sessions
             (id_hash, login, github_id, role, repository_ids, expires_at, address, browser)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
        id_hash,
        identity.login,
        identity.github_id,
        identity.grant.role.as_str(),
        repositories.as_deref(),
        expires_at,
        session.address,
        session.browser,
    )
    .execute(db)
    .await?;
    Ok(())
}

pub(super) async fn find_session(
    db: &mut PgConnection,
    id_hash: &[u8],
) -> sqlx::Result<Option<Session>> {
    let row = sqlx::query!(
        "select login, github_id, role, repository_ids, created_at, expires_at
         from sessions
         where id_hash = $1 and expires_at > now()",
        id_hash
    )
    .fetch_optional(db)
    .await?;
    Ok(row.and_then(|row| {
        let identity = identity((row.login, row.github_id), &row.role, row.repository_ids)?;
        Some(Session { identity, created_at: row.created_at, expires_at: row.expires_at })
    }))
}

pub(super) async fn prolong_session(
    db: &mut PgConnection,
    id_hash: &[u8],
    expires_at: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!("update sessions set expires_at = $2 where id_hash = $1", id_hash, expires_at)
        .execute(db)
        .await?;
    Ok(())
}

pub(super) async fn delete_session(db: &mut PgConnection, id_hash: &[u8]) -> sqlx::Result<()> {
    sqlx::query!("delete from sessions where id_hash = $1", id_hash).execute(db).await?;
    Ok(())
}

/// The live sessions of `owner`, or all when it is not given; the newest first. `current` is the hash
/// of the session that asks.
pub(super) async fn sessions(
    db: &mut PgConnection,
    owner: Option<&Identity>,
    current: Option<&[u8]>,
) -> sqlx::Result<Vec<SessionView>> {
    sqlx::query_as!(
        SessionView,
        r#"select id, login, github_id is not null as "is_from_github!", address, browser,
               created_at, expires_at, coalesce(id_hash = $3, false) as "is_current!"
           from sessions
           where ($1::text is null or (login = $1 and github_id is not distinct from $2))
             and expires_at > now()
           order by id desc"#,
        owner.map(|owner| &owner.login),
        owner.and_then(|owner| owner.github_id),
        current,
    )
    .fetch_all(db)
    .await
}

pub(super) async fn delete_session_by_id(
    db: &mut PgConnection,
    id: i64,
    owner: Option<&Identity>,
) -> sqlx::Result<bool> {
    let deleted = sqlx::query!(
        "delete from sessions
         where id = $1
           and ($2::text is null or (login = $2 and github_id is not distinct from $3))",
        id,
        owner.map(|owner| &owner.login),
        owner.and_then(|owner| owner.github_id),
    )
    .execute(db)
    .await?;
    Ok(deleted.rows_affected() > 0)
}

fn repository_ids(grant: &Grant) -> Option<Vec<i64>> {
    grant.repositories.as_ref().map(|ids| ids.iter().map(|id| id.0).collect())
}

/// The table's check admits only known words, so an unknown one means nobody.
fn identity(
    (login, github_id): (String, Option<i64>),
    role: &str,
    repositories: Option<Vec<i64>>,
) -> Option<Identity> {
    let repositories = repositories.map(|ids| ids.into_iter().map(RepositoryId).collect());
    let grant = Grant { role: Role::from_word(role)?, repositories };
    Some(Identity::new(login, github_id, grant))
}
