//! Activity types: what `types:` accepts, and what it means when the file does not say.
//!
//! The full lists are the schema's; here is only what decides a match (`semantics` 1.7).

use crate::model::EventTrigger;

/// Types GitHub assumes for pull requests when `types` is absent. All other events assume all.
const PULL_REQUEST_DEFAULTS: [&str; 3] = ["opened", "synchronize", "reopened"];

/// Whether the activity `action` is one `trigger` asks for; if not, why not.
pub(super) fn accepts(trigger: &EventTrigger, action: &str) -> Result<(), String> {
    if !has_activities(&trigger.event) {
        return Ok(());
    }
    let wanted: Vec<&str> = match &trigger.types {
        Some(types) => types.iter().map(String::as_str).collect(),
        None if is_pull_request(&trigger.event) => PULL_REQUEST_DEFAULTS.to_vec(),
        None => return Ok(()),
    };
    if wanted.contains(&action) {
        return Ok(());
    }
    let assumed = if trigger.types.is_none() { " (the default)" } else { "" };
    let list = wanted.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
    Err(format!("types: activity `{action}` is none of {list}{assumed}"))
}

fn is_pull_request(event: &str) -> bool {
    matches!(event, "pull_request" | "pull_request_target")
}

/// Events whose payload has no `action`; a stray `types` under them means nothing.
fn has_activities(event: &str) -> bool {
    !matches!(
        event,
        "push"
            | "schedule"
            | "workflow_dispatch"
            | "workflow_call"
            | "create"
            | "delete"
            | "deployment"
            | "deployment_status"
            | "fork"
            | "gollum"
            | "page_build"
            | "public"
            | "status"
    )
}
