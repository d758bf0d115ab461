//! `ACTIONS_RUNTIME_TOKEN`, and the token with which a job asks for identity tokens.
//!
//! Does not know the routes. Invariant: whose token it is, and what it opens, comes from what we have
//! signed and from the job's row, never from what a request says of itself.

use anyhow::Context as _;
use chrono::{DateTime, TimeDelta, Utc};
use gantry_protocol::{JobId, LeaseToken, RepositoryId, RunId};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;

use super::cache_access::CacheAccess;
use super::jwt;
use crate::App;
use crate::secrets::Vault;

/// A token outlives the time that its job may take by this, for clients that look at `exp`. The
/// server looks at the job's lease.
const MARGIN: TimeDelta = TimeDelta::minutes(30);

/// Clocks of clients may be behind ours.
const CLOCK_SKEW: TimeDelta = TimeDelta::minutes(5);

/// What a token is for; one never counts for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Artifacts and caches.
    Runtime,
    /// Asking for identity tokens.
    IdTokenRequest,
}

impl Purpose {
    fn key(self) -> &'static str {
        match self {
            Self::Runtime => "runtime token v1",
            Self::IdTokenRequest => "identity token request v1",
        }
    }
}

/// Whom a token is for.
#[derive(Clone, Debug)]
pub struct RuntimeGrant {
    pub run: RunId,
    pub job: JobId,
    pub lease: LeaseToken,
    /// How long the job may take.
    pub lifetime: TimeDelta,
    pub caches: Vec<CacheAccess>,
}

/// What clients read in it (`protocols` 3.2), and what we do.
#[derive(Serialize, Deserialize)]
struct Claims {
    /// Whose artifacts: `Actions.Results:<run>:<job>`.
    scp: String,
    /// The caches, as text, because clients parse it as such.
    ac: String,
    nbf: i64,
    exp: i64,
    iat: i64,
    job: i64,
    lease: i64,
}

/// The token of a job that has just been leased.
pub fn issue(
    vault: &Vault,
    purpose: Purpose,
    grant: &RuntimeGrant,
    now: DateTime<Utc>,
) -> anyhow::Result<String> {
    let claims = Claims {
        scp: format!("Actions.Results:{}:{}", grant.run, grant.job),
        ac: serde_json::to_string(&grant.caches)?,
        nbf: (now - CLOCK_SKEW).timestamp(),
        exp: (now + grant.lifetime + MARGIN).timestamp(),
        iat: now.timestamp(),
        job: grant.job.0,
        lease: grant.lease.0,
    };
    jwt::sign(vault, purpose.key(), &claims).context("signing the token of a job")
}

/// A job that runs and has shown its token.
#[derive(Clone, Debug)]
pub struct JobCaller {
    pub job: JobId,
    pub run: RunId,
    pub run_attempt: i32,
    pub repository: RepositoryId,
    /// In the order in which they are searched.
    pub caches: Vec<CacheAccess>,
}

/// Whose token it is; `None` when we did not sign it for this purpose, or the job's lease is over.
pub async fn verify(app: &App, purpose: Purpose, token: &str) -> anyhow::Result<Option<JobCaller>> {
    let Some(claims) = jwt::open::<Claims>(&app.vault, purpose.key(), token) else {
        return Ok(None);
    };
    if claims.exp <= Utc::now().timestamp() {
        return Ok(None);
    }
    let mut db = app.db.acquire().await?;
    let caches = serde_json::from_str(&claims.ac).context("reading the caches of a token")?;
    let lease = (JobId(claims.job), LeaseToken(claims.lease));
    let caller = running_job(&mut db, lease).await.context("looking up the job of a token")?;
    Ok(caller.map(|caller| JobCaller { caches, ..caller }))
}

async fn running_job(
    db: &mut PgConnection,
    (job, lease): (JobId, LeaseToken),
) -> sqlx::Result<Option<JobCaller>> {
    let row = sqlx::query!(
        "select jobs.run_id, jobs.run_attempt, workflow_runs.repository_id
         from jobs
         join workflow_runs on workflow_runs.id = jobs.run_id
         where jobs.id = $1 and jobs.lease_token = $2 and jobs.status = 'in_progress'",
        job.0,
        lease.0,
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| JobCaller {
        job,
        run: RunId(row.run_id),
        run_attempt: row.run_attempt,
        repository: RepositoryId(row.repository_id),
        caches: Vec::new(),
    }))
}
