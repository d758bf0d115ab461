//! What jobs of a repository of GitHub ask our API for with their `GITHUB_TOKEN`.

use gantry_protocol::{Conclusion, JobMessage};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::fake_github::FakeGitHub;
use crate::github_events::{connected, deliver, push};
use crate::harness::{End, FakeRunner, TestServer};

const REPOSITORY: &str = "/api/v3/repos/Codertocat/Hello-World";

fn workflow(permissions: &str) -> String {
    format!(
        "on: push\npermissions: {permissions}\njobs:\n  build:\n    runs-on: ubuntu-latest\n    \
         steps: [{{ run: echo }}]\n"
    )
}

/// The job of a push, leased.
async fn leased(server: &TestServer) -> (FakeRunner<'_>, JobMessage) {
    deliver(server, "push", "p1", push('a', "Codertocat")).await;
    let runner = FakeRunner::register(server, "one").await;
    let job = runner.lease().await.expect("a job");
    (runner, job)
}

/// A request as `@actions/github` makes it.
fn request(server: &TestServer, job: &JobMessage, method: Method, path: &str) -> RequestBuilder {
    let request = server.anonymous(method, path);
    request.header("authorization", format!("token {}", job.github_token))
}

async fn status(request: RequestBuilder) -> u16 {
    request.send().await.expect("an answer").status().as_u16()
}

#[tokio::test]
async fn a_job_may_do_in_its_own_repository_what_its_permissions_allow() {
    let fake = FakeGitHub::with_workflow(&workflow("{ actions: read }"));
    let Some(server) = connected(&fake).await else { return };
    let (runner, job) = leased(&server).await;
    let ask = |method: Method, path: &str| request(&server, &job, method, path);
    let runs = format!("{REPOSITORY}/actions/runs");
    let answer = ask(Method::GET, &runs).send().await.expect("an answer");
    assert_eq!(answer.status(), 200);
    let list: Value = answer.json().await.expect("JSON");
    assert_eq!(list["total_count"], 1);
    let cancel = format!("{runs}/{}/cancel", job.run_id);
    assert_eq!(status(ask(Method::POST, &cancel)).await, 403, "it may only read");
    let secrets = format!("{REPOSITORY}/actions/secrets");
    assert_eq!(status(ask(Method::GET, &secrets)).await, 403);
    assert_eq!(status(ask(Method::GET, "/api/gantry/deliveries")).await, 403);
    runner.start_step(&job).await;
    runner.complete(&job, End { conclusion: Conclusion::Failure, ..End::SUCCESS }).await;
    assert_eq!(status(ask(Method::GET, &runs)).await, 401, "the token ends with the job");
    fake.with(|kept| assert_eq!(kept.unknown, [""; 0]));
}

#[tokio::test]
async fn a_job_that_may_write_actions_cancels_its_own_run_but_approves_nothing() {
    let fake = FakeGitHub::with_workflow(&workflow("{ actions: write }"));
    let Some(server) = connected(&fake).await else { return };
    let (_runner, job) = leased(&server).await;
    let run = format!("{REPOSITORY}/actions/runs/{}", job.run_id);
    let review = request(&server, &job, Method::POST, &format!("{run}/pending_deployments"));
    let body = json!({ "environment_ids": [1], "state": "approved", "comment": "" });
    assert_eq!(status(review.json(&body)).await, 403);
    let cancel = request(&server, &job, Method::POST, &format!("{run}/cancel"));
    assert_eq!(status(cancel).await, 202);
    let actors: Vec<String> = sqlx::query_scalar(
        "select actor_kind || ' ' || action from audit_events where action = 'run.cancel'",
    )
    .fetch_all(&server.app.db)
    .await
    .expect("events");
    assert_eq!(actors, ["job run.cancel"]);
}

