//! Gates: systems outside that are told of deployments and let them go on or stop them.
//!
//! A gate answers through the REST API as its own account. Invariant: a deployment is told of until the
//! system has taken it, and waits for the answer as for any review.

use std::time::Duration;

use anyhow::Context as _;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use gantry_protocol::{RepositoryId, RunId};
use gantry_workflow::advance::Review;
use hmac::{Hmac, Mac as _};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use sha2::Sha256;
use sqlx::{Connection as _, PgConnection};
use uuid::Uuid;

use super::queries::{self, NewReview};
use super::review::ReviewError;
use crate::App;
use crate::background::Topic;
use crate::secrets::Sealed;

const PURPOSE: &str = "secret of a gate v1";

/// A system that does not answer within this time is told again later.
const PATIENCE: Duration = Duration::from_secs(10);

/// The pause before another attempt grows with each, up to this many seconds.
const LONGEST_PAUSE_SECONDS: f64 = 900.0;

/// Systems told in one pass; more are with the next.
const BATCH: i64 = 20;

/// A gate to create.
#[derive(Clone, Debug)]
pub struct NewGate {
    /// Of the account that answers.
    pub login: String,
    pub url: String,
    pub secret: SecretString,
}

/// A gate without its secret.
#[derive(Clone, Debug)]
pub struct GateView {
    pub id: i64,
    pub login: String,
    pub url: String,
    pub created_at: DateTime<Utc>,
}

/// Adds a gate; one of the same account violates `environment_gates_key`.
pub async fn create_gate(app: &App, environment: i64, gate: &NewGate) -> anyhow::Result<i64> {
    let sealed = app.vault.seal_key(PURPOSE, gate.secret.expose_secret().as_bytes())?;
    let mut db = app.db.acquire().await?;
    let id = sqlx::query_scalar!(
        "insert into environment_gates (environment_id, login, url, nonce, ciphertext)
         values ($1, lower($2), $3, $4, $5)
         returning id",
        environment,
        gate.login,
        gate.url,
        sealed.nonce,
        sealed.ciphertext,
    );
    Ok(id.fetch_one(&mut *db).await?)
}

/// The gates of an environment, oldest first.
pub async fn list_gates(db: &mut PgConnection, environment: i64) -> sqlx::Result<Vec<GateView>> {
    sqlx::query_as!(
        GateView,
        "select id, login, url, created_at
         from environment_gates
         where environment_id = $1
         order by id",
        environment,
    )
    .fetch_all(db)
    .await
}

/// Whether there was one.
pub async fn delete_gate(db: &mut PgConnection, environment: i64, id: i64) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "delete from environment_gates where environment_id = $1 and id = $2",
        environment,
        id,
    );
    Ok(done.execute(db).await?.rows_affected() > 0)
}

/// The answer of a gate.
#[derive(Clone, Debug)]
pub struct GateAnswer {
    pub run: RunId,
    pub environment: String,
    pub review: Review,
    /// Of the account that answers.
    pub login: String,
    pub comment: String,
}

/// Stores the answer of a gate and wakes the run.
pub async fn answer_gate(app: &App, answer: GateAnswer) -> Result<(), ReviewError> {
    let mut connection = app.db.acquire().await?;
    let mut transaction = connection.begin().await?;
    let run = queries::reviewed_run(&mut transaction, answer.run)
        .await?
        .ok_or(ReviewError::NotFound(answer.run))?;
    let awaited = queries::awaited(&mut transaction, answer.run).await?;
    if !awaited.contains(&answer.environment.to_lowercase()) {
        return Err(ReviewError::NotWaiting(answer.environment));
    }
    let place = (run.repository, answer.environment.as_str());
    let gate = gate_of(&mut transaction, place, &answer.login).await?;
    let Some(gate_id) = gate else {
        let (reviewer, environment) = (answer.login, answer.environment);
        return Err(ReviewError::NoGate { reviewer, environment });
    };
    let review = NewReview {
        run: answer.run,
        run_attempt: run.run_attempt,
        head_sha: &run.head_sha,
        environment: &answer.environment,
        review: answer.review,
        reviewer: &answer.login,
        comment: &answer.comment,
        gate_id: Some(gate_id),
    };
    if !queries::insert_review(&mut transaction, &review).await? {
        return Err(ReviewError::AlreadyReviewed(answer.environment));
    }
    transaction.commit().await?;
    app.wakeups.wake(Topic::Runs);
    Ok(())
}

async fn gate_of(
    db: &mut PgConnection,
    (repository, environment): (RepositoryId, &str),
    login: &str,
) -> sqlx::Result<Option<i64>> {
    sqlx::query_scalar!(
        "select environment_gates.id
         from environment_gates
         join environments on environments.id = environment_gates.environment_id
         where environments.repository_id = $1 and lower(environments.name) = lower($2)
           and environment_gates.login = lower($3)",
        repository.0,
        environment,
        login,
    )
    .fetch_optional(db)
    .await
}

/// A deployment that a gate has to be told of.
struct Call {
    id: Uuid,
    url: String,
    nonce: Vec<u8>,
    ciphertext: Vec<u8>,
    environment: String,
    owner: String,
    name: String,
    run_id: i64,
    event: String,
    head_sha: String,
    git_ref: String,
    actor: String,
}

