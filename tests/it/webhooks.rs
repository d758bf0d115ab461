//! What the inbox accepts, refuses, and does once.

use anyhow::{Context, Result};
use gantry_tests::{TestRepository, TestServer, webhook};
use reqwest::StatusCode;
use serde_json::json;

const WORKFLOW: &str =
    "on: push\njobs:\n  hello:\n    runs-on: ubuntu-latest\n    steps:\n      - run: echo hello\n";

async fn server_with_repository() -> Result<(TestServer, TestRepository)> {
    let repository = TestRepository::create(&[(".github/workflows/hello.yml", WORKFLOW)])?;
    let server = TestServer::start().await?;
    server.register(&repository, "acme/hello").await?;
    Ok((server, repository))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_without_a_valid_signature_is_refused_and_not_stored() -> Result<()> {
    let (server, repository) = server_with_repository().await?;
    let payload = webhook::push("acme/hello", "main", webhook::NO_COMMIT, &repository.head()?);
    let body = serde_json::to_vec(&payload)?;
    let wrong = webhook::signature("not the secret", &body);
    let upper = wrong.to_uppercase();
    for (guid, signature) in [
        ("none", None),
        ("wrong", Some(&*wrong)),
        ("form", Some("sha256=")),
        ("upper", Some(&upper)),
    ] {
        let status = server.deliver_raw("push", guid, signature, body.clone()).await?;
        assert!(
            [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN].contains(&status),
            "{guid}: {status}"
        );
        assert_eq!(server.delivery(guid).await?, None);
    }
    let metrics = server.get_text("/metrics").await?;
    let refused: f64 = metrics
        .lines()
        .filter(|line| line.starts_with("gantry_webhooks_total{result=\"refused\"}"))
        .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
        .sum();
    assert!((refused - 4.0).abs() < f64::EPSILON, "{metrics}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_over_the_cap_is_too_large() -> Result<()> {
    let (server, _repository) = server_with_repository().await?;
    let body = vec![b' '; 25 * 1024 * 1024 + 1];
    let signature = webhook::signature("whatever", &body);
    let status = server.deliver_raw("push", "large", Some(&signature), body).await?;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_event_is_recorded_as_ignored_with_the_reason() -> Result<()> {
    let (server, _repository) = server_with_repository().await?;
    let payload = json!({"repository": {"full_name": "acme/hello"}});
    let status = server.deliver("no_such_event", "guid-1", &payload).await?;
    assert_eq!(status, StatusCode::ACCEPTED);
    let deliveries =
        server.wait_for("/api/gantry/deliveries", |all| all[0]["status"] != "pending").await?;
    assert_eq!(deliveries[0]["status"], "ignored");
    let reason = deliveries[0]["reason"].as_str().context("no reason")?;
    assert!(reason.contains("no_such_event"), "{reason}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_delivery_many_times_is_one_run() -> Result<()> {
    let (server, repository) = server_with_repository().await?;
    let payload = webhook::push("acme/hello", "main", webhook::NO_COMMIT, &repository.head()?);
    for _ in 0..20 {
        let status = server.deliver("push", "same-guid", &payload).await?;
        assert_eq!(status, StatusCode::ACCEPTED);
    }
    let other = server.deliver("push", "other-guid", &payload).await?;
    assert_eq!(other, StatusCode::ACCEPTED);
    server
        .wait_for("/api/gantry/deliveries", |all| {
            all.as_array().is_some_and(|all| all.iter().all(|d| d["status"] == "processed"))
        })
        .await?;
    let runs = server.get("/repos/acme/hello/actions/runs").await?;
    assert_eq!(runs["total_count"], 2);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_that_starts_nothing_says_why() -> Result<()> {
    let workflow = WORKFLOW.replace("on: push", "on:\n  push:\n    branches: [main, develop]");
    let repository = TestRepository::create(&[(".github/workflows/hello.yml", &workflow)])?;
    let server = TestServer::start().await?;
    server.register(&repository, "acme/hello").await?;
    let payload = webhook::push("acme/hello", "feature/x", webhook::NO_COMMIT, &repository.head()?);
    server.deliver("push", "guid-1", &payload).await?;
    let deliveries =
        server.wait_for("/api/gantry/deliveries", |all| all[0]["status"] != "pending").await?;
    let reason = deliveries[0]["reason"].as_str().context("no reason")?;
    for word in ["feature/x", "main", "develop", "hello.yml"] {
        assert!(reason.contains(word), "{reason}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_branch_starts_nothing() -> Result<()> {
    let (server, repository) = server_with_repository().await?;
    let payload = webhook::push("acme/hello", "old", &repository.head()?, webhook::NO_COMMIT);
    server.deliver("push", "guid-1", &payload).await?;
    let deliveries =
        server.wait_for("/api/gantry/deliveries", |all| all[0]["status"] != "pending").await?;
    assert_eq!(deliveries[0]["status"], "ignored");
    Ok(())
}
