//! One run with its jobs, steps, annotations, diagnostics and waiting deployments.
//!
//! Reads only. Invariant: `blocked` is ours; the page sees such a job as `pending`.

use std::collections::{BTreeMap, BTreeSet};

use gantry_protocol::{JobId, RunId};
use serde_json::{Value, json};
use sqlx::PgConnection;

use super::call_edges::{Needs, id, is_open, needs_among};
use crate::accounts::Identity;
use crate::environments::view::waiting_environments;
use crate::http::links::Links;
use crate::http::rest::deployments::may_approve;
use crate::http::rest::jobs::step_json;
use crate::http::rest::runs::run_json;
use crate::jobs::annotation_view::{AnnotationView, annotations_of_jobs};
use crate::jobs::view::{JobView, StepView, jobs_of_run, needs_of_run, steps_of_jobs};
use crate::members;
use crate::runs::view::find_attempt;

/// The run as shown.
pub(super) struct RunDetail {
    pub(super) body: Value,
    pub(super) is_completed: bool,
}

/// Who looks at what.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look<'a> {
    pub(super) run: RunId,
    /// The newest one when absent.
    pub(super) attempt: Option<i32>,
    pub(super) account: &'a Identity,
}

/// `None` when there is no such run or attempt.
pub(super) async fn run_detail(
    db: &mut PgConnection,
    links: &Links,
    look: Look<'_>,
) -> sqlx::Result<Option<RunDetail>> {
    let Some(newest) = find_attempt(db, look.run, None).await? else {
        return Ok(None);
    };
    let latest_attempt = newest.run_attempt;
    let run = match look.attempt {
        Some(number) if number != latest_attempt => {
            match find_attempt(db, look.run, Some(number)).await? {
                Some(run) => run,
                None => return Ok(None),
            }
        }
        _ => newest,
    };
    let jobs = jobs_of_run(db, run.id, run.run_attempt).await?;
    let ids: Vec<_> = jobs.iter().map(|job| job.id).collect();
    let parts = Parts {
        shown: jobs.iter().map(|job| job.job_key.clone()).collect(),
        open: jobs
            .iter()
            .filter(|job| job.status != "completed")
            .map(|job| job.job_key.clone())
            .collect(),
        needs: needs_of_run(db, run.id).await?,
        steps: steps_of_jobs(db, &ids).await?,
        annotations: annotations_of_jobs(db, &ids).await?,
    };
    let is_latest = run.run_attempt == latest_attempt;
    let waiting = waiting_environments(db, (run.repository_id, run.id)).await?;
    // Who opened the page has had GitHub asked; a stream only shows what is known.
    let teams = members::known_groups(db, &look.account.login).await?;
    // Nothing of an attempt that has ended waits.
    let pending: Vec<_> = waiting
        .iter()
        .filter(|_| is_latest)
        .map(|it| {
            json!({
                "environment": it.environment.name,
                "environment_id": it.environment.id,
                "can_approve": may_approve((look.account, &teams), &run, it),
                "approved_by": it.approved_by,
                "required_approvals": it.environment.rules.required_approvals,
            })
        })
        .collect();
    let body = json!({
        "run": run_json(links, &run),
        "latest_attempt": latest_attempt,
        "reason": run.status_reason,
        "jobs": jobs.iter().map(|job| parts.job_json(job)).collect::<Vec<_>>(),
        "diagnostics": run.diagnostics,
        "pending_deployments": pending,
    });
    Ok(Some(RunDetail { body, is_completed: run.status == "completed" }))
}

/// What belongs to the jobs of a run.
struct Parts {
    /// Keys of all jobs.
    shown: BTreeSet<String>,
    /// Keys of jobs that have not ended.
    open: BTreeSet<String>,
    needs: Needs,
    steps: BTreeMap<JobId, Vec<StepView>>,
    annotations: BTreeMap<JobId, Vec<AnnotationView>>,
}

impl Parts {
    fn job_json(&self, job: &JobView) -> Value {
        let needs = needs_among(&self.shown, &self.needs, &job.job_key);
        let steps = self.steps.get(&job.id).map_or(&[][..], Vec::as_slice);
        let annotations = self.annotations.get(&job.id).map_or(&[][..], Vec::as_slice);
        let status = match job.status.as_str() {
            "blocked" => "pending",
            status => status,
        };
        json!({
            "id": job.id,
            "job_key": job.job_key,
            "leg": job.leg,
            "name": job.name,
            "needs": needs,
            "status": status,
            "conclusion": job.conclusion,
            "reason": job
                .reason
                .clone()
                .or_else(|| job.infrastructure_error.clone())
                .or_else(|| self.why_it_waits(job)),
            "environment": job.environment,
            "environment_url": job.environment_url,
            "runner_name": job.runner_name,
            "runs_on": job.runs_on,
            "queued_at": job.queued_at,
            "started_at": job.started_at,
            "completed_at": job.completed_at,
            "steps": steps.iter().map(step_json).collect::<Vec<_>>(),
            "annotations": annotations.iter().map(annotation_json).collect::<Vec<_>>(),
        })
    }
}

/// What a job waits for that nobody has written down, because it follows from the other jobs.
impl Parts {
    fn why_it_waits(&self, job: &JobView) -> Option<String> {
        match job.status.as_str() {
            "blocked" => {
                let needs = self.needs.get(&job.job_key)?;
                let open: Vec<_> = needs
                    .iter()
                    .filter(|need| is_open(&self.open, need))
                    .map(|need| format!("`{}`", id(need)))
                    .collect();
                (!open.is_empty()).then(|| format!("waits for {}", open.join(", ")))
            }
            "pending" => Some("waits for another leg to end (`max-parallel`)".to_owned()),
            _ => None,
        }
    }
}

fn annotation_json(annotation: &AnnotationView) -> Value {
    json!({
        "level": annotation.level,
        "message": annotation.message,
        "title": annotation.title,
        "path": annotation.path,
        "start_line": annotation.start_line,
        "end_line": annotation.end_line,
        "start_column": annotation.start_column,
        "end_column": annotation.end_column,
        "step_number": annotation.step_number,
        "log_line": annotation.log_line,
    })
}