/// Tells gates of the deployments that wait for them.
pub async fn call_gates(app: &App) -> anyhow::Result<u64> {
    let calls = claim(app).await?;
    let mut n_delivered = 0;
    for call in calls {
        match deliver(app, &call).await {
            Ok(()) => {
                let mut db = app.db.acquire().await?;
                let done = sqlx::query!(
                    "update gate_calls set delivered_at = now() where id = $1",
                    call.id
                );
                done.execute(&mut *db).await?;
                n_delivered += 1;
            }
            Err(error) => tracing::warn!(
                run.id = call.run_id,
                environment = call.environment,
                error = format!("{error:#}"),
                "a gate was not told of a deployment; it is told again later"
            ),
        }
    }
    Ok(n_delivered)
}

/// Notes what is new and takes what is due.
async fn claim(app: &App) -> anyhow::Result<Vec<Call>> {
    let mut db = app.db.acquire().await?;
    let new = sqlx::query!(
        "insert into gate_calls (gate_id, run_id, run_attempt)
         select distinct environment_gates.id, jobs.run_id, jobs.run_attempt
         from jobs
         join workflow_runs on workflow_runs.id = jobs.run_id
             and workflow_runs.run_attempt = jobs.run_attempt
         join environments on environments.repository_id = workflow_runs.repository_id
             and lower(environments.name) = lower(jobs.environment)
         join environment_gates on environment_gates.environment_id = environments.id
         where jobs.status = 'waiting'
         on conflict on constraint gate_calls_key do nothing"
    );
    new.execute(&mut *db).await.context("looking for deployments that wait for gates")?;
    sqlx::query_as!(
        Call,
        r#"with due as (
             update gate_calls
             set n_attempts = n_attempts + 1,
                 next_attempt_at = now()
                     + make_interval(secs => least($2, 10 * power(2, n_attempts)))
             where id in (
                 select id
                 from gate_calls
                 where delivered_at is null and next_attempt_at <= now()
                 order by next_attempt_at
                 limit $1
                 for update skip locked
             )
             returning id, gate_id, run_id
         )
         select due.id, environment_gates.url, environment_gates.nonce,
             environment_gates.ciphertext, environments.name as environment,
             repositories.owner, repositories.name, workflow_runs.id as run_id,
             workflow_runs.event, workflow_runs.head_sha, workflow_runs.git_ref,
             workflow_runs.actor
         from due
         join environment_gates on environment_gates.id = due.gate_id
         join environments on environments.id = environment_gates.environment_id
         join workflow_runs on workflow_runs.id = due.run_id
         join repositories on repositories.id = workflow_runs.repository_id"#,
        BATCH,
        LONGEST_PAUSE_SECONDS,
    )
    .fetch_all(&mut *db)
    .await
    .context("taking deployments that gates are to be told of")
}

async fn deliver(app: &App, call: &Call) -> anyhow::Result<()> {
    let sealed = Sealed { nonce: call.nonce.clone(), ciphertext: call.ciphertext.clone() };
    let secret = app.vault.open_key(PURPOSE, &sealed)?;
    let body = payload(&app.config.public_url, call).to_string();
    let mut mac = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(&secret)
        .context("the secret of the gate")?;
    mac.update(body.as_bytes());
    let signature = hex::encode(mac.finalize().into_bytes());
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(PATIENCE)
        .build()
        .context("building a client")?;
    let request = client
        .post(&call.url)
        .header("content-type", "application/json")
        .header("user-agent", "gantry")
        .header("x-github-event", "deployment_protection_rule")
        .header("x-github-delivery", call.id.to_string())
        .header("x-hub-signature-256", format!("sha256={signature}"))
        .body(body);
    let status: StatusCode = request.send().await.context("calling the gate")?.status();
    anyhow::ensure!(status.is_success(), "the gate answered {status}");
    Ok(())
}

/// As GitHub's event `deployment_protection_rule`, as far as we know what it says.
fn payload(public_url: &str, call: &Call) -> Value {
    let Call { owner, name, run_id, .. } = call;
    let repository = format!("{public_url}/repos/{owner}/{name}");
    json!({
        "action": "requested",
        "environment": call.environment,
        "event": call.event,
        "deployment_callback_url":
            format!("{repository}/actions/runs/{run_id}/deployment_protection_rule"),
        "deployment": {
            "sha": call.head_sha,
            "ref": call.git_ref,
            "task": "deploy",
            "environment": call.environment,
            "creator": { "login": call.actor },
        },
        "workflow_run": {
            "id": run_id,
            "html_url": format!("{public_url}/{owner}/{name}/actions/runs/{run_id}"),
        },
        "pull_requests": [],
        "repository": {
            "name": name,
            "full_name": format!("{owner}/{name}"),
            "owner": { "login": owner },
            "url": repository,
        },
        "sender": { "login": call.actor },
    })
}

/// Puts every secret under the newest master key; how many were under another one.
pub async fn seal_gates_anew(app: &App) -> anyhow::Result<usize> {
    let mut db = app.db.acquire().await?;
    let rows = sqlx::query!("select id, nonce, ciphertext from environment_gates")
        .fetch_all(&mut *db)
        .await?;
    let mut n_changed = 0;
    for row in rows {
        let sealed = Sealed { nonce: row.nonce, ciphertext: row.ciphertext };
        let Some(anew) = app.vault.seal_anew(PURPOSE, &sealed)? else { continue };
        let done = sqlx::query!(
            "update environment_gates set nonce = $2, ciphertext = $3 where id = $1",
            row.id,
            anew.nonce,
            anew.ciphertext,
        );
        done.execute(&mut *db).await?;
        n_changed += 1;
    }
    Ok(n_changed)
}
