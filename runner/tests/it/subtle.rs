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

#[tokio::test(flavor = "multi_thread")]
async fn subtle_53_the_defaults_of_a_job_replace_those_of_the_workflow_as_a_whole() {
    let Some(t) = Fixture::start(Place::Processes).await else { return };
    let workflow = "on: push
defaults: {run: {shell: bash}}
jobs:
  j:
    runs-on: ubuntu-latest
    defaults: {run: {working-directory: ..}}
    steps:
    - run: false | true; echo \"in ${PWD##*/}\"
";
    // The workflow's bash would have `pipefail`.
    let log = t.succeed(workflow).await;
    assert!(log.contains("\nin app\n") && log.contains("\nshell: /usr/bin/bash -e {0}\n"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn subtle_57_commands_begin_their_line_or_have_brackets_and_stop_when_told() {
    let Some(t) = Fixture::start(Place::Processes).await else { return };
    let steps = "    - run: |
        echo 'x ::error::plain'
        echo '  ::warning::after spaces'
        echo 'x ##[warning]in brackets'
        echo '::stop-commands::token'
        echo '::warning::stopped'
        echo 'x ##[warning]stopped, too'
        echo '::token::'
        echo '::warning::again'
";
    let (job, end) = t.run(&job("", steps)).await;
    assert_eq!(end.conclusion, Conclusion::Success);
    let messages: Vec<&str> = end.annotations.iter().map(|a| a.message.as_str()).collect();
    assert_eq!(messages, ["after spaces", "in brackets", "again"]);
    let log = t.server.log(job);
    assert!(
        log.contains("\nx ::error::plain\n") && log.contains("\n::warning::stopped\n"),
        "{log}"
    );
}

/// The milliseconds that a line of the log ends with.
fn time_in(log: &str, word: &str) -> u64 {
    let line = log.lines().find_map(|line| line.strip_prefix(word)).unwrap();
    line.trim().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn subtle_60_a_cancelled_step_is_interrupted_then_terminated_then_killed() {
    let Some(t) = Fixture::start(Place::Processes).await else { return };
    let steps = "    - run: |
        trap 'echo int $(date +%s%3N)' INT; trap 'echo term $(date +%s%3N)' TERM
        echo waiting; while :; do sleep 0.05 || true; done
    - {if: always(), run: 'echo last $(date +%s%3N)'}
";
    let job = t.queue(&job("", steps));
    t.server.wait_for_line(job, "\nwaiting\n").await;
    t.server.cancel(job, false);
    assert_eq!(t.server.completed(job).await.conclusion, Conclusion::Cancelled);
    let log = t.server.log(job);
    let times = ["int ", "term ", "last "].map(|word| time_in(&log, word));
    // The signals are sent a little before the traps run.
    assert!(times[1] - times[0] >= 7000 && times[2] - times[1] >= 2000, "{times:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn subtle_60_a_step_that_always_runs_is_not_signalled_by_a_cancellation() {
    let Some(t) = Fixture::start(Place::Processes).await else { return };
    let steps = "    - if: always()
      run: |
        trap 'echo signalled; exit 1' INT TERM
        echo waiting; while [ ! -e go ]; do sleep 0.05; done; echo through
";
    let job = t.queue(&job("", steps));
    t.server.wait_for_line(job, "\nwaiting\n").await;
    let before = t.server.wait_for(job, "job", |job| Some(job.renewals)).await;
    t.server.cancel(job, false);
    // It was told of the cancellation when it asks again.
    t.server.wait_for(job, "renewal", |job| (job.renewals > before).then_some(())).await;
    std::fs::write(t.job_directory(job).join("work/app/app/go"), "").unwrap();
    let end = t.server.completed(job).await;
    assert_eq!(end.conclusion, Conclusion::Cancelled);
    let log = t.server.log(job);
    assert!(log.contains("\nthrough\n") && !log.contains("signalled\n"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn subtle_61_a_service_without_an_image_is_left_out() {
    let Some(t) = Fixture::start(Place::Containers).await else { return };
    let workflow = "on: push
jobs:
  j:
    runs-on: ubuntu-latest
    services:
      none: {image: \"${{ vars.NONE }}\", ports: ['80:80']}
    steps:
    - run: echo \"services ${{ toJSON(job.services) }}\"
";
    let log = t.succeed(workflow).await;
    assert!(log.contains("\nservices {}\n"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn subtle_62_and_63_ports_are_found_by_text_and_health_is_waited_for_without_a_limit() {
    let Some(t) = Fixture::start(Place::Containers).await else { return };
    let workflow = r#"on: push
jobs:
  j:
    runs-on: ubuntu-latest
    services:
      slow:
        image: gantry/job:latest
        ports: ["8080:8000"]
        entrypoint: sleep
        command: "1000"
        options: --health-cmd "test -e /ready" --health-interval 100ms --health-start-period 1h
    steps:
    - run: echo "port ${{ toJSON(job.services.slow.ports) }}"
"#;
    let job = t.queue(workflow);
    t.server.wait_for_line(job, "\nslow service is starting, waiting.\n").await;
    let installation = std::fs::read_to_string(t.config.work_directory.join("installation"));
    let owner = format!("label=gantry.runner={}", installation.unwrap().trim());
    let container = docker(&["ps", "--quiet", "--filter", &owner, "--filter", "name=slow"]);
    // The engine keeps the results of five checks.
    let count = ["inspect", "--format", "{{len .State.Health.Log}}", &container];
    while docker(&count) != "5" {
        tokio::task::yield_now().await;
    }
    docker(&["exec", &container, "touch", "/ready"]);
    assert_eq!(t.server.completed(job).await.conclusion, Conclusion::Success);
    assert!(t.server.log(job).contains("\"8000\": \"8080\""), "{}", t.server.log(job));
}

fn docker(arguments: &[&str]) -> String {
    let output = std::process::Command::new("docker").args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn subtle_66_a_summary_that_is_too_long_is_an_annotation_and_no_failure() {
    let Some(t) = Fixture::start(Place::Processes).await else { return };
    let steps = "    - run: head -c 1048577 /dev/zero | tr '\\\\0' x > $GITHUB_STEP_SUMMARY\n";
    let (job, end) = t.run(&job("", steps)).await;
    assert_eq!(end.conclusion, Conclusion::Success, "{}", t.server.log(job));
    assert_eq!(end.annotations.len(), 1, "{:?}", end.annotations);
    assert!(end.annotations[0].message.contains("$GITHUB_STEP_SUMMARY"), "{:?}", end.annotations);
    assert!(t.server.summaries(job).is_empty());
}
