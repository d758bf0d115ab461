//! Steps, their results and their logs; the same list on processes and in containers.

use gantry_protocol::{AnnotationLevel, Conclusion};

use crate::fixture::{Fixture, Place};

/// One test per place.
macro_rules! everywhere {
    ($($name:ident),* $(,)?) => {
        mod on_processes {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                if let Some(fixture) = super::Fixture::start(super::Place::Processes).await {
                    super::$name(fixture).await;
                }
            })*
        }
        mod in_containers {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                if let Some(fixture) = super::Fixture::start(super::Place::Containers).await {
                    super::$name(fixture).await;
                }
            })*
        }
    };
}

everywhere! {
    a_job_says_hello_and_reports_its_steps,
    a_failing_step_has_its_exit_code_and_skips_the_rest,
    outputs_and_variables_reach_later_steps,
    secrets_are_masked_everywhere,
    behaviour_47_an_output_with_a_secret_vanishes_with_a_warning,
    commands_in_the_output_are_carried_out,
    continue_on_error_separates_outcome_from_conclusion,
    a_wrong_file_command_fails_the_step,
    a_time_limit_ends_a_step,
    a_background_process_does_not_hold_up_the_step,
    shells_are_githubs,
    problem_matchers_annotate_the_lines_they_find_in_all_later_steps,
    summaries_are_sent_masked_unless_they_are_too_long,
}

async fn a_job_says_hello_and_reports_its_steps(t: Fixture) {
    let (job, end) = t
        .run("on: push\njobs: {greet: {runs-on: ubuntu-latest, steps: [{run: 'echo hello; echo more >&2'}]}}")
        .await;
    assert_eq!(end.conclusion, Conclusion::Success);
    assert_eq!(
        t.server.steps(job),
        [
            "Set up job success success",
            "Run echo hello; echo more >&2 success success",
            "Complete job success success"
        ]
    );
    let log = t.server.step_log(job, 2);
    let lines: Vec<&str> = log.lines().collect();
    assert_eq!(lines[0], "##[group]Run echo hello; echo more >&2");
    assert_eq!(lines[1], "\u{1b}[36;1mecho hello; echo more >&2\u{1b}[0m");
    assert!(lines[2].starts_with("shell: ") && lines[2].ends_with("bash -e {0}"), "{log}");
    assert_eq!(lines[3..], ["##[endgroup]", "hello", "more"]);
}

async fn a_failing_step_has_its_exit_code_and_skips_the_rest(t: Fixture) {
    let (job, end) = t
        .run("on: push\njobs: {j: {runs-on: ubuntu-latest, steps: [\n{run: exit 7}, {run: echo no},\n{if: failure(), run: 'echo ${{ job.status }}'}]}}")
        .await;
    assert_eq!(end.conclusion, Conclusion::Failure);
    assert!(t.server.step_log(job, 2).ends_with("##[error]Process completed with exit code 7.\n"));
    assert_eq!(t.server.steps(job)[2], "Run echo no skipped skipped");
    assert!(t.server.step_log(job, 4).ends_with("\nfailure\n"));
    let annotation = &end.annotations[0];
    assert_eq!(annotation.message, "Process completed with exit code 7.");
    assert_eq!((annotation.level, annotation.step_number), (AnnotationLevel::Failure, 2));
}

async fn outputs_and_variables_reach_later_steps(t: Fixture) {
    let workflow = r#"
on: push
env: {A: workflow, B: workflow}
jobs:
  j:
    runs-on: ubuntu-latest
    env: {B: job, C: job}
    outputs: {said: "${{ steps.one.outputs.said }}", none: "${{ steps.one.outputs.none }}"}
    steps:
      - id: one
        run: |
          echo "said=hi there" >> "$GITHUB_OUTPUT"
          printf 'C=from file\nM<<E\n\nx\nE\n' >> "$GITHUB_ENV"
          mkdir -p bin && printf '#!/bin/sh\necho tool ran\n' > bin/tool && chmod +x bin/tool
          echo "$PWD/bin" >> "$GITHUB_PATH"
      - env: {D: step, E: "${{ env.C }}"}
        run: echo "$A $B $C $D $E [$M] ${{ steps.one.outputs.said }}" && tool
"#;
    let (job, end) = t.run(workflow).await;
    let log = t.server.step_log(job, 3);
    assert!(
        log.contains("\nworkflow job from file step from file [\nx] hi there\ntool ran\n"),
        "{log}"
    );
    let outputs: Vec<_> = end.outputs.iter().collect();
    assert_eq!(outputs, [(&"said".to_owned(), &"hi there".to_owned())]);
}

