//! A GitHub for tests: one App, one installation, one repository with one workflow file.
//!
//! Every ref and every commit exists. It keeps what it is told, fails when asked to, and counts calls
//! that it does not know, so that a test can say that there were none.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gantry_server::config::{GitHubAccess, GitHubCredentials};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::github_description::Description;

use crate::fake_people::People;

pub(crate) const SLUG: &str = "gantry-under-test";
pub(crate) const INSTALLATION: i64 = 2;

/// The fake, shared with its server.
#[derive(Clone, Default)]
pub(crate) struct FakeGitHub(Arc<Mutex<Kept>>);

#[derive(Default)]
pub(crate) struct Kept {
    /// The text of `.github/workflows/ci.yml`, at every commit.
    pub(crate) workflow: String,
    /// By number: what `GET .../pulls/{number}` says.
    pub(crate) pull_requests: BTreeMap<u64, Value>,
    pub(crate) changed_files: Vec<String>,
    pub(crate) check_runs: Vec<Value>,
    /// The number of annotations of each request about check runs.
    pub(crate) annotations: Vec<usize>,
    pub(crate) statuses: Vec<Value>,
    pub(crate) deployments: Vec<Value>,
    pub(crate) deployment_statuses: Vec<Value>,
    /// What tokens were asked for, and which were revoked.
    pub(crate) tokens: Vec<Value>,
    pub(crate) revoked: usize,
    /// Answers given before any other, to any call but those for tokens.
    pub(crate) failures: Vec<StatusCode>,
    pub(crate) unknown: Vec<String>,
    /// Answers that are not as GitHub describes them.
    lies: Vec<String>,
    /// Full names and commits of branches and tags.
    pub(crate) refs: BTreeMap<String, String>,
    /// Who moved a branch to a commit.
    pub(crate) movers: BTreeMap<String, String>,
    pub(crate) n_not_modified: usize,
    /// Sent with every answer.
    pub(crate) further_headers: HeaderMap,
    /// What the repository is called now, if no longer as in [`repository`].
    pub(crate) full_name: Option<String>,
    /// The codes of Apps that were handed over.
    pub(crate) codes: Vec<String>,
    /// The App was taken out.
    pub(crate) is_uninstalled: bool,
    /// When new tokens end, if not in a far future.
    pub(crate) tokens_end_at: Option<String>,
    pub(crate) issues: Vec<Value>,
    /// Attempts to deliver, newest first, and the numbers of those that were to be repeated.
    pub(crate) hook_deliveries: Vec<Value>,
    pub(crate) repeated: Vec<String>,
    /// Method, path with query, and headers of each call about issues and GraphQL.
    pub(crate) calls_of_jobs: Vec<(String, HeaderMap)>,
    pub(crate) people: People,
}

impl FakeGitHub {
    /// With one workflow file.
    pub(crate) fn with_workflow(text: &str) -> Self {
        let fake = Self::default();
        fake.with(|state| text.clone_into(&mut state.workflow));
        fake
    }

    /// Starts answering; gives how a server reaches it.
    pub(crate) async fn start(&self) -> GitHubAccess {
        let router = axum::Router::new().fallback(answer).with_state(self.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let api_url = format!("http://{}", listener.local_addr().expect("an address"));
        gantry_server::background::Tasks::default().spawn("fake_github", async move {
            axum::serve(listener, router).await.expect("serving");
        });
        let private_key = private_key().into();
        GitHubAccess { api_url, credentials: GitHubCredentials::App { app_id: 1, private_key } }
    }

    /// What was not as GitHub answers; whoever looks has taken note of it.
    fn lies(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().expect("the state").lies)
    }

    pub(crate) fn with<T>(&self, act: impl FnOnce(&mut Kept) -> T) -> T {
        let mut state = self.0.lock().expect("the state");
        assert!(state.lies.is_empty(), "not as GitHub answers: {}", state.lies.join("\n"));
        act(&mut state)
    }

    /// The same for the fake itself, which only takes note of what is wrong.
    fn answer<T>(&self, act: impl FnOnce(&mut Kept) -> T) -> T {
        act(&mut self.0.lock().expect("the state"))
    }
}

