//! What GitHub would have delivered, as far as its API tells.
//!
//! Who pushed is told for branches only. Invariant: where it is not known who has pushed to a fork, it
//! is nobody whom an approval would spare.

use serde_json::{Value, json};

use super::pass::Polled;
use super::pull_requests::Change;
use super::refs::Move;
use crate::deliveries::github_payload::{
    Person, Push, PushedCommit, PushedRepository, ZERO_SHA, push_payload,
};
use crate::github::GitHubError;

/// GitHub's account for what nobody is known for.
const NOBODY: &str = "ghost";

/// The newest acts on a branch that are looked at to find who moved it.
const MAX_ACTS: u8 = 10;

/// The payload of a push.
pub(super) async fn push(polled: &Polled, moved: &Move) -> Result<Value, GitHubError> {
    let repository: Value = polled.client.get(&polled.path("")).await?;
    let Commits { list, forced } = commits(polled, moved).await?;
    let author = list.last().map(|commit| commit["author"].clone()).unwrap_or_default();
    let actor = match actor(polled, moved).await? {
        Some(actor) => actor,
        None if author["login"].is_string() => author,
        None => repository["owner"].clone(),
    };
    let pusher = actor["login"].as_str().unwrap_or(NOBODY).to_owned();
    let mut payload = push_payload(&Push {
        repository: PushedRepository {
            id: polled.repository.id,
            full_name: polled.repository.full_name(),
            default_branch: polled.repository.default_branch.clone(),
            server_url: polled.server_url.clone(),
        },
        git_ref: moved.git_ref.clone(),
        before: moved.before.clone(),
        after: moved.after.clone(),
        forced,
        commits: list.iter().map(pushed_commit).collect(),
        pusher,
    });
    payload["sender"] = actor;
    complete(polled, &mut payload, repository);
    Ok(payload)
}

/// The payload of a change of a pull request; `None` when there is no such pull request any more.
pub(super) async fn pull_request(
    polled: &Polled,
    change: &Change,
) -> Result<Option<Value>, GitHubError> {
    let path = polled.path(&format!("/pulls/{}", change.number));
    let found: Value = match polled.client.get(&path).await {
        Ok(found) => found,
        Err(GitHubError::NotFound(_)) => return Ok(None),
        Err(error) => return Err(error),
    };
    let repository: Value = polled.client.get(&polled.path("")).await?;
    let of = |pointer: &str| found.pointer(pointer).cloned().unwrap_or_default();
    let is_own = of("/head/repo/id") == repository["id"];
    let sender = match change.action {
        "closed" if found["merged_by"].is_object() => of("/merged_by"),
        "synchronize" if !is_own => json!({ "login": NOBODY, "id": 10137, "type": "User" }),
        _ => of("/user"),
    };
    let mut payload = json!({
        "action": change.action,
        "number": change.number,
        "pull_request": found,
        "sender": sender,
    });
    if let Some(before) = &change.before {
        payload["before"] = json!(before);
        payload["after"] = json!(change.after);
    }
    complete(polled, &mut payload, repository);
    Ok(Some(payload))
}

fn complete(polled: &Polled, payload: &mut Value, repository: Value) {
    payload["repository"] = repository;
    if let Some(id) = polled.installation {
        payload["installation"] = json!({ "id": id });
    }
}

/// The commits of a push, from the oldest to the newest.
struct Commits {
    list: Vec<Value>,
    forced: bool,
}

async fn commits(polled: &Polled, moved: &Move) -> Result<Commits, GitHubError> {
    if moved.after == ZERO_SHA {
        return Ok(Commits { list: Vec::new(), forced: false });
    }
    // A tag may stand for an object of its own, which is no commit.
    let name = match moved.git_ref.strip_prefix("refs/") {
        Some(tag) if tag.starts_with("tags/") => tag,
        _ => &moved.after,
    };
    let head: Value = match polled.client.get(&polled.path(&format!("/commits/{name}"))).await {
        Ok(head) => head,
        Err(GitHubError::NotFound(_) | GitHubError::Refused(_)) => {
            return Ok(Commits { list: Vec::new(), forced: false });
        }
        Err(error) => return Err(error),
    };
    if moved.before == ZERO_SHA {
        return Ok(Commits { list: vec![head], forced: false });
    }
    let path = polled.path(&format!("/compare/{}...{}", moved.before, moved.after));
    let compared: Value = match polled.client.get(&path).await {
        Ok(compared) => compared,
        // What was there before is gone.
        Err(GitHubError::NotFound(_) | GitHubError::Refused(_)) => {
            return Ok(Commits { list: vec![head], forced: true });
        }
        Err(error) => return Err(error),
    };
    let mut list = compared["commits"].as_array().cloned().unwrap_or_default();
    if list.last().is_none_or(|last| last["sha"] != head["sha"]) {
        list.push(head);
    }
    let forced = matches!(compared["status"].as_str(), Some("diverged" | "behind"));
    Ok(Commits { list, forced })
}

/// Who moved a branch, where GitHub says it.
async fn actor(polled: &Polled, moved: &Move) -> Result<Option<Value>, GitHubError> {
    if !moved.git_ref.starts_with("refs/heads/") {
        return Ok(None);
    }
    let name: String = url::form_urlencoded::byte_serialize(moved.git_ref.as_bytes()).collect();
    let path = polled.path(&format!("/activity?ref={name}&per_page={MAX_ACTS}"));
    match polled.client.get::<Value>(&path).await {
        Ok(acts) => {
            let mut acts = acts.as_array().into_iter().flatten();
            let act = acts.find(|act| act["after"] == moved.after.as_str());
            Ok(act.map(|act| act["actor"].clone()).filter(|actor| actor["login"].is_string()))
        }
        // Older servers do not have the list.
        Err(GitHubError::NotFound(_) | GitHubError::Refused(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The files of the single commits would take a call each; path filters ask by themselves.
fn pushed_commit(commit: &Value) -> PushedCommit {
    let text = |pointer: &str| {
        commit.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let person = |role: &str| Person {
        name: text(&format!("/commit/{role}/name")),
        email: text(&format!("/commit/{role}/email")),
    };
    PushedCommit {
        id: text("/sha"),
        tree_id: text("/commit/tree/sha"),
        message: text("/commit/message"),
        timestamp: text("/commit/committer/date"),
        author: person("author"),
        committer: person("committer"),
        ..PushedCommit::default()
    }
}
