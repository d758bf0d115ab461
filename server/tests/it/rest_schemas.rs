//! Our answers against GitHub's own description of them.
//!
//! `cargo xtask github-schemas` makes the description. Invariant: every route that GitHub describes
//! too is called here and its answer validated.

use std::collections::BTreeSet;

use gantry_protocol::RepositoryId;
use gantry_server::http::routes::client_routes;
use reqwest::Method;
use serde_json::{Value, json};

use crate::github_description::Description;
use crate::harness::{FakeRunner, GitRepository, NewJob, RunningJob, TestServer, seal};
use crate::server_or_skip;

/// Routes of ours that GitHub's description does not have.
const NOT_DESCRIBED: [&str; 1] = ["POST /graphql"];

/// Calls, and keeps what was called and what was wrong.
struct Caller<'a> {
    server: &'a TestServer,
    description: &'static Description,
    called: BTreeSet<String>,
    complaints: Vec<String>,
}

impl Caller<'_> {
    async fn call(&mut self, method: Method, path: &str, body: Option<Value>) -> Value {
        let bare = path.split('?').next().unwrap_or(path);
        let operation = self.description.operation(&method, bare).expect(path).to_owned();
        let mut request = self.server.as_admin(method, path);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.expect("an answer");
        let status = answer.status();
        let text = answer.text().await.expect("a body");
        assert!(!status.is_server_error() && status != 404, "{operation}: {status}: {text}");
        let complaints = self.description.complaints(&operation, status.as_u16(), &text);
        self.complaints.extend(complaints.into_iter().map(|it| format!("{operation}: {it}")));
        self.called.insert(operation);
        serde_json::from_str(&text).unwrap_or_default()
    }

    async fn get(&mut self, path: &str) -> Value {
        self.call(Method::GET, path, None).await
    }

    async fn get_all(&mut self, base: &str, paths: &[&str]) {
        for path in paths {
            self.get(&format!("{base}{path}")).await;
        }
    }

    /// Routes that GitHub describes and that were not called.
    fn uncalled(&self) -> Vec<String> {
        let routes = client_routes(self.server.app.clone());
        let ours = routes.table().iter().filter(|route| !is_our_own(&route.path));
        ours.map(|route| match self.description.operation(&route.method, &route.path) {
            Some(operation) => operation.to_owned(),
            None => format!("{} {}", route.method, route.path),
        })
        .filter(|operation| !self.called.contains(operation))
        .filter(|operation| !NOT_DESCRIBED.contains(&operation.as_str()))
        .collect()
    }
}

fn is_our_own(path: &str) -> bool {
    // GitHub's badges are pictures and not part of its API.
    path.ends_with("/badge.svg")
        || ["/api/", "/repositories/", "/healthz", "/readyz", "/metrics", "/login/", "/setup/"]
            .iter()
            .any(|prefix| path.starts_with(prefix))
}

const WORKFLOW: &str = "name: CI\non: [push, workflow_dispatch]\njobs:\n  build:\n    \
                        runs-on: ubuntu-latest\n    steps:\n      - run: 'true'\n";

#[tokio::test]
async fn every_answer_is_as_github_describes_it() {
    let server = server_or_skip!();
    let Some(description) = Description::read() else { return };
    let files = GitRepository::create(server.directory.path(), &[("ci.yml", WORKFLOW)]);
    let rows = server.rows();
    let repository = rows.repository(files.path()).await;
    let mut caller =
        Caller { server: &server, description, called: BTreeSet::new(), complaints: Vec::new() };

    caller.get_all("", &["/meta", "/user", "/rate_limit", "/repos/acme/app"]).await;
    let run = rows.run(repository, "d-1", "completed").await;
    let job = rows.job(run, NewJob::new("build", "completed").concluded("success")).await;
    rows.step(job, 1, "Set up job").await;
    rows.log_chunk(job, 0, "2026-01-01T00:00:00.0000000Z hello\n").await;
    rows.annotation(job, "the thing is broken").await;
    runs_and_jobs(&mut caller, run.0, job.0).await;
    workflows(&mut caller).await;

    kept(&mut caller, repository).await;
    runners(&mut caller).await;
    environments(&mut caller).await;
    secrets_and_variables(&mut caller).await;
    let waiting = rows.run(repository, "d-2", "waiting").await;
    let deploy = rows.job(waiting, NewJob::new("deploy", "waiting").to("production")).await;
    pending_deployments(&mut caller, waiting.0).await;
    reruns(&mut caller, waiting.0, deploy.0).await;

    assert_eq!(caller.uncalled(), Vec::<String>::new());
    assert!(caller.complaints.is_empty(), "{}", caller.complaints.join("\n"));
}

