//! A payload for an event that has not happened, with what workflows usually read of one.
//!
//! Asks the repository for commits and files. Invariant: what GitHub would know and we do not is
//! absent, so that expressions read null, and path filters pass as they do for unknown files.

use gantry_protocol::RepositoryId;
use gantry_server::deliveries::github_payload::{Push, PushedRepository, ZERO_SHA, push_payload};
use gantry_workflow::model::{EventTrigger, Workflow};
use serde_json::{Value, json};

use super::forecast::Asked;
use super::repository::files_of;

/// The number of a pull request that nobody has opened.
const NUMBER: u64 = 1;

/// A payload and the files that its event changed.
pub(in crate::cli) struct MadeUp {
    pub(in crate::cli) payload: Value,
    /// Absent when not known.
    pub(super) changed_files: Option<Vec<String>>,
}

/// The payload that was given, or one for `workflow`.
pub(in crate::cli) fn make(asked: &Asked<'_>, workflow: &Workflow) -> MadeUp {
    if let Some(given) = asked.payload {
        return completed(asked, given.clone());
    }
    let trigger = workflow.on.iter().find(|trigger| trigger.event == asked.event);
    match asked.event {
        "push" => push(asked),
        "pull_request"
        | "pull_request_target"
        | "pull_request_review"
        | "pull_request_review_comment" => pull_request(asked),
        event => {
            let mut payload = base(asked);
            add(&mut payload, special(event, asked, trigger));
            MadeUp { payload, changed_files: None }
        }
    }
}

/// `--ref` and `--input` win over what a given payload says.
fn completed(asked: &Asked<'_>, mut payload: Value) -> MadeUp {
    if let Some(name) = asked.git_ref {
        payload["ref"] = asked.repository.full_ref(name).into();
    }
    if !asked.inputs.is_empty() {
        payload["inputs"] = Value::Object(asked.inputs.clone());
    }
    let changed_files = listed_files(&payload);
    MadeUp { payload, changed_files }
}

/// The files that the commits of a push list.
fn listed_files(payload: &Value) -> Option<Vec<String>> {
    let commits = payload["commits"].as_array().filter(|commits| !commits.is_empty())?;
    let lists = commits.iter().flat_map(|it| [&it["added"], &it["removed"], &it["modified"]]);
    let paths = lists.filter_map(Value::as_array).flatten().filter_map(Value::as_str);
    Some(paths.map(str::to_owned).collect())
}

fn ref_of(asked: &Asked<'_>) -> String {
    match asked.git_ref {
        Some(name) => asked.repository.full_ref(name),
        None => asked.repository.checked_out.clone(),
    }
}

fn push(asked: &Asked<'_>) -> MadeUp {
    let repository = asked.repository;
    let git_ref = ref_of(asked);
    let facts = repository.push_of(&git_ref);
    let (before, after, forced, commits) = match facts {
        Some(facts) => (facts.before, facts.after, facts.forced, facts.commits),
        // No commit yet: any sha that is not the one of a deleted ref.
        None => (ZERO_SHA.to_owned(), "1".repeat(ZERO_SHA.len()), false, Vec::new()),
    };
    let changed_files = Some(files_of(&commits)).filter(|_| !commits.is_empty());
    let payload = push_payload(&Push {
        repository: PushedRepository {
            id: RepositoryId(1),
            full_name: repository.full_name.clone(),
            default_branch: repository.default_branch.clone(),
            server_url: "https://github.com".to_owned(),
        },
        git_ref,
        before,
        after,
        forced,
        commits,
        pusher: repository.user.clone(),
    });
    MadeUp { payload, changed_files }
}

