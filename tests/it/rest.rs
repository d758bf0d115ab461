//! The REST API through clients we did not write: `gh` and octocrab.

use anyhow::Result;
use gantry_tests::{FakeRunner, Script, TestRepository, TestServer, webhook};
use serde_json::json;

const WORKFLOW: &str = "name: Hello\non: [push, workflow_dispatch]\njobs:\n  hello:\n    runs-on: ubuntu-latest\n    steps:\n      - run: echo hello\n";

async fn completed_run() -> Result<(TestServer, TestRepository, i64)> {
    let repository = TestRepository::create(&[(".github/workflows/hello.yml", WORKFLOW)])?;
    let server = TestServer::start().await?;
    server.register(&repository, "acme/hello").await?;
    let payload = webhook::push("acme/hello", "main", webhook::NO_COMMIT, &repository.head()?);
    server.deliver("push", "guid-1", &payload).await?;
    let run_id = server.wait_for_run("acme/hello").await?;
    let runner = FakeRunner::register(&server, "fake", &["ubuntu-latest"]).await?;
    runner.play(&Script::default(), 1_000).await?;
    server.wait_until_completed(run_id).await?;
    Ok((server, repository, run_id))
}

#[tokio::test(flavor = "multi_thread")]
async fn octocrab_reads_runs_and_jobs() -> Result<()> {
    let (server, repository, run_id) = completed_run().await?;
    let octocrab = octocrab::Octocrab::builder()
        .base_uri(format!("{}/api/v3", server.url()))?
        .personal_token(server.token().to_owned())
        .build()?;
    let workflows = octocrab.workflows("acme", "hello");
    let runs = workflows.list_all_runs().per_page(10).send().await?;
    assert_eq!(runs.items.len(), 1);
    assert_eq!(runs.items[0].id.0, u64::try_from(run_id)?);
    assert_eq!(runs.items[0].head_sha, repository.head()?);
    assert_eq!(runs.items[0].conclusion.as_deref(), Some("success"));
    let jobs = workflows.list_jobs(octocrab::models::RunId(u64::try_from(run_id)?)).send().await?;
    assert_eq!(jobs.items.len(), 1);
    assert_eq!(jobs.items[0].name, "hello");
    assert_eq!(jobs.items[0].steps.len(), 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dispatch_starts_a_run() -> Result<()> {
    let (server, _repository, _run_id) = completed_run().await?;
    let path = "/repos/acme/hello/actions/workflows/hello.yml/dispatches";
    let (status, answer) = server.post(path, &json!({"ref": "main"})).await?;
    assert!(status.is_success(), "{status} {answer}");
    let runs = server
        .wait_for("/repos/acme/hello/actions/runs", |runs| runs["total_count"] == json!(2))
        .await?;
    assert_eq!(runs["workflow_runs"][0]["event"], "workflow_dispatch");
    assert_eq!(runs["workflow_runs"][0]["run_number"], 2);
    let (status, answer) =
        server.post(path, &json!({"ref": "main", "inputs": {"nonsense": "1"}})).await?;
    assert_eq!(status.as_u16(), 422, "{answer}");
    assert!(answer.contains("nonsense"), "{answer}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_answered_without_a_token() -> Result<()> {
    let (server, _repository, run_id) = completed_run().await?;
    for path in [
        "/repos/acme/hello/actions/runs".to_owned(),
        format!("/repos/acme/hello/actions/runs/{run_id}"),
        format!("/api/gantry/runs/{run_id}"),
        "/api/gantry/deliveries".to_owned(),
        "/api/gantry/repositories".to_owned(),
        "/git/acme/hello.git/info/refs?service=git-upload-pack".to_owned(),
    ] {
        let response = reqwest::get(format!("{}{path}", server.url())).await?;
        assert_eq!(response.status().as_u16(), 401, "{path}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_lists_the_run() -> Result<()> {
    let (server, _repository, run_id) = completed_run().await?;
    let listing = server.gantry(&["run", "list"])?;
    assert!(listing.contains(&run_id.to_string()), "{listing}");
    let view = server.gantry(&["run", "view", &run_id.to_string()])?;
    assert!(view.contains("hello"), "{view}");
    Ok(())
}