async fn runs_and_jobs(caller: &mut Caller<'_>, run: i64, job: i64) {
    let actions = "/repos/acme/app/actions";
    caller.get_all(actions, &["/runs", "/workflows"]).await;
    let base = format!("{actions}/runs/{run}");
    let below = ["", "/jobs", "/logs", "/timing", "/artifacts", "/attempts/1", "/attempts/1/jobs"];
    caller.get_all(&base, &below).await;
    caller.get_all(&base, &["/attempts/1/logs", "/pending_deployments"]).await;
    caller.get_all(&format!("{actions}/jobs/{job}"), &["", "/logs"]).await;
    let annotations = caller.get(&format!("/repos/acme/app/check-runs/{job}/annotations")).await;
    assert_eq!(annotations[0]["message"], "the thing is broken");
    caller.call(Method::POST, &format!("{base}/cancel"), None).await;
    caller.call(Method::DELETE, &format!("{base}/logs"), None).await;
    caller.call(Method::DELETE, &base, None).await;
}

/// What jobs leave: artifacts and caches.
async fn kept(caller: &mut Caller<'_>, repository: RepositoryId) {
    let server = caller.server;
    let job = RunningJob::start(server, repository, "d-kept").await;
    let id = job.upload_artifact("dist", b"PK").await;
    let cache = job.save_cache("npm-1", b"bytes").await;
    job.save_cache("npm-2", b"bytes").await;
    let actions = "/repos/acme/app/actions";
    let run = format!("/runs/{}/artifacts?name=dist", job.run);
    caller.get_all(actions, &["/artifacts", &run, "/caches", "/cache/usage"]).await;
    let artifact = format!("{actions}/artifacts/{id}");
    caller.get_all(&artifact, &["", "/zip"]).await;
    for path in
        [artifact, format!("{actions}/caches/{cache}"), format!("{actions}/caches?key=npm-2")]
    {
        caller.call(Method::DELETE, &path, None).await;
    }
}

async fn workflows(caller: &mut Caller<'_>) {
    let base = "/repos/acme/app/actions/workflows/ci.yml";
    caller.get_all(base, &["", "/runs", "/timing"]).await;
    for state in ["disable", "enable"] {
        caller.call(Method::PUT, &format!("{base}/{state}"), None).await;
    }
    let dispatch = json!({ "ref": "main" });
    caller.call(Method::POST, &format!("{base}/dispatches"), Some(dispatch)).await;
    let event = json!({ "event_type": "deploy", "client_payload": { "to": "moon" } });
    caller.call(Method::POST, "/repos/acme/app/dispatches", Some(event)).await;
    caller.get("/repos/acme/app/contents/.github/workflows/ci.yml?ref=main").await;
}

async fn secrets_and_variables(caller: &mut Caller<'_>) {
    let repository = "/repos/acme/app/actions";
    let places = [repository, "/repos/acme/app/environments/production", "/orgs/acme/actions"];
    let id = caller.get("/repos/acme/app").await["id"].clone();
    for place in places {
        entries_of(caller, place, &id).await;
    }
    let owners = ["/organization-secrets", "/organization-variables"];
    caller.get_all(repository, &owners).await;
    for entry in ["secrets/TOKEN", "variables/REGION"] {
        let path = format!("/orgs/acme/actions/{entry}/repositories");
        caller.get(&path).await;
        let selected = json!({ "selected_repository_ids": [id] });
        caller.call(Method::PUT, &path, Some(selected)).await;
        for method in [Method::PUT, Method::DELETE] {
            caller.call(method, &format!("{path}/{id}"), None).await;
        }
        for place in places {
            caller.call(Method::DELETE, &format!("{place}/{entry}"), None).await;
        }
    }
}

