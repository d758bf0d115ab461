//! A workflow file from text to model.

use super::keys::Keys;
use super::{both_levels, jobs, on};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::model::Workflow;
use crate::schema::WORKFLOW;
use crate::template::{self, Token};
use crate::yaml;

/// Each stage runs only if the one before found no error: a broken part would be reported twice.
pub(in crate::model) fn read(path: &str, text: &str) -> (Option<Workflow>, Vec<Diagnostic>) {
    let mut diagnostics = Diagnostics::new(path);
    let root = match yaml::parse(text) {
        Ok(node) => Some(template::read(node, &WORKFLOW, &mut diagnostics)),
        Err(error) => {
            diagnostics.error(error.position, error.code, error.message);
            None
        }
    };
    let workflow = root
        .filter(|_| !diagnostics.has_errors())
        .and_then(|root| workflow(&mut diagnostics, path, root));
    (workflow.filter(|_| !diagnostics.has_errors()), diagnostics.into_sorted())
}

fn workflow(diagnostics: &mut Diagnostics, path: &str, root: Token) -> Option<Workflow> {
    let mut keys = Keys::of(root);
    Some(Workflow {
        path: path.to_owned(),
        name: keys.take_text("name").filter(|name| !name.is_empty()),
        run_name: keys.take("run-name"),
        on: on::read(diagnostics, keys.take("on")),
        env: keys.take("env"),
        defaults: both_levels::defaults(&mut keys),
        permissions: both_levels::permissions(&mut keys),
        concurrency: both_levels::take_concurrency(diagnostics, &mut keys),
        jobs: jobs::read(diagnostics, keys.take("jobs")?),
    })
}
