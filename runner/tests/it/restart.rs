//! Runner and server die and come back in the middle of a job.

use std::process::Command;

use gantry_protocol::{Conclusion, JobId};
use nix::sys::signal::Signal;
use nix::unistd::Pid;

use crate::fixture::{Fixture, Place};

/// Prints numbers until it is told to go on, and then more.
const COUNTING: &str = r#"
on: push
jobs:
  j:
    runs-on: ubuntu-latest
    outputs: {n: "${{ steps.count.outputs.n }}"}
    steps:
      - id: before
        run: echo "word=kept" >> "$GITHUB_OUTPUT"; echo "KEPT=also" >> "$GITHUB_ENV"
      - id: count
        continue-on-error: true
        run: |
          for i in $(seq 1 500); do echo "line $i"; done
          echo waiting
          while [ ! -e go ]; do sleep 0.05; done
          for i in $(seq 501 1000); do echo "line $i"; done
          echo "n=1000" >> "$GITHUB_OUTPUT"
          exit 7
      - run: echo "after ${{ steps.before.outputs.word }} $KEPT"
"#;

fn go(t: &Fixture, job: gantry_protocol::JobId) {
    std::fs::write(t.job_directory(job).join("work/app/app/go"), "").unwrap();
}

async fn finish(t: &Fixture, job: gantry_protocol::JobId) {
    let end = t.server.completed(job).await;
    let log = t.server.step_log(job, 3);
    assert_eq!(end.conclusion, Conclusion::Success, "{}", t.server.log(job));
    let lines: Vec<&str> = log.lines().filter(|line| line.starts_with("line ")).collect();
    let expected: Vec<String> = (1..=1000).map(|n| format!("line {n}")).collect();
    assert_eq!(lines, expected, "lines are lost or repeated");
    assert!(log.ends_with("##[error]Process completed with exit code 7.\n"), "{log}");
    assert!(t.server.step_log(job, 4).ends_with("\nafter kept also\n"));
    assert_eq!(end.outputs.get("n").map(String::as_str), Some("1000"));
}

/// Until the shim has written down that the process of step 3 has ended.
async fn wait_for_the_end_on_disk(t: &Fixture, job: JobId) {
    let exits = t.job_directory(job).join("shim/exits");
    let has_ended = || {
        std::fs::read_to_string(&exits)
            .is_ok_and(|text| text.lines().any(|line| line.starts_with("3 ")))
    };
    while !has_ended() {
        tokio::task::yield_now().await;
    }
}