async fn secrets_are_masked_everywhere(t: Fixture) {
    let workflow = r#"
on: push
jobs:
  j:
    runs-on: ubuntu-latest
    steps:
      - id: s
        name: Uses ${{ secrets.PASSWORD }}
        env: {P: "${{ secrets.PASSWORD }}", T: "${{ github.token }}"}
        run: |
          echo "p=$P t=$T"; printf "x$P" | base64
          echo "::error::not $P"
          later=later; echo "::add-mask::${later}-secret"
          echo "${later}-secret"
"#;
    let (job, end) = t.run(workflow).await;
    let (log, steps) = (t.server.log(job), t.server.steps(job).join("\n"));
    let annotations = format!("{:?}", end.annotations);
    for text in [&log, &steps, &annotations] {
        for secret in ["hunter2", "ghs_token", "later-secret"] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }
    assert!(log.contains("p=*** t=***\n"), "{log}");
    assert!(steps.contains("Uses ***"));
}

async fn behaviour_47_an_output_with_a_secret_vanishes_with_a_warning(t: Fixture) {
    let workflow = r#"
on: push
jobs:
  j:
    runs-on: ubuntu-latest
    outputs: {leak: "${{ steps.s.outputs.leak }}", fine: "${{ steps.s.outputs.fine }}"}
    steps:
      - id: s
        env: {P: "${{ secrets.PASSWORD }}"}
        run: |
          echo "leak=a $P b" >> "$GITHUB_OUTPUT"
          echo "fine=a b" >> "$GITHUB_OUTPUT"
"#;
    let (job, end) = t.run(workflow).await;
    let outputs: Vec<_> = end.outputs.iter().collect();
    assert_eq!(outputs.len(), 1, "{outputs:?}");
    assert_eq!(end.outputs["fine"], "a b");
    let log = t.server.log(job);
    assert!(log.contains("Skip output 'leak' since it may contain secret."), "{log}");
}

async fn commands_in_the_output_are_carried_out(t: Fixture) {
    let workflow = r#"
on: push
jobs:
  j:
    runs-on: ubuntu-latest
    steps:
      - id: s
        run: |
          echo "::warning file=$GITHUB_WORKSPACE/src/a.py,line=3,title=Careful::two%0Alines"
          echo "::group::Details"; echo inside; echo "::endgroup::"
          echo "::set-output name=x::1"
          echo "::stop-commands::pause-here"
          echo "::error::only text"
          echo "::pause-here::"
          echo "::debug::hidden"
      - run: echo "x is ${{ steps.s.outputs.x }}"
"#;
    let (job, end) = t.run(workflow).await;
    assert_eq!(end.conclusion, Conclusion::Success);
    let log = t.server.step_log(job, 2);
    assert!(log.contains("\n##[group]Details\ninside\n##[endgroup]\n"), "{log}");
    assert!(log.contains("\n::error::only text\n") && !log.contains("hidden\n##"), "{log}");
    assert!(t.server.step_log(job, 3).ends_with("x is 1\n"));
    let warning = &end.annotations[0];
    assert_eq!(warning.level, AnnotationLevel::Warning);
    assert_eq!(warning.message, "two\nlines");
    assert_eq!(warning.path.as_deref(), Some("src/a.py"));
    assert_eq!((warning.start_line, warning.title.as_deref()), (Some(3), Some("Careful")));
}

async fn continue_on_error_separates_outcome_from_conclusion(t: Fixture) {
    let log = t
        .succeed("on: push\njobs: {j: {runs-on: ubuntu-latest, steps: [\n{id: a, continue-on-error: true, run: exit 1},\n{run: 'echo ${{ steps.a.outcome }} ${{ steps.a.conclusion }} ${{ job.status }}'}]}}")
        .await;
    assert!(log.contains("\nfailure success success\n"), "{log}");
}

