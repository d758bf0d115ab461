//! Python and Node.js set up by the runner itself, from what is there.

use gantry_protocol::Conclusion;
use gantry_runner::config::BuiltinActions;

use crate::fixture::{Fixture, Place};
use crate::repositories::repository;

/// A job whose tool cache has programs that only say their version.
fn with_tools(steps: &str) -> String {
    format!(
        r#"
on: push
jobs:
  j:
    runs-on: ubuntu-latest
    steps:
      - run: |
          tool() {{
            mkdir -p "$RUNNER_TOOL_CACHE/$1/x64/bin"
            printf '#!/bin/sh\necho %s\n' "$3" > "$RUNNER_TOOL_CACHE/$1/x64/bin/$2"
            chmod +x "$RUNNER_TOOL_CACHE/$1/x64/bin/$2"
          }}
          tool Python/3.98.1 python3 3.98.1
          tool Python/3.99.2 python3 3.99.2
          tool node/98.7.6 node v98.7.6
{steps}"#
    )
}

async fn the_newest_fitting_version_is_set_up(t: Fixture) {
    let log = t
        .succeed(&with_tools(
            r#"
      - run: printf '3.98' > .python-version; echo v98 > .nvmrc
      - {id: range, uses: actions/setup-python@v5, with: {python-version: '>=3.90'}}
      - run: |
          echo "range ${{ steps.range.outputs.python-version }} $(python3)"
          [ "$pythonLocation" = "$RUNNER_TOOL_CACHE/Python/3.99.2/x64" ]
          [ "$Python3_ROOT_DIR" = "$pythonLocation" ]
          [ "${{ steps.range.outputs.python-path }}" = "$pythonLocation/bin/python3" ]
      - {id: file, uses: actions/setup-python@v5, with: {python-version-file: .python-version}}
      - {id: node, uses: actions/setup-node@v4, with: {node-version-file: .nvmrc, registry-url: 'https://npm.example/a', scope: octo}}
      - run: |
          echo "file ${{ steps.file.outputs.python-version }} $(python3)"
          echo "node ${{ steps.node.outputs.node-version }} $(node) $NODE_AUTH_TOKEN"
          cat "$NPM_CONFIG_USERCONFIG"
"#,
        ))
        .await;
    assert!(log.contains("\nSuccessfully set up CPython (3.99.2)\n"), "{log}");
    assert!(log.contains("\nrange 3.99.2 3.99.2\n"), "{log}");
    let last = "\nfile 3.98.1 3.98.1\nnode v98.7.6 v98.7.6 XXXXX-XXXXX-XXXXX-XXXXX\n\
                //npm.example/a/:_authToken=${NODE_AUTH_TOKEN}\n@octo:registry=https://npm.example/a/\n";
    assert!(log.contains(last), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_fitting_version_is_set_up_with_processes() {
    if let Some(t) = Fixture::start(Place::Processes).await {
        the_newest_fitting_version_is_set_up(t).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_fitting_version_is_set_up_in_containers() {
    if let Some(t) = Fixture::start(Place::Containers).await {
        the_newest_fitting_version_is_set_up(t).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_images_own_python_is_found_and_others_are_named_as_missing() {
    let Some(t) = Fixture::start(Place::Containers).await else { return };
    let (job, end) = t
        .run(&with_tools(
            r#"
      - {id: own, uses: actions/setup-python@v5, with: {python-version: '~3.11.0'}}
      - run: echo "own ${{ steps.own.outputs.python-version }} at $pythonLocation"
      - {uses: actions/setup-node@v4, with: {node-version: 97.x}}
"#,
        ))
        .await;
    assert_eq!(end.conclusion, Conclusion::Failure);
    assert!(t.server.step_log(job, 4).contains("\nown 3.11."), "{}", t.server.log(job));
    assert!(t.server.step_log(job, 4).ends_with(" at /usr\n"), "{}", t.server.log(job));
    let log = t.server.step_log(job, 5);
    let error = "##[error]Node.js 97.x is neither in the image of the job nor in its tool cache \
                 (there: 98.7.6, 18.";
    assert!(log.contains(error), "{log}");
}

/// What the operator says about the real ones.
#[tokio::test(flavor = "multi_thread")]
async fn the_real_action_is_used_where_it_can_be_downloaded_unless_the_operator_prefers_ours() {
    for (when, expected) in [
        (BuiltinActions::Standard, "\nthe real one\n"),
        (BuiltinActions::Fallback, "\nthe real one\n"),
        (BuiltinActions::Never, "\nthe real one\n"),
        (BuiltinActions::Always, "\nSuccessfully set up CPython (3.98.1)\n"),
    ] {
        let started = Fixture::start_with(Place::Processes, |c| c.builtin_actions = when).await;
        let Some(t) = started else { return };
        let manifest = "runs: {using: composite, steps: [{shell: sh, run: echo the real one}]}";
        let source = t.work.path().join("actions/actions/setup-python");
        repository(&source, &[("action.yml", manifest)]);
        let step = "      - {uses: actions/setup-python@main, with: {python-version: 3.98.x}}\n";
        let log = t.succeed(&with_tools(step)).await;
        assert!(log.contains(expected), "{when:?}: {log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_stands_in_for_an_action_that_the_operator_wants_to_be_real() {
    let never = |c: &mut gantry_runner::RunnerConfig| c.builtin_actions = BuiltinActions::Never;
    let Some(t) = Fixture::start_with(Place::Processes, never).await else { return };
    let (job, end) = t
        .run(&with_tools("      - {uses: actions/setup-python@v5, with: {python-version: 3.98}}\n"))
        .await;
    assert_eq!(end.conclusion, Conclusion::Failure);
    assert!(t.server.step_log(job, 1).contains("actions/setup-python"), "{}", t.server.log(job));
}
