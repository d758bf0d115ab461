//! Deployments that wait for a person.

use anyhow::Result;
use gantry_tests::{FakeRunner, Script, TestRepository, TestServer, webhook};
use serde_json::Value;

const WORKFLOW: &str = "on: push\njobs:\n  production:\n    runs-on: ubuntu-latest\n    environment: production\n    steps:\n      - run: ./deploy\n";

async fn waiting_run() -> Result<(TestServer, TestRepository, i64)> {
    let repository = TestRepository::create(&[(".github/workflows/deploy.yml", WORKFLOW)])?;
    let server = TestServer::start().await?;
    server.register(&repository, "acme/shop").await?;
    server.require_review("acme/shop", "production").await?;
    let payload = webhook::push("acme/shop", "main", webhook::NO_COMMIT, &repository.head()?);
    server.deliver("push", "guid-1", &payload).await?;
    let run_id = server.wait_for_run("acme/shop").await?;
    server
        .wait_for(&format!("/api/gantry/runs/{run_id}"), |view| view["run"]["status"] == "waiting")
        .await?;
    Ok((server, repository, run_id))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approved_deployment_runs() -> Result<()> {
    let (server, _repository, run_id) = waiting_run().await?;
    let runner = FakeRunner::register(&server, "fake", &["ubuntu-latest"]).await?;
    assert!(runner.lease(300).await?.is_none(), "it ran without an approval");
    let (status, answer) = server.review("acme/shop", run_id, "approved").await?;
    assert!(status.is_success(), "{status} {answer}");
    assert_eq!(runner.play(&Script::default(), 2_000).await?, ["production"]);
    let view = server.wait_until_completed(run_id).await?;
    assert_eq!(view["run"]["conclusion"], "success");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rejected_deployment_fails_the_run() -> Result<()> {
    let (server, _repository, run_id) = waiting_run().await?;
    let (status, answer) = server.review("acme/shop", run_id, "rejected").await?;
    assert!(status.is_success(), "{status} {answer}");
    let view = server.wait_until_completed(run_id).await?;
    assert_eq!(view["run"]["conclusion"], "failure");
    assert_ne!(view["jobs"][0]["reason"], Value::Null);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_run_stops_waiting() -> Result<()> {
    let (server, _repository, run_id) = waiting_run().await?;
    let path = format!("/repos/acme/shop/actions/runs/{run_id}/cancel");
    let (status, answer) = server.post(&path, &Value::Null).await?;
    assert_eq!(status.as_u16(), 202, "{answer}");
    let view = server.wait_until_completed(run_id).await?;
    assert_eq!(view["run"]["conclusion"], "cancelled");
    let (again, _) = server.post(&path, &Value::Null).await?;
    assert_eq!(again.as_u16(), 409);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_wait_and_the_approval_survive_a_crash() -> Result<()> {
    let (mut server, _repository, run_id) = waiting_run().await?;
    server.kill()?;
    server.start_again().await?;
    let (status, _) = server.review("acme/shop", run_id, "approved").await?;
    assert!(status.is_success());
    server.kill()?;
    server.start_again().await?;
    let runner = FakeRunner::register(&server, "fake", &["ubuntu-latest"]).await?;
    assert_eq!(runner.play(&Script::default(), 5_000).await?, ["production"]);
    let view = server.wait_until_completed(run_id).await?;
    assert_eq!(view["run"]["conclusion"], "success");
    Ok(())
}
