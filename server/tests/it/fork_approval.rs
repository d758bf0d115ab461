//! Pull requests of strangers wait for a maintainer.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::fake_github::FakeGitHub;
use crate::github_events::{computed, connected, deliver, n_runs, pull_request};
use crate::harness::{FakeRunner, TestServer};

const REPOSITORY: &str = "/repos/Codertocat/Hello-World";

const ON_PULL_REQUEST: &str = "\
on: pull_request
jobs: { build: { runs-on: ubuntu-latest, steps: [{ run: echo }] } }
";

fn of_stranger(sha: char) -> Value {
    let mut payload = pull_request("mallory/Hello-World");
    payload["pull_request"]["author_association"] = json!("FIRST_TIME_CONTRIBUTOR");
    payload["pull_request"]["head"]["sha"] = json!(sha.to_string().repeat(40));
    payload
}

fn know(fake: &FakeGitHub, sha: char) {
    let mut known = computed(json!(true));
    known["head"]["sha"] = json!(sha.to_string().repeat(40));
    fake.with(|kept| kept.pull_requests.insert(7, known));
}

/// Number and conclusion of each run that waits.
async fn waiting(server: &TestServer) -> Vec<i64> {
    let list = server.json(&format!("{REPOSITORY}/actions/runs?status=action_required")).await;
    let runs = list["workflow_runs"].as_array().expect("a list");
    assert!(runs.iter().all(|run| run["status"] == "completed"));
    runs.iter().filter_map(|run| run["id"].as_i64()).collect()
}

async fn approve(server: &TestServer, run: i64, token: &str) -> StatusCode {
    let path = format!("{REPOSITORY}/actions/runs/{run}/approve");
    let request = server.anonymous(Method::POST, &path).bearer_auth(token);
    request.send().await.expect("an answer").status()
}

#[tokio::test]
async fn a_strangers_commit_runs_once_it_is_approved_and_a_new_push_waits_anew() {
    let fake = FakeGitHub::with_workflow(ON_PULL_REQUEST);
    let Some(server) = connected(&fake).await else { return };
    let runner = FakeRunner::register(&server, "one").await;
    know(&fake, 'a');
    deliver(&server, "pull_request", "first", of_stranger('a')).await;
    let [run] = waiting(&server).await[..] else { panic!("one run waits") };
    assert!(runner.lease().await.is_none());

    // Nothing but the approval sets it going.
    let rerun = format!("{REPOSITORY}/actions/runs/{run}/rerun");
    let answer = server.as_admin(Method::POST, &rerun).send().await.expect("an answer");
    assert_eq!(answer.status(), 403);
    assert_eq!(approve(&server, run, &server.read).await, 403);
    server.settle().await;
    assert!(runner.lease().await.is_none());

    assert_eq!(approve(&server, run, &server.write).await, 201);
    assert_eq!(approve(&server, run, &server.write).await, 403, "it waits no more");
    server.settle().await;
    let job = runner.lease().await.expect("a job");
    assert_eq!(job.run_id.0, run);

    // The same commit again does not wait; another one does.
    deliver(&server, "pull_request", "reopened", of_stranger('a')).await;
    assert!(waiting(&server).await.is_empty());
    know(&fake, 'e');
    deliver(&server, "pull_request", "second", of_stranger('e')).await;
    assert_eq!(waiting(&server).await.len(), 1);
    assert_eq!(n_runs(&server).await, 3);
}

#[tokio::test]
async fn the_policy_is_the_repositorys() {
    let fake = FakeGitHub::with_workflow(ON_PULL_REQUEST);
    let Some(server) = connected(&fake).await else { return };
    let set = async |policy: &str| {
        let path = "/api/gantry/repositories/Codertocat/Hello-World";
        let body = json!({ "fork_approval": policy });
        let request = server.as_admin(Method::PATCH, path).json(&body);
        request.send().await.expect("an answer").status()
    };
    know(&fake, 'a');
    assert_eq!(set("sometimes").await, 422);
    assert_eq!(set("never").await, 200);
    deliver(&server, "pull_request", "free", of_stranger('a')).await;
    assert!(waiting(&server).await.is_empty());
    assert_eq!(set("outside").await, 200);
    let contributor = pull_request("mallory/Hello-World");
    deliver(&server, "pull_request", "outside", contributor).await;
    assert_eq!(waiting(&server).await.len(), 1);
}
