//! Which commit and ref an event runs on, and where its workflow files are read (`semantics` 3.1).
//!
//! Does not resolve refs: an empty sha asks the caller for the tip of the ref.

use serde_json::Value;

use super::event::{Event, Origin, WorkflowSource};
use super::payload::{is_true, text};

/// The commit and ref `event` runs on, or why it starts nothing (deleted branch, unknown event).
///
/// # Errors
/// The reason, in words for people.
pub fn origin(event: &Event<'_>, default_branch: &str) -> Result<Origin, String> {
    let payload = event.payload;
    match event.name {
        "push" => push(payload),
        "pull_request" => pull_request(payload),
        "pull_request_review" | "pull_request_review_comment" => {
            merge_ref(payload, pull_request_number(payload)?)
        }
        "pull_request_target" => Ok(with_pull_request_refs(on_branch(default_branch), payload)),
        "merge_group" => Ok(at_commit(
            text(payload, "/merge_group/head_sha"),
            text(payload, "/merge_group/head_ref").to_owned(),
        )),
        "create" => create(payload),
        "workflow_dispatch" => dispatch(payload, default_branch),
        "deployment" => Ok(deployment(payload)),
        "deployment_status" => deployment_status(payload),
        "release" => release(payload),
        "check_run" | "check_suite" => check(event, default_branch),
        "schedule"
        | "repository_dispatch"
        | "workflow_run"
        | "delete"
        | "issues"
        | "issue_comment"
        | "discussion"
        | "discussion_comment"
        | "label"
        | "milestone"
        | "watch"
        | "fork"
        | "gollum"
        | "page_build"
        | "public"
        | "status"
        | "branch_protection_rule"
        | "registry_package"
        | "image_version"
        | "project"
        | "project_card"
        | "project_column" => Ok(on_branch(default_branch)),
        "workflow_call" => {
            Err("`workflow_call` is a call by another workflow, not an event of the \
             repository"
                .to_owned())
        }
        unknown => Err(format!("`{unknown}` is not an event that starts workflows")),
    }
}

/// The tip of the default branch, with the files of the default branch.
fn on_branch(default_branch: &str) -> Origin {
    Origin {
        sha: String::new(),
        git_ref: format!("refs/heads/{default_branch}"),
        head_ref: String::new(),
        base_ref: String::new(),
        source: WorkflowSource::DefaultBranch,
    }
}

/// A commit with its own workflow files. An empty `sha` is the tip of `git_ref`.
fn at_commit(sha: &str, git_ref: String) -> Origin {
    Origin {
        sha: sha.to_owned(),
        git_ref,
        head_ref: String::new(),
        base_ref: String::new(),
        source: WorkflowSource::EventCommit,
    }
}

fn push(payload: &Value) -> Result<Origin, String> {
    let git_ref = text(payload, "/ref");
    if git_ref.is_empty() {
        return Err("the push payload names no ref".to_owned());
    }
    let after = text(payload, "/after");
    if is_true(payload, "/deleted") || is_no_commit(after) {
        return Err(format!("the push deleted `{git_ref}`; there is no commit to run on"));
    }
    Ok(at_commit(after, git_ref.to_owned()))
}

/// GitHub writes the commit that a deleted ref points to as zeros.
fn is_no_commit(sha: &str) -> bool {
    !sha.is_empty() && sha.bytes().all(|byte| byte == b'0')
}

fn pull_request(payload: &Value) -> Result<Origin, String> {
    let number = pull_request_number(payload)?;
    let merged = is_true(payload, "/pull_request/merged");
    if text(payload, "/action") == "closed" && merged {
        let base = text(payload, "/pull_request/base/ref");
        let sha = text(payload, "/pull_request/merge_commit_sha");
        return Ok(with_pull_request_refs(at_commit(sha, format!("refs/heads/{base}")), payload));
    }
    if payload.pointer("/pull_request/mergeable") == Some(&Value::Bool(false)) {
        return Err(format!(
            "pull request #{number} has a merge conflict, so there is no merge commit to run on"
        ));
    }
    merge_ref(payload, number)
}

/// The merge commit of a pull request. The payload's `merge_commit_sha` belongs to the newest heads
/// only once GitHub has computed `mergeable`; before, the caller has to ask for the ref's tip.
fn merge_ref(payload: &Value, number: u64) -> Result<Origin, String> {
    let computed = is_true(payload, "/pull_request/mergeable");
    let sha = if computed { text(payload, "/pull_request/merge_commit_sha") } else { "" };
    Ok(with_pull_request_refs(at_commit(sha, format!("refs/pull/{number}/merge")), payload))
}

fn pull_request_number(payload: &Value) -> Result<u64, String> {
    payload
        .pointer("/pull_request/number")
        .or_else(|| payload.pointer("/number"))
        .and_then(Value::as_u64)
        .ok_or_else(|| "the payload names no pull request".to_owned())
}

fn with_pull_request_refs(origin: Origin, payload: &Value) -> Origin {
    Origin {
        head_ref: text(payload, "/pull_request/head/ref").to_owned(),
        base_ref: text(payload, "/pull_request/base/ref").to_owned(),
        ..origin
    }
}

fn create(payload: &Value) -> Result<Origin, String> {
    let name = text(payload, "/ref");
    match text(payload, "/ref_type") {
        "branch" => Ok(at_commit("", format!("refs/heads/{name}"))),
        "tag" => Ok(at_commit("", format!("refs/tags/{name}"))),
        other => Err(format!("a created `{other}` starts no workflow; only branches and tags do")),
    }
}

fn dispatch(payload: &Value, default_branch: &str) -> Result<Origin, String> {
    let chosen = text(payload, "/ref");
    let git_ref = if chosen.is_empty() {
        format!("refs/heads/{default_branch}")
    } else if chosen.starts_with("refs/heads/") || chosen.starts_with("refs/tags/") {
        chosen.to_owned()
    } else if chosen.starts_with("refs/") {
        return Err(format!("`{chosen}` is neither a branch nor a tag"));
    } else {
        format!("refs/heads/{chosen}")
    };
    Ok(at_commit("", git_ref))
}

/// A deployment of a bare commit has no ref.
fn deployment(payload: &Value) -> Origin {
    let sha = text(payload, "/deployment/sha");
    let name = text(payload, "/deployment/ref");
    let git_ref = if name.is_empty() || name == sha {
        String::new()
    } else if name.starts_with("refs/") {
        name.to_owned()
    } else {
        format!("refs/heads/{name}")
    };
    at_commit(sha, git_ref)
}

fn deployment_status(payload: &Value) -> Result<Origin, String> {
    if text(payload, "/deployment_status/state") == "inactive" {
        return Err("a deployment that became `inactive` starts no workflow".to_owned());
    }
    Ok(deployment(payload))
}

fn release(payload: &Value) -> Result<Origin, String> {
    let action = text(payload, "/action");
    if is_true(payload, "/release/draft") && matches!(action, "created" | "edited" | "deleted") {
        return Err(format!("`{action}` of a draft release starts no workflow"));
    }
    let tag = text(payload, "/release/tag_name");
    Ok(at_commit("", format!("refs/tags/{tag}")))
}

/// Checks that Actions itself created start nothing; they would start themselves for ever.
fn check(event: &Event<'_>, default_branch: &str) -> Result<Origin, String> {
    let app = text(event.payload, &format!("/{}/app/slug", event.name));
    if app == "github-actions" {
        return Err(format!("a `{}` of GitHub Actions starts no workflow", event.name));
    }
    Ok(on_branch(default_branch))
}
