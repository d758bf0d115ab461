//! Which stages an action has besides its main one (`semantics` 5.15).
//!
//! Only downloaded actions can be asked before the job runs. Invariant: an action within an action
//! counts for both.

use gantry_workflow::expr::Expression;
use gantry_workflow::model::{Action, ActionRuns, Step, StepKind, Uses};
use gantry_workflow::schema::STEP_IF;
use gantry_workflow::template::Token;

use super::locate::{LoadedAction, load_own};
use super::prepare::MOST_DEPTH;
use super::{BuiltinAction, builtin, is_builtin};
use crate::execution::{ActionScope, RunningJob};

/// The condition of a step's pre stage; `None` if it has none.
pub(crate) fn pre_condition(
    job: &RunningJob,
    step: &Step,
    around: Option<&ActionScope>,
) -> Option<Expression> {
    pre(job, step, (around, 0))
}

/// Whether a step may register a post stage; a local action always may.
pub(crate) fn may_have_post(job: &RunningJob, step: &Step) -> bool {
    may_post(job, step, (None, 0))
}

/// The condition of an action's own post stage; `None` if it has none, or is composite.
pub(crate) fn post_condition(action: &Action) -> Option<&Expression> {
    match &action.runs {
        ActionRuns::Node(node) => node.post.as_ref().map(|_| &node.post_if),
        ActionRuns::Docker(docker) => docker.post_entrypoint.as_ref().map(|_| &docker.post_if),
        ActionRuns::Composite(_) => None,
    }
}

/// What the stages of a composite action run under.
pub(crate) fn always() -> Option<Expression> {
    Expression::parse("always()", &STEP_IF).ok()
}

/// What the post stages of built-in actions run under.
pub(crate) fn on_success() -> Option<Expression> {
    Expression::parse("success()", &STEP_IF).ok()
}

/// What the steps of an action need to know of it before it runs.
pub(crate) fn bare_scope(loaded: &LoadedAction) -> ActionScope {
    let place = &loaded.place;
    ActionScope {
        path: place.inside.clone(),
        repository: place.repository.clone(),
        git_ref: place.git_ref.clone(),
        ..ActionScope::default()
    }
}

fn uses_of<'a>(job: &RunningJob, step: &'a Step) -> Option<&'a Uses> {
    match &step.kind {
        StepKind::Uses { uses, .. } if !is_builtin(job, uses) => Some(uses),
        _ => None,
    }
}

/// Whether the runner's own checkout has a key to remove afterwards.
fn leaves_key(job: &RunningJob, step: &Step) -> bool {
    let StepKind::Uses { uses, with: Some(with) } = &step.kind else { return false };
    let is_key = |name: &Token| name.display().eq_ignore_ascii_case("ssh-key");
    builtin(job, uses) == Some(BuiltinAction::Checkout)
        && (with.is_expression() || with.pairs().iter().any(|(name, _)| is_key(name)))
}

fn pre(
    job: &RunningJob,
    step: &Step,
    (around, depth): (Option<&ActionScope>, usize),
) -> Option<Expression> {
    let loaded = load_own(job, uses_of(job, step)?, around).filter(|_| depth <= MOST_DEPTH)?;
    match &loaded.action.runs {
        ActionRuns::Node(node) => node.pre.as_ref().map(|_| node.pre_if.clone()),
        ActionRuns::Docker(docker) => docker.pre_entrypoint.as_ref().map(|_| docker.pre_if.clone()),
        ActionRuns::Composite(steps) => {
            let scope = bare_scope(&loaded);
            let has = |step: &Step| pre(job, step, (Some(&scope), depth + 1)).is_some();
            steps.iter().any(has).then(always).flatten()
        }
    }
}

fn may_post(job: &RunningJob, step: &Step, (around, depth): (Option<&ActionScope>, usize)) -> bool {
    if let StepKind::Uses { uses, .. } = &step.kind
        && let Some(action) = builtin(job, uses)
    {
        return action.may_have_post() || leaves_key(job, step);
    }
    let Some(uses) = uses_of(job, step) else { return false };
    if matches!(uses, Uses::Local { .. }) {
        return true;
    }
    let loaded = load_own(job, uses, around).filter(|_| depth <= MOST_DEPTH);
    loaded.is_some_and(|loaded| match &loaded.action.runs {
        ActionRuns::Composite(steps) => {
            let scope = bare_scope(&loaded);
            steps.iter().any(|step| may_post(job, step, (Some(&scope), depth + 1)))
        }
        _ => post_condition(&loaded.action).is_some(),
    })
}
