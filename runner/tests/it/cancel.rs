//! Cancelling, time limits, and losing the lease.

use gantry_protocol::Conclusion;

use crate::fixture::{Fixture, Place};

/// The first step ends soon after SIGINT. (Not by `sleep & wait`: a signal that comes just before
/// bash waits is not seen by its `wait`.)
const TWO_STEPS: &str = r#"
on: push
jobs:
  j:
    runs-on: ubuntu-latest
    steps:
      - run: trap 'echo interrupted; exit 3' INT; echo waiting; while :; do sleep 0.1; done
      - run: echo never
      - if: always()
        run: echo cleaning up in a ${{ job.status }} job
"#;

async fn cancelling_interrupts_the_step_and_runs_what_is_always_run(t: Fixture) {
    let job = t.queue(TWO_STEPS);
    t.server.wait_for_line(job, "\nwaiting\n").await;
    t.server.cancel(job, false);
    let end = t.server.completed(job).await;
    assert_eq!(end.conclusion, Conclusion::Cancelled);
    let log = t.server.log(job);
    assert!(log.contains("\ninterrupted\n"), "{log}");
    assert!(log.contains("\ncleaning up in a cancelled job\n"), "{log}");
    let conclusions: Vec<String> = t
        .server
        .steps(job)
        .iter()
        .map(|step| step.rsplit(' ').next().unwrap().to_owned())
        .collect();
    assert_eq!(conclusions, ["success", "cancelled", "skipped", "success", "success"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelling_a_process() {
    if let Some(t) = Fixture::start(Place::Processes).await {
        cancelling_interrupts_the_step_and_runs_what_is_always_run(t).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelling_a_container() {
    if let Some(t) = Fixture::start(Place::Containers).await {
        cancelling_interrupts_the_step_and_runs_what_is_always_run(t).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_ignores_signals_is_killed() {
    let Some(t) = Fixture::start(Place::Processes).await else { return };
    let job = t.queue(
        "on: push\njobs: {j: {runs-on: ubuntu-latest, steps: [{run: \"trap '' INT TERM; echo deaf; while :; do sleep 1; done\"}]}}",
    );
    t.server.wait_for_line(job, "\ndeaf\n").await;
    t.server.cancel(job, false);
    assert_eq!(t.server.completed(job).await.conclusion, Conclusion::Cancelled);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_lease_stops_the_job_and_leaves_nothing() {
    let Some(mut t) = Fixture::start(Place::Containers).await else { return };
    let job = t.queue(TWO_STEPS);
    t.server.wait_for_line(job, "\nwaiting\n").await;
    let before = t.server.log(job);
    t.server.revoke(job);
    t.drain().await;
    assert!(t.server.wait_for(job, "silence", |job| Some(job.completed.is_none())).await);
    assert_eq!(t.server.log(job), before);
    assert!(t.remaining_jobs().await.is_empty());
    assert!(!t.job_directory(job).exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_that_nobody_confirms_ends_the_job_by_itself() {
    let Some(mut t) = Fixture::start(Place::Processes).await else { return };
    t.server.set_lease_ms(6_000);
    let job = t.queue_with(TWO_STEPS, |message| message.lease_expires_in_ms = 6_000);
    t.server.wait_for_line(job, "\nwaiting\n").await;
    t.server.fall_silent();
    t.drain().await;
    assert!(t.remaining_jobs().await.is_empty());
    assert!(t.server.wait_for(job, "silence", |job| Some(job.completed.is_none())).await);
}
