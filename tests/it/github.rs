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
async fn server_of(github: &Emulate) -> Result<TestServer> {
    let mut key = tempfile::NamedTempFile::new()?;
    key.write_all(github.private_key().as_bytes())?;
    let arguments = vec![
        format!("--github-api-url={}", github.url()),
        format!("--github-app-id={APP_ID}"),
        format!("--github-app-key-file={}", key.path().display()),
    ];
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
    let server = server_of(&github).await?;
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
    let server = server_of(&github).await?;
    let body = json!({ "full_name": "octocat/nothing" });
    let (status, answer) = server.post("/api/gantry/github/repositories", &body).await?;
    assert_eq!(status.as_u16(), 422, "{answer}");
    assert!(answer.contains("the GitHub App is not installed"), "{answer}");
    Ok(())
}