async fn a_killed_runner_is_replaced_by_one_that_goes_on(mut t: Fixture) {
    let job = t.queue(COUNTING);
    t.server.wait_for_line(job, "\nwaiting\n").await;
    t.kill_runner().await;
    // The process goes on, and ends, while nobody watches it.
    go(&t, job);
    wait_for_the_end_on_disk(&t, job).await;
    t.start_runner();
    finish(&t, job).await;
    t.drain().await;
    assert!(t.remaining_jobs().await.is_empty());
    assert!(!t.job_directory(job).exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_runner_with_processes() {
    if let Some(t) = Fixture::start(Place::Processes).await {
        a_killed_runner_is_replaced_by_one_that_goes_on(t).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_runner_with_containers() {
    if let Some(t) = Fixture::start(Place::Containers).await {
        a_killed_runner_is_replaced_by_one_that_goes_on(t).await;
    }
}

/// The program itself, killed as an operating system kills.
#[tokio::test(flavor = "multi_thread")]
async fn a_killed_program_is_replaced_by_one_that_goes_on() {
    let Some(mut t) = Fixture::start(Place::Containers).await else { return };
    t.kill_runner().await;
    let start = |t: &Fixture| {
        Command::new(env!("CARGO_BIN_EXE_gantry-runner"))
            .args(["--server-url", &t.server.url(), "--name", "program"])
            .args(["--registration-token", "registration"])
            .arg("--work-dir")
            .arg(t.work.path().join("runner"))
            .spawn()
            .unwrap()
    };
    let mut first = start(&t);
    let job = t.queue(COUNTING);
    t.server.wait_for_line(job, "\nwaiting\n").await;
    first.kill().unwrap();
    first.wait().unwrap();
    go(&t, job);
    let mut second = start(&t);
    finish(&t, job).await;
    nix::sys::signal::kill(Pid::from_raw(second.id().cast_signed()), Signal::SIGTERM).unwrap();
    assert!(second.wait().unwrap().success());
    assert!(t.remaining_jobs().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_runner_may_be_killed_again_and_again() {
    let Some(mut t) = Fixture::start(Place::Processes).await else { return };
    let job = t.queue(COUNTING);
    for n in [3, 40, 400] {
        t.server.wait_for_line(job, &format!("\nline {n}\n")).await;
        t.kill_runner().await;
        t.start_runner();
    }
    go(&t, job);
    finish(&t, job).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_may_be_away_in_the_middle_of_a_job() {
    let Some(mut t) = Fixture::start(Place::Processes).await else { return };
    let job = t.queue(COUNTING);
    t.server.wait_for_line(job, "\nwaiting\n").await;
    t.server.down();
    go(&t, job);
    wait_for_the_end_on_disk(&t, job).await;
    t.server.up().await;
    finish(&t, job).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_whose_container_is_gone_fails_for_the_machine_and_not_for_the_code() {
    let Some(mut t) = Fixture::start(Place::Containers).await else { return };
    let job = t.queue(COUNTING);
    t.server.wait_for_line(job, "\nwaiting\n").await;
    t.kill_runner().await;
    let installation =
        std::fs::read_to_string(t.config.work_directory.join("installation")).unwrap();
    t.backend().remove_job(installation.trim(), job).await.unwrap();
    t.start_runner();
    let end = t.server.completed(job).await;
    assert_eq!(end.conclusion, Conclusion::Failure);
    let error = end.infrastructure_error.unwrap();
    assert!(error.starts_with("the job's container ended before the job did"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_runner_registers_once_and_drains_when_told() {
    let Some(mut t) = Fixture::start(Place::Processes).await else { return };
    t.succeed("on: push\njobs: {j: {runs-on: ubuntu-latest, steps: [{run: 'true'}]}}").await;
    t.kill_runner().await;
    t.start_runner();
    t.succeed("on: push\njobs: {j: {runs-on: ubuntu-latest, steps: [{run: 'true'}]}}").await;
    t.drain().await;
    let registrations = t.server.registrations();
    assert_eq!(registrations.len(), 1);
    assert!(registrations[0].labels.contains(&"ubuntu-latest".to_owned()));
    assert!(registrations[0].labels.contains(&"self-hosted".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_whose_lease_was_answered_to_a_dying_runner_is_run_by_the_next_one() {
    let Some(mut t) = Fixture::start(Place::Processes).await else { return };
    t.server.swallow_next_lease();
    let job = t.queue("on: push\njobs: {j: {runs-on: ubuntu-latest, steps: [{run: 'true'}]}}");
    t.server.wait_for(job, "lease", |_| Some(())).await;
    t.kill_runner().await;
    t.start_runner();
    assert_eq!(t.server.completed(job).await.conclusion, Conclusion::Success);
}

/// The new runner finds what its predecessor left of the job while it gets the same job anew.
#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_comes_back_under_a_new_lease_is_not_removed_with_the_old_one() {
    let Some(mut t) = Fixture::start(Place::Processes).await else { return };
    let job = t.queue(COUNTING);
    t.server.wait_for_line(job, "\nwaiting\n").await;
    t.kill_runner().await;
    t.server.requeue(t.server.leased(job));
    t.start_runner();
    t.server.wait_for_line(job, "\nwaiting\n").await;
    go(&t, job);
    finish(&t, job).await;
}

/// All of them run already, so waiting for a slot would only cost the others their leases.
#[tokio::test(flavor = "multi_thread")]
async fn a_runner_with_fewer_slots_goes_on_with_all_jobs() {
    let Some(mut t) = Fixture::start(Place::Processes).await else { return };
    let jobs = [t.queue(COUNTING), t.queue(COUNTING)];
    for job in jobs {
        t.server.wait_for_line(job, "\nwaiting\n").await;
    }
    t.kill_runner().await;
    t.config.slots = 1;
    let mut renewals = Vec::new();
    for job in jobs {
        renewals.push(t.server.wait_for(job, "job", |job| Some(job.renewals)).await);
    }
    t.start_runner();
    for (job, before) in jobs.into_iter().zip(renewals) {
        t.server.wait_for(job, "renewal", |job| (job.renewals > before).then_some(())).await;
    }
    for job in jobs {
        go(&t, job);
        finish(&t, job).await;
    }
}
