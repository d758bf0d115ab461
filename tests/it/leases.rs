//! One runner at a time: claims, fencing tokens, and logs without gaps.

use anyhow::{Context, Result};
use gantry_protocol::{ClaimId, CompleteJob, Conclusion, JobMessage, LeaseToken, StepStatus};
use gantry_tests::{FakeRunner, TestRepository, TestServer, webhook};
use reqwest::StatusCode;
use uuid::Uuid;

const WORKFLOW: &str = "on: push\njobs:\n  hello:\n    runs-on: [self-hosted, gpu]\n    steps:\n      - run: echo ${{ secrets.TOKEN }}\n";

async fn queued_job() -> Result<(TestServer, TestRepository)> {
    let repository = TestRepository::create(&[(".github/workflows/hello.yml", WORKFLOW)])?;
    let server = TestServer::start().await?;
    server.register(&repository, "acme/hello").await?;
    let payload = webhook::push("acme/hello", "main", webhook::NO_COMMIT, &repository.head()?);
    server.deliver("push", "guid-1", &payload).await?;
    server.wait_for_run("acme/hello").await?;
    Ok((server, repository))
}

async fn lease(runner: &FakeRunner) -> Result<JobMessage> {
    runner.lease(20_000).await?.context("no job within 20 s")
}

fn completion(job: &JobMessage, log_chunks: u64) -> CompleteJob {
    CompleteJob {
        lease: job.lease,
        conclusion: Conclusion::Success,
        outputs: std::collections::BTreeMap::new(),
        annotations: Vec::new(),
        environment_url: None,
        infrastructure_error: None,
        log_chunks,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_goes_only_to_a_runner_with_all_its_labels() -> Result<()> {
    let (server, _repository) = queued_job().await?;
    let plain = FakeRunner::register(&server, "plain", &["self-hosted"]).await?;
    assert!(plain.lease(300).await?.is_none());
    let gpu = FakeRunner::register(&server, "gpu", &["self-hosted", "gpu", "linux"]).await?;
    assert_eq!(lease(&gpu).await?.name, "hello");
    assert!(gpu.lease(300).await?.is_none());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_claim_gets_the_same_job_again() -> Result<()> {
    let (server, _repository) = queued_job().await?;
    let runner = FakeRunner::register(&server, "gpu", &["self-hosted", "gpu"]).await?;
    let claim = ClaimId(Uuid::new_v4());
    let first = runner.lease_as(claim, 20_000).await?.context("no job")?;
    let second = runner.lease_as(claim, 20_000).await?.context("the answer was lost")?;
    assert_eq!(first.job_id, second.job_id);
    assert_eq!(first.lease, second.lease);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn writes_with_a_stale_lease_are_refused_and_change_nothing() -> Result<()> {
    let (server, _repository) = queued_job().await?;
    let runner = FakeRunner::register(&server, "gpu", &["self-hosted", "gpu"]).await?;
    let job = lease(&runner).await?;
    let mut stale = job.clone();
    stale.lease = LeaseToken(job.lease.0 - 1);
    let lines = vec!["forged".to_owned()];
    assert_eq!(runner.send_log(&stale, 0, &lines).await?, StatusCode::CONFLICT);
    let step = runner.send_step(&stale, StepStatus::InProgress, None).await?;
    assert_eq!(step, StatusCode::CONFLICT);
    let complete = runner.complete(&stale, &completion(&stale, 0)).await?;
    assert_eq!(complete, StatusCode::CONFLICT);
    let view = server.get(&format!("/api/gantry/runs/{}", job.run_id)).await?;
    assert_eq!(view["jobs"][0]["status"], "in_progress");
    assert_eq!(view["jobs"][0]["steps"].as_array().map(Vec::len), Some(0));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn another_runner_cannot_touch_the_job() -> Result<()> {
    let (server, _repository) = queued_job().await?;
    let owner = FakeRunner::register(&server, "owner", &["self-hosted", "gpu"]).await?;
    let other = FakeRunner::register(&server, "other", &["self-hosted", "gpu"]).await?;
    let job = lease(&owner).await?;
    let lines = vec!["forged".to_owned()];
    for status in [
        other.send_log(&job, 0, &lines).await?,
        other.send_step(&job, StepStatus::InProgress, None).await?,
        other.complete(&job, &completion(&job, 0)).await?,
    ] {
        assert!([StatusCode::FORBIDDEN, StatusCode::CONFLICT].contains(&status), "{status}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_does_not_conclude_while_a_log_chunk_is_missing() -> Result<()> {
    let (server, _repository) = queued_job().await?;
    let runner = FakeRunner::register(&server, "gpu", &["self-hosted", "gpu"]).await?;
    let job = lease(&runner).await?;
    runner.send_step(&job, StepStatus::InProgress, None).await?;
    let (first, second) = (vec!["one".to_owned()], vec!["two".to_owned()]);
    assert!(runner.send_log(&job, 1, &second).await?.is_success());
    assert!(!runner.complete(&job, &completion(&job, 2)).await?.is_success());
    assert!(runner.send_log(&job, 0, &first).await?.is_success());
    assert!(runner.send_log(&job, 0, &first).await?.is_success());
    assert!(runner.complete(&job, &completion(&job, 2)).await?.is_success());
    assert!(runner.complete(&job, &completion(&job, 2)).await?.is_success());
    let log =
        server.get_text(&format!("/repos/acme/hello/actions/jobs/{}/logs", job.job_id)).await?;
    let lines: Vec<&str> =
        log.lines().filter_map(|line| line.split_once(' ')).map(|(_, t)| t).collect();
    assert_eq!(lines, ["one", "two"]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_waiting_runner_gets_the_job_of_a_later_push() -> Result<()> {
    let repository = TestRepository::create(&[(".github/workflows/hello.yml", WORKFLOW)])?;
    let server = TestServer::start().await?;
    server.register(&repository, "acme/hello").await?;
    let runner = FakeRunner::register(&server, "gpu", &["self-hosted", "gpu"]).await?;
    let payload = webhook::push("acme/hello", "main", webhook::NO_COMMIT, &repository.head()?);
    let (job, delivered) =
        tokio::join!(runner.lease(20_000), server.deliver("push", "guid-1", &payload));
    assert!(delivered?.is_success());
    assert!(job?.is_some());
    Ok(())
}
