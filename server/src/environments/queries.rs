//! SQL on `environments` and `deployment_reviews`.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use gantry_protocol::{RepositoryId, RunId};
use gantry_workflow::advance::{Protection, RefPolicy, Review};
use sqlx::PgConnection;

use super::decision::Answers;
use super::rules::Rules;
use crate::db::clean;

/// Longest name kept, in bytes.
const MAX_NAME_BYTES: usize = 4096;

/// Makes the environments known. One that is named for the first time has no rules.
pub async fn ensure(
    db: &mut PgConnection,
    repository: RepositoryId,
    names: &[String],
) -> sqlx::Result<()> {
    let names: Vec<String> = names.iter().map(|name| clean(name, MAX_NAME_BYTES)).collect();
    sqlx::query!(
        "insert into environments (repository_id, name)
         select $1, name
         from unnest($2::text[]) as name
         on conflict (repository_id, lower(name)) do nothing",
        repository.0,
        &names,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Sets the rules of an environment, which is created when missing.
pub async fn set_rules(
    db: &mut PgConnection,
    (repository, name): (RepositoryId, &str),
    rules: &Rules,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into environments (repository_id, name, review_required, reviewers,
             prevent_self_review, wait_minutes, has_ref_policies, required_approvals)
         values ($1, $2, $3, $4, $5, $6, $7, $8)
         on conflict (repository_id, lower(name)) do update
         set review_required = excluded.review_required,
             reviewers = excluded.reviewers,
             prevent_self_review = excluded.prevent_self_review,
             wait_minutes = excluded.wait_minutes,
             has_ref_policies = excluded.has_ref_policies,
             required_approvals = excluded.required_approvals,
             updated_at = clock_timestamp()",
        repository.0,
        name,
        rules.review_required,
        &rules.reviewers,
        rules.prevent_self_review,
        rules.wait_minutes,
        rules.has_ref_policies,
        rules.required_approvals,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Whether there was one.
pub(super) async fn delete(
    db: &mut PgConnection,
    repository: RepositoryId,
    name: &str,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "delete from environments where repository_id = $1 and lower(name) = lower($2)",
        repository.0,
        name,
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// The rules of a repository's environments, by name in lower case.
pub async fn protections(
    db: &mut PgConnection,
    repository: RepositoryId,
) -> anyhow::Result<BTreeMap<String, Protection>> {
    let rows = sqlx::query!(
        r#"select lower(environments.name) as "name!", wait_minutes,
             (
                 review_required or exists(
                     select from environment_gates where environment_id = environments.id
                 )
             ) as "review_required!",
             has_ref_policies,
             array_remove(array_agg(policies.kind order by policies.id), null) as "kinds!",
             array_remove(array_agg(policies.pattern order by policies.id), null) as "patterns!"
         from environments
         left join environment_ref_policies as policies
             on policies.environment_id = environments.id
         where repository_id = $1
         group by environments.id"#,
        repository.0,
    )
    .fetch_all(db)
    .await?;
    let mut protections = BTreeMap::new();
    for row in rows {
        let refs = match row.has_ref_policies {
            true => Some(ref_policies(row.kinds, row.patterns)?),
            false => None,
        };
        let protection = Protection {
            review_required: row.review_required,
            wait: TimeDelta::minutes(i64::from(row.wait_minutes)),
            refs,
        };
        protections.insert(row.name, protection);
    }
    Ok(protections)
}

fn ref_policies(kinds: Vec<String>, patterns: Vec<String>) -> anyhow::Result<Vec<RefPolicy>> {
    let policy = |(kind, pattern): (String, String)| {
        let kind = kind.parse().map_err(anyhow::Error::msg)?;
        Ok(RefPolicy { kind, pattern })
    };
    kinds.into_iter().zip(patterns).map(policy).collect()
}

/// What reviewers have decided about a run's deployments, by name of the environment in lower case.
pub async fn reviews(
    db: &mut PgConnection,
    run: RunId,
    run_attempt: i32,
    head_sha: &str,
) -> sqlx::Result<BTreeMap<String, Review>> {
    let rows = sqlx::query!(
        r#"select lower(reviews.environment) as "environment!",
             count(*) filter (where reviews.state = 'approved' and not is_of_gate) as "n_approved!",
             count(*) filter (where reviews.state = 'rejected') as "n_rejected!",
             case when bool_and(coalesce(environments.review_required, true))
                 then coalesce(max(environments.required_approvals), 1)
                 else 0
             end::bigint as "n_required!",
             (
                 select count(*)
                 from environment_gates
                 where environment_id = max(environments.id)
             ) as "n_gates!",
             count(distinct reviews.gate_id) filter (where reviews.state = 'approved')
                 as "n_passed!"
         from deployment_reviews as reviews
         join workflow_runs on workflow_runs.id = reviews.run_id
         left join environments on environments.repository_id = workflow_runs.repository_id
             and lower(environments.name) = lower(reviews.environment)
         where reviews.run_id = $1 and reviews.run_attempt = $2 and reviews.head_sha = $3
         group by 1"#,
        run.0,
        run_attempt,
        head_sha,
    )
    .fetch_all(db)
    .await?;
    let decided = rows.into_iter().filter_map(|row| {
        let answers = Answers {
            n_approved: row.n_approved,
            n_rejected: row.n_rejected,
            n_required: row.n_required,
            n_closed: row.n_gates - row.n_passed,
        };
        Some((row.environment, answers.decision()?))
    });
    Ok(decided.collect())
}

/// Marks a run's reviews as seen; the caller reads them afterwards, in the same transaction.
pub async fn take_unseen_reviews(db: &mut PgConnection, run: RunId) -> sqlx::Result<()> {
    sqlx::query!(
        "update deployment_reviews
         set is_seen = true
         where run_id = $1 and not is_seen",
        run.0,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// A run as far as a review needs it.
pub(super) struct ReviewedRun {
    pub(super) repository: RepositoryId,
    pub(super) run_attempt: i32,
    pub(super) head_sha: String,
    /// Who caused this attempt.
    pub(super) initiator: String,
}

/// A run that waits for an environment.
pub(super) struct WaitingRun {
    pub(super) id: RunId,
    pub(super) run_attempt: i32,
    pub(super) head_sha: String,
}

/// The runs whose jobs wait for this environment.
pub(super) async fn runs_waiting_for(
    db: &mut PgConnection,
    repository: RepositoryId,
    environment: &str,
) -> sqlx::Result<Vec<WaitingRun>> {
    let rows = sqlx::query!(
        "select distinct workflow_runs.id, workflow_runs.run_attempt, workflow_runs.head_sha
         from workflow_runs
         join jobs on jobs.run_id = workflow_runs.id
             and jobs.run_attempt = workflow_runs.run_attempt
         where workflow_runs.repository_id = $1 and workflow_runs.status <> 'completed'
           and jobs.status = 'waiting' and lower(jobs.environment) = lower($2)",
        repository.0,
        environment,
    )
    .fetch_all(db)
    .await?;
    let run = |id, run_attempt, head_sha| WaitingRun { id: RunId(id), run_attempt, head_sha };
    Ok(rows.into_iter().map(|row| run(row.id, row.run_attempt, row.head_sha)).collect())
}

/// The run, held until the end of the transaction: of several answers each sees the ones before it.
pub(super) async fn reviewed_run(
    db: &mut PgConnection,
    run: RunId,
) -> sqlx::Result<Option<ReviewedRun>> {
    let row = sqlx::query!(
        r#"select repository_id, run_attempt, head_sha,
             coalesce(triggering_actor, actor) as "initiator!"
         from workflow_runs
         where id = $1
         for no key update"#,
        run.0,
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| ReviewedRun {
        repository: RepositoryId(row.repository_id),
        run_attempt: row.run_attempt,
        head_sha: row.head_sha,
        initiator: row.initiator,
    }))
}

/// The environments, in lower case, that jobs of the run wait for.
pub(super) async fn awaited(db: &mut PgConnection, run: RunId) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar!(
        r#"select distinct lower(jobs.environment) as "environment!"
         from jobs
         join workflow_runs on workflow_runs.id = jobs.run_id
             and workflow_runs.run_attempt = jobs.run_attempt
         where jobs.run_id = $1 and jobs.status = 'waiting' and jobs.environment is not null"#,
        run.0,
    )
    .fetch_all(db)
    .await
}

/// A review to store.
pub(super) struct NewReview<'a> {
    pub(super) run: RunId,
    pub(super) run_attempt: i32,
    pub(super) head_sha: &'a str,
    pub(super) environment: &'a str,
    pub(super) review: Review,
    pub(super) reviewer: &'a str,
    pub(super) comment: &'a str,
    /// Which gate it comes from, if not from a person.
    pub(super) gate_id: Option<i64>,
}

/// False when the reviewer has said the same already. Who has approved may still reject.
pub(super) async fn insert_review(
    db: &mut PgConnection,
    review: &NewReview<'_>,
) -> sqlx::Result<bool> {
    let state = match review.review {
        Review::Approved => "approved",
        Review::Rejected => "rejected",
    };
    let inserted = sqlx::query!(
        "insert into deployment_reviews
             (run_id, run_attempt, head_sha, environment, state, reviewer, comment, gate_id,
                 is_of_gate)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $8::bigint is not null)
         on conflict (run_id, run_attempt, lower(environment), lower(reviewer)) do update
         set state = excluded.state, comment = excluded.comment, is_seen = false,
             created_at = now()
         where deployment_reviews.state = 'approved' and excluded.state = 'rejected'",
        review.run.0,
        review.run_attempt,
        review.head_sha,
        review.environment,
        state,
        review.reviewer,
        review.comment,
        review.gate_id,
    )
    .execute(db)
    .await?;
    Ok(inserted.rows_affected() > 0)
}
