//! What the reports of a run say. Never writes.
//!
//! An attempt in which only a part of the jobs ran again has the reports of the others from before.

use gantry_protocol::RunId;
use sqlx::PgConnection;

use super::tests_view::{TestsView, tests};

/// Findings that are shown; the counts have them all.
const MOST_FINDINGS: i64 = 200;

/// Everything that is known of an attempt of a run.
#[derive(Clone, Debug)]
pub struct ReportsView {
    pub tests: Option<TestsView>,
    pub coverage: Option<CoverageView>,
    pub findings: Option<FindingsView>,
    /// What could not be read, and why.
    pub problems: Vec<String>,
}

/// Lines of code that tests have run through.
#[derive(Clone, Debug)]
pub struct CoverageView {
    pub lines_covered: i64,
    pub lines_total: i64,
    /// The newest run before on the default branch that has a coverage.
    pub base: Option<BaseCoverage>,
}

/// What a coverage is compared with.
#[derive(Clone, Copy, Debug)]
pub struct BaseCoverage {
    pub run: i64,
    pub lines_covered: i64,
    pub lines_total: i64,
}

/// Findings of all tools.
#[derive(Clone, Debug)]
pub struct FindingsView {
    /// `critical`, `high`, `medium`, `low`, `note`.
    pub n_by_severity: [i64; 5],
    /// The worst first.
    pub worst: Vec<FindingView>,
}

#[derive(Clone, Debug)]
pub struct FindingView {
    pub tool: String,
    pub rule: String,
    pub severity: String,
    pub message: String,
    pub path: Option<String>,
    pub line: Option<i32>,
}

/// Where a run stands.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) run: i64,
    pub(super) repository: i64,
    pub(super) workflow: i64,
    pub(super) head_branch: String,
    pub(super) head_sha: String,
    default_branch: String,
}

/// `None` when there is no such run.
pub async fn of_run(
    db: &mut PgConnection,
    (run, attempt): (RunId, i32),
) -> sqlx::Result<Option<ReportsView>> {
    let place = sqlx::query_as!(
        Place,
        "select workflow_runs.id as run, repository_id as repository, workflow_id as workflow,
             head_branch, head_sha, default_branch
         from workflow_runs
         join repositories on repositories.id = repository_id
         where workflow_runs.id = $1",
        run.0,
    )
    .fetch_optional(&mut *db)
    .await?;
    let Some(place) = place else { return Ok(None) };
    let scans = sqlx::query!(
        "select distinct on (artifact_name) artifact_id, problems
         from report_scans
         where run_id = $1 and run_attempt <= $2
         order by artifact_name, run_attempt desc, artifact_id desc",
        run.0,
        attempt,
    )
    .fetch_all(&mut *db)
    .await?;
    let artifacts: Vec<i64> = scans.iter().map(|scan| scan.artifact_id).collect();
    let problems = scans.iter().flat_map(|scan| scan.problems.lines());
    let problems = problems.map(str::to_owned).collect();
    Ok(Some(ReportsView {
        tests: tests(db, (&place, &artifacts)).await?,
        coverage: coverage(db, (&place, &artifacts)).await?,
        findings: findings(db, &artifacts).await?,
        problems,
    }))
}

async fn coverage(
    db: &mut PgConnection,
    (place, artifacts): (&Place, &[i64]),
) -> sqlx::Result<Option<CoverageView>> {
    let own = sqlx::query!(
        r#"select coalesce(sum(lines_covered), 0)::bigint as "covered!",
             coalesce(sum(lines_total), 0)::bigint as "total!"
         from coverage_results
         where artifact_id = any($1)"#,
        artifacts,
    )
    .fetch_one(&mut *db)
    .await?;
    if own.total == 0 {
        return Ok(None);
    }
    let base = sqlx::query!(
        r#"select run_id, sum(lines_covered)::bigint as "covered!", sum(lines_total)::bigint as "total!"
         from coverage_results
         join workflow_runs on workflow_runs.id = run_id
         where workflow_id = $1 and head_branch = $2 and run_id < $3
           and coverage_results.run_attempt = (
               select max(run_attempt) from coverage_results as newest
               where newest.run_id = coverage_results.run_id
           )
         group by run_id
         having sum(lines_total) > 0
         order by run_id desc
         limit 1"#,
        place.workflow,
        place.default_branch,
        place.run,
    )
    .fetch_optional(db)
    .await?;
    Ok(Some(CoverageView {
        lines_covered: own.covered,
        lines_total: own.total,
        base: base.map(|row| BaseCoverage {
            run: row.run_id,
            lines_covered: row.covered,
            lines_total: row.total,
        }),
    }))
}

async fn findings(db: &mut PgConnection, artifacts: &[i64]) -> sqlx::Result<Option<FindingsView>> {
    let counts = sqlx::query!(
        r#"select severity, count(*) as "n!" from findings where artifact_id = any($1) group by severity"#,
        artifacts,
    )
    .fetch_all(&mut *db)
    .await?;
    let tools = sqlx::query_scalar!(
        r#"select exists(
             select from report_scans where artifact_id = any($1) and has_findings
         ) as "exists!""#,
        artifacts,
    )
    .fetch_one(&mut *db)
    .await?;
    if counts.is_empty() && !tools {
        return Ok(None);
    }
    let worst = sqlx::query_as!(
        FindingView,
        "select tool, rule, severity, message, path, line
         from findings
         where artifact_id = any($1)
         order by array_position(array['critical', 'high', 'medium', 'low', 'note'], severity), id
         limit $2",
        artifacts,
        MOST_FINDINGS,
    )
    .fetch_all(db)
    .await?;
    let n_of =
        |severity: &str| counts.iter().find(|row| row.severity == severity).map_or(0, |row| row.n);
    let n_by_severity = ["critical", "high", "medium", "low", "note"].map(n_of);
    Ok(Some(FindingsView { n_by_severity, worst }))
}
