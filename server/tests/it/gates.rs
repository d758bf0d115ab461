//! Systems outside that let deployments go on or stop them, and teams that review.

use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use gantry_protocol::RunId;
use gantry_server::accounts::Role;
use gantry_server::background::Tasks;
use gantry_server::environments;
use hmac::{Hmac, KeyInit as _, Mac as _};
use reqwest::Method;
use serde_json::{Value, json};
use sha2::Sha256;

use crate::harness::{GitRepository, TestServer};

const ENVIRONMENT: &str = "/repos/acme/app/environments/production";
const SECRET: &str = "what the gate is told with";

const DEPLOY: &str = "on: push\njobs:\n  deploy:\n    runs-on: ubuntu-latest\n    \
                      environment: production\n    steps: [{ run: ./deploy }]\n";

/// What a system outside was told, after it has refused the first call.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<Vec<(HeaderMap, Bytes)>>>);

impl Told {
    async fn start(&self) -> String {
        let told = self.clone();
        let take = async move |headers: HeaderMap, body: Bytes| {
            let mut all = told.0.lock().expect("the calls");
            all.push((headers, body));
            if all.len() == 1 { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK }
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}/hook", listener.local_addr().expect("an address"));
        let router = axum::Router::new().route("/hook", post(take));
        Tasks::default().spawn("gate", async move {
            axum::serve(listener, router).await.expect("serving");
        });
        url
    }

    fn all(&self) -> Vec<(HeaderMap, Bytes)> {
        self.0.lock().expect("the calls").clone()
    }
}

async fn send(server: &TestServer, method: Method, path: &str, body: Value) -> (StatusCode, Value) {
    let answer = server.as_admin(method, path).json(&body).send().await.expect("an answer");
    (answer.status(), answer.json().await.unwrap_or_default())
}

async fn answer(server: &TestServer, (run, token): (RunId, &str), state: &str) -> StatusCode {
    let path = format!("/repos/acme/app/actions/runs/{run}/deployment_protection_rule");
    let body = json!({ "environment_name": "production", "state": state, "comment": "checked" });
    let request = server.anonymous(Method::POST, &path).bearer_auth(token).json(&body);
    request.send().await.expect("an answer").status()
}

/// A run of one deployment that waits for the gate.
async fn waiting(rules: Value) -> Option<(TestServer, GitRepository, RunId, Told)> {
    let server = TestServer::start().await?;
    let files = GitRepository::create(server.directory.path(), &[("ci.yml", DEPLOY)]);
    server.rows().repository(files.path()).await;
    let (status, _) = send(&server, Method::PUT, ENVIRONMENT, rules).await;
    assert_eq!(status, StatusCode::OK);
    let told = Told::default();
    let gate = json!({ "login": "quality-gate", "url": told.start().await, "secret": SECRET });
    let gates = format!("{ENVIRONMENT}/deployment_protection_rules");
    let (status, body) = send(&server, Method::POST, &gates, gate.clone()).await;
    assert_eq!(status, StatusCode::CREATED, "{body}");
    assert!(!body.to_string().contains(SECRET), "{body}");
    let (status, _) = send(&server, Method::POST, &gates, gate).await;
    assert_eq!(status, StatusCode::CONFLICT, "one gate of an account");
    let run = server.push_again(&files, "push-1").await;
    assert_eq!(server.job_states(run).await, ["deploy waiting"]);
    Some((server, files, run, told))
}

