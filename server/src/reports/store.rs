//! SQL that writes what reports say.

use sqlx::PgConnection;

use super::archive::Found;
use super::parse::{Coverage, Finding, Report, ReportKind, TestCase};
use super::scan::Origin;
use crate::db::clean;

/// Of what could not be read, in bytes.
const LONGEST_PROBLEMS: usize = 16 * 1024;

/// Of any text of a report, in bytes.
const LONGEST_TEXT: usize = 8 * 1024;

/// Of names by which tests are found again, in bytes; an index takes no longer ones.
const LONGEST_NAME: usize = 500;

/// Artifacts nobody has looked into, the oldest first.
pub(super) async fn unread(db: &mut PgConnection, limit: i64) -> sqlx::Result<Vec<i64>> {
    sqlx::query_scalar!(
        "select id
         from artifacts
         where state = 'finalized'
           and expires_at > clock_timestamp()
           and not exists (select from report_scans where artifact_id = artifacts.id)
         order by id
         limit $1",
        limit,
    )
    .fetch_all(db)
    .await
}

/// Stores everything that was found in an artifact.
pub(super) async fn insert(
    db: &mut PgConnection,
    (origin, name): (Origin, &str),
    found: &Found,
) -> anyhow::Result<()> {
    sqlx::query!(
        "insert into report_scans (artifact_id, artifact_name, run_id, run_attempt, has_findings,
             problems)
         values ($1, $2, $3, $4, $5, $6)",
        origin.artifact,
        name,
        origin.run.0,
        origin.run_attempt,
        found.reports.iter().any(|(_, report)| matches!(report, Report::Findings(_))),
        clean(&found.problems.join("\n"), LONGEST_PROBLEMS),
    )
    .execute(&mut *db)
    .await?;
    for (path, report) in &found.reports {
        match report {
            Report::Tests(tests) => insert_tests(db, origin, tests).await?,
            Report::Coverage(kind, coverage) => {
                insert_coverage(db, origin, (path, *kind), *coverage).await?;
            }
            Report::Findings(findings) => insert_findings(db, origin, findings).await?,
        }
    }
    Ok(())
}

async fn insert_tests(
    db: &mut PgConnection,
    origin: Origin,
    tests: &[TestCase],
) -> sqlx::Result<()> {
    let suites: Vec<_> = tests.iter().map(|it| clean(&it.suite, LONGEST_NAME)).collect();
    let names: Vec<_> = tests.iter().map(|it| clean(&it.name, LONGEST_NAME)).collect();
    let statuses: Vec<_> = tests.iter().map(|it| it.status.as_str().to_owned()).collect();
    let durations: Vec<_> = tests.iter().map(|it| it.duration_ms).collect();
    let text = |it: &TestCase| it.message.as_ref().map(|text| clean(text, LONGEST_TEXT));
    let messages: Vec<_> = tests.iter().map(text).collect();
    sqlx::query!(
        "insert into test_results (run_id, run_attempt, repository_id, artifact_id, suite, name, status,
             duration_ms, message)
         select $1, $2, $3, $4, *
         from unnest($5::text[], $6::text[], $7::text[], $8::bigint[], $9::text[])",
        origin.run.0,
        origin.run_attempt,
        origin.repository.0,
        origin.artifact,
        &suites,
        &names,
        &statuses,
        &durations as &[Option<i64>],
        &messages as &[Option<String>],
    )
    .execute(db)
    .await?;
    Ok(())
}

async fn insert_coverage(
    db: &mut PgConnection,
    origin: Origin,
    (path, kind): (&str, ReportKind),
    coverage: Coverage,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into coverage_results (run_id, run_attempt, artifact_id, path, format, lines_covered,
             lines_total)
         values ($1, $2, $3, $4, $5, $6, $7)
         on conflict do nothing",
        origin.run.0,
        origin.run_attempt,
        origin.artifact,
        clean(path, LONGEST_NAME),
        kind.as_str(),
        coverage.covered,
        coverage.total,
    )
    .execute(db)
    .await?;
    Ok(())
}

async fn insert_findings(
    db: &mut PgConnection,
    origin: Origin,
    findings: &[Finding],
) -> sqlx::Result<()> {
    let texts = |of: fn(&Finding) -> &str| -> Vec<String> {
        findings.iter().map(|it| clean(of(it), LONGEST_TEXT)).collect()
    };
    let path = |it: &Finding| it.path.as_ref().map(|path| clean(path, LONGEST_TEXT));
    let paths: Vec<_> = findings.iter().map(path).collect();
    let lines: Vec<_> = findings.iter().map(|it| it.line).collect();
    sqlx::query!(
        "insert into findings (run_id, run_attempt, artifact_id, tool, rule, severity, message, path, line)
         select $1, $2, $3, *
         from unnest($4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::integer[])",
        origin.run.0,
        origin.run_attempt,
        origin.artifact,
        &texts(|it| &it.tool),
        &texts(|it| &it.rule),
        &texts(|it| it.severity.as_str()),
        &texts(|it| &it.message),
        &paths as &[Option<String>],
        &lines as &[Option<i32>],
    )
    .execute(db)
    .await?;
    Ok(())
}
