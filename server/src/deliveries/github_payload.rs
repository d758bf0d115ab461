//! GitHub-shaped payloads of `push`, built from facts about git.
//!
//! Pure: does not run git, does not send. Invariant: what GitHub's own clients and workflows read
//! of a push is there, in GitHub's words and forms.

use gantry_protocol::RepositoryId;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

/// What `before` is for a new ref, and `after` for a deleted one.
pub const ZERO_SHA: &str = "0000000000000000000000000000000000000000";

/// GitHub lists no more commits in one push.
pub const MAX_COMMITS: usize = 2048;

/// A push to build the payload of.
#[derive(Clone, Debug)]
pub struct Push {
    pub repository: PushedRepository,
    /// The full name: `refs/heads/main`.
    pub git_ref: String,
    pub before: String,
    pub after: String,
    /// `before` is not an ancestor of `after`.
    pub forced: bool,
    /// From the oldest to the newest; empty for a deleted ref.
    pub commits: Vec<PushedCommit>,
    /// Login of who pushes.
    pub pusher: String,
}

/// The repository of a push.
#[derive(Clone, Debug)]
pub struct PushedRepository {
    pub id: RepositoryId,
    /// `owner/name`.
    pub full_name: String,
    pub default_branch: String,
    /// Of pages, without trailing slash.
    pub server_url: String,
}

/// A commit of a push.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PushedCommit {
    pub id: String,
    pub tree_id: String,
    pub message: String,
    /// When it was committed, as ISO 8601 with its offset.
    pub timestamp: String,
    pub author: Person,
    pub committer: Person,
    pub added: Vec<String>,
    pub removed: Vec<String>,
    pub modified: Vec<String>,
}

/// As git knows people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Person {
    pub name: String,
    pub email: String,
}

/// The body of the delivery.
#[must_use]
pub fn push_payload(push: &Push) -> Value {
    let url = format!("{}/{}", push.repository.server_url, push.repository.full_name);
    let commits: Vec<_> = push.commits.iter().map(|commit| commit_json(&url, commit)).collect();
    let compared = format!("{}...{}", short(&push.before), short(&push.after));
    json!({
        "ref": push.git_ref,
        "before": push.before,
        "after": push.after,
        "repository": repository_json(&push.repository, &url),
        "pusher": { "name": push.pusher, "email": null },
        "sender": account_json(&push.repository.server_url, &push.pusher),
        "created": push.before == ZERO_SHA,
        "deleted": push.after == ZERO_SHA,
        "forced": push.forced,
        "base_ref": null,
        "compare": format!("{url}/compare/{compared}"),
        "head_commit": commits.last().cloned().unwrap_or(Value::Null),
        "commits": commits,
    })
}

/// The value of `X-Hub-Signature-256` for a body.
#[must_use]
pub fn signature(secret: &[u8], body: &[u8]) -> String {
    // HMAC takes keys of any length.
    let Ok(mut mac) = <Hmac<Sha256> as KeyInit>::new_from_slice(secret) else {
        return String::new();
    };
    mac.update(body);
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

fn short(sha: &str) -> &str {
    sha.get(..12).unwrap_or(sha)
}

fn commit_json(url: &str, commit: &PushedCommit) -> Value {
    json!({
        "id": commit.id,
        "tree_id": commit.tree_id,
        "distinct": true,
        "message": commit.message,
        "timestamp": commit.timestamp,
        "url": format!("{url}/commit/{}", commit.id),
        "author": person_json(&commit.author),
        "committer": person_json(&commit.committer),
        "added": commit.added,
        "removed": commit.removed,
        "modified": commit.modified,
    })
}

fn person_json(person: &Person) -> Value {
    json!({ "name": person.name, "email": person.email })
}

fn account_json(server_url: &str, login: &str) -> Value {
    json!({
        "login": login,
        "id": 1,
        "type": "User",
        "site_admin": false,
        "html_url": format!("{server_url}/{login}"),
    })
}

fn repository_json(repository: &PushedRepository, url: &str) -> Value {
    let (owner, name) = repository.full_name.split_once('/').unwrap_or(("", &repository.full_name));
    json!({
        "id": repository.id,
        "name": name,
        "full_name": repository.full_name,
        "private": true,
        "owner": {
            "name": owner,
            "email": null,
            "login": owner,
            "id": 1,
            "type": "User",
            "html_url": format!("{}/{owner}", repository.server_url),
        },
        "html_url": url,
        "url": url,
        "clone_url": format!("{url}.git"),
        "description": null,
        "fork": false,
        "default_branch": repository.default_branch,
        "master_branch": repository.default_branch,
        "visibility": "private",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn push() -> Push {
        let person = Person { name: "Mona".into(), email: "mona@example.com".into() };
        let commit = |id: &str, message: &str| PushedCommit {
            id: id.repeat(40),
            tree_id: "e".repeat(40),
            message: message.into(),
            timestamp: "2026-01-02T03:04:05+01:00".into(),
            author: person.clone(),
            committer: person.clone(),
            added: vec!["README".into()],
            removed: Vec::new(),
            modified: Vec::new(),
        };
        Push {
            repository: PushedRepository {
                id: RepositoryId(1001),
                full_name: "acme/app".into(),
                default_branch: "main".into(),
                server_url: "https://github.com".into(),
            },
            git_ref: "refs/heads/main".into(),
            before: "a".repeat(40),
            after: "c".repeat(40),
            forced: false,
            commits: vec![commit("b", "one"), commit("c", "two")],
            pusher: "octocat".into(),
        }
    }

    #[test]
    fn the_head_commit_is_the_newest() {
        let payload = push_payload(&push());
        assert_eq!(payload["head_commit"]["id"], "c".repeat(40));
        assert_eq!(payload["commits"][0]["message"], "one");
        assert_eq!(payload["created"], false);
        assert_eq!(
            payload["compare"],
            "https://github.com/acme/app/compare/aaaaaaaaaaaa...cccccccccccc"
        );
        assert_eq!(payload["repository"]["owner"]["login"], "acme");
    }

    #[test]
    fn a_new_ref_is_created_and_a_deleted_one_has_no_head_commit() {
        let new = push_payload(&Push { before: ZERO_SHA.into(), ..push() });
        assert_eq!((&new["created"], &new["deleted"]), (&json!(true), &json!(false)));
        let gone = push_payload(&Push { after: ZERO_SHA.into(), commits: Vec::new(), ..push() });
        assert_eq!((&gone["created"], &gone["deleted"]), (&json!(false), &json!(true)));
        assert_eq!(gone["head_commit"], Value::Null);
    }

    #[test]
    fn signatures_are_githubs() {
        // The example of GitHub's documentation.
        assert_eq!(
            signature(b"It's a Secret to Everybody", b"Hello, World!"),
            "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
        );
    }
}