async fn a_wrong_file_command_fails_the_step(t: Fixture) {
    let (job, end) = t
        .run("on: push\njobs: {j: {runs-on: ubuntu-latest, steps: [{run: 'echo nonsense >> $GITHUB_ENV'}]}}")
        .await;
    assert_eq!(end.conclusion, Conclusion::Failure);
    let log = t.server.step_log(job, 2);
    assert!(log.contains("##[error]Unable to process file command 'env' successfully.\n"), "{log}");
    assert!(log.contains("##[error]Invalid format 'nonsense'\n"), "{log}");
}

async fn a_time_limit_ends_a_step(t: Fixture) {
    // A fraction of a minute is cut off to none, so the shortest limit there is stands in for it:
    // the job's own, which the server tells.
    let job = t.queue(
        "on: push\njobs: {j: {runs-on: ubuntu-latest, steps: [{run: 'echo started; exec sleep 600'}]}}",
    );
    t.server.wait_for_line(job, "\nstarted\n").await;
    t.server.cancel(job, true);
    assert_eq!(t.server.completed(job).await.conclusion, Conclusion::TimedOut);
}

async fn a_background_process_does_not_hold_up_the_step(t: Fixture) {
    let log = t
        .succeed("on: push\njobs: {j: {runs-on: ubuntu-latest, steps: [\n{run: 'sleep 600 > /dev/null 2>&1 & echo first'}, {run: echo second}]}}")
        .await;
    assert!(log.contains("\nfirst\n") && log.contains("\nsecond\n"), "{log}");
}

async fn shells_are_githubs(t: Fixture) {
    let workflow = r#"
on: push
defaults: {run: {shell: sh}}
jobs:
  j:
    runs-on: ubuntu-latest
    defaults: {run: {working-directory: /tmp}}
    steps:
      - run: false | true; pwd
      - shell: perl {0}
        run: print(40 + 2)
      - {continue-on-error: true, shell: bash, run: false | true; echo not reached}
      - {continue-on-error: true, shell: bash -l, run: echo}
      - {continue-on-error: true, working-directory: nowhere, run: echo}
"#;
    let (job, end) = t.run(workflow).await;
    assert_eq!(end.conclusion, Conclusion::Success, "{}", t.server.log(job));
    assert!(t.server.step_log(job, 2).ends_with("\n/tmp\n"));
    assert!(t.server.step_log(job, 3).ends_with("\n42\n"), "{}", t.server.step_log(job, 3));
    assert!(t.server.step_log(job, 4).ends_with("##[error]Process completed with exit code 1.\n"));
    assert!(t.server.step_log(job, 5).contains("##[error]Invalid shell option."));
    let log = t.server.step_log(job, 6);
    assert!(log.contains("nowhere'. No such file or directory"), "{log}");
}

/// A machine need not have a `python`; the job image has.
#[tokio::test(flavor = "multi_thread")]
async fn python_is_a_shell() {
    let Some(t) = Fixture::start(Place::Containers).await else { return };
    let log = t
        .succeed("on: push\njobs: {j: {runs-on: ubuntu-latest, steps: [\n{shell: python, run: 'print(40 + 2)'}]}}")
        .await;
    assert!(log.contains("python {0}\n##[endgroup]\n42\n"), "{log}");
}

