//! What GitHub should show for a job, as pure function of the job's row.

use chrono::{DateTime, Utc};
use gantry_protocol::JobId;
use gantry_workflow::diagnostic::Diagnostic;
use serde::Serialize;

use super::want::SkippedWorkflow;

/// GitHub's limit of `output.summary`.
const MAX_SUMMARY_CHARACTERS: usize = 65_535;

/// The facts of a job that its check run shows.
#[derive(Clone, Debug)]
pub(super) struct ReportedJob {
    pub(super) job: JobId,
    pub(super) run_id: i64,
    pub(super) owner: String,
    pub(super) repository: String,
    pub(super) installation: Option<i64>,
    /// Another system decides; whatever happened is shown as `neutral`.
    pub(super) is_shadow: bool,
    pub(super) head_sha: String,
    pub(super) name: String,
    pub(super) status: String,
    pub(super) conclusion: Option<String>,
    pub(super) reason: Option<String>,
    pub(super) environment: Option<String>,
    pub(super) environment_url: Option<String>,
    /// What its steps say about themselves, in Markdown.
    pub(super) summary: String,
    pub(super) started_at: Option<DateTime<Utc>>,
    pub(super) completed_at: Option<DateTime<Utc>>,
}

/// A run that ended before it had jobs.
#[derive(Clone, Debug)]
pub(super) struct FailedStart {
    pub(super) run_id: i64,
    pub(super) owner: String,
    pub(super) repository: String,
    pub(super) installation: Option<i64>,
    pub(super) is_shadow: bool,
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
        state: "completed".to_owned(),
        status: "completed",
        conclusion: shown(Some("failure"), run.is_shadow),
        started_at: run.completed_at,
        completed_at: run.completed_at,
        output: Output {
            title: "The workflow could not be started".to_owned(),
            summary: cut(&messages.join("\n\n")),
            text: None,
        },
        actions: Vec::new(),
    }
}

/// The check run of a job that a filter kept from running.
pub(super) fn wanted_for_skipped(
    skipped: &SkippedWorkflow,
    job_name: &str,
    public_url: &str,
) -> WantedCheckRun {
    let SkippedWorkflow { repository_id, head_sha, path, reason, .. } = skipped;
    let now = Utc::now();
    WantedCheckRun {
        name: job_name.to_owned(),
        head_sha: head_sha.clone(),
        external_id: format!("skipped-{repository_id}-{path}-{job_name}"),
        details_url: public_url.to_owned(),
        state: "completed".to_owned(),
        status: "completed",
        conclusion: Some("skipped".to_owned()),
        started_at: Some(now),
        completed_at: Some(now),
        output: Output {
            title: "Skipped".to_owned(),
            summary: cut(&format!("`{path}` was not started: {reason}")),
            text: None,
        },
        actions: Vec::new(),
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
    /// The job's own word, of which GitHub does not take each.
    #[serde(skip)]
    pub(super) state: String,
    pub(super) status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) conclusion: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) started_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) completed_at: Option<DateTime<Utc>>,
    pub(super) output: Output,
    /// An empty list takes buttons away.
    pub(super) actions: Vec<Action>,
}

/// A button; GitHub tells us by `check_run.requested_action` who pressed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Action {
    label: &'static str,
    description: &'static str,
    identifier: &'static str,
}

/// GitHub's limits: a label of 20 characters, a description of 40.
const REVIEW: [Action; 2] = [
    Action { label: "Approve", description: "Let the deployment go on", identifier: "approve" },
    Action { label: "Reject", description: "Let the job fail", identifier: "reject" },
];

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Output {
    pub(super) title: String,
    pub(super) summary: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) text: Option<String>,
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
    Some(WantedCheckRun {
        name: job.name.clone(),
        head_sha: job.head_sha.clone(),
        external_id: job.job.to_string(),
        details_url: details_url(job, public_url),
        state: job.status.clone(),
        status,
        conclusion: shown(job.conclusion.as_deref(), job.is_shadow),
        started_at: job.started_at,
        completed_at: job.completed_at,
        output: output(job),
        actions: if is_review_wanted(job) { REVIEW.to_vec() } else { Vec::new() },
    })
}

/// The job on our page.
pub(super) fn details_url(job: &ReportedJob, public_url: &str) -> String {
    let (owner, repository) = (&job.owner, &job.repository);
    format!("{public_url}/{owner}/{repository}/actions/runs/{}/job/{}", job.run_id, job.job)
}

fn is_review_wanted(job: &ReportedJob) -> bool {
    job.status == "waiting" && job.environment.is_some()
}

/// GitHub counts characters and refuses more.
fn cut(text: &str) -> String {
    text.chars().take(MAX_SUMMARY_CHARACTERS).collect()
}

/// In shadow mode nothing that happens here may block or allow a merge.
fn shown(conclusion: Option<&str>, is_shadow: bool) -> Option<String> {
    conclusion.map(|it| if is_shadow { "neutral" } else { it }.to_owned())
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
        summary: cut(summary),
        text: (!job.summary.is_empty()).then(|| cut(&job.summary)),
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
            installation: None,
            is_shadow: false,
            head_sha: "a".repeat(40),
            name: "test (3.11)".into(),
            status: status.into(),
            conclusion: conclusion.map(str::to_owned),
            reason: Some("needs `lint` failed".into()),
            environment: None,
            environment_url: None,
            summary: String::new(),
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
    fn a_waiting_deployment_has_buttons_and_loses_them() {
        let waiting =
            ReportedJob { environment: Some("production".into()), ..job("waiting", None) };
        let shown = wanted(&waiting, "https://ci.test").expect("visible");
        let identifiers: Vec<_> = shown.actions.iter().map(|action| action.identifier).collect();
        assert_eq!(identifiers, ["approve", "reject"]);
        for action in shown.actions {
            assert!(action.label.len() <= 20 && action.description.len() <= 40);
        }
        let queued = ReportedJob { status: "queued".into(), ..waiting };
        assert_eq!(wanted(&queued, "https://ci.test").expect("visible").actions, []);
    }

    #[test]
    fn a_long_summary_is_cut_at_githubs_limit() {
        let long =
            ReportedJob { summary: "ä".repeat(70_000), ..job("completed", Some("success")) };
        let text = wanted(&long, "https://ci.test").and_then(|it| it.output.text).expect("a text");
        assert_eq!(text.chars().count(), 65_535);
    }

    #[test]
    fn in_shadow_mode_nothing_fails_and_the_title_says_what_happened() {
        let failed = ReportedJob { is_shadow: true, ..job("completed", Some("failure")) };
        let wanted = wanted(&failed, "https://ci.test").expect("visible");
        assert_eq!(wanted.conclusion.as_deref(), Some("neutral"));
        assert_eq!(wanted.output.title, "Failing");
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