#[tokio::test]
async fn a_deployment_waits_until_the_gate_that_was_told_of_it_approves() {
    let Some((server, _files, run, told)) = waiting(json!({})).await else { return };
    // The first call was made, and refused, while the run settled; it is repeated when it is due.
    let soon = "update gate_calls set next_attempt_at = now() where run_id = $1";
    server.rows().execute(soon, run.0).await;
    environments::call_gates(&server.app).await.expect("told");
    environments::call_gates(&server.app).await.expect("nothing more to tell");
    let calls = told.all();
    assert_eq!(calls.len(), 2, "refused once, taken once");
    assert_eq!(calls[0].0["x-github-delivery"], calls[1].0["x-github-delivery"]);
    let (headers, body) = &calls[1];
    assert_eq!(headers["x-github-event"], "deployment_protection_rule");
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("a key");
    mac.update(body);
    let signature = format!("sha256={}", hex::encode(mac.finalize().into_bytes()));
    assert_eq!(headers["x-hub-signature-256"], signature.as_str());
    let payload: Value = serde_json::from_slice(body).expect("JSON");
    assert_eq!(payload["environment"], "production");
    let callback =
        format!("{}/repos/acme/app/actions/runs/{run}/deployment_protection_rule", server.url);
    assert_eq!(payload["deployment_callback_url"], callback);

    // Who is not the gate does not answer for it, whatever they may do otherwise.
    assert_eq!(answer(&server, (run, &server.admin), "approved").await, StatusCode::FORBIDDEN);
    let gate = server.token_of("quality-gate").await;
    assert_eq!(answer(&server, (run, &gate), "approved").await, StatusCode::NO_CONTENT);
    server.settle().await;
    assert_eq!(server.job_states(run).await, ["deploy queued"]);
    assert_eq!(
        answer(&server, (run, &gate), "approved").await,
        StatusCode::UNPROCESSABLE_ENTITY,
        "nothing waits any more"
    );
}

#[tokio::test]
async fn a_gate_and_a_person_both_have_to_approve_and_one_rejection_ends_it() {
    let rules = json!({ "review_required": true });
    let Some((server, files, run, _)) = waiting(rules).await else { return };
    let gate = server.token_of("quality-gate").await;
    assert_eq!(answer(&server, (run, &gate), "approved").await, StatusCode::NO_CONTENT);
    server.settle().await;
    assert_eq!(server.job_states(run).await, ["deploy waiting"], "nobody has looked at it");
    let path = format!("/repos/acme/app/actions/runs/{run}/pending_deployments");
    let pending = server.json(&path).await;
    let ids = json!([pending[0]["environment"]["id"]]);
    let review = json!({ "environment_ids": ids, "state": "approved", "comment": "" });
    let (status, body) = send(&server, Method::POST, &path, review).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    server.settle().await;
    assert_eq!(server.job_states(run).await, ["deploy queued"]);

    let other = server.push_again(&files, "push-2").await;
    assert_eq!(answer(&server, (other, &gate), "rejected").await, StatusCode::NO_CONTENT);
    server.settle().await;
    assert_eq!(server.job_states(other).await, ["deploy completed failure"]);
}

#[tokio::test]
async fn a_gate_that_is_taken_away_holds_nobody_up() {
    let Some((server, _files, run, _)) = waiting(json!({})).await else { return };
    let gates = format!("{ENVIRONMENT}/deployment_protection_rules");
    let listed = server.json(&gates).await;
    let one = format!("{gates}/{}", listed["custom_deployment_protection_rules"][0]["id"]);
    let (status, _) = send(&server, Method::DELETE, &one, Value::Null).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    server.settle().await;
    assert_eq!(server.job_states(run).await, ["deploy queued"]);
}

#[tokio::test]
async fn a_gate_that_makes_no_sense_is_not_made() {
    let Some(server) = TestServer::start().await else { return };
    let repository = server.rows().repository("/nowhere").await;
    send(&server, Method::PUT, ENVIRONMENT, json!({})).await;
    let gates = format!("{ENVIRONMENT}/deployment_protection_rules");
    let secret = "x".repeat(16);
    for body in [
        json!({ "login": "g", "url": "file:///etc/passwd", "secret": secret }),
        json!({ "login": "g", "url": "nowhere", "secret": secret }),
        json!({ "login": "", "url": "https://gate.example", "secret": secret }),
        json!({ "login": "g", "url": "https://gate.example", "secret": "short" }),
        json!({ "login": "g", "url": "https://gate.example" }),
    ] {
        let (status, _) = send(&server, Method::POST, &gates, body.clone()).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{body}");
    }
    let listed = server.json(&gates).await;
    assert_eq!(listed["total_count"], 0);
    let limited = server.limited_token("maintainer", Role::Write, &[repository]).await;
    let request = server.anonymous(Method::POST, &gates).bearer_auth(limited);
    let status = request.json(&json!({})).send().await.expect("an answer").status();
    assert_eq!(status, StatusCode::FORBIDDEN);
}
