//! What a step's log begins with (`semantics` 5.4 and 5.15).

use indexmap::IndexMap;

use super::stage::Stage;
use crate::execution::Scope;
use crate::output::StepLog;

/// The head of a step that uses an action: its inputs and its `env`.
pub(super) fn print_action(
    (name, stage): (&str, &Stage),
    inputs: &IndexMap<String, String>,
    scope: &Scope,
    log: &mut StepLog,
) {
    if let Stage::Post { .. } = stage {
        log.line("Post job cleanup.");
        return;
    }
    log.line(&format!("##[group]Run {name}"));
    // As GitHub, whose runner leaves out what is empty.
    let mut shown = inputs.iter().filter(|(_, value)| !value.is_empty()).peekable();
    if shown.peek().is_some() {
        log.line("with:");
        shown.for_each(|(name, value)| log.line(&format!("  {name}: {value}")));
    }
    print_environment(scope, log);
    log.line("##[endgroup]");
}

pub(super) fn print_environment(scope: &Scope, log: &mut StepLog) {
    if !scope.environment.is_empty() {
        log.line("env:");
        for (name, value) in &scope.environment {
            log.line(&format!("  {name}: {value}"));
        }
    }
}
