//! What no one can know before jobs have run: outputs of jobs, and variables of the repository.
//!
//! Pure. Replaces what depends on them, so that the state machine does not mistake "not known" for
//! "empty": conditions by one that holds, texts by themselves as written. Invariant: what is replaced
//! here is said to be unknown by [`of`].

use gantry_workflow::expr::{Allowed, Expression};
use gantry_workflow::model::{Job, JobId, JobKind, Workflow};
use gantry_workflow::template::{Token, TokenKind};

/// What is not known of a job.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Unknown {
    pub(super) condition: bool,
    /// A job it needs to succeed, of which it is not known whether it runs.
    pub(super) need: Option<JobId>,
    pub(super) matrix: bool,
}

/// What is not known of a job of a workflow as it was read.
pub(super) fn of(job: &Job) -> Unknown {
    let matrix = job.strategy.as_ref().and_then(|strategy| strategy.matrix.as_ref());
    Unknown {
        need: None,
        condition: is_unknown(&job.condition),
        matrix: matrix.is_some_and(|token| contains(token, &is_unknown)),
    }
}

/// The workflow with everything unknown replaced.
pub(super) fn replace(mut workflow: Workflow) -> Workflow {
    for job in &mut workflow.jobs {
        replace_in(job);
    }
    workflow
}

fn replace_in(job: &mut Job) {
    let unknown = of(job);
    if unknown.condition
        && let Ok(holds) = Expression::parse("always()", &Allowed::ANYTHING)
    {
        job.condition = holds;
    }
    if unknown.matrix {
        job.strategy = None;
    }
    let is_open = |expression: &Expression| {
        is_unknown(expression)
            || unknown.matrix && (reads(expression, "matrix") || reads(expression, "strategy"))
    };
    let open = |token: &Option<Token>| token.as_ref().is_some_and(|it| contains(it, &is_open));
    job.name.iter_mut().for_each(|token| write_out(token, &is_open));
    if let Some(concurrency) = &mut job.concurrency {
        write_out(&mut concurrency.group, &is_open);
        concurrency.cancel_in_progress.take_if(|token| contains(token, &is_open));
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
