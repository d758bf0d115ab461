//! Secrets that a workflow refers to and nobody has set: GitHub lets them be empty without a word.
//!
//! Tells only of the run's own file; what a called one gets, its callers decide. Invariant: a warning,
//! never an error, because an empty secret may be meant.

use std::collections::BTreeSet;

use gantry_workflow::diagnostic::{Diagnostic, Severity};
use gantry_workflow::model::{Job, JobKind, ReferencedSecrets, StepsJob, Workflow};
use sqlx::PgConnection;

use crate::repositories::Repository;
use crate::secrets::{self, Reader};

/// Every job has this one.
const TOKEN: &str = "GITHUB_TOKEN";

/// A warning for each job and each secret it refers to that it will not have.
pub(super) async fn warnings(
    db: &mut PgConnection,
    repository: &Repository,
    workflow: &Workflow,
) -> sqlx::Result<Vec<Diagnostic>> {
    let reader = Reader { repository: repository.id, owner: &repository.owner };
    let mut warnings = Vec::new();
    for job in &workflow.jobs {
        let JobKind::Steps(steps) = &job.kind else { continue };
        let referenced = job.referenced_secrets(workflow.env.as_ref(), &workflow.defaults);
        let ReferencedSecrets::Names(names) = referenced else { continue };
        let Some(environment) = environment(steps) else { continue };
        if names.iter().all(|name| name == TOKEN) {
            continue;
        }
        let known = secrets::names_for_job(db, reader, &environment).await?;
        warnings.extend(missing(&names, &known).map(|name| warning(workflow, job, name)));
    }
    Ok(warnings)
}

fn missing<'a>(
    referenced: &'a BTreeSet<String>,
    known: &'a BTreeSet<String>,
) -> impl Iterator<Item = &'a String> {
    referenced.iter().filter(|name| *name != TOKEN && !known.contains(*name))
}

/// Empty for a job without one; `None` for one whose name is not known before the job runs.
fn environment(job: &StepsJob) -> Option<String> {
    match &job.environment {
        None => Some(String::new()),
        Some(environment) => environment.name.literal_text().map(|name| name.into_owned()),
    }
}

fn warning(workflow: &Workflow, job: &Job, name: &str) -> Diagnostic {
    Diagnostic {
        file: workflow.path.clone(),
        position: Some(job.position),
        severity: Severity::Warning,
        code: "missing-secret".to_owned(),
        message: format!(
            "Secret `{name}`, to which job `{}` refers, is not set; it is empty in this run",
            job.id
        ),
    }
}
