//! What the processes of a job find around them, and what they must not find.

use crate::fixture::{Fixture, Place};

fn job(script: &str) -> String {
    let indented = script.replace('\n', "\n          ");
    format!(
        "on: push\njobs:\n  j:\n    runs-on: ubuntu-latest\n    steps:\n      - run: |\n          {indented}\n"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn variables_and_directories_are_githubs() {
    let Some(t) = Fixture::start(Place::Containers).await else { return };
    let log = t
        .succeed(&job(
            "echo \"$CI $GITHUB_ACTIONS $GITHUB_REPOSITORY $GITHUB_REF_NAME $GITHUB_JOB $GITHUB_ACTION\"\n\
             echo \"$RUNNER_OS $RUNNER_ARCH $RUNNER_TEMP $RUNNER_TOOL_CACHE $RUNNER_WORKSPACE\"\n\
             echo \"$GITHUB_WORKSPACE $PWD $HOME [$GITHUB_BASE_REF]\"\n\
             python3 -c 'import json, os; print(json.load(open(os.environ[\"GITHUB_EVENT_PATH\"]))[\"head_commit\"])'\n\
             echo \"<${GITHUB_TOKEN-unset}>\"",
        ))
        .await;
    for line in [
        "true true octo/app main j __run",
        "Linux X64 /__w/_temp /__t /__w/app",
        "/__w/app/app /__w/app/app /github/home []",
        "{'message': 'hello'}",
        "<unset>",
    ] {
        assert!(log.contains(&format!("\n{line}\n")), "{line} is not in\n{log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_finds_neither_the_shims_token_nor_the_engine() {
    let Some(t) = Fixture::start(Place::Containers).await else { return };
    let log = t
        .succeed(&job("ls /gantry\n\
             if [ -e /var/run/docker.sock ]; then echo found the engine; fi\n\
             tr '\\0' '\\n' < /proc/1/environ | grep -i token || echo no token in the environment\n\
             if (echo > /gantry-shim) 2>/dev/null; then echo shim is writable; fi\n\
             head -c1 /proc/1/mem 2>&1 | grep -c ELF || true"))
        .await;
    assert!(log.contains("\nno token in the environment\n"), "{log}");
    assert!(
        !log.contains("\nfound the engine\n") && !log.contains("\nshim is writable\n"),
        "{log}"
    );
    assert!(!log.contains("\ntoken\n"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_engines_socket_needs_the_policy_and_the_runners_permission() {
    let Some(mut t) = Fixture::start(Place::Containers).await else { return };
    let script =
        job("if [ -S /var/run/docker.sock ]; then echo socket yes; else echo socket no; fi");
    let allowed = |message: &mut gantry_protocol::JobMessage| message.policy.docker_socket = true;

    let id = t.queue_with(&script, allowed);
    t.server.completed(id).await;
    assert!(t.server.log(id).contains("\nsocket no\n"));

    t.kill_runner().await;
    t.config.docker_socket = gantry_runner::config::DockerSocket::Engine;
    t.start_runner();
    let id = t.queue_with(&script, allowed);
    t.server.completed(id).await;
    assert!(t.server.log(id).contains("\nsocket yes\n"), "{}", t.server.log(id));
    let id = t.queue(&script);
    t.server.completed(id).await;
    assert!(t.server.log(id).contains("\nsocket no\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn mappings_may_come_from_one_expression() {
    let Some(t) = Fixture::start(Place::Processes).await else { return };
    let log = t
        .succeed(
            "on: push\nenv: \"${{ fromJSON('{\\\"A\\\": 1}') }}\"\njobs:\n  j:\n    runs-on: x\n    \
             env: \"${{ fromJSON('{\\\"B\\\": true}') }}\"\n    \
             defaults: { run: \"${{ fromJSON('{\\\"shell\\\": \\\"sh -eu {0}\\\"}') }}\" }\n    \
             steps:\n      - env: \"${{ fromJSON('{\\\"C\\\": \\\"${{ x }}\\\"}') }}\"\n        \
             run: echo \"got $A $B $C\"\n",
        )
        .await;
    assert!(log.contains("\ngot 1 true ${{ x }}\n"), "{log}");
    assert!(log.contains("/sh -eu {0}\n"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn variables_that_are_no_texts_fail_the_step() {
    let Some(t) = Fixture::start(Place::Processes).await else { return };
    let (job, end) = t
        .run(
            "on: push\njobs: {j: {runs-on: x, steps: [\n\
             {run: 'true', env: \"${{ github.event }}\"},\n\
             {if: always(), run: 'true', env: \"${{ github.sha }}\"}]}}",
        )
        .await;
    assert_eq!(end.conclusion, gantry_protocol::Conclusion::Failure);
    let (first, second) = (t.server.step_log(job, 2), t.server.step_log(job, 3));
    assert!(first.contains("##[error]A mapping was not expected"), "{first}");
    assert!(second.contains("##[error]Unexpected value '0123456789"), "{second}");
}