/// A key that lives as long as the test.
fn private_key() -> String {
    let made = std::process::Command::new("openssl").args(["genrsa", "2048"]).output();
    String::from_utf8(made.expect("openssl is installed").stdout).expect("PEM")
}

async fn answer(
    State(fake): State<FakeGitHub>,
    (method, uri, headers): (Method, Uri, HeaderMap),
    body: Bytes,
) -> Response {
    if uri.path().ends_with("/issues") || uri.path() == "/graphql" {
        return fake.answer(|state| state.answer_job((&method, &uri, headers), &body));
    }
    if uri.path().starts_with("/app/hook/deliveries") {
        return fake.answer(|state| state.answer_about_hook((&method, &uri), &headers));
    }
    if let Some(answer) = fake.with(|state| state.people.answer((&method, &uri, &headers), &body)) {
        return answer;
    }
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let path: Vec<&str> = uri.path().trim_matches('/').split('/').collect();
    fake.answer(|state| match state.route((&method, &path), body) {
        Some((status, answer)) => {
            let answer = state.described((&method, &uri), (status, answer));
            state.unless_known((status, answer), &headers)
        }
        None => {
            state.unknown.push(format!("{method} {uri}"));
            StatusCode::NOT_IMPLEMENTED.into_response()
        }
    })
}

type Answer = Option<(StatusCode, Value)>;

impl Kept {
    /// The answer as GitHub describes it; what is wrong with it is kept.
    fn described(
        &mut self,
        (method, uri): (&Method, &Uri),
        (status, mut answer): (StatusCode, Value),
    ) -> Value {
        let Some(description) = Description::read().filter(|_| status.is_success()) else {
            return answer;
        };
        let Some(operation) = description.operation(method, uri.path()) else {
            self.lies.push(format!("GitHub has no {method} {}", uri.path()));
            return answer;
        };
        description.fill((operation, status.as_u16()), &mut answer);
        let wrong = description.complaints(operation, status.as_u16(), &answer.to_string());
        self.lies.extend(wrong.into_iter().map(|it| format!("{operation}: {it}")));
        answer
    }

    /// 304 for whoever has the answer.
    fn unless_known(
        &mut self,
        (status, answer): (StatusCode, Value),
        asked: &HeaderMap,
    ) -> Response {
        let etag = format!("W/\"{}\"", hex::encode(Sha256::digest(answer.to_string())));
        let has = asked.get(header::IF_NONE_MATCH).is_some_and(|has| has == etag.as_str());
        if has {
            self.n_not_modified += 1;
            return StatusCode::NOT_MODIFIED.into_response();
        }
        let mut answer = (status, [(header::ETAG, etag)], Json(answer)).into_response();
        answer.headers_mut().extend(self.further_headers.clone());
        answer
    }

    fn route(&mut self, (method, path): (&Method, &[&str]), body: Value) -> Answer {
        if let ["app", ..] | ["installation", ..] = path {
            return self.app((method, path), body);
        }
        if let ["app-manifests", code, "conversions"] = path {
            return self.hand_over_app(code);
        }
        if !self.failures.is_empty() {
            let message = json!({ "message": "asked to fail" });
            return Some((self.failures.remove(0), message));
        }
        let ["repos", _, _, rest @ ..] = path else { return None };
        match *method {
            Method::GET => self.read(rest).map(|answer| (StatusCode::OK, answer)),
            _ => self.write((method, rest), body),
        }
    }

    fn hand_over_app(&mut self, code: &str) -> Answer {
        self.codes.push(code.to_owned());
        let answer = json!({
            "id": 4711,
            "slug": SLUG,
            "html_url": format!("https://github.com/apps/{SLUG}"),
            "pem": private_key(),
            "webhook_secret": "of the made app",
            "client_id": "Iv1.1",
            "client_secret": "hidden",
        });
        Some((StatusCode::CREATED, answer))
    }