async fn entries_of(caller: &mut Caller<'_>, place: &str, repository: &Value) {
    let path = format!("{place}/variables");
    let new = json!({
        "name": "REGION",
        "value": "eu",
        "visibility": "selected",
        "selected_repository_ids": [repository],
    });
    caller.call(Method::POST, &path, Some(new)).await;
    caller.get_all(&path, &["", "/REGION"]).await;
    let value = json!({ "value": "us" });
    caller.call(Method::PATCH, &format!("{path}/REGION"), Some(value)).await;

    let path = format!("{place}/secrets");
    let key = caller.get(&format!("{path}/public-key")).await;
    let mut secret = seal(&key, "s3cret");
    secret["visibility"] = json!("selected");
    secret["selected_repository_ids"] = json!([repository]);
    for _ in ["created", "updated"] {
        caller.call(Method::PUT, &format!("{path}/TOKEN"), Some(secret.clone())).await;
    }
    caller.get_all(&path, &["", "/TOKEN"]).await;
}

async fn runners(caller: &mut Caller<'_>) {
    FakeRunner::register(caller.server, "metal").await;
    let path = "/repos/acme/app/actions/runners";
    let id = caller.get(path).await["runners"][0]["id"].clone();
    let one = format!("{path}/{id}");
    caller.get_all(&one, &["", "/labels"]).await;
    let labels = format!("{one}/labels");
    let some = json!({ "labels": ["gpu", "arm64"] });
    for method in [Method::PUT, Method::POST] {
        caller.call(method, &labels, Some(some.clone())).await;
    }
    for path in [format!("{labels}/gpu"), labels] {
        caller.call(Method::DELETE, &path, None).await;
    }
    caller.call(Method::POST, &format!("{path}/registration-token"), None).await;
    caller.call(Method::DELETE, &one, None).await;
}

async fn environments(caller: &mut Caller<'_>) {
    let path = "/repos/acme/app/environments/production";
    let user = caller.get("/user").await["id"].clone();
    let policy = json!({ "protected_branches": false, "custom_branch_policies": true });
    let rules = json!({
        "wait_timer": 5,
        "prevent_self_review": true,
        "reviewers": [{ "type": "User", "id": user }],
        "deployment_branch_policy": policy,
    });
    caller.call(Method::PUT, path, Some(rules)).await;
    caller.get_all("/repos/acme/app/environments", &["", "/production"]).await;
    let policies = format!("{path}/deployment-branch-policies");
    let new = json!({ "name": "main", "type": "branch" });
    let id = caller.call(Method::POST, &policies, Some(new)).await["id"].clone();
    let one = format!("{policies}/{id}");
    caller.call(Method::PUT, &one, Some(json!({ "name": "release/*" }))).await;
    caller.get_all(&policies, &["", &format!("/{id}")]).await;
    caller.call(Method::DELETE, &one, None).await;
    let gates = format!("{path}/deployment_protection_rules");
    let new = json!({
        "login": "quality-gate",
        "url": "https://gate.example/deployments",
        "secret": "a secret of the gate",
    });
    let id = caller.call(Method::POST, &gates, Some(new)).await["id"].clone();
    let one = format!("{gates}/{id}");
    caller.get_all(&gates, &["", &format!("/{id}")]).await;
    caller.call(Method::DELETE, &one, None).await;
}

async fn pending_deployments(caller: &mut Caller<'_>, run: i64) {
    let path = format!("/repos/acme/app/actions/runs/{run}/pending_deployments");
    let id = caller.get(&path).await[0]["environment"]["id"].clone();
    let answer = path.replace("pending_deployments", "deployment_protection_rule");
    let at_work = json!({ "environment_name": "production", "comment": "at work" });
    caller.call(Method::POST, &answer, Some(at_work)).await;
    let review = json!({ "environment_ids": [id], "state": "approved", "comment": "good" });
    caller.call(Method::POST, &path, Some(review)).await;
    caller.get(&path.replace("pending_deployments", "approvals")).await;
    caller.call(Method::DELETE, "/repos/acme/app/environments/production", None).await;
}

/// A run that is not over cannot be run again or be approved, but it can be ended. GitHub refuses the former with
/// 403, which its description names for a single job only.
async fn reruns(caller: &mut Caller<'_>, run: i64, job: i64) {
    let actions = "/repos/acme/app/actions";
    for verb in ["rerun", "rerun-failed-jobs", "approve"] {
        let path = format!("{actions}/runs/{run}/{verb}");
        let request = caller.server.as_admin(Method::POST, &path);
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status(), 403, "{path}");
        let operation = caller.description.operation(&Method::POST, &path).expect("described");
        caller.called.insert(operation.to_owned());
    }
    caller.call(Method::POST, &format!("{actions}/runs/{run}/force-cancel"), None).await;
    caller.call(Method::POST, &format!("{actions}/jobs/{job}/rerun"), None).await;
}