/// The head of the second step shows a variable that is larger than any chunk of a log may be.
#[tokio::test(flavor = "multi_thread")]
async fn a_line_longer_than_a_chunk_does_not_lose_the_job() {
    let Some(t) = Fixture::start(Place::Processes).await else { return };
    let (job, end) = t
        .run("on: push\njobs: {j: {runs-on: ubuntu-latest, steps: [\n{run: \"(printf BIG=; head -c 6000000 /dev/zero | tr '\\\\0' '~'; echo) >> $GITHUB_ENV\"},\n{run: 'true'}]}}")
        .await;
    assert_eq!(end.conclusion, Conclusion::Failure);
    let log = t.server.step_log(job, 3);
    let end = &log[log.len().saturating_sub(300)..];
    assert!(end.contains("Argument list too long"), "{end}");
    assert_eq!(log.matches('~').count(), 6_000_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn results_that_the_server_refuses_fail_the_job_instead_of_losing_it() {
    let Some(t) = Fixture::start(Place::Processes).await else { return };
    let (_, end) = t
        .run("on: push\njobs: {j: {runs-on: ubuntu-latest, outputs: {big: '${{ steps.s.outputs.big }}'}, steps: [\n{id: s, run: \"(printf big=; head -c 9000000 /dev/zero | tr '\\\\0' x; echo) >> $GITHUB_OUTPUT\"}]}}")
        .await;
    assert_eq!(end.conclusion, Conclusion::Failure);
    let error = end.infrastructure_error.unwrap();
    assert!(error.contains("refused the job's results with 413"), "{error}");
}

async fn problem_matchers_annotate_the_lines_they_find_in_all_later_steps(t: Fixture) {
    let workflow = r#"
on: push
jobs:
  j:
    runs-on: ubuntu-latest
    steps:
      - shell: bash
        run: |
          mkdir -p .git src && touch src/a.c
          printf '[remote "origin"]\n\turl = https://github.com/octo/app.git\n' > .git/config
          cat > cc.json <<'END'
          {"problemMatcher": [{"owner": "cc", "pattern": [{
            "regexp": "^(\\S+):(\\d+):(\\d+): (warning|error): (.*)$",
            "file": 1, "line": 2, "column": 3, "severity": 4, "message": 5}]}]}
          END
          echo 'src/a.c:1:2: error: not yet'
          echo "::add-matcher::cc.json"
          printf '\033[1msrc/a.c:3:4: error: no such thing\033[0m\n'
      - run: 'echo "$PWD/src/a.c:5:6: warning: old"; echo "missing.c:7:8: error: elsewhere"'
      - run: 'echo "::remove-matcher owner=cc::"; echo "src/a.c:9:9: error: not any more"'
      - run: 'echo "::add-matcher::missing.json"'
"#;
    let (job, end) = t.run(workflow).await;
    let found: Vec<_> = end
        .annotations
        .iter()
        .map(|a| (a.step_number, a.message.as_str(), a.path.as_deref(), a.start_line))
        .collect();
    assert_eq!(
        found[..3],
        [
            (2, "no such thing", Some("src/a.c"), Some(3)),
            (3, "old", Some("src/a.c"), Some(5)),
            (3, "elsewhere", None, Some(7)),
        ]
    );
    assert!(found[3].1.contains("'::add-matcher::missing.json' successfully"), "{found:?}");
    assert_eq!(end.conclusion, Conclusion::Failure);
    for annotation in &end.annotations[..3] {
        let log = t.server.step_log(job, annotation.step_number);
        let line = usize::try_from(annotation.log_line.unwrap()).unwrap();
        let line = log.lines().nth(line).unwrap();
        assert!(line.starts_with("##[") && line.ends_with(&annotation.message), "{line}\n{log}");
    }
    assert!(t.server.step_log(job, 4).contains("\nsrc/a.c:9:9: error: not any more\n"));
}

async fn summaries_are_sent_masked_unless_they_are_too_long(t: Fixture) {
    let workflow = r#"
on: push
jobs:
  j:
    runs-on: ubuntu-latest
    steps:
      - env: {P: "${{ secrets.PASSWORD }}"}
        run: 'echo "All is well, $P" >> "$GITHUB_STEP_SUMMARY"'
      - run: head -c 1048577 /dev/zero | tr '\0' x > "$GITHUB_STEP_SUMMARY"
      - run: 'true'
"#;
    let (job, end) = t.run(workflow).await;
    assert_eq!(end.conclusion, Conclusion::Success, "{}", t.server.log(job));
    assert_eq!(t.server.summaries(job), [(2, "All is well, ***\n".to_owned())]);
    assert!(end.annotations[0].message.starts_with("$GITHUB_STEP_SUMMARY upload aborted"));
}
