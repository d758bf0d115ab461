//! GitHub's REST API as clients see it.

use axum::http::StatusCode;
use octocrab::Octocrab;
use octocrab::models::{JobId as OctocrabJobId, RunId as OctocrabRunId};
use reqwest::Method;

use crate::harness::{NewJob, TestServer};
use crate::server_or_skip;

fn octocrab(server: &TestServer) -> Octocrab {
    Octocrab::builder()
        .base_uri(format!("{}/api/v3", server.url))
        .expect("a URL")
        .personal_token(server.read.clone())
        .build()
        .expect("a client")
}

#[tokio::test]
async fn octocrab_reads_our_runs_jobs_and_workflows() {
    let server = server_or_skip!();
    let rows = server.rows();
    let repository = rows.repository("/nowhere").await;
    let run = rows.run(repository, "d-1", "in_progress").await;
    let done = rows.job(run, NewJob::new("build", "completed").concluded("success")).await;
    rows.step(done, 1, "Set up job").await;
    rows.job(run, NewJob::new("deploy", "waiting").to("production")).await;
    rows.job(run, NewJob::new("notify", "blocked")).await;

    let client = octocrab(&server);
    let runs = client.workflows("acme", "app").list_all_runs().send().await.expect("runs");
    assert_eq!(runs.total_count, Some(1));
    let listed = &runs.items[0];
    assert_eq!(listed.id, OctocrabRunId(10_001));
    assert_eq!(listed.head_commit.message, "Add the thing\n\nBecause.");
    let prefix = format!("{}/api/v3/repos/acme/app/actions/runs/10001", server.url);
    assert!(listed.jobs_url.as_str().starts_with(&prefix), "{}", listed.jobs_url);

    let found = client.workflows("acme", "app").get(OctocrabRunId(10_001)).await.expect("a run");
    assert_eq!(found.status, "in_progress");
    let jobs = client.workflows("acme", "app").list_jobs(OctocrabRunId(10_001)).send().await;
    let jobs = jobs.expect("jobs").items;
    let names: Vec<_> = jobs.iter().map(|job| job.name.as_str()).collect();
    // `blocked` is ours: GitHub creates a job when its needs are met.
    assert_eq!(names, ["build", "deploy"]);
    assert_eq!(jobs[0].id, OctocrabJobId(u64::try_from(done.0).expect("positive")));
    assert_eq!(jobs[0].steps[0].name, "Set up job");
    let workflows = client.workflows("acme", "app").list().send().await.expect("workflows");
    assert_eq!(workflows.items[0].path, ".github/workflows/ci.yml");
}

