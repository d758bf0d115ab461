//! What people do with our check runs at GitHub: run again, approve, reject.
//!
//! GitHub lets nobody press these who may not write to the repository. Invariant: only a check run that
//! we have made ourselves counts.

use anyhow::Context as _;
use gantry_workflow::advance::Review;
use serde_json::Value;

use super::event::text;
use crate::App;
use crate::deliveries::Outcome;
use crate::environments::{self, ReviewError, ReviewRequest};
use crate::reporting::{self, KnownJob};
use crate::repositories::{self, Repository};
use crate::runs::{self, RerunError, RerunRequest, RerunWhat};

/// What became of the event; `None` when it is about somebody else's checks, and may start workflows.
pub(super) async fn handle(
    app: &App,
    event: &str,
    payload: &Value,
) -> anyhow::Result<Option<Outcome>> {
    let action = text(payload, "/action");
    match (event, action) {
        ("check_run", "rerequested" | "requested_action") => {
            let Some(repository) = repository(app, payload).await? else { return Ok(None) };
            check_run(app, &repository, (action, payload)).await
        }
        ("check_suite", "rerequested") => {
            let Some(repository) = repository(app, payload).await? else { return Ok(None) };
            check_suite(app, &repository, payload).await
        }
        _ => Ok(None),
    }
}

async fn repository(app: &App, payload: &Value) -> anyhow::Result<Option<Repository>> {
    let (owner, name) = text(payload, "/repository/full_name").split_once('/').unwrap_or_default();
    let github_id = payload.pointer("/repository/id").and_then(Value::as_i64);
    let mut db = app.db.acquire().await?;
    let found = repositories::find_by_payload(&mut db, github_id, (owner, name)).await?;
    Ok(found.filter(|repository| repository.is_enabled))
}

async fn check_run(
    app: &App,
    repository: &Repository,
    (action, payload): (&str, &Value),
) -> anyhow::Result<Option<Outcome>> {
    let number = payload.pointer("/check_run/id").and_then(Value::as_i64).unwrap_or_default();
    let mut db = app.db.acquire().await?;
    let known = reporting::find_known(&mut db, repository.id, number).await;
    drop(db);
    let Some(known) = known.context("looking for a check run")? else { return Ok(None) };
    let actor = text(payload, "/sender/login");
    if action == "rerequested" {
        let what = RerunWhat::Job(known.job);
        return rerun(app, (&known, what), actor).await.map(Some);
    }
    review(app, known, (text(payload, "/requested_action/identifier"), actor)).await.map(Some)
}

async fn rerun(
    app: &App,
    (known, what): (&KnownJob, RerunWhat),
    actor: &str,
) -> anyhow::Result<Outcome> {
    let request =
        RerunRequest { run: known.run, what, actor: actor.to_owned(), debug_logging: false };
    match runs::rerun(app, &request).await {
        Ok(attempt) => {
            Ok(Outcome::Processed(format!("run {} runs again, attempt {attempt}", known.run)))
        }
        Err(RerunError::Other(error)) => Err(error),
        Err(refusal) => Ok(Outcome::Ignored(format!("run {}: {refusal}", known.run))),
    }
}

async fn review(
    app: &App,
    known: KnownJob,
    (identifier, actor): (&str, &str),
) -> anyhow::Result<Outcome> {
    let review = match identifier {
        "approve" => Review::Approved,
        "reject" => Review::Rejected,
        other => return Ok(Outcome::Ignored(format!("`{other}` is not an action of ours"))),
    };
    let Some(environment) = known.environment else {
        return Ok(Outcome::Ignored("the job deploys to no environment".to_owned()));
    };
    let request = ReviewRequest {
        run: known.run,
        environments: vec![environment.clone()],
        review,
        reviewer: actor.to_owned(),
        comment: "At GitHub".to_owned(),
        head_sha: Some(known.head_sha),
    };
    match environments::review(app, request).await {
        Ok(()) => Ok(Outcome::Processed(format!("{actor}: {identifier} `{environment}`"))),
        Err(ReviewError::Database(error)) => Err(error.into()),
        Err(refusal) => Ok(Outcome::Ignored(refusal.to_string())),
    }
}

/// "Re-run all checks": the newest run of each workflow at the commit.
async fn check_suite(
    app: &App,
    repository: &Repository,
    payload: &Value,
) -> anyhow::Result<Option<Outcome>> {
    let head_sha = text(payload, "/check_suite/head_sha");
    let mut db = app.db.acquire().await?;
    let at_commit = reporting::runs_at(&mut db, repository.id, head_sha).await;
    drop(db);
    let at_commit = at_commit.context("looking for the runs of a commit")?;
    if at_commit.is_empty() {
        return Ok(None);
    }
    let mut n_again = 0;
    for run in at_commit {
        let actor = text(payload, "/sender/login").to_owned();
        let request = RerunRequest { run, what: RerunWhat::All, actor, debug_logging: false };
        match runs::rerun(app, &request).await {
            Ok(_) => n_again += 1,
            Err(RerunError::Other(error)) => return Err(error),
            Err(refusal) => tracing::info!(run.id = run.0, %refusal, "not run again"),
        }
    }
    Ok(Some(Outcome::Processed(format!("{n_again} runs run again"))))
}
