//! The tokens that jobs have: remembered while the job runs, then revoked.
//!
//! Invariant: a token is stored before it is handed out, so none is left alive by a crash; what is
//! stored opens only with the master key.

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use gantry_protocol::{JobId, LeaseToken};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};
use sqlx::PgConnection;

use super::{GitHubError, IssuedToken};
use crate::App;
use crate::secrets::Sealed;

const PURPOSE: &str = "token of a job v1";

/// A token that ends sooner than this is not worth beginning anything with.
const RENEWED_BEFORE_SECONDS: f64 = 300.0;

/// Tokens revoked in one pass; more come with the next.
const BATCH: i64 = 50;

/// Remembers whose token it is.
pub async fn store_token(
    app: &App,
    (job, lease): (JobId, LeaseToken),
    issued: &IssuedToken,
) -> anyhow::Result<()> {
    let token = issued.token.expose_secret();
    let sealed = app.vault.seal_key(PURPOSE, token.as_bytes())?;
    let mut db = app.db.acquire().await?;
    sqlx::query!(
        "insert into github_job_tokens
             (token_hash, job_id, lease_token, nonce, ciphertext, expires_at)
         values ($1, $2, $3, $4, $5, $6)
         on conflict (token_hash) do nothing",
        hash(token),
        job.0,
        lease.0,
        sealed.nonce,
        sealed.ciphertext,
        issued.expires_at,
    )
    .execute(&mut *db)
    .await
    .context("storing the token of a job")?;
    Ok(())
}

/// The job that runs with this token; `None` when it is not ours or the job has ended. GitHub may know
/// the token no more: it names the job as long as that runs.
pub async fn find_job_by_token(
    db: &mut PgConnection,
    token: &str,
) -> sqlx::Result<Option<(JobId, LeaseToken)>> {
    let row = sqlx::query!(
        "select github_job_tokens.job_id, github_job_tokens.lease_token
         from github_job_tokens
         join jobs on jobs.id = github_job_tokens.job_id
         where token_hash = $1
             and jobs.status = 'in_progress'
             and jobs.lease_token = github_job_tokens.lease_token",
        hash(token)
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| (JobId(row.job_id), LeaseToken(row.lease_token))))
}

/// A token of the job that does not end soon, if it has one.
pub async fn lasting_token(
    app: &App,
    (job, lease): (JobId, LeaseToken),
) -> anyhow::Result<Option<SecretString>> {
    let mut db = app.db.acquire().await?;
    let row = sqlx::query!(
        "select nonce, ciphertext
         from github_job_tokens
         where job_id = $1 and lease_token = $2
             and expires_at > now() + make_interval(secs => $3)
         order by expires_at desc
         limit 1",
        job.0,
        lease.0,
        RENEWED_BEFORE_SECONDS,
    )
    .fetch_optional(&mut *db)
    .await
    .context("looking for the token of a job")?;
    drop(db);
    let Some(row) = row else { return Ok(None) };
    open(app, row.nonce, row.ciphertext).map(Some)
}

fn open(app: &App, nonce: Vec<u8>, ciphertext: Vec<u8>) -> anyhow::Result<SecretString> {
    let opened = app.vault.open_key(PURPOSE, &Sealed { nonce, ciphertext })?;
    Ok(String::from_utf8(opened).context("reading a token")?.into())
}

struct Ended {
    token_hash: Vec<u8>,
    nonce: Vec<u8>,
    ciphertext: Vec<u8>,
    expires_at: DateTime<Utc>,
}

/// Revokes the tokens of jobs that have ended, or were handed out again.
pub async fn revoke_tokens(app: &App) -> anyhow::Result<u64> {
    let mut db = app.db.acquire().await?;
    let ended = ended(&mut db).await.context("looking for tokens to revoke")?;
    drop(db);
    let mut n_revoked = 0;
    for token in ended {
        if !revoke(app, &token).await? {
            continue;
        }
        let mut db = app.db.acquire().await?;
        sqlx::query!("delete from github_job_tokens where token_hash = $1", token.token_hash)
            .execute(&mut *db)
            .await
            .context("forgetting a revoked token")?;
        n_revoked += 1;
    }
    Ok(n_revoked)
}

async fn ended(db: &mut PgConnection) -> sqlx::Result<Vec<Ended>> {
    sqlx::query_as!(
        Ended,
        "select token_hash, nonce, ciphertext, expires_at
         from github_job_tokens
         join jobs on jobs.id = github_job_tokens.job_id
         where jobs.status <> 'in_progress'
             or jobs.lease_token <> github_job_tokens.lease_token
         order by expires_at
         limit $1",
        BATCH
    )
    .fetch_all(db)
    .await
}

/// False when it has to be tried again.
async fn revoke(app: &App, token: &Ended) -> anyhow::Result<bool> {
    if token.expires_at < Utc::now() {
        return Ok(true);
    }
    let opened = open(app, token.nonce.clone(), token.ciphertext.clone())?;
    match app.github.revoke_token(opened.expose_secret()).await {
        Ok(()) => Ok(true),
        Err(GitHubError::Later { reason, .. }) => {
            tracing::warn!(reason, "a job's token could not be revoked and will be");
            Ok(false)
        }
        Err(error) => {
            tracing::warn!(%error, "a job's token is left to its end");
            Ok(true)
        }
    }
}

fn hash(token: &str) -> Vec<u8> {
    Sha256::digest(token.as_bytes()).to_vec()
}
