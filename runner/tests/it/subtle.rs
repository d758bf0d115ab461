//! Behaviours of GitHub's runner that imitations usually get wrong, each under the number that the
//! project's list of them gives it.

use gantry_protocol::Conclusion;

use crate::fixture::{Fixture, Place};

fn job(head: &str, steps: &str) -> String {
    format!("on: push\n{head}\njobs:\n  j:\n    runs-on: ubuntu-latest\n    steps:\n{steps}")
}

#[tokio::test(flavor = "multi_thread")]
async fn subtle_52_only_a_named_bash_has_pipefail() {
    let Some(t) = Fixture::start(Place::Processes).await else { return };
    let steps = "    - {run: 'false | true'}\n    - {run: 'false | true', shell: bash, continue-on-error: true}\n";
    let (job, end) = t.run(&job("", steps)).await;
    assert_eq!(end.conclusion, Conclusion::Success);
    assert_eq!(
        t.server.steps(job)[1..3],
        ["Run false | true success success", "Run false | true failure success"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn subtle_54_github_env_beats_the_jobs_env_but_not_the_steps() {
    let Some(t) = Fixture::start(Place::Processes).await else { return };
    let head = "env: {A: workflow, GITHUB_SHA: mine}";
    let steps = "    - run: echo A=file >> $GITHUB_ENV
    - run: echo \"$A\"
    - {run: 'echo \"$A\"', env: {A: step}}
    - run: echo \"${{ env.GITHUB_SHA }} $GITHUB_SHA\"
";
    let log = t.succeed(&job(head, steps)).await;
    let sha = "0123456789012345678901234567890123456789";
    assert!(log.contains("\nfile\n") && log.contains("\nstep\n"), "{log}");
    assert!(log.contains(&format!("\nmine {sha}\n")), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn subtle_55_a_heredoc_keeps_its_empty_lines_and_ends_exactly() {
    let Some(t) = Fixture::start(Place::Processes).await else { return };
    let steps = "    - run: printf 'A<<E\\n\\nx\\n E\\nE\\n' >> $GITHUB_ENV\n    - run: printf '[%s]' \"$A\"\n";
    let log = t.succeed(&job("", steps)).await;
    assert!(log.contains("\n[\nx\n E]\n"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn subtle_56_a_steps_env_is_there_before_its_condition_and_outputs_only_after_the_step() {
    let Some(t) = Fixture::start(Place::Processes).await else { return };
    let steps = "    - {run: echo ran, if: env.R == 'go', env: {R: go}}
    - {id: x, run: 'echo o=1 >> $GITHUB_OUTPUT; echo \"[${{ steps.x.outputs.o }}]\"'}
    - run: echo \"<${{ steps.x.outputs.o }}>\"
";
    let log = t.succeed(&job("", steps)).await;
    assert!(log.contains("\nran\n") && log.contains("\n[]\n") && log.contains("\n<1>\n"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn subtle_58_secrets_are_masked_within_base64_at_any_place() {
    let Some(t) = Fixture::start(Place::Processes).await else { return };
    let steps = "    - env: {S: '${{ secrets.PASSWORD }}'}
      run: for before in '' a ab; do printf \"$before$S\" | base64; done
";
    let log = t.succeed(&job("", steps)).await;
    let masked = log.lines().filter(|line| line.contains("***") && !line.contains(' ')).count();
    assert_eq!(masked, 3, "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn subtle_67_the_eleventh_error_of_a_step_is_in_its_log_only() {
    let Some(t) = Fixture::start(Place::Processes).await else { return };
    let steps = "    - run: for n in $(seq 1 11); do echo \"::error::number $n\"; done\n";
    let (job, end) = t.run(&job("", steps)).await;
    assert_eq!(end.conclusion, Conclusion::Success);
    assert_eq!(end.annotations.len(), 10);
    assert!(t.server.log(job).contains("\n##[error]number 11\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn subtle_68_ci_may_be_overridden_and_github_actions_not() {
    let Some(t) = Fixture::start(Place::Processes).await else { return };
    let head = "env: {CI: 'false', GITHUB_ACTIONS: 'false'}";
    let log = t.succeed(&job(head, "    - run: echo \"$CI $GITHUB_ACTIONS\"\n")).await;
    assert!(log.contains("\nfalse true\n"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn subtle_69_node_options_are_refused_in_github_env_and_the_step_goes_on() {
    let Some(t) = Fixture::start(Place::Processes).await else { return };
    let steps = "    - run: printf 'NODE_OPTIONS=--x\\nB=kept\\n' >> $GITHUB_ENV\n    - run: echo \"[$NODE_OPTIONS] $B\"\n";
    let log = t.succeed(&job("", steps)).await;
    assert!(log.contains("\n[] kept\n"), "{log}");
    assert!(
        log.contains(
            "##[error]Can't store NODE_OPTIONS output parameter using '$GITHUB_ENV' command."
        ),
        "{log}"
    );
}
