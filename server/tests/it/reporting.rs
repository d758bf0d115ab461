//! Check runs, against a GitHub that can fail.

use std::sync::{Arc, Mutex};

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, patch, post};
use gantry_protocol::JobId;
use gantry_server::background::run_pass_once;
use gantry_server::config::{GitHubAccess, GitHubCredentials};
use gantry_server::reporting::{SYNC_REPORTS, want_report};
use serde_json::{Value, json};

use crate::harness::{GitRepository, NewJob, TestServer};

/// What the fake GitHub holds and how it will answer.
#[derive(Clone, Default)]
struct Fake(Arc<Mutex<FakeState>>);

#[derive(Default)]
struct FakeState {
    check_runs: Vec<Value>,
    n_calls: usize,
    /// Answers given before any other.
    failures: Vec<StatusCode>,
    /// The next create happens, but its answer is lost.
    loses_answer: bool,
}

impl Fake {
    async fn start(&self) -> String {
        let router = axum::Router::new()
            .route("/repos/acme/app/check-runs", post(create))
            .route("/repos/acme/app/check-runs/{id}", patch(update))
            .route("/repos/acme/app/commits/{sha}/check-runs", get(list))
            .with_state(self.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        gantry_server::background::Tasks::default().spawn("fake_github", async move {
            axum::serve(listener, router).await.expect("serving");
        });
        url
    }

    fn with<T>(&self, act: impl FnOnce(&mut FakeState) -> T) -> T {
        act(&mut self.0.lock().expect("the state"))
    }

    fn failure(&self) -> Option<Response> {
        self.with(|state| {
            state.n_calls += 1;
            (!state.failures.is_empty()).then(|| state.failures.remove(0).into_response())
        })
    }
}

async fn create(State(fake): State<Fake>, Json(mut body): Json<Value>) -> Response {
    if let Some(failure) = fake.failure() {
        return failure;
    }
    fake.with(|state| {
        body["id"] = json!(state.check_runs.len() + 1);
        state.check_runs.push(body.clone());
        match std::mem::take(&mut state.loses_answer) {
            true => StatusCode::BAD_GATEWAY.into_response(),
            false => (StatusCode::CREATED, Json(body)).into_response(),
        }
    })
}

async fn update(
    State(fake): State<Fake>,
    Path(id): Path<usize>,
    Json(body): Json<Value>,
) -> Response {
    if let Some(failure) = fake.failure() {
        return failure;
    }
    fake.with(|state| {
        for (key, value) in body.as_object().expect("an object") {
            state.check_runs[id - 1][key] = value.clone();
        }
        Json(state.check_runs[id - 1].clone()).into_response()
    })
}

async fn list(State(fake): State<Fake>) -> Json<Value> {
    fake.with(|state| Json(json!({ "total_count": 1, "check_runs": state.check_runs })))
}

fn access(api_url: String) -> GitHubAccess {
    GitHubAccess { api_url, credentials: GitHubCredentials::Token("token".to_owned().into()) }
}

/// A server that reports to the fake, with one queued job.
async fn reporting_server(fake: &Fake) -> Option<(TestServer, JobId)> {
    let api_url = fake.start().await;
    let access = access(api_url);
    let server = TestServer::start_with(|config| config.github = Some(access)).await?;
    let rows = server.rows();
    let repository = rows.repository("/nowhere").await;
    let run = rows.run(repository, "d-1", "in_progress").await;
    let job = rows.job(run, NewJob::new("build", "queued")).await;
    Some((server, job))
}

async fn want(server: &TestServer, job: JobId) {
    let mut db = server.app.db.acquire().await.expect("a connection");
    want_report(&mut db, &server.app.config, job).await.expect("wanted");
}

async fn sync(server: &TestServer) {
    run_pass_once(&server.app, SYNC_REPORTS).await.expect("a pass");
}

/// As if the time to wait had passed.
async fn make_due(server: &TestServer) {
    server.rows().execute("update outbox set next_attempt_at = now() where id > $1", 0).await;
}

async fn complete(server: &TestServer, job: JobId) {
    let sql = "update jobs set status = 'completed', conclusion = 'failure',
               started_at = now(), completed_at = now() where id = $1";
    server.rows().execute(sql, job.0).await;
    want(server, job).await;
}

async fn n_waiting(server: &TestServer) -> i64 {
    sqlx::query_scalar("select count(*) from outbox")
        .fetch_one(&server.app.db)
        .await
        .expect("a count")
}

#[tokio::test]
async fn a_check_run_is_created_once_and_brought_to_the_jobs_state() {
    let fake = Fake::default();
    let Some((server, job)) = reporting_server(&fake).await else { return };
    want(&server, job).await;
    want(&server, job).await;
    sync(&server).await;
    fake.with(|state| {
        assert_eq!((state.check_runs.len(), state.n_calls), (1, 1));
        assert_eq!(state.check_runs[0]["status"], "queued");
        assert_eq!(state.check_runs[0]["external_id"], job.to_string());
    });
    complete(&server, job).await;
    sync(&server).await;
    fake.with(|state| {
        assert_eq!(state.check_runs.len(), 1);
        assert_eq!(state.check_runs[0]["conclusion"], "failure");
    });
    assert_eq!(n_waiting(&server).await, 0);
}

#[tokio::test]
async fn the_final_state_arrives_after_github_failed_and_limited_us() {
    let fake = Fake::default();
    let Some((server, job)) = reporting_server(&fake).await else { return };
    let failures = vec![StatusCode::INTERNAL_SERVER_ERROR, StatusCode::TOO_MANY_REQUESTS];
    fake.with(|state| state.failures = failures);
    want(&server, job).await;
    sync(&server).await;
    complete(&server, job).await;
    sync(&server).await;
    assert_eq!(n_waiting(&server).await, 1);
    make_due(&server).await;
    sync(&server).await;
    fake.with(|state| {
        assert_eq!(state.check_runs.len(), 1);
        assert_eq!(state.check_runs[0]["status"], "completed");
        // No call was repeated behind our back.
        assert_eq!(state.n_calls, 3);
    });
    assert_eq!(n_waiting(&server).await, 0);
}

#[tokio::test]
async fn a_create_whose_answer_was_lost_is_not_repeated() {
    let fake = Fake::default();
    let Some((server, job)) = reporting_server(&fake).await else { return };
    fake.with(|state| state.loses_answer = true);
    want(&server, job).await;
    sync(&server).await;
    make_due(&server).await;
    sync(&server).await;
    fake.with(|state| assert_eq!(state.check_runs.len(), 1));
    assert_eq!(n_waiting(&server).await, 0);
}

#[tokio::test]
async fn what_github_refuses_for_good_does_not_stay() {
    let fake = Fake::default();
    let Some((server, job)) = reporting_server(&fake).await else { return };
    fake.with(|state| state.failures = vec![StatusCode::UNPROCESSABLE_ENTITY]);
    want(&server, job).await;
    sync(&server).await;
    assert_eq!(n_waiting(&server).await, 0);
    fake.with(|state| assert!(state.check_runs.is_empty()));
}

#[tokio::test]
async fn without_github_nothing_is_asked_for() {
    let Some(server) = TestServer::start().await else { return };
    let rows = server.rows();
    let repository = rows.repository("/nowhere").await;
    let run = rows.run(repository, "d-1", "in_progress").await;
    let job = rows.job(run, NewJob::new("build", "queued")).await;
    want(&server, job).await;
    assert_eq!(n_waiting(&server).await, 0);
}

#[tokio::test]
async fn a_create_whose_answer_was_lost_is_not_repeated_for_a_newer_state() {
    let fake = Fake::default();
    let Some((server, job)) = reporting_server(&fake).await else { return };
    fake.with(|state| state.loses_answer = true);
    want(&server, job).await;
    sync(&server).await;
    complete(&server, job).await;
    sync(&server).await;
    make_due(&server).await;
    sync(&server).await;
    fake.with(|state| {
        assert_eq!(state.check_runs.len(), 1);
        assert_eq!(state.check_runs[0]["status"], "completed");
    });
    assert_eq!(n_waiting(&server).await, 0);
}

#[tokio::test]
async fn a_run_that_cannot_start_is_one_failed_check_run_with_what_is_wrong() {
    let fake = Fake::default();
    let access = access(fake.start().await);
    let started = TestServer::start_with(|config| config.github = Some(access)).await;
    let Some(server) = started else { return };
    let bad = "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    stepz: []\n";
    let repository = GitRepository::create(server.directory.path(), &[("bad.yml", bad)]);
    fake.with(|state| state.loses_answer = true);
    server.push_and_settle(&repository).await;
    make_due(&server).await;
    sync(&server).await;
    fake.with(|state| {
        assert_eq!(state.check_runs.len(), 1);
        let check_run = &state.check_runs[0];
        assert_eq!(check_run["name"], ".github/workflows/bad.yml");
        assert_eq!(check_run["conclusion"], "failure");
        let summary = check_run["output"]["summary"].as_str().expect("a summary");
        assert!(summary.contains("stepz"), "{summary}");
    });
    assert_eq!(n_waiting(&server).await, 0);
}
