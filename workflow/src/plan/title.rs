//! The title GitHub gives a run whose file has no `run-name`.
//!
//! Does not evaluate `run-name`; the planner does.

use serde_json::Value;

/// Where the title stands in the payload of each event that has one.
const TITLES: [(&str, &str); 19] = [
    ("push", "/head_commit/message"),
    ("merge_group", "/merge_group/head_commit/message"),
    ("pull_request", "/pull_request/title"),
    ("pull_request_target", "/pull_request/title"),
    ("pull_request_review", "/pull_request/title"),
    ("pull_request_review_comment", "/pull_request/title"),
    ("issues", "/issue/title"),
    ("issue_comment", "/issue/title"),
    ("discussion", "/discussion/title"),
    ("discussion_comment", "/discussion/title"),
    ("release", "/release/name"),
    ("release", "/release/tag_name"),
    ("repository_dispatch", "/action"),
    ("milestone", "/milestone/title"),
    ("label", "/label/name"),
    ("project", "/project/name"),
    ("status", "/commit/commit/message"),
    ("check_run", "/check_run/name"),
    ("registry_package", "/registry_package/name"),
];

/// The first line of what the event is about, or the workflow's name (dispatch, schedule, ...).
#[must_use]
pub fn default_title(event_name: &str, payload: &Value, workflow_name: &str) -> String {
    TITLES
        .iter()
        .filter(|(event, _)| *event == event_name)
        .filter_map(|(_, pointer)| payload.pointer(pointer)?.as_str()?.lines().next())
        .map(str::trim)
        .find(|title| !title.is_empty())
        .unwrap_or(workflow_name)
        .to_owned()
}