#[tokio::test]
async fn lists_are_filtered_paged_and_linked_under_the_callers_prefix() {
    let server = server_or_skip!();
    let rows = server.rows();
    let repository = rows.repository("/nowhere").await;
    for guid in ["d-1", "d-2", "d-3"] {
        rows.run(repository, guid, "completed").await;
    }
    rows.run(repository, "d-4", "queued").await;
    let base = "/api/v3/repos/acme/app/actions/runs";
    for (query, expected) in [
        ("", 4),
        ("?status=queued", 1),
        ("?status=success", 3),
        ("?branch=other", 0),
        ("?branch=main&event=push&actor=OctoCat", 4),
        ("?created=%3E2020-01-01", 4),
        ("?created=*..2020-01-01", 0),
        ("?exclude_pull_requests=true&branch=&head_sha=", 4),
    ] {
        let list = server.json(&format!("{base}{query}")).await;
        assert_eq!(list["total_count"], expected, "{query}");
    }
    let page = server.get(&format!("{base}?per_page=3")).send().await.expect("an answer");
    let link = page.headers()["link"].to_str().expect("text").to_owned();
    let next = format!("<{}{base}?per_page=3&page=2>; rel=\"next\"", server.url);
    assert!(link.starts_with(&next), "{link}");
    let bad = server.get(&format!("{base}?created=yesterday")).send().await.expect("an answer");
    assert_eq!(bad.status(), StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn a_run_or_job_of_another_repository_is_not_found() {
    let server = server_or_skip!();
    let rows = server.rows();
    let repository = rows.repository("/nowhere").await;
    let run = rows.run(repository, "d-1", "in_progress").await;
    let job = rows.job(run, NewJob::new("build", "in_progress")).await;
    rows.execute("update repositories set name = 'other' where id = $1", repository.0).await;
    rows.repository("/elsewhere").await;
    for path in [
        format!("/repos/acme/app/actions/runs/{run}"),
        format!("/repos/acme/app/actions/jobs/{job}"),
        format!("/repos/acme/app/actions/jobs/{job}/logs"),
        format!("/repos/acme/app/actions/runs/{run}/pending_deployments"),
    ] {
        let status = server.get(&path).send().await.expect("an answer").status();
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn a_waiting_deployment_is_listed_with_whether_the_caller_may_approve() {
    let server = server_or_skip!();
    let rows = server.rows();
    let repository = rows.repository("/nowhere").await;
    let environment = server
        .as_admin(Method::PUT, "/repos/acme/app/environments/production")
        .json(&serde_json::json!({ "review_required": true }))
        .send()
        .await
        .expect("an answer");
    assert_eq!(environment.status(), StatusCode::OK);
    let run = rows.run(repository, "d-1", "waiting").await;
    rows.job(run, NewJob::new("deploy", "waiting").to("Production")).await;
    let path = format!("/repos/acme/app/actions/runs/{run}/pending_deployments");
    let pending = server.json(&path).await;
    assert_eq!(pending[0]["environment"]["name"], "production");
    assert_eq!(pending[0]["current_user_can_approve"], false);
    let as_writer = server.anonymous(Method::GET, &path).bearer_auth(&server.write).send().await;
    let pending: serde_json::Value = as_writer.expect("an answer").json().await.expect("JSON");
    assert_eq!(pending[0]["current_user_can_approve"], true);
}

#[tokio::test]
async fn a_log_is_one_text_and_in_pages() {
    let server = server_or_skip!();
    let rows = server.rows();
    let repository = rows.repository("/nowhere").await;
    let run = rows.run(repository, "d-1", "completed").await;
    let job = rows.job(run, NewJob::new("build", "completed").concluded("success")).await;
    for (sequence, text) in [(0, "one\n"), (1, "two\n")] {
        rows.log_chunk(job, sequence, text).await;
    }
    let path = format!("/repos/acme/app/actions/jobs/{job}/logs");
    let log = server.follow(&path).await;
    assert_eq!(log.headers()["content-type"], "text/plain; charset=utf-8");
    assert_eq!(log.text().await.expect("a body"), "one\ntwo\n");
    let rest = server.json(&format!("/api/gantry/jobs/{job}/log?after=0")).await;
    assert_eq!(rest["chunks"][0]["text"], "two\n");
    assert_eq!(rest["is_complete"], true);
}

#[tokio::test]
async fn the_page_sees_blocked_jobs_as_pending_with_their_needs() {
    let server = server_or_skip!();
    let rows = server.rows();
    let repository = rows.repository("/nowhere").await;
    let run = rows.run(repository, "d-1", "in_progress").await;
    rows.job(run, NewJob::new("build", "in_progress")).await;
    rows.job(run, NewJob::new("deploy", "blocked")).await;
    rows.execute(
        "insert into job_needs (run_id, job_key, needs_key) values ($1, 'deploy', 'build')",
        run.0,
    )
    .await;
    let detail = server.json(&format!("/api/gantry/runs/{run}")).await;
    assert_eq!(detail["jobs"][1]["status"], "pending");
    assert_eq!(detail["jobs"][1]["needs"], serde_json::json!(["build"]));
    assert_eq!(detail["run"]["repository"]["full_name"], "acme/app");
    assert!(!detail.to_string().contains("blocked"));
}

#[tokio::test]
async fn a_deployment_is_approved_once_and_for_its_commit() {
    let server = server_or_skip!();
    let rows = server.rows();
    let repository = rows.repository("/nowhere").await;
    let environment = server
        .as_admin(Method::PUT, "/repos/acme/app/environments/production")
        .json(&serde_json::json!({ "review_required": true }));
    environment.send().await.expect("an answer");
    let run = rows.run(repository, "d-1", "waiting").await;
    rows.job(run, NewJob::new("deploy", "waiting").to("production")).await;
    let path = format!("/repos/acme/app/actions/runs/{run}/pending_deployments");
    let id = server.json(&path).await[0]["environment"]["id"].clone();
    let review = |ids: Vec<serde_json::Value>| {
        let body = serde_json::json!({
            "environment_ids": ids, "state": "approved", "comment": "looks good",
        });
        server.anonymous(Method::POST, &path).bearer_auth(&server.write).json(&body).send()
    };
    for ids in [vec![], vec![1.into()]] {
        let refused = review(ids).await.expect("an answer");
        assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
    }
    let approved = review(vec![id.clone()]).await.expect("an answer");
    assert_eq!(approved.status(), StatusCode::OK);
    let body: serde_json::Value = approved.json().await.expect("JSON");
    assert_eq!(body[0]["environment"], "production");
    let again = review(vec![id]).await.expect("an answer");
    assert_eq!(again.status(), StatusCode::CONFLICT);
    let (reviewer, comment, sha): (String, String, String) =
        sqlx::query_as("select reviewer, comment, head_sha from deployment_reviews")
            .fetch_one(&server.app.db)
            .await
            .expect("one review");
    assert_eq!((reviewer.as_str(), comment.as_str()), ("write-person", "looks good"));
    assert_eq!(sha, "a".repeat(40));
}
