//! What goes wrong in a job: each time an error on the right step, in GitHub's words where it has some.

use std::process::Command;

use gantry_protocol::Conclusion;

use crate::fixture::{Fixture, Place};

fn steps(step: &str) -> String {
    format!("on: push\njobs: {{j: {{runs-on: ubuntu-latest, steps: [{step}]}}}}")
}

/// The log of the only step of a job that must fail because of it.
async fn failed(t: &Fixture, step: &str) -> String {
    let (job, end) = t.run(&steps(step)).await;
    let log = t.server.step_log(job, 2);
    assert_eq!(end.conclusion, Conclusion::Failure, "{log}");
    assert_eq!(end.infrastructure_error, None, "{log}");
    log
}

#[tokio::test(flavor = "multi_thread")]
async fn a_working_directory_that_is_missing_is_named() {
    let Some(t) = Fixture::start(Place::Containers).await else { return };
    let log = failed(&t, "{run: echo, working-directory: none}").await;
    let reason = "with working directory '/__w/app/app/none'. No such file or directory";
    assert!(log.contains("##[error]An error occurred trying to start process"), "{log}");
    assert!(log.contains(reason), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shell_that_is_missing_is_named() {
    let Some(t) = Fixture::start(Place::Containers).await else { return };
    let log = failed(&t, "{run: echo, shell: no-such-shell}").await;
    assert!(log.contains("##[error]Invalid shell option."), "{log}");
    let log = failed(&t, "{run: echo, shell: 'no-such-shell {0}'}").await;
    let reason = "##[error]An error occurred trying to start process 'no-such-shell'";
    assert!(log.contains(reason), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_that_is_not_executable_has_its_exit_code() {
    let Some(t) = Fixture::start(Place::Containers).await else { return };
    let log = failed(&t, "{run: 'echo echo > script; ./script'}").await;
    assert!(log.contains("./script: Permission denied\n"), "{log}");
    assert!(log.ends_with("##[error]Process completed with exit code 126.\n"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_never_becomes_healthy_fails_the_set_up_with_its_log() {
    let Some(t) = Fixture::start(Place::Containers).await else { return };
    let workflow = r#"
on: push
jobs:
  j:
    runs-on: ubuntu-latest
    services:
      sick:
        image: gantry/job:latest
        entrypoint: sh
        command: -c "echo feeling bad; exec sleep 600"
        options: --health-cmd false --health-interval 100ms --health-retries 2
    steps: [{run: echo never}]
"#;
    let (job, end) = t.run(workflow).await;
    let log = t.server.log(job);
    assert_eq!(end.conclusion, Conclusion::Failure, "{log}");
    assert!(log.contains("\nfeeling bad\n"), "{log}");
    assert!(log.contains("##[error]Failed to initialize container of service `sick`."), "{log}");
    assert!(!log.contains("\nnever\n"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_container_that_is_killed_from_outside_is_not_the_codes_fault() {
    let Some(t) = Fixture::start(Place::Containers).await else { return };
    let job = t.queue(&steps("{run: echo up; sleep 600}"));
    t.server.wait_for_line(job, "\nup\n").await;
    let filter = format!("label=gantry.job={job}");
    let found =
        Command::new("docker").args(["ps", "--quiet", "--filter", &filter]).output().unwrap();
    let installation =
        std::fs::read_to_string(t.config.work_directory.join("installation")).unwrap();
    let mine = String::from_utf8(found.stdout).unwrap();
    for container in mine.split_whitespace() {
        let format = "{{index .Config.Labels \"gantry.runner\"}}";
        let runner = Command::new("docker")
            .args(["inspect", "--format", format, container])
            .output()
            .unwrap();
        if String::from_utf8(runner.stdout).unwrap().trim() == installation.trim() {
            Command::new("docker").args(["kill", container]).output().unwrap();
        }
    }
    let end = t.server.completed(job).await;
    let log = t.server.log(job);
    assert_eq!(end.conclusion, Conclusion::Failure, "{log}");
    let error = end.infrastructure_error.unwrap();
    assert!(
        error.contains("the job's container ended before the job did: it was killed"),
        "{error}"
    );
    assert!(!log.contains("Process completed with exit code 137"), "{log}");
}

/// A disk of 96 MiB, gone with the value.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn create() -> Option<Self> {
        let disk = Self(tempfile::tempdir().unwrap());
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=96m", "tmpfs"])
            .arg(disk.0.path())
            .output();
        mounted.is_ok_and(|output| output.status.success()).then_some(disk)
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").args(["--lazy"]).arg(self.0.path()).output();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_the_machines_fault_and_no_job_is_taken_before_there_is_room() {
    let Some(disk) = SmallDisk::create() else { return };
    let path = disk.0.path().join("runner");
    let configure = |config: &mut gantry_runner::RunnerConfig| {
        config.work_directory = path;
        config.disk.least_mib = 16;
    };
    let Some(mut t) = Fixture::start_with(Place::Containers, configure).await else { return };
    let (job, end) = t.run(&steps("{run: 'echo filling; head -c 200M /dev/zero > file'}")).await;
    let log = t.server.log(job);
    assert_eq!(end.conclusion, Conclusion::Failure, "{log}");
    let error = end.infrastructure_error.unwrap_or_default();
    assert!(error.contains("no space is left on the runner's disk"), "{error}: {log}");

    while t.job_directory(job).exists() {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    t.kill_runner().await;
    let filler = disk.0.path().join("filler");
    let free = |disk: &SmallDisk| {
        let disk = nix::sys::statvfs::statvfs(disk.0.path()).unwrap();
        usize::try_from(disk.blocks_available() * disk.fragment_size()).unwrap()
    };
    // Enough for the runner, too little for a job.
    std::fs::write(&filler, vec![0; free(&disk).saturating_sub(8 << 20)]).unwrap();
    t.start_runner();
    let waiting = t.queue(&steps("{run: echo taken}"));
    let waited = t.server.completed(waiting);
    assert!(tokio::time::timeout(std::time::Duration::from_secs(3), waited).await.is_err());
    std::fs::remove_file(&filler).unwrap();
    assert_eq!(t.server.completed(waiting).await.conclusion, Conclusion::Success);
}
