//! What GitHub should show for a job, as pure function of the job's row.

use chrono::{DateTime, Utc};
use gantry_protocol::JobId;
use gantry_workflow::diagnostic::Diagnostic;
use serde::Serialize;

/// GitHub's limit of `output.summary`.
const MAX_SUMMARY_CHARACTERS: usize = 65_535;

/// The facts of a job that its check run shows.
#[derive(Clone, Debug)]
pub(super) struct ReportedJob {
    pub(super) job: JobId,
    pub(super) run_id: i64,
    pub(super) owner: String,
    pub(super) repository: String,
    pub(super) head_sha: String,
    pub(super) name: String,
    pub(super) status: String,
    pub(super) conclusion: Option<String>,
    pub(super) reason: Option<String>,
    pub(super) started_at: Option<DateTime<Utc>>,
    pub(super) completed_at: Option<DateTime<Utc>>,
}

/// A run that ended before it had jobs.
#[derive(Clone, Debug)]
pub(super) struct FailedStart {
    pub(super) run_id: i64,
    pub(super) owner: String,
    pub(super) repository: String,
    pub(super) head_sha: String,
    pub(super) workflow_path: String,
    pub(super) completed_at: Option<DateTime<Utc>>,
    pub(super) diagnostics: Vec<Diagnostic>,
}

/// Where GitHub shows a check run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    pub(super) owner: &'a str,
    pub(super) repository: &'a str,
    pub(super) head_sha: &'a str,
}

impl ReportedJob {
    pub(super) fn place(&self) -> Place<'_> {
        Place { owner: &self.owner, repository: &self.repository, head_sha: &self.head_sha }
    }
}

impl FailedStart {
    pub(super) fn place(&self) -> Place<'_> {
        Place { owner: &self.owner, repository: &self.repository, head_sha: &self.head_sha }
    }
}

/// The check run of a workflow file that could not be started: failed, with what is wrong in it.
pub(super) fn wanted_for_failed_start(run: &FailedStart, public_url: &str) -> WantedCheckRun {
    let messages: Vec<String> = run.diagnostics.iter().map(ToString::to_string).collect();
    let (owner, repository, id) = (&run.owner, &run.repository, run.run_id);
    WantedCheckRun {
        name: run.workflow_path.clone(),
        head_sha: run.head_sha.clone(),
        external_id: format!("run-{id}"),
        details_url: format!("{public_url}/{owner}/{repository}/actions/runs/{id}"),
        status: "completed",
        conclusion: Some("failure".to_owned()),
        started_at: run.completed_at,
        completed_at: run.completed_at,
        output: Output {
            title: "The workflow could not be started".to_owned(),
            summary: messages.join("\n\n").chars().take(MAX_SUMMARY_CHARACTERS).collect(),
        },
    }
}

/// The body of `POST` and `PATCH .../check-runs`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct WantedCheckRun {
    pub(super) name: String,
    pub(super) head_sha: String,
    /// Ours, to find the check run again.
    pub(super) external_id: String,
    pub(super) details_url: String,
    pub(super) status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) conclusion: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) started_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) completed_at: Option<DateTime<Utc>>,
    pub(super) output: Output,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Output {
    pub(super) title: String,
    pub(super) summary: String,
}

/// The wanted check run; `None` while the job is not part of the run's visible jobs yet.
pub(super) fn wanted(job: &ReportedJob, public_url: &str) -> Option<WantedCheckRun> {
    let status = match job.status.as_str() {
        // GitHub accepts `waiting` and `pending` from its own Actions only when creating.
        "pending" | "waiting" | "queued" => "queued",
        "in_progress" => "in_progress",
        "completed" => "completed",
        _ => return None,
    };
    let details_url = format!(
        "{public_url}/{}/{}/actions/runs/{}/job/{}",
        job.owner, job.repository, job.run_id, job.job
    );
    Some(WantedCheckRun {
        name: job.name.clone(),
        head_sha: job.head_sha.clone(),
        external_id: job.job.to_string(),
        details_url,
        status,
        conclusion: job.conclusion.clone(),
        started_at: job.started_at,
        completed_at: job.completed_at,
        output: output(job),
    })
}

fn output(job: &ReportedJob) -> Output {
    let title = match (job.status.as_str(), job.conclusion.as_deref()) {
        ("waiting", _) => "Waiting for a review",
        ("pending" | "queued", _) => "Queued",
        ("in_progress", _) => "In progress",
        (_, Some("success")) => "Successful",
        (_, Some("failure")) => "Failing",
        (_, Some("cancelled")) => "Cancelled",
        (_, Some("skipped")) => "Skipped",
        (_, Some("timed_out")) => "Timed out",
        _ => "Completed",
    };
    let summary = job.reason.as_deref().unwrap_or(title);
    Output {
        title: title.to_owned(),
        summary: summary.chars().take(MAX_SUMMARY_CHARACTERS).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(status: &str, conclusion: Option<&str>) -> ReportedJob {
        ReportedJob {
            job: JobId(100_001),
            run_id: 10_001,
            owner: "acme".into(),
            repository: "app".into(),
            head_sha: "a".repeat(40),
            name: "test (3.11)".into(),
            status: status.into(),
            conclusion: conclusion.map(str::to_owned),
            reason: Some("needs `lint` failed".into()),
            started_at: None,
            completed_at: None,
        }
    }

    #[test]
    fn states_that_only_githubs_own_runner_may_set_are_sent_as_queued() {
        for status in ["pending", "waiting", "queued"] {
            let wanted = wanted(&job(status, None), "https://ci.test").expect("visible");
            assert_eq!(wanted.status, "queued");
        }
        assert_eq!(wanted(&job("blocked", None), "https://ci.test"), None);
    }

    #[test]
    fn a_skipped_job_says_why() {
        let wanted =
            wanted(&job("completed", Some("skipped")), "https://ci.test").expect("visible");
        assert_eq!(wanted.conclusion.as_deref(), Some("skipped"));
        assert_eq!(wanted.output.summary, "needs `lint` failed");
        assert_eq!(wanted.details_url, "https://ci.test/acme/app/actions/runs/10001/job/100001");
    }
}
