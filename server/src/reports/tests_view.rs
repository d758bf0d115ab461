//! Tests of a run, with what is known of them from other runs. Never writes.
//!
//! Invariant: history is that of the same workflow and branch, so a test that fails on somebody's branch
//! has not been failing on others.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::view::Place;

/// Failed tests that are shown; the count has them all.
const MOST_FAILED: i64 = 200;

/// Slow tests that are shown.
const MOST_SLOW: i64 = 20;

/// All tests of a run.
#[derive(Clone, Debug)]
pub struct TestsView {
    pub total: i64,
    pub passed: i64,
    pub failed: i64,
    pub skipped: i64,
    /// The sum of those that say it.
    pub duration_ms: i64,
    /// The first ones, those that have failed longest first.
    pub failures: Vec<TestView>,
    pub slowest: Vec<TestView>,
    /// That have passed and failed on this commit.
    pub flaky: Vec<TestView>,
}

/// One test.
#[derive(Clone, Debug)]
pub struct TestView {
    pub suite: String,
    pub name: String,
    pub status: String,
    pub duration_ms: Option<i64>,
    pub message: Option<String>,
    pub failing_since: Option<FailingSince>,
}

/// The first run of the row of failures that has not ended.
#[derive(Clone, Debug)]
pub struct FailingSince {
    pub run: i64,
    pub run_number: i64,
    pub head_sha: String,
    pub created_at: DateTime<Utc>,
}

/// `None` when no report has tests.
pub(super) async fn tests(
    db: &mut PgConnection,
    (place, artifacts): (&Place, &[i64]),
) -> sqlx::Result<Option<TestsView>> {
    let sums = sqlx::query!(
        r#"select count(*) as "total!",
             count(*) filter (where status = 'passed') as "passed!",
             count(*) filter (where status = 'failed') as "failed!",
             count(*) filter (where status = 'skipped') as "skipped!",
             coalesce(sum(duration_ms), 0)::bigint as "duration_ms!"
         from test_results
         where artifact_id = any($1)"#,
        artifacts,
    )
    .fetch_one(&mut *db)
    .await?;
    if sums.total == 0 {
        return Ok(None);
    }
    Ok(Some(TestsView {
        total: sums.total,
        passed: sums.passed,
        failed: sums.failed,
        skipped: sums.skipped,
        duration_ms: sums.duration_ms,
        failures: failures(db, (place, artifacts)).await?,
        slowest: slowest(db, artifacts).await?,
        flaky: flaky(db, (place, artifacts)).await?,
    }))
}

async fn failures(
    db: &mut PgConnection,
    (place, artifacts): (&Place, &[i64]),
) -> sqlx::Result<Vec<TestView>> {
    let rows = sqlx::query!(
        r#"select test_results.suite, test_results.name, duration_ms, message, first.id as "first_run!",
             first.run_number as "first_number!", first.head_sha as "first_sha!",
             first.created_at as "first_at!"
         from test_results
         cross join lateral (
             select runs.id, runs.run_number, runs.head_sha, runs.created_at
             from test_results as earlier
             join workflow_runs as runs on runs.id = earlier.run_id
             where earlier.repository_id = $2
               and earlier.suite = test_results.suite and earlier.name = test_results.name
               and earlier.run_id <= $3 and earlier.status = 'failed'
               and runs.workflow_id = $4 and runs.head_branch = $5
               and earlier.run_id > coalesce((
                   select max(good.run_id)
                   from test_results as good
                   join workflow_runs as good_runs on good_runs.id = good.run_id
                   where good.repository_id = $2
                     and good.suite = test_results.suite and good.name = test_results.name
                     and good.run_id < $3 and good.status = 'passed'
                     and good_runs.workflow_id = $4 and good_runs.head_branch = $5
               ), 0)
             order by earlier.run_id
             limit 1
         ) as first
         where artifact_id = any($1) and status = 'failed'
         order by first.id, test_results.suite, test_results.name
         limit $6"#,
        artifacts,
        place.repository,
        place.run,
        place.workflow,
        place.head_branch,
        MOST_FAILED,
    )
    .fetch_all(db)
    .await?;
    let view = rows.into_iter().map(|row| TestView {
        suite: row.suite,
        name: row.name,
        status: "failed".to_owned(),
        duration_ms: row.duration_ms,
        message: row.message,
        failing_since: Some(FailingSince {
            run: row.first_run,
            run_number: row.first_number,
            head_sha: row.first_sha,
            created_at: row.first_at,
        }),
    });
    Ok(view.collect())
}

async fn slowest(db: &mut PgConnection, artifacts: &[i64]) -> sqlx::Result<Vec<TestView>> {
    let rows = sqlx::query!(
        "select suite, name, status, duration_ms
         from test_results
         where artifact_id = any($1) and duration_ms > 0
         order by duration_ms desc, id
         limit $2",
        artifacts,
        MOST_SLOW,
    )
    .fetch_all(db)
    .await?;
    let view = rows.into_iter().map(|row| TestView {
        suite: row.suite,
        name: row.name,
        status: row.status,
        duration_ms: row.duration_ms,
        message: None,
        failing_since: None,
    });
    Ok(view.collect())
}

/// Artifacts of one name are compared: another leg of a matrix may well have another result.
async fn flaky(
    db: &mut PgConnection,
    (place, artifacts): (&Place, &[i64]),
) -> sqlx::Result<Vec<TestView>> {
    let rows = sqlx::query!(
        r#"select suite, name, max(test_results.status) filter (where artifact_id = any($4)) as "status!"
         from test_results
         join report_scans using (artifact_id)
         join workflow_runs on workflow_runs.id = report_scans.run_id
         where workflow_runs.repository_id = $1 and workflow_runs.workflow_id = $2
           and workflow_runs.head_sha = $3
           and test_results.status in ('passed', 'failed')
         group by artifact_name, suite, name
         having bool_or(test_results.status = 'passed') and bool_or(test_results.status = 'failed')
            and bool_or(artifact_id = any($4))
         order by suite, name
         limit $5"#,
        place.repository,
        place.workflow,
        place.head_sha,
        artifacts,
        MOST_FAILED,
    )
    .fetch_all(db)
    .await?;
    let view = rows.into_iter().map(|row| TestView {
        suite: row.suite,
        name: row.name,
        status: row.status,
        duration_ms: None,
        message: None,
        failing_since: None,
    });
    Ok(view.collect())
}
