//! Whether called files ask for no more than their callers give (`semantics` 4.7).
//!
//! Invariant: a file is looked at once for each set of permissions it is called with.

use crate::diagnostic::{Diagnostic, Severity};
use crate::model::{CallJob, Job, JobKind, Permissions, Workflow};
use crate::plan::called::{CalledWorkflow, FileSource, LoadedWorkflow, find};
use crate::plan::permissions::{TokenPermissions, in_words};

/// The errors of every call.
pub(super) fn check(loaded: &LoadedWorkflow) -> Vec<Diagnostic> {
    let mut check = Check { loaded, seen: Vec::new(), errors: Vec::new() };
    check.calls(Caller {
        workflow: &loaded.workflow,
        source: loaded.source.as_ref(),
        given: loaded.workflow.permissions.as_ref(),
    });
    check.errors
}

/// A file whose calls are looked at.
#[derive(Clone, Copy)]
struct Caller<'a> {
    workflow: &'a Workflow,
    source: Option<&'a FileSource>,
    /// What its jobs have where they say nothing themselves; absent: the repository's default.
    given: Option<&'a Permissions>,
}

struct Check<'a> {
    loaded: &'a LoadedWorkflow,
    seen: Vec<(&'a str, Option<&'a Permissions>)>,
    errors: Vec<Diagnostic>,
}

impl<'a> Check<'a> {
    fn calls(&mut self, caller: Caller<'a>) {
        for job in &caller.workflow.jobs {
            let JobKind::Call(call) = &job.kind else { continue };
            if let Some(called) = find(&self.loaded.called, &call.uses, caller.source) {
                self.call(caller, (job, call), called);
            }
        }
    }

    fn call(
        &mut self,
        caller: Caller<'a>,
        (job, call): (&'a Job, &'a CallJob),
        called: &'a CalledWorkflow,
    ) {
        let given = job.permissions.as_ref().or(caller.given);
        let key = (called.reference.as_str(), given);
        if self.seen.contains(&key) {
            return;
        }
        self.seen.push(key);
        let allowed = match given {
            Some(given) => TokenPermissions::declared(given),
            None => {
                let default = self.loaded.default_permissions;
                TokenPermissions::of_default(default, self.has_same_owner(called))
            }
        };
        let workflow = &called.workflow;
        let own = workflow.permissions.iter().map(|asked| ("workflow".to_owned(), asked));
        let jobs = workflow.jobs.iter().filter_map(|nested| {
            Some((format!("nested job '{}'", nested.id), nested.permissions.as_ref()?))
        });
        for (who, asked) in own.chain(jobs) {
            let excess = TokenPermissions::declared(asked).exceeding(&allowed);
            if !excess.is_empty() {
                let (requested, allowed) = in_words(&excess);
                let message = format!(
                    "Error calling workflow '{}'. The {who} is requesting '{requested}', but is \
                     only allowed '{allowed}'.",
                    called.reference
                );
                self.errors.push(error(caller.workflow, call, message));
            }
        }
        self.calls(Caller {
            workflow,
            source: Some(&called.source),
            given: workflow.permissions.as_ref().or(given),
        });
    }

    fn has_same_owner(&self, called: &CalledWorkflow) -> bool {
        let owner = |source: &FileSource| {
            source.repository.split('/').next().unwrap_or_default().to_lowercase()
        };
        self.loaded.source.as_ref().is_some_and(|own| owner(own) == owner(&called.source))
    }
}

fn error(workflow: &Workflow, call: &CallJob, message: String) -> Diagnostic {
    Diagnostic {
        file: workflow.path.clone(),
        position: Some(call.id_position),
        severity: Severity::Error,
        code: "permissions".to_owned(),
        message,
    }
}
