//! A person's answer to waiting deployments.

use std::collections::BTreeSet;

use gantry_protocol::RunId;
use gantry_workflow::advance::Review;
use sqlx::Connection as _;

use super::queries::{self, NewReview};
use super::rules::{NoReviewer, Rules};
use super::view::{self, find_environment};
use crate::background::Topic;
use crate::{App, members};

/// An answer for all of `environments`, or for none when one of them does not wait.
#[derive(Clone, Debug)]
pub struct ReviewRequest {
    pub run: RunId,
    pub environments: Vec<String>,
    pub review: Review,
    /// Login of who answers; the caller has checked that they may.
    pub reviewer: String,
    pub comment: String,
    /// The commit the reviewer has looked at; checked when given.
    pub head_sha: Option<String>,
}

/// Why a review is refused.
#[derive(Debug, thiserror::Error)]
pub enum ReviewError {
    #[error("there is no run {0}")]
    NotFound(RunId),
    #[error("the run is for commit `{actual}`, not for `{reviewed}`")]
    OtherCommit { reviewed: String, actual: String },
    #[error("no deployment to `{0}` waits for a review in this run")]
    NotWaiting(String),
    #[error("the deployment to `{0}` has been reviewed already")]
    AlreadyReviewed(String),
    #[error("`{reviewer}` has approved the deployment to `{environment}` already; others have to")]
    AlreadyApproved { reviewer: String, environment: String },
    #[error("`{reviewer}` is not a reviewer of `{environment}`")]
    NotListed { reviewer: String, environment: String },
    #[error("`{reviewer}` caused the run and may not review its deployment to `{environment}`")]
    OwnRun { reviewer: String, environment: String },
    #[error("`{reviewer}` is not a gate of `{environment}`")]
    NoGate { reviewer: String, environment: String },
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// Stores the answer and wakes the run.
pub async fn review(app: &App, request: ReviewRequest) -> Result<(), ReviewError> {
    // Before the transaction: GitHub is asked.
    let teams = reviewing_teams(app, &request).await?;
    let mut connection = app.db.acquire().await?;
    let mut transaction = connection.begin().await?;
    let run = queries::reviewed_run(&mut transaction, request.run)
        .await?
        .ok_or(ReviewError::NotFound(request.run))?;
    if let Some(reviewed) = request.head_sha.filter(|sha| *sha != run.head_sha) {
        return Err(ReviewError::OtherCommit { reviewed, actual: run.head_sha });
    }
    let awaited = queries::awaited(&mut transaction, request.run).await?;
    let decided =
        queries::reviews(&mut transaction, request.run, run.run_attempt, &run.head_sha).await?;
    for environment in &request.environments {
        if !awaited.contains(&environment.to_lowercase()) {
            return Err(ReviewError::NotWaiting(environment.clone()));
        }
        if decided.contains_key(&environment.to_lowercase()) {
            return Err(ReviewError::AlreadyReviewed(environment.clone()));
        }
        let known = find_environment(&mut transaction, run.repository, environment).await?;
        let rules = known.map(|known| known.rules).unwrap_or_default();
        check_reviewer(&rules, (&request.reviewer, &teams, &run.initiator), environment)?;
        let review = NewReview {
            run: request.run,
            run_attempt: run.run_attempt,
            head_sha: &run.head_sha,
            environment,
            review: request.review,
            reviewer: &request.reviewer,
            comment: &request.comment,
            gate_id: None,
        };
        if !queries::insert_review(&mut transaction, &review).await? {
            let (reviewer, environment) = (request.reviewer, environment.clone());
            return Err(ReviewError::AlreadyApproved { reviewer, environment });
        }
    }
    transaction.commit().await?;
    app.wakeups.wake(Topic::Runs);
    Ok(())
}

/// The teams of the reviewer among those that review one of the environments.
async fn reviewing_teams(app: &App, request: &ReviewRequest) -> sqlx::Result<BTreeSet<String>> {
    let mut connection = app.db.acquire().await?;
    let all = view::environments_of_run(&mut connection, request.run).await?;
    drop(connection);
    let wanted: Vec<String> = request.environments.iter().map(|it| it.to_lowercase()).collect();
    let asked = all.iter().filter(|it| wanted.contains(&it.name.to_lowercase()));
    Ok(teams_of(app, &request.reviewer, asked.map(|it| &it.rules)).await)
}

/// The teams that `login` belongs to, of those that review. Where GitHub does not answer it is none.
pub async fn teams_of<'a>(
    app: &App,
    login: &str,
    rules: impl Iterator<Item = &'a Rules>,
) -> BTreeSet<String> {
    let asked: BTreeSet<String> = rules.flat_map(Rules::teams).cloned().collect();
    let mut teams = BTreeSet::new();
    for team in asked {
        match members::belongs_to(app, login, &team).await {
            Ok(true) => drop(teams.insert(team)),
            Ok(false) => {}
            Err(error) => tracing::warn!(team, %error, "GitHub does not say who is in a team"),
        }
    }
    teams
}

fn check_reviewer(
    rules: &Rules,
    (reviewer, teams, initiator): (&str, &BTreeSet<String>, &str),
    environment: &str,
) -> Result<(), ReviewError> {
    let (reviewer, environment) = (reviewer.to_owned(), environment.to_owned());
    rules.check_reviewer((&reviewer, teams), initiator).map_err(|refusal| match refusal {
        NoReviewer::NotListed => ReviewError::NotListed { reviewer, environment },
        NoReviewer::CausedTheRun => ReviewError::OwnRun { reviewer, environment },
    })
}
