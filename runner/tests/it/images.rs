//! Images that have next to nothing, or another user.

use std::fs::Permissions;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use gantry_protocol::Conclusion;
use gantry_runner::RunnerConfig;

use crate::fixture::{Fixture, Place};
use crate::repositories::repository;

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

/// An image with nothing but busybox and musl, as Alpine's is.
fn make_musl(name: &str) -> bool {
    let script = r#"
        set -e
        root=$(mktemp -d)
        mkdir -p $root/bin $root/lib $root/etc $root/tmp $root/root
        cp /bin/busybox $root/bin/busybox
        for applet in $(busybox --list); do
            [ "$applet" = busybox ] || ln -s busybox $root/bin/$applet
        done
        cp -L /lib/ld-musl-*.so.1 $root/lib/
        printf 'NAME="Alpine-like"\nID=alpine\n' > $root/etc/os-release
        echo root:x:0:0:root:/root:/bin/sh > $root/etc/passwd
        tar -C $root -c . | docker import --change 'ENV PATH=/bin' - "$0" > /dev/null
        rm -rf $root
    "#;
    let is_there = |path: &str| std::fs::metadata(path).is_ok();
    if !is_there("/bin/busybox") || !is_there("/usr/bin/docker") || !has_musl() {
        return false;
    }
    assert!(Command::new("sh").args(["-c", script, name]).status().unwrap().success());
    true
}

#[expect(clippy::disallowed_methods, reason = "tests are told by environment what must be there")]
#[expect(clippy::print_stdout, reason = "whoever runs the tests must see what was not tested")]
fn has_musl() -> bool {
    let mut names = std::fs::read_dir("/lib").unwrap().map(|entry| entry.unwrap().file_name());
    let found = names.any(|name| name.to_string_lossy().starts_with("ld-musl-"));
    assert!(found || std::env::var_os("TEST_REQUIRE_DOCKER").is_none(), "musl is missing");
    if !found {
        println!("skipped: the package musl is missing");
    }
    found
}

const MUSL: &str = "gantry-test/musl:latest";

fn musl_job(steps: &str) -> String {
    format!(
        "on: push\njobs: {{j: {{runs-on: ubuntu-latest, container: '{MUSL}', steps: [{steps}]}}}}"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn without_bash_scripts_run_with_sh_and_a_bash_that_is_asked_for_is_named() {
    let Some(t) = Fixture::start(Place::Containers).await.filter(|_| make_musl(MUSL)) else {
        return;
    };
    let steps = "{run: 'echo one; echo k=v >> $GITHUB_OUTPUT; uname -s | tr a-z A-Z', id: s}, \
                 {run: 'echo ${{ steps.s.outputs.k }} $0'}, {shell: bash, run: echo}";
    let (job, end) = t.run(&musl_job(steps)).await;
    let log = t.server.log(job);
    assert_eq!(end.conclusion, Conclusion::Failure, "{log}");
    assert!(log.contains("shell: /bin/sh -e {0}\n"), "{log}");
    assert!(t.server.step_log(job, 3).ends_with("\none\nLINUX\n"), "{log}");
    assert!(t.server.step_log(job, 4).contains("\nv /"), "{log}");
    let error = t.server.step_log(job, 5);
    assert!(error.contains("##[error]") && error.contains("'bash'"), "{log}");
}

/// A stand-in for Node.js, because the musl of Debian is older than what builds of Node.js need.
#[tokio::test(flavor = "multi_thread")]
async fn an_action_in_javascript_gets_the_node_for_musl_in_an_image_with_musl() {
    let node = tempfile::tempdir().unwrap();
    for name in ["node24", "node24_alpine"] {
        let directory = node.path().join(name).join("bin");
        std::fs::create_dir_all(&directory).unwrap();
        let program = directory.join("node");
        std::fs::write(&program, "#!/bin/sh\necho \"$0 runs $1\"\n").unwrap();
        std::fs::set_permissions(&program, Permissions::from_mode(0o755)).unwrap();
    }
    std::fs::set_permissions(node.path(), Permissions::from_mode(0o755)).unwrap();
    let configure =
        |config: &mut RunnerConfig| config.node_directory = Some(node.path().to_owned());
    let Some(t) = Fixture::start_with(Place::Containers, configure).await else { return };
    if !make_musl(MUSL) {
        return;
    }
    show_action(&t);
    let log = t.succeed(&musl_job("{uses: octo/show@main}")).await;
    assert!(
        log.contains("\n/__e/node24_alpine/bin/node runs /__w/_actions/octo/show/main/show.js\n"),
        "{log}"
    );
    let debian = "on: push\njobs: {j: {runs-on: ubuntu-latest, steps: [{uses: octo/show@main}]}}";
    let log = t.succeed(debian).await;
    assert!(log.contains("\n/__e/node24/bin/node runs "), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_for_musl_is_fetched_when_an_action_needs_it() {
    let Some(t) = Fixture::start(Place::Containers).await.filter(|_| make_musl(MUSL)) else {
        return;
    };
    show_action(&t);
    let (job, _) = t.run(&musl_job("{uses: octo/show@main}")).await;
    let program = t.config.work_directory.join("externals/node24_alpine/bin/node");
    let header = std::fs::read(program).unwrap_or_else(|_| panic!("{}", t.server.log(job)));
    assert!(header.starts_with(b"\x7fELF"));
    let loader = b"/lib/ld-musl-";
    assert!(header.windows(loader.len()).any(|window| window == loader));
}

fn show_action(t: &Fixture) {
    let action = t.work.path().join("actions/octo/show");
    let files = [("action.yml", "runs: {using: node20, main: show.js}"), ("show.js", "")];
    repository(&action, &files);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operators_directory_may_lack_a_node_for_musl_which_is_named() {
    let empty = tempfile::tempdir().unwrap();
    let configure =
        |config: &mut RunnerConfig| config.node_directory = Some(empty.path().to_owned());
    let Some(t) = Fixture::start_with(Place::Containers, configure).await else { return };
    if !make_musl(MUSL) {
        return;
    }
    show_action(&t);
    let (job, end) = t.run(&musl_job("{uses: octo/show@main}")).await;
    assert_eq!(end.conclusion, Conclusion::Failure);
    let log = t.server.log(job);
    assert!(log.contains("##[error]This action needs Node.js 24 for images with musl"), "{log}");
    assert!(log.contains("`node24_alpine/bin/node`"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_runs_although_the_root_of_its_container_is_read_only() {
    let Some(t) = Fixture::start(Place::Containers).await else { return };
    let steps = "{run: 'touch here $HOME/there $RUNNER_TEMP/x; echo k=v >> $GITHUB_OUTPUT; touch /etc/x || echo refused', id: s}, \
                 {run: 'ls; echo ${{ steps.s.outputs.k }}'}";
    let log = t
        .succeed(&format!("on: push\njobs: {{j: {{runs-on: ubuntu-latest, container: {{image: 'gantry/job:latest', options: --read-only}}, steps: [{steps}]}}}}"))
        .await;
    assert!(log.contains("\nrefused\n"), "{log}");
    assert!(log.contains("\nhere\nv\n"), "{log}");
}
