//! Workflows through the API: state, dispatch, files, and the ways a client asks.

use axum::http::StatusCode;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Delivery, GitRepository, TestServer};

const WORKFLOW: &str = "name: CI\non:\n  push:\n  repository_dispatch:\n    types: [deploy]\n  \
                        workflow_dispatch:\n    inputs:\n      level:\n        type: choice\n        \
                        options: [low, high]\n        required: true\njobs:\n  build:\n    \
                        runs-on: ubuntu-latest\n    steps:\n      - run: 'true'\n";

async fn start() -> Option<(TestServer, GitRepository)> {
    let server = TestServer::start().await?;
    let files = GitRepository::create(server.directory.path(), &[("ci.yml", WORKFLOW)]);
    server.push_and_settle(&files).await;
    Some((server, files))
}

async fn send(server: &TestServer, method: Method, path: &str, body: Value) -> (StatusCode, Value) {
    let request = server.anonymous(method, path).bearer_auth(&server.write).json(&body);
    let answer = request.send().await.expect("an answer");
    (answer.status(), answer.json().await.unwrap_or_default())
}

async fn n_runs(server: &TestServer) -> Value {
    server.json("/repos/acme/app/actions/runs").await["total_count"].clone()
}

#[tokio::test]
async fn a_disabled_workflow_starts_nothing_and_says_so() {
    let Some((server, files)) = start().await else { return };
    let base = "/repos/acme/app/actions/workflows/ci.yml";
    let (status, _) = send(&server, Method::PUT, &format!("{base}/disable"), json!({})).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    assert_eq!(server.json(base).await["state"], "disabled_manually");

    server.deliver(&Delivery::push("push-2", &files.head())).send().await.expect("an answer");
    server.settle().await;
    assert_eq!(n_runs(&server).await, 1);
    let deliveries = server.as_admin(Method::GET, "/api/gantry/deliveries").send().await;
    let text = deliveries.expect("an answer").text().await.expect("a body");
    assert!(text.contains(".github/workflows/ci.yml: the workflow is disabled"), "{text}");
    let dispatch = json!({ "ref": "main", "inputs": { "level": "low" } });
    let path = format!("{base}/dispatches");
    let (status, body) = send(&server, Method::POST, &path, dispatch.clone()).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(body["message"], "Cannot trigger a 'workflow_dispatch' on a disabled workflow");

    send(&server, Method::PUT, &format!("{base}/enable"), json!({})).await;
    let (status, _) = send(&server, Method::POST, &path, dispatch).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    server.settle().await;
    assert_eq!(n_runs(&server).await, 2);
}

#[tokio::test]
async fn a_dispatch_with_wrong_inputs_is_refused_in_githubs_words() {
    let Some((server, _files)) = start().await else { return };
    let path = "/repos/acme/app/actions/workflows/ci.yml/dispatches";
    let many: serde_json::Map<_, _> = (0..26).map(|i| (format!("i{i}"), json!("x"))).collect();
    for (body, expected) in [
        (json!({}), "\"ref\" wasn't supplied."),
        (json!({ "ref": 5 }), "ref: invalid type: integer `5`, expected a string."),
        (json!({ "ref": "nope" }), "No ref found for: nope"),
        (
            json!({ "ref": "main", "inputs": { "other": "x" } }),
            "Unexpected inputs provided: [\"other\"]",
        ),
        (json!({ "ref": "main" }), "Required input 'level' not provided"),
        (
            json!({ "ref": "main", "inputs": { "level": "mid" } }),
            "Provided value 'mid' for input 'level' not in the list of allowed values",
        ),
        (json!({ "ref": "main", "inputs": many }), "25"),
    ] {
        let (status, answer) = send(&server, Method::POST, path, body.clone()).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{body}");
        let message = answer["message"].as_str().unwrap_or_default();
        assert!(message.contains(expected), "{body}: {message}");
        assert_eq!(answer["status"], "422");
    }
    server.settle().await;
    assert_eq!(n_runs(&server).await, 1);
}

#[tokio::test]
async fn a_made_up_event_starts_the_workflows_that_wait_for_it() {
    let Some((server, _files)) = start().await else { return };
    let path = "/repos/acme/app/dispatches";
    for body in
        [json!({}), json!({ "event_type": "" }), json!({ "event_type": "x", "client_payload": [] })]
    {
        let (status, _) = send(&server, Method::POST, path, body.clone()).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{body}");
    }
    for event_type in ["deploy", "other"] {
        let body = json!({ "event_type": event_type, "client_payload": { "to": "moon" } });
        let (status, _) = send(&server, Method::POST, path, body).await;
        assert_eq!(status, StatusCode::NO_CONTENT);
    }
    server.settle().await;
    let runs = server.json("/repos/acme/app/actions/runs?event=repository_dispatch").await;
    assert_eq!(runs["total_count"], 1);
    assert_eq!(runs["workflow_runs"][0]["display_title"], "deploy");
}

#[tokio::test]
async fn a_workflow_file_is_read_at_any_ref() {
    let Some((server, files)) = start().await else { return };
    let base = "/repos/acme/app/contents/.github/workflows/ci.yml";
    for query in ["".to_owned(), "?ref=main".to_owned(), format!("?ref={}", files.head())] {
        let file = server.json(&format!("{base}{query}")).await;
        assert_eq!(file["size"], WORKFLOW.len(), "{query}");
        assert_eq!(file["name"], "ci.yml");
    }
    for path in [format!("{base}?ref=nope"), format!("{base}x"), base.replace("/ci.yml", "")] {
        let status = server.get(&path).send().await.expect("an answer").status();
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn what_a_client_has_already_is_not_sent_again() {
    let Some((server, files)) = start().await else { return };
    let path = "/api/v3/repos/acme/app/actions/runs";
    let first = server.get(path).header("x-github-api-version", "2026-03-10").send().await;
    let first = first.expect("an answer");
    assert_eq!(first.headers()["x-github-api-version-selected"], "2026-03-10");
    let tag = first.headers()["etag"].clone();
    let again = server.get(path).header("if-none-match", tag.clone()).send().await;
    let again = again.expect("an answer");
    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    assert_eq!(again.headers()["etag"], tag);
    assert!(again.text().await.expect("a body").is_empty());
    server.deliver(&Delivery::push("push-2", &files.head())).send().await.expect("an answer");
    server.settle().await;
    let changed = server.get(path).header("if-none-match", tag).send().await.expect("an answer");
    assert_eq!(changed.status(), StatusCode::OK);
}

#[tokio::test]
async fn what_github_does_not_know_is_not_found_in_its_shape() {
    let Some((server, _files)) = start().await else { return };
    for (method, path) in [
        (Method::GET, "/repos/acme/app/pulls"),
        (Method::DELETE, "/repos/acme/app/actions/runs"),
        (Method::GET, "/repos/acme/other/actions/runs"),
        (Method::GET, "/repos/acme/app/actions/runs/x"),
        (Method::GET, "/api/v3/nothing"),
    ] {
        let answer = server.as_admin(method.clone(), path).send().await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{method} {path}");
        let body: Value = answer.json().await.expect("JSON");
        assert_eq!(body["message"], "Not Found", "{method} {path}");
    }
}
