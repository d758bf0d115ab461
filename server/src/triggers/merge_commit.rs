//! The merge commit of a pull request, which GitHub computes after it has told us of the change.
//!
//! Invariant: a run never gets the merge commit of other heads than those of its event.

use gantry_workflow::trigger::Origin;
use serde_json::Value;

use super::event::{NoEvent, text};
use crate::App;
use crate::repositories::Repository;

/// Puts the merge commit into `origin`, if it waits for one. When GitHub has not computed it yet the
/// delivery fails, and is tried again after pauses that grow.
pub(super) async fn complete(
    app: &App,
    repository: &Repository,
    payload: &Value,
    origin: &mut Origin,
) -> Result<(), NoEvent> {
    let number = origin.git_ref.strip_prefix("refs/pull/").and_then(|it| it.strip_suffix("/merge"));
    let (Some(number), Some(github)) = (number, repository.github()) else { return Ok(()) };
    let failed = |error| NoEvent::Failed(anyhow::Error::new(error));
    let client = app.github.for_installation(github.installation).map_err(failed)?;
    let path = format!("/repos/{}/pulls/{number}", repository.full_name());
    let current: Value = client.get(&path).await.map_err(failed)?;
    origin.sha = decide(number, text(payload, "/pull_request/head/sha"), &current)?;
    Ok(())
}

/// The merge commit, as far as `current` is about the same head.
fn decide(number: &str, head: &str, current: &Value) -> Result<String, NoEvent> {
    let newest = text(current, "/head/sha");
    if !head.is_empty() && newest != head {
        return Err(NoEvent::Ignored(format!(
            "pull request #{number} has moved on to {newest}, whose own event starts the runs"
        )));
    }
    match current["mergeable"].as_bool() {
        Some(true) => Ok(text(current, "/merge_commit_sha").to_owned()),
        Some(false) => Err(NoEvent::Ignored(format!(
            "pull request #{number} has a merge conflict, so there is no merge commit to run on"
        ))),
        None => Err(NoEvent::Failed(anyhow::anyhow!(
            "GitHub has not computed the merge commit of pull request #{number} yet"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{NoEvent, decide};

    #[test]
    fn only_a_computed_merge_of_the_same_head_is_taken() {
        let current = |mergeable: serde_json::Value| json!({ "head": { "sha": "h" }, "mergeable": mergeable, "merge_commit_sha": "m" });
        assert_eq!(decide("7", "h", &current(json!(true))).expect("computed"), "m");
        let conflict = decide("7", "h", &current(json!(false)));
        assert!(matches!(conflict, Err(NoEvent::Ignored(reason)) if reason.contains("conflict")));
        let early = decide("7", "h", &current(json!(null)));
        assert!(matches!(early, Err(NoEvent::Failed(_))));
        let moved = decide("7", "older", &current(json!(true)));
        assert!(matches!(moved, Err(NoEvent::Ignored(reason)) if reason.contains("moved on")));
    }
}