#[tokio::test]
async fn what_only_github_knows_is_sent_on_with_the_jobs_own_token() {
    let fake = FakeGitHub::with_workflow(&workflow("{ issues: write }"));
    let Some(server) = connected(&fake).await else { return };
    let (_runner, job) = leased(&server).await;
    let issues = format!("{REPOSITORY}/issues");
    let create = request(&server, &job, Method::POST, &issues)
        .header("cookie", "gantry_session=secret")
        .header("x-github-api-version", "2022-11-28")
        .json(&json!({ "title": "The build is broken" }));
    let answer = create.send().await.expect("an answer");
    assert_eq!(answer.status(), 201);
    let created: Value = answer.json().await.expect("JSON");
    assert_eq!(created["number"], 1);

    let list = request(&server, &job, Method::GET, &format!("{issues}?state=all"));
    let answer = list.send().await.expect("an answer");
    let next = answer.headers()["link"].to_str().expect("text").to_owned();
    let expected = format!("<{}{issues}?page=2>; rel=\"next\"", server.url);
    assert_eq!(next.replace(&format!("{}/repos", server.url), ""), next, "{next}");
    assert_eq!(next, expected, "pages are asked for here");

    let query = json!({ "query": "query { viewer { login } }" });
    let graphql = request(&server, &job, Method::POST, "/api/graphql").json(&query);
    let data: Value = graphql.send().await.expect("an answer").json().await.expect("JSON");
    assert_eq!(data["data"]["viewer"]["login"], "hubot");

    fake.with(|kept| {
        let calls: Vec<&str> = kept.calls_of_jobs.iter().map(|(call, _)| call.as_str()).collect();
        let path = "/repos/Codertocat/Hello-World/issues";
        let expected =
            [format!("POST {path}"), format!("GET {path}?state=all"), "POST /graphql".to_owned()];
        assert_eq!(calls, expected);
        for (_, headers) in &kept.calls_of_jobs {
            assert_eq!(headers["authorization"], format!("Bearer {}", job.github_token));
            assert!(!headers.contains_key("cookie"));
        }
        assert_eq!(kept.calls_of_jobs[0].1["x-github-api-version"], "2022-11-28");
        assert_eq!(kept.issues[0]["title"], "The build is broken");
    });
}

#[tokio::test]
async fn nobody_but_a_job_that_runs_gets_anything_sent_on_and_no_path_leads_elsewhere() {
    let fake = FakeGitHub::with_workflow(&workflow("{ issues: write }"));
    let Some(server) = connected(&fake).await else { return };
    let (runner, job) = leased(&server).await;
    let issues = format!("{REPOSITORY}/issues");
    let foreign = server.anonymous(Method::GET, &issues).bearer_auth("ghs_of_somebody_else");
    assert_ne!(status(foreign).await, 200);
    assert_ne!(status(server.as_admin(Method::GET, &issues)).await, 200);
    // The client would take the steps itself, so the path is written as no client does.
    let aside = format!("{REPOSITORY}/%2e%2E/%2e%2E/app/issues");
    let address = server.url.strip_prefix("http://").expect("a URL").to_owned();
    assert_eq!(raw_status(&address, &aside, &job.github_token).await, 404);
    runner.start_step(&job).await;
    runner.complete(&job, End::SUCCESS).await;
    assert_ne!(status(request(&server, &job, Method::GET, &issues)).await, 200);
    fake.with(|kept| assert!(kept.calls_of_jobs.is_empty()));
}

async fn raw_status(address: &str, path: &str, token: &str) -> u16 {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut stream = tokio::net::TcpStream::connect(address).await.expect("a connection");
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\n\
         connection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    answer.split(' ').nth(1).and_then(|word| word.parse().ok()).expect("a status")
}

#[tokio::test]
async fn a_job_whose_token_has_ended_at_github_goes_on_with_a_new_one() {
    let fake = FakeGitHub::with_workflow(&workflow("{ issues: write }"));
    fake.with(|kept| kept.tokens_end_at = Some("2020-01-01T00:00:00Z".to_owned()));
    let Some(server) = connected(&fake).await else { return };
    let (runner, job) = leased(&server).await;
    fake.with(|kept| kept.tokens_end_at = None);
    server.settle().await;
    let issues = format!("{REPOSITORY}/issues");
    for _ in 0..2 {
        let list = request(&server, &job, Method::GET, &issues);
        assert_eq!(status(list).await, 200);
    }
    fake.with(|kept| {
        let used: Vec<_> = kept.calls_of_jobs.iter().map(|(_, it)| &it["authorization"]).collect();
        assert_ne!(used[0], &format!("Bearer {}", job.github_token));
        assert_eq!(used[0], used[1], "one new token is enough");
        let asked: Vec<_> =
            kept.tokens.iter().filter(|asked| !asked["permissions"].is_null()).collect();
        assert_eq!(asked.len(), 2);
        assert_eq!(asked[0], asked[1], "the new one may do the same");
    });
    runner.start_step(&job).await;
    runner.complete(&job, End::SUCCESS).await;
    server.settle().await;
    fake.with(|kept| assert_eq!(kept.revoked, 1, "the new one is revoked, the old one is gone"));
}