    fn app(&mut self, (method, path): (&Method, &[&str]), body: Value) -> Answer {
        let installation = json!({ "id": INSTALLATION, "account": { "login": "Codertocat" } });
        match (method.as_str(), path) {
            ("GET", ["app"]) => Some((StatusCode::OK, json!({ "slug": SLUG }))),
            ("GET", ["app", "installations"]) => {
                let list = if self.is_uninstalled { json!([]) } else { json!([installation]) };
                Some((StatusCode::OK, list))
            }
            ("GET", ["installation", "repositories"]) => {
                Some((StatusCode::OK, json!({ "repositories": [self.repository()] })))
            }
            ("POST", ["app", "installations", _, "access_tokens"]) => {
                let token = format!("ghs_fake_{}", self.tokens.len());
                self.tokens.push(body);
                let answer = json!({
                    "token": token,
                    "expires_at": self.tokens_end_at.as_deref().unwrap_or("2999-01-01T00:00:00Z"),
                    "permissions": { "metadata": "read" },
                    "repository_selection": "selected",
                });
                Some((StatusCode::CREATED, answer))
            }
            ("DELETE", ["installation", "token"]) => {
                self.revoked += 1;
                Some((StatusCode::NO_CONTENT, Value::Null))
            }
            _ => None,
        }
    }

    /// Two entries to a page.
    fn answer_about_hook(
        &mut self,
        (method, uri): (&Method, &Uri),
        headers: &HeaderMap,
    ) -> Response {
        if method == Method::POST {
            let id = uri.path().split('/').nth(4).unwrap_or_default().to_owned();
            let number = json!(id.parse::<i64>().unwrap_or_default());
            let repeated = self.hook_deliveries.iter().find(|it| it["id"] == number).cloned();
            let Some(mut entry) = repeated else { return StatusCode::NOT_FOUND.into_response() };
            entry["id"] = json!(1000 + self.repeated.len());
            entry["delivered_at"] = json!(chrono::Utc::now());
            entry["redelivery"] = json!(true);
            self.hook_deliveries.insert(0, entry);
            self.repeated.push(id);
            return (StatusCode::ACCEPTED, Json(json!({}))).into_response();
        }
        let query = uri.query().unwrap_or_default();
        let cursor = query.split("cursor=").nth(1).and_then(|it| it.parse::<usize>().ok());
        let from = cursor.unwrap_or_default();
        let page: Vec<_> = self.hook_deliveries.iter().skip(from).take(2).cloned().collect();
        let next = from + page.len();
        let page = self.described((method, uri), (StatusCode::OK, json!(page)));
        if next >= self.hook_deliveries.len() {
            return Json(page).into_response();
        }
        let origin = headers[header::HOST].to_str().unwrap_or_default();
        let next =
            format!("<http://{origin}{}?per_page=2&cursor={next}>; rel=\"next\"", uri.path());
        ([(header::LINK, next)], Json(page)).into_response()
    }

    /// What jobs ask for with their tokens.
    fn answer_job(
        &mut self,
        (method, uri, headers): (&Method, &Uri, HeaderMap),
        body: &Bytes,
    ) -> Response {
        let origin = headers[header::HOST].to_str().unwrap_or_default().to_owned();
        self.calls_of_jobs.push((format!("{method} {uri}"), headers));
        if method == Method::GET {
            let next = format!("<http://{origin}{}?page=2>; rel=\"next\"", uri.path());
            let list = self.described((method, uri), (StatusCode::OK, json!(self.issues)));
            return ([(header::LINK, next)], Json(list)).into_response();
        }
        if uri.path() == "/graphql" {
            let data = json!({ "data": { "viewer": { "login": "hubot" } } });
            return Json(data).into_response();
        }
        let mut issue: Value = serde_json::from_slice(body).unwrap_or_default();
        issue["number"] = json!(self.issues.len() + 1);
        self.issues.push(issue.clone());
        let issue = self.described((method, uri), (StatusCode::CREATED, issue));
        (StatusCode::CREATED, Json(issue)).into_response()
    }

