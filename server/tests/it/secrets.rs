//! Secrets and variables as our own commands store them and as a job sees them.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use gantry_protocol::RepositoryId;
use gantry_server::secrets::{Reader, values_for_job, variables_for_run};
use reqwest::Method;
use serde_json::json;

use crate::harness::{FakeRunner, GitRepository, TestServer};
use crate::server_or_skip;

async fn put(server: &TestServer, name: &str, body: serde_json::Value) -> StatusCode {
    let path = format!("/api/gantry/repositories/acme/app/secrets/{name}");
    server.as_admin(Method::PUT, &path).json(&body).send().await.expect("an answer").status()
}

async fn values(
    server: &TestServer,
    repository: RepositoryId,
    environment: Option<&str>,
) -> anyhow::Result<BTreeMap<String, String>> {
    let mut db = server.app.db.acquire().await.expect("a connection");
    let reader = Reader { repository, owner: "acme" };
    values_for_job(&mut db, &server.app.vault, reader, (environment, |_: &str| true)).await
}

#[tokio::test]
async fn an_environments_secret_is_seen_only_with_the_environment_and_wins_there() {
    let server = server_or_skip!();
    let repository = server.rows().repository("/nowhere").await;
    assert_eq!(put(&server, "token", json!({ "value": "one" })).await, StatusCode::CREATED);
    assert_eq!(put(&server, "TOKEN", json!({ "value": "two" })).await, StatusCode::OK);
    let production = json!({ "value": "three", "environment": "Production" });
    assert_eq!(put(&server, "TOKEN", production).await, StatusCode::CREATED);

    let own = values(&server, repository, None).await.expect("values");
    assert_eq!(own, [("TOKEN".to_owned(), "two".to_owned())].into());
    let deployed = values(&server, repository, Some("production")).await;
    assert_eq!(deployed.expect("values")["TOKEN"], "three");
}

#[tokio::test]
async fn a_row_moved_to_another_environment_does_not_open() {
    let server = server_or_skip!();
    let repository = server.rows().repository("/nowhere").await;
    put(&server, "TOKEN", json!({ "value": "one", "environment": "staging" })).await;
    let moved = "update secrets set environment = 'production' where repository_id = $1";
    server.rows().execute(moved, repository.0).await;
    let read = values(&server, repository, Some("production")).await;
    let message = read.expect_err("refused").to_string();
    assert!(message.contains("cannot be decrypted"), "{message}");
}

#[tokio::test]
async fn no_answer_and_no_row_contains_a_secrets_value() {
    let server = server_or_skip!();
    server.rows().repository("/nowhere").await;
    put(&server, "TOKEN", json!({ "value": "s3cret-value" })).await;
    let list = server
        .as_admin(Method::GET, "/repos/acme/app/actions/secrets")
        .send()
        .await
        .expect("an answer")
        .text()
        .await
        .expect("a body");
    assert!(list.contains("TOKEN") && !list.contains("s3cret"), "{list}");
    let rows: Vec<Vec<u8>> = sqlx::query_scalar("select ciphertext from secrets")
        .fetch_all(&server.app.db)
        .await
        .expect("rows");
    assert!(rows.iter().all(|row| !row.windows(6).any(|window| window == b"s3cret")));
}

#[tokio::test]
async fn names_that_jobs_could_not_read_are_refused() {
    let server = server_or_skip!();
    server.rows().repository("/nowhere").await;
    for name in ["GITHUB_X", "1A", "A-B"] {
        let status = put(&server, name, json!({ "value": "x" })).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{name}");
    }
}

#[tokio::test]
async fn variables_are_created_once_and_changed_by_patch() {
    let server = server_or_skip!();
    let repository = server.rows().repository("/nowhere").await;
    let create = || {
        server
            .as_admin(Method::POST, "/repos/acme/app/actions/variables")
            .json(&json!({ "name": "region", "value": "eu" }))
            .send()
    };
    assert_eq!(create().await.expect("an answer").status(), StatusCode::CREATED);
    assert_eq!(create().await.expect("an answer").status(), StatusCode::CONFLICT);
    let patch = server
        .as_admin(Method::PATCH, "/api/v3/repos/acme/app/actions/variables/REGION")
        .json(&json!({ "value": "us" }))
        .send()
        .await
        .expect("an answer");
    assert_eq!(patch.status(), StatusCode::NO_CONTENT);
    let mut db = server.app.db.acquire().await.expect("a connection");
    let reader = Reader { repository, owner: "acme" };
    let values = variables_for_run(&mut db, reader).await.expect("variables");
    assert_eq!(values, [("REGION".to_owned(), "us".to_owned())].into());
}

const NAMING: &str = "on: push\njobs:\n  all:\n    runs-on: ubuntu-latest\n    steps: [{ run: 'echo ${{ toJSON(secrets) }}' }]\n  \
                      named:\n    runs-on: ubuntu-latest\n    steps: [{ run: 'echo ${{ secrets.one }} ${{ secrets.THREE }}' }]\n  \
                      none:\n    runs-on: ubuntu-latest\n    steps: [{ run: 'echo secrets.ONE' }]\n";

#[tokio::test]
async fn a_job_gets_only_the_secrets_that_it_refers_to() {
    let server = server_or_skip!();
    let files = GitRepository::create(server.directory.path(), &[("ci.yml", NAMING)]);
    server.rows().repository(files.path()).await;
    for name in ["ONE", "TWO", "ACTIONS_STEP_DEBUG"] {
        put(&server, name, json!({ "value": "false" })).await;
    }
    let run = server.push_again(&files, "push-1").await;
    let runner = FakeRunner::register(&server, "one").await;
    let mut seen = BTreeMap::new();
    while let Some(job) = runner.lease().await {
        seen.insert(job.name.clone(), job.secrets.keys().cloned().collect::<Vec<_>>());
    }
    let expected = [
        ("all", vec!["ACTIONS_STEP_DEBUG", "ONE", "TWO"]),
        ("named", vec!["ACTIONS_STEP_DEBUG", "ONE"]),
        ("none", vec!["ACTIONS_STEP_DEBUG"]),
    ];
    let expected = expected.map(|(job, names)| {
        (job.to_owned(), names.into_iter().map(str::to_owned).collect::<Vec<_>>())
    });
    assert_eq!(seen, expected.into());
    let view = server.json(&format!("/api/gantry/runs/{run}")).await;
    let diagnostics = view["diagnostics"].as_array().expect("diagnostics");
    assert_eq!(diagnostics.len(), 1, "{view}");
    let message = diagnostics[0]["message"].as_str().expect("a message");
    assert!(message.starts_with("Secret `THREE`, to which job `named` refers"), "{message}");
    assert_eq!(diagnostics[0]["severity"], "warning");
}
