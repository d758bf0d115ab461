//! What containers of jobs may do, use up and reach.

use gantry_protocol::Conclusion;
use gantry_runner::confinement::Profile;

use crate::fixture::{Fixture, Place};

/// A runner in containers with changed settings.
async fn start(change: impl FnOnce(&mut Fixture)) -> Option<Fixture> {
    let mut t = Fixture::start(Place::Containers).await?;
    t.kill_runner().await;
    change(&mut t);
    t.start_runner();
    Some(t)
}

fn steps(script: &str) -> String {
    format!("on: push\njobs: {{j: {{runs-on: ubuntu-latest, steps: [{{run: '{script}'}}]}}}}")
}

const PRIVILEGES: &str = "grep -E \"^(CapEff|CapBnd|NoNewPrivs)\" /proc/self/status";

#[tokio::test(flavor = "multi_thread")]
async fn a_job_has_the_capabilities_of_its_profile_and_no_others() {
    let Some(t) = Fixture::start(Place::Containers).await else { return };
    let log = t.succeed(&steps(PRIVILEGES)).await;
    assert!(log.contains("\nCapEff:\t00000000a00405fb\n"), "{log}");
    assert!(log.contains("\nCapBnd:\t00000000a00405fb\n"), "{log}");
    assert!(log.contains("\nNoNewPrivs:\t0\n"), "{log}");
    drop(t);
    let standard = |t: &mut Fixture| t.config.confinement.profile = Profile::Standard;
    let Some(t) = start(standard).await else { return };
    let log = t.succeed(&steps(PRIVILEGES)).await;
    assert!(log.contains("\nCapEff:\t00000000000004fb\n"), "{log}");
    assert!(log.contains("\nNoNewPrivs:\t1\n"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_that_takes_all_memory_says_so() {
    let small = |t: &mut Fixture| t.config.confinement.memory_mib = Some(64);
    let Some(t) = start(small).await else { return };
    let script = "python3 -c \"x = b\\\"x\\\" * (300 << 20)\"";
    let (job, end) = t.run(&steps(script)).await;
    assert_eq!(end.conclusion, Conclusion::Failure);
    assert_eq!(end.infrastructure_error, None);
    let log = t.server.log(job);
    let reason = "##[error]A process was killed because the job's container ran out of memory (the \
                  runner allows 64 MiB).\n";
    assert!(log.contains(reason), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_does_not_reach_its_neighbour() {
    let Some(t) = Fixture::start(Place::Containers).await else { return };
    let serve = "echo address $(hostname -i) end; exec python3 -m http.server 8000";
    let first = t.queue(&steps(serve));
    t.server.wait_for_line(first, " end\n").await;
    let log = t.server.log(first);
    let address = log.lines().find_map(|line| line.strip_prefix("address ")?.strip_suffix(" end"));
    let address = address.unwrap();
    let ask = format!("! curl -s --max-time 2 http://{address}:8000/ && echo out of reach");
    let log = t.succeed(&steps(&ask)).await;
    assert!(log.contains("\nout of reach\n"), "{log}");
    t.server.cancel(first, false);
    assert_eq!(t.server.completed(first).await.conclusion, Conclusion::Cancelled);
}

#[tokio::test(flavor = "multi_thread")]
async fn directories_are_mounted_where_the_operator_allows_it() {
    let shared = tempfile::tempdir().unwrap();
    std::fs::write(shared.path().join("file"), "from the machine\n").unwrap();
    let path = shared.path().display().to_string();
    let allowed = path.clone();
    let Some(t) = start(|t| t.config.confinement.volumes = vec![allowed]).await else { return };
    let workflow = |source: &str| {
        format!(
            "on: push\njobs:\n  j:\n    runs-on: ubuntu-latest\n    container: {{image: \
             'gantry/job:latest', volumes: ['{source}:/data:ro', /scratch]}}\n    steps: [{{run: \
             'cat /data/file; touch /scratch/x; ! touch /data/new'}}]\n"
        )
    };
    let log = t.succeed(&workflow(&path)).await;
    assert!(log.contains("\nfrom the machine\n"), "{log}");
    let (job, end) = t.run(&workflow("/etc")).await;
    assert_eq!(end.conclusion, Conclusion::Failure);
    let log = t.server.log(job);
    assert!(log.contains("volume `/etc:/data:ro` is not allowed on this runner"), "{log}");
}
