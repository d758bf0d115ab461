//! Which commit, ref and workflow files an event has (`semantics` 3.1).

use gantry_workflow::trigger::{Event, Origin, WorkflowSource, origin};
use serde_json::{Value, json};

fn ask(name: &str, payload: Value) -> Result<Origin, String> {
    origin(&Event { name, payload: &payload, changed_files: None }, "main")
}

fn own_commit(sha: &str, git_ref: &str) -> Origin {
    Origin {
        sha: sha.to_owned(),
        git_ref: git_ref.to_owned(),
        head_ref: String::new(),
        base_ref: String::new(),
        source: WorkflowSource::EventCommit,
    }
}

fn pull_request(action: &str, extra: Value) -> Value {
    let mut request = json!({
        "number": 7,
        "head": {"ref": "topic", "sha": "h1"},
        "base": {"ref": "release", "sha": "b1"},
        "merge_commit_sha": "m1",
    });
    for (key, value) in extra.as_object().unwrap() {
        request[key] = value.clone();
    }
    json!({"action": action, "number": 7, "pull_request": request})
}

#[test]
fn a_push_runs_on_the_pushed_commit() {
    let payload = json!({"ref": "refs/heads/main", "after": "abc", "deleted": false});
    assert_eq!(ask("push", payload), Ok(own_commit("abc", "refs/heads/main")));
    let payload = json!({"ref": "refs/tags/v1", "after": "abc"});
    assert_eq!(ask("push", payload), Ok(own_commit("abc", "refs/tags/v1")));
}

#[test]
fn a_deletion_starts_nothing() {
    let zeros = "0".repeat(40);
    for payload in [
        json!({"ref": "refs/heads/old", "after": zeros}),
        json!({"ref": "refs/heads/old", "after": "abc", "deleted": true}),
    ] {
        let reason = ask("push", payload).unwrap_err();
        assert!(reason.contains("deleted `refs/heads/old`"), "{reason}");
    }
}

#[test]
fn a_pull_request_runs_on_its_merge_ref() {
    let computed = ask("pull_request", pull_request("opened", json!({"mergeable": true}))).unwrap();
    assert_eq!(computed.git_ref, "refs/pull/7/merge");
    assert_eq!(computed.sha, "m1");
    assert_eq!((computed.head_ref.as_str(), computed.base_ref.as_str()), ("topic", "release"));
    assert_eq!(computed.source, WorkflowSource::EventCommit);
}

#[test]
fn a_merge_commit_that_github_has_not_computed_yet_is_left_to_the_caller() {
    let stale = ask("pull_request", pull_request("synchronize", json!({"mergeable": null})));
    assert_eq!(stale.unwrap().sha, "");
    let review = ask("pull_request_review", pull_request("submitted", json!({}))).unwrap();
    assert_eq!((review.sha.as_str(), review.git_ref.as_str()), ("", "refs/pull/7/merge"));
}

#[test]
fn a_pull_request_with_a_conflict_does_not_run_but_its_target_event_does() {
    let payload = pull_request("opened", json!({"mergeable": false}));
    let reason = ask("pull_request", payload.clone()).unwrap_err();
    assert!(reason.contains("merge conflict"), "{reason}");
    let target = ask("pull_request_target", payload).unwrap();
    assert_eq!(target.git_ref, "refs/heads/main");
    assert_eq!(target.source, WorkflowSource::DefaultBranch);
    assert_eq!((target.head_ref.as_str(), target.base_ref.as_str()), ("topic", "release"));
}

#[test]
fn a_merged_pull_request_runs_on_its_base_branch() {
    let merged = ask("pull_request", pull_request("closed", json!({"merged": true}))).unwrap();
    assert_eq!((merged.sha.as_str(), merged.git_ref.as_str()), ("m1", "refs/heads/release"));
    let closed = ask("pull_request", pull_request("closed", json!({"merged": false}))).unwrap();
    assert_eq!(closed.git_ref, "refs/pull/7/merge");
}

#[test]
fn events_about_the_repository_run_on_the_default_branch() {
    for name in ["schedule", "issues", "issue_comment", "workflow_run", "repository_dispatch"] {
        let found = ask(name, json!({})).unwrap();
        assert_eq!(found.git_ref, "refs/heads/main", "{name}");
        assert_eq!(found.source, WorkflowSource::DefaultBranch, "{name}");
        assert_eq!(found.sha, "", "{name}");
    }
}

#[test]
fn a_dispatch_runs_on_the_chosen_ref() {
    for (chosen, git_ref) in [
        ("topic", "refs/heads/topic"),
        ("refs/heads/topic", "refs/heads/topic"),
        ("refs/tags/v1", "refs/tags/v1"),
        ("", "refs/heads/main"),
    ] {
        let found = ask("workflow_dispatch", json!({"ref": chosen})).unwrap();
        assert_eq!(found, own_commit("", git_ref), "{chosen}");
    }
    assert!(ask("workflow_dispatch", json!({"ref": "refs/pull/1/merge"})).is_err());
}

#[test]
fn created_refs_releases_and_deployments_have_their_own_commit() {
    let created = ask("create", json!({"ref": "v1", "ref_type": "tag"}));
    assert_eq!(created, Ok(own_commit("", "refs/tags/v1")));
    let release = json!({"action": "published", "release": {"tag_name": "v2"}});
    assert_eq!(ask("release", release), Ok(own_commit("", "refs/tags/v2")));
    let deployment = json!({"deployment": {"sha": "abc", "ref": "main"}});
    assert_eq!(ask("deployment", deployment), Ok(own_commit("abc", "refs/heads/main")));
    let bare = json!({"deployment": {"sha": "abc", "ref": "abc"}});
    assert_eq!(ask("deployment", bare), Ok(own_commit("abc", "")));
    let group = json!({"merge_group": {"head_sha": "g", "head_ref": "refs/heads/q/main/pr-1"}});
    assert_eq!(ask("merge_group", group), Ok(own_commit("g", "refs/heads/q/main/pr-1")));
}

#[test]
fn what_starts_no_workflow_says_so() {
    let draft = json!({"action": "created", "release": {"tag_name": "v2", "draft": true}});
    let inactive = json!({"deployment": {"sha": "a"}, "deployment_status": {"state": "inactive"}});
    let own = json!({"check_run": {"app": {"slug": "github-actions"}}});
    for (name, payload, words) in [
        ("release", draft, "draft"),
        ("deployment_status", inactive, "inactive"),
        ("check_run", own, "GitHub Actions"),
        ("installation", json!({}), "`installation` is not an event"),
        ("workflow_call", json!({}), "not an event of the repository"),
        ("push", json!({}), "names no ref"),
    ] {
        let reason = ask(name, payload).unwrap_err();
        assert!(reason.contains(words), "{name}: {reason}");
    }
}
