//! Whether the environment of a leg lets it start (`semantics` 4.6).
//!
//! Does not look at `max-parallel` or concurrency. Invariant: a leg whose environment has rules passes
//! only when every one of them is met.

use chrono::{DateTime, Utc};

use super::protection::Protection;
use super::scope::Scope;
use super::state::{LegState, LegStatus, Review, RunState};

/// What an environment says to a leg.
pub(super) enum Gate {
    /// Nothing to decide: it waits already, runs or has ended.
    Closed,
    Wait {
        environment: String,
        reason: String,
    },
    /// The leg fails for this reason.
    Refused(String),
    Open,
}

pub(super) fn gate(scope: &Scope<'_>, leg: &LegState, now: DateTime<Utc>) -> Gate {
    if !matches!(leg.status, LegStatus::Pending | LegStatus::Waiting) {
        return Gate::Closed;
    }
    let Some(environment) = &leg.environment else { return Gate::Open };
    let default = Protection::default();
    let protection = protection(scope.state, environment).unwrap_or(&default);
    if let Some(reason) = protection.refusal(scope.git_ref(), environment) {
        return Gate::Refused(reason);
    }
    if leg.review == Some(Review::Rejected) {
        return Gate::Refused(format!("the deployment to `{environment}` was rejected"));
    }
    let waits_for = [
        awaits_review(scope.state, leg)
            .then(|| format!("a review of the deployment to `{environment}`")),
        ends_waiting(scope.state, leg, now).filter(|end| *end > now).map(|_| {
            let minutes = protection.wait.num_minutes();
            format!("{minutes} minutes to pass before the deployment to `{environment}`")
        }),
    ];
    let waits_for: Vec<_> = waits_for.into_iter().flatten().collect();
    if waits_for.is_empty() {
        return Gate::Open;
    }
    if leg.status == LegStatus::Waiting {
        return Gate::Closed;
    }
    let reason = format!("waiting for {}", waits_for.join(" and for "));
    Gate::Wait { environment: environment.clone(), reason }
}

/// Whether nobody has answered for a leg whose environment asks for a review.
pub(super) fn awaits_review(state: &RunState, leg: &LegState) -> bool {
    let protection = leg.environment.as_ref().and_then(|name| protection(state, name));
    protection.is_some_and(|protection| protection.review_required) && leg.review.is_none()
}

/// When the environment's timer lets the leg go; `None`: it has no timer.
pub(super) fn ends_waiting(
    state: &RunState,
    leg: &LegState,
    now: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    let protection = protection(state, leg.environment.as_ref()?)?;
    let since = match leg.status {
        LegStatus::Waiting => leg.since.unwrap_or(now),
        LegStatus::Pending => now,
        LegStatus::Queued | LegStatus::InProgress | LegStatus::Completed(_) => return None,
    };
    (!protection.wait.is_zero()).then(|| since + protection.wait)
}

fn protection<'a>(state: &'a RunState, environment: &str) -> Option<&'a Protection> {
    state.protections.get(&environment.to_lowercase())
}
