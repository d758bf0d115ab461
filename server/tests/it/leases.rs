//! One job, one runner at a time.

use gantry_protocol::{ClaimId, routes};
use reqwest::{Method, StatusCode};
use uuid::Uuid;

use crate::harness::{End, FakeRunner, GitRepository, TestServer};
use crate::server_or_skip;

const ONE_JOB: &str = "on: push\njobs:\n  a: { runs-on: ubuntu-latest, steps: [{ run: a }] }\n";

async fn queue_a_job(server: &TestServer) -> gantry_protocol::RunId {
    let repository = GitRepository::create(server.directory.path(), &[("ci.yml", ONE_JOB)]);
    server.push_and_settle(&repository).await
}

/// As if nobody had renewed for two minutes while the server was up.
async fn let_leases_expire(server: &TestServer) {
    server.settle().await;
    server
        .rows()
        .execute("update jobs set lease_expires_at = now() - interval '2 min' where id <> $1", 0)
        .await;
    server.settle().await;
}

#[tokio::test]
async fn a_repeated_claim_gets_the_same_job() {
    let server = server_or_skip!();
    queue_a_job(&server).await;
    let runner = FakeRunner::register(&server, "one").await;
    let claim = ClaimId(Uuid::now_v7());
    let first = runner.lease_as(claim).await.expect("a job");
    let again = runner.lease_as(claim).await.expect("the same job");
    assert_eq!((again.job_id, again.lease), (first.job_id, first.lease));
    assert!(runner.lease().await.is_none(), "another claim gets nothing");
}

#[tokio::test]
async fn a_job_that_has_not_started_is_handed_out_again_and_its_old_lease_is_stale() {
    let server = server_or_skip!();
    queue_a_job(&server).await;
    let (one, two) =
        (FakeRunner::register(&server, "one").await, FakeRunner::register(&server, "two").await);
    let lost = one.lease().await.expect("a job");
    let_leases_expire(&server).await;
    let job = two.lease().await.expect("the job again");
    assert_eq!(job.job_id, lost.job_id);
    assert!(job.lease > lost.lease);
    assert_eq!(one.start_step(&lost).await, StatusCode::CONFLICT);
    assert_eq!(one.log(&lost, 0, "late\n").await, StatusCode::CONFLICT);
    assert_eq!(one.complete(&lost, End::SUCCESS).await, StatusCode::CONFLICT);
    assert_eq!(one.complete(&job, End::SUCCESS).await, StatusCode::FORBIDDEN);
    assert_eq!(two.complete(&job, End::SUCCESS).await, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn a_started_job_whose_runner_is_lost_fails_once() {
    let server = server_or_skip!();
    let run = queue_a_job(&server).await;
    let runner = FakeRunner::register(&server, "one").await;
    let job = runner.lease().await.expect("a job");
    assert_eq!(runner.start_step(&job).await, StatusCode::NO_CONTENT);
    let_leases_expire(&server).await;
    assert_eq!(server.job_states(run).await, ["a completed failure"]);
    let reason: String = sqlx::query_scalar("select infrastructure_error from jobs")
        .fetch_one(&server.app.db)
        .await
        .expect("a reason");
    assert_eq!(reason, "the runner `one` was lost");
    assert_eq!(runner.complete(&job, End::SUCCESS).await, StatusCode::CONFLICT);
    assert_eq!(server.run_state(run).await, "completed failure");
}

#[tokio::test]
async fn an_outage_of_the_server_extends_leases() {
    let server = server_or_skip!();
    let run = queue_a_job(&server).await;
    let runner = FakeRunner::register(&server, "one").await;
    let job = runner.lease().await.expect("a job");
    assert_eq!(runner.start_step(&job).await, StatusCode::NO_CONTENT);
    server.settle().await;
    // The lease ran out ten minutes ago, but nobody was there to renew it with.
    for change in [
        "update jobs set lease_expires_at = now() - interval '10 min' where id <> $1",
        "update lease_clock set last_pass_at = now() - interval '11 min' where $1 = 0",
    ] {
        server.rows().execute(change, 0).await;
    }
    server.settle().await;
    assert_eq!(server.job_states(run).await, ["a in_progress"]);
    assert_eq!(runner.complete(&job, End::SUCCESS).await, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn a_completion_waits_for_its_log_and_may_be_repeated() {
    let server = server_or_skip!();
    queue_a_job(&server).await;
    let runner = FakeRunner::register(&server, "one").await;
    let job = runner.lease().await.expect("a job");
    let end = End { log_chunks: 2, ..End::SUCCESS };
    assert_eq!(runner.log(&job, 0, "first\n").await, StatusCode::NO_CONTENT);
    assert_eq!(runner.complete(&job, end).await, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(runner.log(&job, 1, "second\n").await, StatusCode::NO_CONTENT);
    for _ in 0..2 {
        assert_eq!(runner.complete(&job, end).await, StatusCode::NO_CONTENT);
        assert_eq!(runner.log(&job, 1, "second\n").await, StatusCode::NO_CONTENT);
        server.settle().await;
    }
}

#[tokio::test]
async fn strangers_are_refused() {
    let server = server_or_skip!();
    queue_a_job(&server).await;
    let nobody = server
        .anonymous(Method::POST, routes::LEASE)
        .bearer_auth("gantry_runner_0")
        .json(&serde_json::json!({ "claim": Uuid::now_v7(), "wait_ms": 0 }));
    assert_eq!(nobody.send().await.expect("an answer").status(), StatusCode::UNAUTHORIZED);
    let register = server
        .anonymous(Method::POST, routes::REGISTER)
        .bearer_auth("gantry_registration_0")
        .json(&serde_json::json!({ "name": "x", "labels": [], "version": "1" }));
    assert_eq!(register.send().await.expect("an answer").status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_queued_job_says_that_no_runner_fits() {
    let server = server_or_skip!();
    queue_a_job(&server).await;
    let reason: Option<String> = sqlx::query_scalar("select reason from jobs")
        .fetch_one(&server.app.db)
        .await
        .expect("a job");
    assert_eq!(reason.as_deref(), Some("no runner with label `ubuntu-latest` is registered"));
}

#[tokio::test]
async fn a_summary_is_stored_under_a_good_lease_only_and_the_newest_is_shown() {
    let server = server_or_skip!();
    queue_a_job(&server).await;
    let runner = FakeRunner::register(&server, "one").await;
    let mut job = runner.lease().await.expect("a job");
    for markdown in ["# First", "# Second"] {
        assert_eq!(runner.summary(&job, markdown).await, StatusCode::NO_CONTENT);
    }
    let too_long = "x".repeat(1024 * 1024 + 1);
    assert_eq!(runner.summary(&job, &too_long).await, StatusCode::PAYLOAD_TOO_LARGE);
    let path = format!("/api/gantry/jobs/{}/summaries", job.job_id);
    job.lease.0 += 1;
    assert_eq!(runner.summary(&job, "# Stale").await, StatusCode::CONFLICT);
    let answer = server.get(&path).send().await.expect("an answer");
    let answer: serde_json::Value = answer.json().await.expect("JSON");
    let expected = serde_json::json!([{ "step_number": 1, "markdown": "# Second" }]);
    assert_eq!(answer["summaries"], expected);
}
