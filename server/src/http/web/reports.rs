//! Tests, coverage and findings of a run.

use axum::Json;
use axum::extract::State;
use chrono::SecondsFormat;
use gantry_protocol::RunId;
use serde_json::{Value, json};

use crate::App;
use crate::http::error::ApiError;
use crate::http::extract::ApiPath;
use crate::http::rest::runs::RunPath;
use crate::reports::{self, CoverageView, FindingView, FindingsView, TestView, TestsView};

/// `GET /api/gantry/runs/{run}/attempts/{attempt}/reports`: what the reports in the run's artifacts say.
/// `tests`, `coverage` and `findings` are null when no report has any.
pub(crate) async fn of_run(
    State(app): State<App>,
    ApiPath(path): ApiPath<RunPath>,
) -> Result<Json<Value>, ApiError> {
    let mut db = app.db.acquire().await?;
    let attempt = path.attempt.unwrap_or(i32::MAX);
    let found = reports::of_run(&mut db, (RunId(path.run), attempt)).await?;
    let found = found.ok_or_else(ApiError::not_found)?;
    Ok(Json(json!({
        "tests": found.tests.as_ref().map(tests_json),
        "coverage": found.coverage.as_ref().map(coverage_json),
        "findings": found.findings.as_ref().map(findings_json),
        "problems": found.problems,
    })))
}

fn tests_json(tests: &TestsView) -> Value {
    let list = |tests: &[TestView]| tests.iter().map(test_json).collect::<Vec<_>>();
    json!({
        "total": tests.total,
        "passed": tests.passed,
        "failed": tests.failed,
        "skipped": tests.skipped,
        "duration_ms": tests.duration_ms,
        "failures": list(&tests.failures),
        "slowest": list(&tests.slowest),
        "flaky": list(&tests.flaky),
    })
}

fn test_json(test: &TestView) -> Value {
    json!({
        "suite": test.suite,
        "name": test.name,
        "status": test.status,
        "duration_ms": test.duration_ms,
        "message": test.message,
        "failing_since": test.failing_since.as_ref().map(|since| json!({
            "run_id": since.run,
            "run_number": since.run_number,
            "head_sha": since.head_sha,
            "created_at": since.created_at.to_rfc3339_opts(SecondsFormat::Secs, true),
        })),
    })
}

fn coverage_json(coverage: &CoverageView) -> Value {
    let own = percent(coverage.lines_covered, coverage.lines_total);
    let base = coverage.base.map(|base| (base, percent(base.lines_covered, base.lines_total)));
    json!({
        "lines_covered": coverage.lines_covered,
        "lines_total": coverage.lines_total,
        "percent": own,
        "base": base.map(|(base, percent)| json!({ "run_id": base.run, "percent": percent })),
        // In points.
        "delta": base.map(|(_, percent)| hundredths(own - percent)),
    })
}

fn percent(covered: i64, total: i64) -> f64 {
    hundredths(covered as f64 * 100.0 / total.max(1) as f64)
}

fn hundredths(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}

fn findings_json(findings: &FindingsView) -> Value {
    let [critical, high, medium, low, note] = findings.n_by_severity;
    json!({
        "critical": critical,
        "high": high,
        "medium": medium,
        "low": low,
        "note": note,
        "worst": findings.worst.iter().map(finding_json).collect::<Vec<_>>(),
    })
}

fn finding_json(finding: &FindingView) -> Value {
    json!({
        "tool": finding.tool,
        "rule": finding.rule,
        "severity": finding.severity,
        "message": finding.message,
        "path": finding.path,
        "line": finding.line,
    })
}
