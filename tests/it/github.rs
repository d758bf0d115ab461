//! From a push at GitHub to check runs at GitHub, with a GitHub that others wrote.

use std::collections::BTreeMap;
use std::io::Write as _;

use anyhow::{Context, Result};
use gantry_protocol::Conclusion;
use gantry_tests::emulate::{APP_ID, Emulate};
use gantry_tests::fake_runner::JobScript;
use gantry_tests::{FakeRunner, Script, ServerOptions, TestServer};
use serde_json::{Value, json};

const WORKFLOW: &str = "\
on: push
permissions:
  contents: read
jobs:
  lint:
    name: Check style
    runs-on: ubuntu-latest
    steps: [{ run: echo }]
  test:
    runs-on: ubuntu-latest
    strategy: { matrix: { python: ['3.11', '3.12'] } }
    steps: [{ run: echo }]
  deploy:
    needs: test
    runs-on: ubuntu-latest
    steps: [{ run: echo }]
";

/// A server that is the emulator's App.
async fn server_of(github: &Emulate, further: &[&str]) -> Result<TestServer> {
    let mut key = tempfile::NamedTempFile::new()?;
    key.write_all(github.private_key().as_bytes())?;
    let mut arguments = vec![
        format!("--github-api-url={}", github.url()),
        format!("--github-app-id={APP_ID}"),
        format!("--github-app-key-file={}", key.path().display()),
    ];
    arguments.extend(further.iter().map(|it| (*it).to_owned()));
    TestServer::start_with(ServerOptions { arguments, ..ServerOptions::default() }).await
}

/// Waits until the checks of a commit are these.
async fn wait_for_checks(
    github: &Emulate,
    (full_name, sha): (&str, &str),
    server: &TestServer,
    expected: &[&str],
) -> Result<()> {
    let started = std::time::Instant::now();
    loop {
        let checks = github.checks(full_name, sha).await?;
        if checks == expected {
            return Ok(());
        }
        let waited = started.elapsed();
        anyhow::ensure!(waited.as_secs() < 120, "checks: {checks:?}\n{}", server.log());
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_at_github_becomes_a_run_whose_jobs_are_check_runs_there() -> Result<()> {
    let Some(github) = Emulate::start()? else { return Ok(()) };
    let server = server_of(&github, &[]).await?;
    let full_name = github.create_repository("app").await?;
    let (status, answer) =
        server.post("/api/gantry/github/repositories", &json!({ "full_name": full_name })).await?;
    assert!(status.is_success(), "{status} {answer}\n{}", server.log());
    let hook = format!("{}/webhooks/github", server.url());
    github.create_hook(&full_name, &hook, &server.webhook_secret()?).await?;

    let path = ".github/workflows/ci.yml";
    let sha = github.put_file(&full_name, path, WORKFLOW).await?;
    let run = server.wait_for_run(&full_name).await?;
    let runner = FakeRunner::register(&server, "fake", &["ubuntu-latest"]).await?;
    let fails = JobScript { conclusion: Some(Conclusion::Failure), ..JobScript::default() };
    let script = Script { jobs: BTreeMap::from([("test (3.12)".to_owned(), fails)]) };
    let played = runner.play_messages(&script, 3000).await?;

    let view = server.wait_until_completed(run).await?;
    assert_eq!(view["run"]["conclusion"], "failure");
    let expected = [
        "Check style completed success",
        "deploy completed skipped",
        "test (3.11) completed success",
        "test (3.12) completed failure",
    ];
    wait_for_checks(&github, (&full_name, &sha), &server, &expected).await?;

    let job = played.first().context("no job was played")?;
    assert!(job.github_token.starts_with("ghs_"), "the token is not GitHub's");
    assert_eq!(job.repository.clone_url, format!("{}/{full_name}.git", github.url()));
    let issued = github.issued_tokens().await?;
    let of_jobs: Vec<&Value> = issued
        .as_array()
        .into_iter()
        .flatten()
        .filter(|token| token["repository_selection"] == "selected")
        .collect();
    assert_eq!(of_jobs.len(), played.len(), "{issued:#}");
    for token in of_jobs {
        assert_eq!(token["permissions"], json!({ "metadata": "read", "contents": "read" }));
    }
    assert!(!server.log().contains("ghs_"), "a token is in the log");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_in_which_the_app_is_not_installed_is_not_connected() -> Result<()> {
    let Some(github) = Emulate::start()? else { return Ok(()) };
    let server = server_of(&github, &[]).await?;
    let body = json!({ "full_name": "octocat/nothing" });
    let (status, answer) = server.post("/api/gantry/github/repositories", &body).await?;
    assert_eq!(status.as_u16(), 422, "{answer}");
    assert!(answer.contains("the GitHub App is not installed"), "{answer}");
    Ok(())
}

/// Waits until a reconciler has ended a pass since now.
async fn wait_for_another_pass(server: &TestServer, name: &str) -> Result<()> {
    let path = "/api/gantry/reconcilers";
    let ended_at = |answer: &Value| {
        let mut passes = answer["reconcilers"].as_array().into_iter().flatten();
        passes.find(|it| it["name"] == name).map(|it| it["ended_at"].clone())
    };
    let before = ended_at(&server.get(path).await?);
    server.wait_for(path, |answer| ended_at(answer) != before).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_github_does_not_reach_finds_pushes_and_pull_requests() -> Result<()> {
    let Some(github) = Emulate::start()? else { return Ok(()) };
    let server = server_of(&github, &["--github-poll=1"]).await?;
    let full_name = github.create_repository("app").await?;
    let workflow = WORKFLOW.replace("on: push", "on: [push, pull_request]");
    github.put_file(&full_name, ".github/workflows/ci.yml", &workflow).await?;
    let connect = json!({ "full_name": full_name });
    let (status, answer) = server.post("/api/gantry/github/repositories", &connect).await?;
    assert!(status.is_success(), "{status} {answer}\n{}", server.log());
    // The second one that ends has begun after the repository was connected.
    for _ in 0..2 {
        wait_for_another_pass(&server, "poll_github").await?;
    }
    let sha = github.put_file(&full_name, "notes.md", "# App\n").await?;
    server.wait_for_run(&full_name).await?;
    let path = format!("/repos/{full_name}/actions/runs");
    let runs = server.wait_for(&path, |runs| runs["total_count"] == 1).await?;
    let run = &runs["workflow_runs"][0];
    assert_eq!((&run["event"], &run["head_sha"]), (&json!("push"), &json!(sha)));
    github.open_pull_request(&full_name, "topic").await?;
    // This GitHub makes no merge commits, so that the delivery itself is all there is to see.
    let is_there = |deliveries: &Value| {
        let mut deliveries = deliveries.as_array().into_iter().flatten();
        deliveries.any(|it| it["event"] == "pull_request")
    };
    server.wait_for("/api/gantry/deliveries", is_there).await?;
    let deliveries = server.get("/api/gantry/deliveries").await?;
    let mut sources = deliveries.as_array().into_iter().flatten().map(|it| &it["source"]);
    assert!(sources.all(|source| source == "poll"), "{deliveries:#}");
    Ok(())
}
