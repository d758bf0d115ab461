//! Containers that wait for jobs: who gets one, and that nobody gets one that was used.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use gantry_protocol::Conclusion;
use gantry_runner::RunnerConfig;
use gantry_runner::warm_policy::WarmPolicy;

use crate::fixture::{Fixture, Place};

/// No state a test waits for takes longer, even on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Says in which container it is, and leaves something there.
const WHERE: &str = r#"
on: push
jobs:
  j:
    runs-on: ubuntu-latest
    steps:
      - run: |
          echo "name $(cat /etc/hostname)"
          [ ! -e "$RUNNER_TEMP/left" ] && [ -d "$GITHUB_WORKSPACE" ] && [ -w "$GITHUB_WORKSPACE" ]
          touch "$RUNNER_TEMP/left"
"#;

fn keep(per_image: usize) -> impl FnOnce(&mut RunnerConfig) {
    move |config| {
        config.warm = WarmPolicy { per_image: Some(per_image), ..WarmPolicy::default() };
    }
}

/// The directories of containers that nobody has taken.
fn ready(t: &Fixture) -> BTreeSet<String> {
    let names = std::fs::read_dir(t.config.work_directory.join("warm"));
    let names = names.into_iter().flatten().filter_map(|name| {
        let path = name.ok()?.path();
        let listens = path.join("shim/socket").exists();
        listens.then(|| path.file_name().unwrap().to_str().unwrap().to_owned())
    });
    names.collect()
}