/// From the ref that was asked for to the default branch.
fn pull_request(asked: &Asked<'_>) -> MadeUp {
    let repository = asked.repository;
    let git_ref = ref_of(asked);
    let head = git_ref.strip_prefix("refs/heads/").unwrap_or(&git_ref);
    let base_ref = &repository.default_branch;
    let sha = |git_ref: &str| repository.sha_of(git_ref);
    let (head_sha, base_sha) = (sha(&git_ref), sha(&format!("refs/heads/{base_ref}")));
    let changed_files = match (&base_sha, &head_sha) {
        (Some(base), Some(head)) => repository.changed_between(base, head),
        _ => None,
    };
    let place = |name: &str, sha: &Option<String>| json!({ "ref": name, "sha": sha, "repo": { "full_name": repository.full_name } });
    let mut payload = base(asked);
    let usual = match asked.event {
        "pull_request_review" => "submitted",
        "pull_request_review_comment" => "created",
        _ => "opened",
    };
    add(
        &mut payload,
        json!({
            "action": asked.activity.unwrap_or(usual),
            "number": NUMBER,
            "pull_request": {
                "number": NUMBER,
                "title": format!("Merge {head} into {base_ref}"),
                "state": "open",
                "draft": false,
                "merged": false,
                "mergeable": true,
                "merge_commit_sha": head_sha,
                "user": { "login": repository.user },
                "labels": [],
                "head": place(head, &head_sha),
                "base": place(base_ref, &base_sha),
            },
        }),
    );
    MadeUp { payload, changed_files }
}

/// What every payload has.
fn base(asked: &Asked<'_>) -> Value {
    let repository = asked.repository;
    let (owner, name) = repository.full_name.split_once('/').unwrap_or_default();
    json!({
        "repository": {
            "id": 1,
            "name": name,
            "full_name": repository.full_name,
            "default_branch": repository.default_branch,
            "owner": { "login": owner, "id": 1 },
        },
        "sender": { "login": repository.user, "id": 1, "type": "User" },
    })
}

/// What the other events have besides.
fn special(event: &str, asked: &Asked<'_>, trigger: Option<&EventTrigger>) -> Value {
    let default_branch = &asked.repository.default_branch;
    let git_ref = ref_of(asked);
    let short = git_ref.strip_prefix("refs/heads/").or(git_ref.strip_prefix("refs/tags/"));
    let short = short.unwrap_or(&git_ref);
    let action = |usual: &str| asked.activity.unwrap_or(usual).to_owned();
    match event {
        "workflow_dispatch" => json!({ "ref": git_ref, "inputs": asked.inputs }),
        "schedule" => {
            let cron = trigger.and_then(|it| it.schedules.first()).map(|it| it.cron.as_str());
            json!({ "schedule": cron })
        }
        "create" | "delete" => {
            let is_tag = git_ref.starts_with("refs/tags/");
            json!({ "ref": short, "ref_type": if is_tag { "tag" } else { "branch" } })
        }
        "release" => {
            json!({ "action": action("published"), "release": { "tag_name": short, "name": short } })
        }
        "repository_dispatch" => {
            let first =
                trigger.and_then(|it| it.types.as_ref()?.first()).map_or("dispatch", |it| it);
            json!({ "action": action(first), "client_payload": {} })
        }
        "workflow_run" => {
            let name = trigger.and_then(|it| it.workflows.first());
            let branch = if asked.git_ref.is_some() { short } else { default_branch };
            json!({
                "action": action("completed"),
                "workflow": { "name": name },
                "workflow_run": { "name": name, "head_branch": branch, "conclusion": "success" },
            })
        }
        "merge_group" => json!({
            "action": action("checks_requested"),
            "merge_group": {
                "head_ref": format!("refs/heads/gh-readonly-queue/{default_branch}/pr-{NUMBER}"),
                "head_sha": asked.repository.head_sha,
                "base_ref": format!("refs/heads/{default_branch}"),
            },
        }),
        "deployment" | "deployment_status" => json!({
            "deployment": { "ref": short, "sha": asked.repository.sha_of(&git_ref) },
            "deployment_status": { "state": "success" },
        }),
        "issues" | "discussion" => json!({ "action": action("opened") }),
        "check_run" | "check_suite" => json!({ "action": action("completed") }),
        "registry_package" => json!({ "action": action("published") }),
        "watch" => json!({ "action": action("started") }),
        _ => json!({ "action": action("created") }),
    }
}

fn add(payload: &mut Value, more: Value) {
    if let (Some(payload), Value::Object(more)) = (payload.as_object_mut(), more) {
        payload.extend(more);
    }
}