    fn read(&self, path: &[&str]) -> Option<Value> {
        let files = || self.changed_files.iter().map(|name| json!({ "filename": name }));
        Some(match path {
            [] => self.repository(),
            ["commits", _, "check-runs"] => json!({ "check_runs": self.check_runs}),
            ["commits", name @ ..] => {
                let name = name.join("/");
                let sha = if name.len() == 40 { name } else { "d".repeat(40) };
                json!({ "sha": sha, "commit": { "message": "Add the thing" } })
            }
            ["contents", ".github", "workflows"] => json!([{
                "type": "file",
                "name": "ci.yml",
                "path": ".github/workflows/ci.yml",
                "sha": format!("{:040x}", self.workflow.len()),
                "size": self.workflow.len(),
            }]),
            ["git", "blobs", _] => json!({ "content": STANDARD.encode(&self.workflow) }),
            ["git", "matching-refs", kind] => {
                let prefix = format!("refs/{kind}/");
                let refs = self.refs.iter().filter(|(name, _)| name.starts_with(&prefix));
                refs.map(|(name, sha)| json!({ "ref": name, "object": { "sha": sha } })).collect()
            }
            ["activity"] => {
                let acts = self.movers.iter();
                acts.map(|(sha, login)| json!({ "after": sha, "actor": { "login": login } }))
                    .collect()
            }
            ["pulls"] => self.pull_requests.values().cloned().collect(),
            ["pulls", number] => self.pull_requests.get(&number.parse().ok()?)?.clone(),
            ["pulls", _, "files"] => files().collect(),
            ["compare", _] => json!({ "files": files().collect::<Vec<_>>() }),
            ["check-runs", id] => self.check_runs.get(id.parse::<usize>().ok()? - 1)?.clone(),
            _ => return None,
        })
    }

    fn write(&mut self, (method, path): (&Method, &[&str]), mut body: Value) -> Answer {
        match (method.as_str(), path) {
            ("POST", ["check-runs"]) => {
                self.count_annotations(&body);
                body["id"] = json!(self.check_runs.len() + 1);
                self.check_runs.push(body.clone());
                Some((StatusCode::CREATED, body))
            }
            ("PATCH", ["check-runs", id]) => {
                self.count_annotations(&body);
                let run = self.check_runs.get_mut(id.parse::<usize>().ok()? - 1)?;
                for (key, value) in body.as_object()? {
                    run[key] = value.clone();
                }
                Some((StatusCode::OK, run.clone()))
            }
            ("POST", ["statuses", _]) => {
                self.statuses.push(body.clone());
                Some((StatusCode::CREATED, body))
            }
            ("POST", ["deployments"]) => {
                body["id"] = json!(self.deployments.len() + 1);
                self.deployments.push(body.clone());
                Some((StatusCode::CREATED, body))
            }
            ("POST", ["deployments", _, "statuses"]) => {
                self.deployment_statuses.push(body.clone());
                Some((StatusCode::CREATED, body))
            }
            _ => None,
        }
    }

    fn repository(&self) -> Value {
        let mut body = repository();
        if let Some(name) = &self.full_name {
            body["full_name"] = json!(name);
        }
        body
    }

    fn count_annotations(&mut self, body: &Value) {
        let annotations = body.pointer("/output/annotations").and_then(Value::as_array);
        self.annotations.push(annotations.map_or(0, Vec::len));
    }
}

/// The repository of most of GitHub's published examples.
pub(crate) fn repository() -> Value {
    json!({
        "id": 186_853_002,
        "full_name": "Codertocat/Hello-World",
        "name": "Hello-World",
        "owner": { "login": "Codertocat" },
        "default_branch": "master",
    })
}

#[tokio::test]
async fn an_answer_that_is_not_as_github_describes_it_is_noticed() {
    if Description::read().is_none() {
        return;
    }
    let fake = FakeGitHub::default();
    let access = fake.start().await;
    fake.with(|kept| kept.check_runs = vec![json!({ "id": 1, "status": "forgotten" })]);
    let get = |path: &str| reqwest::get(format!("{}{path}", access.api_url));
    let good = get("/repos/o/r").await.expect("an answer");
    let repository: Value = good.json().await.expect("JSON");
    assert!(repository["archive_url"].is_string(), "filled in: {repository}");
    assert_eq!(fake.lies(), [""; 0]);
    assert!(get("/repos/o/r/check-runs/1").await.expect("an answer").status().is_success());
    let lies = fake.lies();
    assert!(lies.len() == 1 && lies[0].contains("/status"), "{lies:?}");
}