/// Until the containers that are ready are such.
async fn until(t: &Fixture, fits: impl Fn(&BTreeSet<String>) -> bool) -> BTreeSet<String> {
    let found = async {
        loop {
            let found = ready(t);
            if fits(&found) {
                return found;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, found).await.unwrap()
}

async fn until_ready(t: &Fixture, n: usize) -> BTreeSet<String> {
    until(t, |found| found.len() == n).await
}

/// The directory of the container is the job's while it runs, under another name.
fn is_taken(t: &Fixture, job: gantry_protocol::JobId) -> bool {
    t.job_directory(job).join("container").exists()
}

const WAITING: &str = r#"
on: push
jobs:
  j:
    runs-on: ubuntu-latest
    steps:
      - run: |
          echo waiting
          while [ ! -e go ]; do sleep 0.05; done
          exit 7
"#;

fn go(t: &Fixture, job: gantry_protocol::JobId) {
    std::fs::write(t.job_directory(job).join("work/app/app/go"), "").unwrap();
}

/// A job that runs in one of the containers. A container whose shim listens is not always the
/// pool's yet, so a job may come too early for it.
async fn take_one(t: &Fixture) -> gantry_protocol::JobId {
    let taken = async {
        loop {
            let job = t.queue(WAITING);
            t.server.wait_for_line(job, "\nwaiting\n").await;
            if is_taken(t, job) {
                return job;
            }
            go(t, job);
            t.server.completed(job).await;
        }
    };
    tokio::time::timeout(PATIENCE, taken).await.unwrap()
}

async fn two_jobs_never_share_a_container(t: Fixture) {
    let before = until_ready(&t, 2).await;
    let jobs = [take_one(&t).await, take_one(&t).await];
    let containers =
        jobs.map(|job| std::fs::read_to_string(t.job_directory(job).join("container")).unwrap());
    assert_ne!(containers[0], containers[1]);
    // The pool is filled again while they run, with others.
    let after = until_ready(&t, 2).await;
    assert!(before.is_disjoint(&after), "{before:?} {after:?}");
    for job in jobs {
        go(&t, job);
        assert_eq!(t.server.completed(job).await.conclusion, Conclusion::Failure);
        assert!(t.server.log(job).contains("exit code 7"), "{}", t.server.log(job));
    }
    let mut t = t;
    t.drain().await;
    assert_eq!(t.warm_containers().await, Vec::<String>::new());
    assert_eq!(ready(&t), BTreeSet::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn two_jobs_never_share_a_container_with_processes() {
    let Some(t) = Fixture::start_with(Place::Processes, keep(2)).await else { return };
    two_jobs_never_share_a_container(t).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_jobs_never_share_a_container_with_containers() {
    let Some(t) = Fixture::start_with(Place::Containers, keep(2)).await else { return };
    two_jobs_never_share_a_container(t).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn job_after_job_gets_a_clean_container() {
    let Some(t) = Fixture::start_with(Place::Containers, keep(1)).await else { return };
    let mut names = BTreeSet::new();
    for _ in 0..3 {
        until_ready(&t, 1).await;
        let log = t.succeed(WHERE).await;
        let name = log.lines().find(|line| line.starts_with("name ")).unwrap().to_owned();
        assert!(names.insert(name), "a container was used twice: {log}");
    }
}

async fn a_killed_runner_leaves_nothing_that_waits(mut t: Fixture) {
    until_ready(&t, 2).await;
    let job = take_one(&t).await;
    t.kill_runner().await;
    let left = t.warm_containers().await;
    assert!(left.len() >= 2, "nothing is left that the next runner could sweep");
    t.config.warm = WarmPolicy::off();
    t.start_runner();
    go(&t, job);
    let end = t.server.completed(job).await;
    assert_eq!(end.conclusion, Conclusion::Failure);
    assert_eq!(end.infrastructure_error, None, "the job lost the container that it had taken");
    assert!(t.server.log(job).contains("exit code 7"), "{}", t.server.log(job));
    t.drain().await;
    assert_eq!(t.warm_containers().await, Vec::<String>::new());
    assert!(!t.config.work_directory.join("warm").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_runner_leaves_nothing_that_waits_with_processes() {
    let Some(t) = Fixture::start_with(Place::Processes, keep(2)).await else { return };
    a_killed_runner_leaves_nothing_that_waits(t).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_runner_leaves_nothing_that_waits_with_containers() {
    let Some(t) = Fixture::start_with(Place::Containers, keep(2)).await else { return };
    a_killed_runner_leaves_nothing_that_waits(t).await;
}

/// The engine kills it, or somebody does.
#[tokio::test(flavor = "multi_thread")]
async fn a_container_that_died_while_it_waited_is_not_given_to_a_job() {
    let Some(t) = Fixture::start_with(Place::Containers, keep(1)).await else { return };
    until_ready(&t, 1).await;
    for container in t.warm_containers().await {
        t.backend().remove_container(&container).await.unwrap();
    }
    t.succeed(WHERE).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_container_that_waited_too_long_is_replaced() {
    let Some(t) = Fixture::start_with(Place::Processes, |config| {
        keep(1)(config);
        config.warm.max_age = Duration::from_millis(300);
    })
    .await
    else {
        return;
    };
    let first = until_ready(&t, 1).await;
    until(&t, |now| now.len() == 1 && *now != first).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_made_ready_without_memory_for_it() {
    let Some(t) = Fixture::start_with(Place::Processes, |config| {
        keep(1)(config);
        config.warm.free_memory_mib = u64::MAX;
    })
    .await
    else {
        return;
    };
    // Ends after the first look at the pool, which is before any job's end.
    t.succeed(WHERE).await;
    assert_eq!(ready(&t), BTreeSet::new());
}

/// An image of the same name that is another one.
#[tokio::test(flavor = "multi_thread")]
async fn a_changed_image_is_not_used_from_before() {
    let tag = format!("gantry-test/warm-{}:latest", std::process::id());
    let Some(t) = Fixture::start_with(Place::Containers, |config| {
        build(&tag, "old");
        config.images.values_mut().for_each(|image| image.clone_from(&tag));
        keep(1)(config);
    })
    .await
    else {
        return;
    };
    until_ready(&t, 1).await;
    build(&tag, "new");
    let log = t
        .succeed("on: push\njobs: {j: {runs-on: ubuntu-latest, steps: [{run: 'echo is $AGE'}]}}")
        .await;
    drop(t);
    docker(&["image", "rm", "--force", &tag]);
    assert!(log.contains("\nis new\n"), "{log}");
}

fn build(tag: &str, age: &str) {
    let folder = tempfile::tempdir().unwrap();
    let text = format!("FROM gantry/job:latest\nENV AGE={age}\n");
    std::fs::write(folder.path().join("Dockerfile"), text).unwrap();
    docker(&["build", "--quiet", "--tag", tag, path(folder.path())]);
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn docker(arguments: &[&str]) {
    let output = std::process::Command::new("docker").args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// What a container that waits does not have, a job does not get from one.
#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_asks_for_more_gets_a_container_of_its_own() {
    let Some(t) = Fixture::start_with(Place::Containers, keep(1)).await else { return };
    let before = until_ready(&t, 1).await;
    let log = t
        .succeed(
            r#"
on: push
jobs:
  j:
    runs-on: ubuntu-latest
    container: {image: "gantry/job:latest", options: --hostname mine}
    steps: [{run: hostname}]
"#,
        )
        .await;
    assert!(log.contains("\nmine\n"), "{log}");
    assert_eq!(ready(&t), before);
}
