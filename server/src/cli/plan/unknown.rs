//! What no one can know before jobs have run: outputs of jobs, and variables of the repository.
//!
//! What a call hands over of it is an input that is not known. Pure. Replaces what depends on it, so that the state machine does not mistake "not known" for
//! "empty": conditions by one that holds, texts by themselves as written. Invariant: what is replaced
//! here is said to be unknown by [`of`].

use std::collections::BTreeSet;

use gantry_workflow::expr::{Allowed, Expression};
use gantry_workflow::model::{Job, JobId, JobKind, Workflow};
use gantry_workflow::plan::LoadedWorkflow;
use gantry_workflow::template::{Token, TokenKind};

/// What is not known of a job.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Unknown {
    pub(super) condition: bool,
    /// A job it needs to succeed, of which it is not known whether it runs.
    pub(super) need: Option<JobId>,
    pub(super) matrix: bool,
}

/// Names of inputs, in lower case, to which a call gives a value that is not known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct OpenInputs(BTreeSet<String>);

impl OpenInputs {
    /// The inputs that any call of these files leaves open. The same name may belong to several
    /// files: it is then open in all of them.
    pub(super) fn of(loaded: &LoadedWorkflow) -> Self {
        let mut open = Self::default();
        loop {
            let n_known = open.0.len();
            open.add_calls_of(&loaded.workflow, &Self::default());
            for file in &loaded.called {
                let before = open.clone();
                open.add_calls_of(&file.workflow, &before);
            }
            if open.0.len() == n_known {
                return open;
            }
        }
    }

    /// `own` are the open inputs of the file that calls.
    fn add_calls_of(&mut self, workflow: &Workflow, own: &Self) {
        for job in &workflow.jobs {
            let JobKind::Call(call) = &job.kind else { continue };
            let is_open = is_open_in(job, own);
            let open = call.with.iter().filter(|(_, value)| contains(value, &is_open));
            self.0.extend(open.map(|(name, _)| name.to_lowercase()));
        }
    }

    fn are_read_by(&self, expression: &Expression) -> bool {
        match expression.referenced_properties("inputs") {
            Some(names) => names.iter().any(|name| self.0.contains(&name.to_lowercase())),
            None => !self.0.is_empty(),
        }
    }

    fn leave_open(&self, expression: &Expression) -> bool {
        is_unknown(expression) || self.are_read_by(expression)
    }
}

/// What is not known of a job of a workflow as it was read.
pub(super) fn of(job: &Job, inputs: &OpenInputs) -> Unknown {
    let matrix = job.strategy.as_ref().and_then(|strategy| strategy.matrix.as_ref());
    Unknown {
        need: None,
        condition: inputs.leave_open(&job.condition),
        matrix: matrix.is_some_and(|token| contains(token, &|it| inputs.leave_open(it))),
    }
}

/// The files with everything unknown replaced.
pub(super) fn replace(mut loaded: LoadedWorkflow, inputs: &OpenInputs) -> LoadedWorkflow {
    let own = OpenInputs::default();
    loaded.workflow.jobs.iter_mut().for_each(|job| replace_in(job, &own));
    for file in &mut loaded.called {
        file.workflow.jobs.iter_mut().for_each(|job| replace_in(job, inputs));
    }
    loaded
}

/// Whether an expression of a job is unknown, be it by way of its matrix.
fn is_open_in(job: &Job, inputs: &OpenInputs) -> impl Fn(&Expression) -> bool + use<> {
    let has_open_matrix = of(job, inputs).matrix;
    let inputs = inputs.clone();
    move |expression| {
        inputs.leave_open(expression)
            || has_open_matrix && (reads(expression, "matrix") || reads(expression, "strategy"))
    }
}

fn replace_in(job: &mut Job, inputs: &OpenInputs) {
    let is_open = is_open_in(job, inputs);
    let unknown = of(job, inputs);
    if unknown.condition
        && let Ok(holds) = Expression::parse("always()", &Allowed::ANYTHING)
    {
        job.condition = holds;
    }
    if unknown.matrix {
        job.strategy = None;
    }
    let open = |token: &Option<Token>| token.as_ref().is_some_and(|it| contains(it, &is_open));
    job.name.iter_mut().for_each(|token| write_out(token, &is_open));
    if let Some(concurrency) = &mut job.concurrency {
        write_out(&mut concurrency.group, &is_open);
        concurrency.cancel_in_progress.take_if(|token| contains(token, &is_open));
    }
    if let JobKind::Call(call) = &mut job.kind {
        // The called file is told nothing that could be of the wrong type.
        call.with.retain(|(_, value)| !contains(value, &is_open));
    }
    if let JobKind::Steps(steps) = &mut job.kind {
        write_out(&mut steps.runs_on, &is_open);
        steps.environment.iter_mut().for_each(|it| write_out(&mut it.name, &is_open));
        if open(&steps.timeout_minutes) {
            steps.timeout_minutes = None;
        }
        if open(&steps.continue_on_error) {
            steps.continue_on_error = None;
        }
    }
}

fn is_unknown(expression: &Expression) -> bool {
    expression.reads_outputs_of_needs() || reads(expression, "vars")
}

fn reads(expression: &Expression, context: &str) -> bool {
    expression.referenced_properties(context) != Some(Vec::new())
}

/// Whether an expression anywhere in the token is one of these.
fn contains(token: &Token, is_open: &dyn Fn(&Expression) -> bool) -> bool {
    match &token.kind {
        TokenKind::Expression(expression) => is_open(expression),
        TokenKind::Sequence(items) => items.iter().any(|item| contains(item, is_open)),
        TokenKind::Mapping(pairs) => {
            pairs.iter().any(|(key, value)| contains(key, is_open) || contains(value, is_open))
        }
        _ => false,
    }
}

/// Replaces expressions by their text.
fn write_out(token: &mut Token, is_open: &dyn Fn(&Expression) -> bool) {
    match &mut token.kind {
        TokenKind::Expression(expression) if is_open(expression) => {
            token.kind = TokenKind::String(format!("${{{{ {expression} }}}}"));
        }
        TokenKind::Sequence(items) => items.iter_mut().for_each(|item| write_out(item, is_open)),
        TokenKind::Mapping(pairs) => {
            pairs.iter_mut().for_each(|(_, value)| write_out(value, is_open));
        }
        _ => {}
    }
}
