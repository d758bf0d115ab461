//! Images that have next to nothing, or another user.

use std::io::Write;
use std::process::{Command, Stdio};

use gantry_protocol::Conclusion;

use crate::fixture::{Fixture, Place};

/// Makes an image with the engine's own program; answers whether there is such a program.
fn make(arguments: &[&str], input: &[u8]) -> bool {
    let child = Command::new("docker")
        .args(arguments)
        .env("DOCKER_BUILDKIT", "0")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let Ok(mut child) = child else { return false };
    child.stdin.take().unwrap().write_all(input).unwrap();
    assert!(child.wait().unwrap().success());
    true
}

#[tokio::test(flavor = "multi_thread")]
async fn the_shim_runs_in_an_empty_image() {
    let Some(t) = Fixture::start(Place::Containers).await else { return };
    // Two blocks of zeros are a tar archive without entries.
    if !make(&["import", "-", "gantry-test/empty:latest"], &[0; 1024]) {
        return;
    }
    // The only program there is the shim; it does not find its token at the script's path.
    let (job, end) = t
        .run("on: push\njobs: {j: {runs-on: ubuntu-latest, container: 'gantry-test/empty:latest', steps: [\n{run: x, shell: '/gantry-shim {0}', continue-on-error: true}, {run: echo}]}}")
        .await;
    assert_eq!(end.conclusion, Conclusion::Failure);
    let log = t.server.step_log(job, 3);
    assert!(log.ends_with("##[error]Process completed with exit code 70.\n"), "{log}");
    let log = t.server.step_log(job, 4);
    assert!(log.contains("trying to start process 'sh' with working directory"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_run_as_the_images_user_and_own_the_workspace() {
    let Some(t) = Fixture::start(Place::Containers).await else { return };
    let recipe = b"FROM gantry/job:latest\nUSER nobody\n";
    if !make(&["build", "--tag", "gantry-test/nobody:latest", "-"], recipe) {
        return;
    }
    let log = t
        .succeed("on: push\njobs: {j: {runs-on: ubuntu-latest, container: 'gantry-test/nobody:latest', steps: [\n{run: 'id -un; touch here $HOME/there $RUNNER_TEMP/x $RUNNER_TOOL_CACHE/y; echo a > /dev/stderr; echo k=v >> $GITHUB_OUTPUT; ls /gantry || true'}]}}")
        .await;
    assert!(log.contains("\nnobody\na\n"), "{log}");
    assert!(log.contains("cannot open directory '/gantry'"), "{log}");
}
