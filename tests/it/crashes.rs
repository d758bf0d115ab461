//! kill -9 of the server at inconvenient moments, and a new start on the same data.

use anyhow::{Context, Result};
use gantry_tests::{
    FakeRunner, Script, ServerOptions, TestRepository, TestServer, program, webhook,
};
use serde_json::json;

const CHAIN: &str = "on: push\njobs:\n  one:\n    runs-on: ubuntu-latest\n    steps: [{run: echo 1}]\n  two:\n    needs: one\n    runs-on: ubuntu-latest\n    steps: [{run: echo 2}]\n  three:\n    needs: two\n    runs-on: ubuntu-latest\n    steps: [{run: echo 3}]\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_run_goes_on_after_the_server_is_killed_between_its_jobs() -> Result<()> {
    let repository = TestRepository::create(&[(".github/workflows/chain.yml", CHAIN)])?;
    let mut server = TestServer::start().await?;
    server.register(&repository, "acme/chain").await?;
    let payload = webhook::push("acme/chain", "main", webhook::NO_COMMIT, &repository.head()?);
    server.deliver("push", "guid-1", &payload).await?;
    server.kill()?;
    server.start_again().await?;
    let run_id = server.wait_for_run("acme/chain").await?;
    let runner = FakeRunner::register(&server, "fake", &["ubuntu-latest"]).await?;
    for name in ["one", "two", "three"] {
        let job = runner.lease(20_000).await?.context("no job")?;
        assert_eq!(job.name, name);
        server.kill()?;
        server.start_again().await?;
        runner.play_job(&job, &gantry_tests::fake_runner::JobScript::default()).await?;
        server.kill()?;
        server.start_again().await?;
    }
    let view = server.wait_until_completed(run_id).await?;
    assert_eq!(view["run"]["conclusion"], "success");
    assert_eq!(view["jobs"].as_array().map(Vec::len), Some(3));
    assert!(runner.play(&Script::default(), 300).await?.is_empty());
    let runs = server.get("/repos/acme/chain/actions/runs").await?;
    assert_eq!(runs["total_count"], 1);
    Ok(())
}

const SLOW: &str = r#"
on: push
jobs:
  count:
    runs-on: ubuntu-latest
    steps:
      - run: |
          touch "$GITHUB_WORKSPACE/started"
          for i in $(seq 1 400); do echo "line $i of 400"; sleep 0.02; done
      - run: exit 7
      - if: failure()
        run: echo the end
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_loses_neither_conclusion_nor_log_lines() -> Result<()> {
    if !program::docker_is_available()? {
        return Ok(());
    }
    let repository = TestRepository::create(&[(".github/workflows/slow.yml", SLOW)])?;
    let options = ServerOptions { embedded_runner: true, ..ServerOptions::default() };
    let mut server = TestServer::start_with(options).await?;
    server.register(&repository, "acme/slow").await?;
    let payload = webhook::push("acme/slow", "main", webhook::NO_COMMIT, &repository.head()?);
    server.deliver("push", "guid-1", &payload).await?;
    let run_id = server.wait_for_run("acme/slow").await?;
    let path = format!("/api/gantry/runs/{run_id}");
    // The server is killed while the step is in the middle of its output.
    let view = server.wait_for(&path, |view| view["jobs"][0]["id"].is_i64()).await?;
    let log_path = format!("/api/gantry/jobs/{}/log", view["jobs"][0]["id"]);
    server.wait_for(&log_path, |log| log.to_string().contains("line 40 of 400")).await?;
    server.kill()?;
    server.start_again().await?;

    let view = server.wait_until_completed(run_id).await?;
    assert_eq!(view["run"]["conclusion"], "failure", "{view:#}");
    assert_eq!(view["jobs"].as_array().map(Vec::len), Some(1));
    let job = &view["jobs"][0];
    let log = server.get_text(&format!("/repos/acme/slow/actions/jobs/{}/logs", job["id"])).await?;
    let counted: Vec<&str> = log
        .lines()
        .filter_map(|line| line.split_once("Z line "))
        .filter_map(|(_, rest)| rest.strip_suffix(" of 400"))
        .collect();
    let expected: Vec<String> = (1..=400).map(|i| i.to_string()).collect();
    assert_eq!(counted, expected);
    assert!(log.contains("##[error]Process completed with exit code 7."), "{log}");
    assert!(log.contains(" the end\n"), "{log}");
    assert_eq!(job["conclusion"], json!("failure"));
    Ok(())
}
