//! Runners through GitHub's API, and a dispatch that tells which run it has started.

use gantry_server::accounts::Role;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::harness::{FakeRunner, GitRepository, TestServer};
use crate::server_or_skip;

const RUNNERS: &str = "/repos/acme/app/actions/runners";

async fn send(server: &TestServer, method: Method, path: &str, body: Value) -> (StatusCode, Value) {
    let request = server.as_admin(method, path).json(&body);
    let answer = request.send().await.expect("an answer");
    let status = answer.status();
    (status, answer.json().await.unwrap_or_default())
}

fn names(answer: &Value) -> Vec<&str> {
    let labels = answer["labels"].as_array().expect("labels");
    labels.iter().filter_map(|label| label["name"].as_str()).collect()
}

#[tokio::test]
async fn a_label_that_is_given_brings_the_runner_jobs_until_it_is_taken_away() {
    let server = server_or_skip!();
    let workflow = "on: push\njobs: {a: {runs-on: [ubuntu-latest, gpu], steps: [{run: a}]}}\n";
    let files = GitRepository::create(server.directory.path(), &[("ci.yml", workflow)]);
    server.push_and_settle(&files).await;
    let runner = FakeRunner::register(&server, "metal").await;
    assert!(runner.lease().await.is_none(), "it has no such label");

    let (_, list) = send(&server, Method::GET, RUNNERS, Value::Null).await;
    let found = &list["runners"][0];
    assert_eq!((&found["name"], &found["busy"]), (&json!("metal"), &json!(false)));
    let one = format!("{RUNNERS}/{}", found["id"]);
    let labels = format!("{one}/labels");
    let (status, answer) = send(&server, Method::POST, &labels, json!({ "labels": ["GPU"] })).await;
    assert_eq!((status, names(&answer)), (StatusCode::OK, vec!["ubuntu-latest", "gpu"]));
    assert_eq!(answer["labels"][1]["type"], "custom");
    assert!(runner.lease().await.is_some(), "the label counts");

    let (status, refusal) = send(&server, Method::DELETE, &one, Value::Null).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{refusal}");
    let own = format!("{labels}/ubuntu-latest");
    let (status, _) = send(&server, Method::DELETE, &own, Value::Null).await;
    assert_eq!(status, StatusCode::NOT_FOUND, "what it says of itself stays");
    let (_, answer) = send(&server, Method::DELETE, &format!("{labels}/gpu"), Value::Null).await;
    assert_eq!(names(&answer), ["ubuntu-latest"]);
    let (status, _) = send(&server, Method::PUT, &labels, json!({ "labels": [" "] })).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn a_runner_that_is_deleted_is_nobody_any_more() {
    let server = server_or_skip!();
    let repository = server.rows().repository("/nowhere").await;
    let runner = FakeRunner::register(&server, "old").await;
    let (_, list) = send(&server, Method::GET, RUNNERS, Value::Null).await;
    let one = format!("{RUNNERS}/{}", list["runners"][0]["id"]);

    let limited = server.limited_token("hubot", Role::Admin, &[repository]).await;
    let may_look = server.anonymous(Method::GET, &one).bearer_auth(&limited).send().await;
    assert_eq!(may_look.expect("an answer").status(), StatusCode::OK);
    for (method, path) in
        [(Method::DELETE, one.clone()), (Method::POST, format!("{RUNNERS}/registration-token"))]
    {
        let refused = server.anonymous(method, &path).bearer_auth(&limited).send().await;
        assert_eq!(refused.expect("an answer").status(), StatusCode::FORBIDDEN, "{path}");
    }

    let (status, _) = send(&server, Method::DELETE, &one, Value::Null).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    let poll = runner.request(Method::POST, gantry_protocol::routes::LEASE);
    let answer = poll.json(&json!({})).send().await.expect("an answer");
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_dispatch_that_asks_for_its_run_gets_it() {
    let server = server_or_skip!();
    let workflow = "on: workflow_dispatch\njobs: {a: {runs-on: x, steps: [{run: a}]}}\n";
    let files = GitRepository::create(server.directory.path(), &[("ci.yml", workflow)]);
    server.rows().repository(files.path()).await;
    let path = "/repos/acme/app/actions/workflows/ci.yml/dispatches";
    let body = json!({ "ref": "main", "return_run_details": true });
    let asked = send(&server, Method::POST, path, body);
    let worked_on = async {
        loop {
            server.settle().await;
            tokio::task::yield_now().await;
        }
    };
    let (status, answer) = tokio::select! {
        answer = asked => answer,
        () = worked_on => unreachable!("it goes on until the answer is there"),
    };
    assert_eq!(status, StatusCode::OK, "{answer}");
    let run =
        server.json(&format!("/repos/acme/app/actions/runs/{}", answer["workflow_run_id"])).await;
    assert_eq!((&run["url"], &run["html_url"]), (&answer["run_url"], &answer["html_url"]));
    assert_eq!(run["event"], "workflow_dispatch");
}
