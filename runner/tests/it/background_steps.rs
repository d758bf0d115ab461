//! Steps that run beside others, and what becomes of what they change (`semantics` 5.16).

use gantry_protocol::{Conclusion, JobId};

use crate::fixture::{Fixture, Place};

/// A job with these steps, each on a line of its own.
fn steps(steps: &str) -> String {
    format!("on: push\njobs:\n  j:\n    runs-on: ubuntu-latest\n    steps:\n{steps}")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_step_changes_is_seen_once_somebody_has_waited_for_it() {
    let Some(t) = Fixture::start(Place::Processes).await else { return };
    let log = t
        .succeed(&steps(
            r#"
      - id: slow
        background: true
        run: |
          while [ ! -e go ]; do sleep 0.02; done
          echo "word=late" >> "$GITHUB_OUTPUT"
          echo "LATE=yes" >> "$GITHUB_ENV"
          mkdir bin; echo 'echo from the path' > bin/tool; chmod +x bin/tool
          echo "$PWD/bin" >> "$GITHUB_PATH"
      - run: echo "before [${{ steps.slow.outputs.word }}] [$LATE] [${{ steps.slow.outcome }}]"; touch go
      - {name: Hold, wait: slow}
      - run: echo "after [${{ steps.slow.outputs.word }}] [$LATE] [${{ steps.slow.outcome }}]"; tool
"#,
        ))
        .await;
    assert!(log.contains("\nbefore [] [] []\n"), "{log}");
    assert!(log.contains("\nafter [late] [yes] [success]\nfrom the path\n"), "{log}");
    // Lines of the step may stand between them.
    let name = "Run while [ ! -e go ]; do sleep 0.02; done";
    for line in [
        format!("Waiting for background step(s) to complete: {name}"),
        format!("Finished waiting for background step(s).\n  {name}: Succeeded"),
    ] {
        assert!(log.contains(&format!("\n{line}\n")), "{log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_counts_for_the_wait_and_for_the_job() {
    let Some(t) = Fixture::start(Place::Processes).await else { return };
    let (job, end) = t
        .run(&steps(
            r#"
      - {id: bad, name: Bad, background: true, run: exit 3}
      - {name: Unaffected, run: 'true'}
      - {name: Hold, wait: [bad]}
      - {name: Skipped, run: 'true'}
      - {name: Seen, if: failure(), run: 'echo "it was ${{ steps.bad.conclusion }}"'}
"#,
        ))
        .await;
    assert_eq!(end.conclusion, Conclusion::Failure);
    assert_eq!(
        t.server.steps(job)[1..6],
        [
            "Bad failure failure",
            "Unaffected success success",
            "Hold failure failure",
            "Skipped skipped skipped",
            "Seen success success",
        ]
    );
    assert!(t.server.log(job).contains("\nit was failure\n"), "{}", t.server.log(job));
    assert_eq!(end.annotations.len(), 1, "{:?}", end.annotations);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_that_nobody_waits_for_is_waited_for_and_fails_the_job() {
    let Some(t) = Fixture::start(Place::Processes).await else { return };
    let (job, end) = t
        .run(&steps(
            r#"
      - {name: Bad, background: true, run: 'while [ ! -e go ]; do sleep 0.02; done; exit 3'}
      - {name: Last, run: touch go}
"#,
        ))
        .await;
    assert_eq!(end.conclusion, Conclusion::Failure);
    assert_eq!(t.server.steps(job)[1..3], ["Bad failure failure", "Last success success"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_step_ends_and_does_not_fail_the_job() {
    let Some(t) = Fixture::start(Place::Processes).await else { return };
    let (job, end) = t
        .run(&steps(
            r#"
      - {id: serve, name: Serve, if: always(), background: true, run: 'touch up; exec sleep 1000'}
      - {name: Use, run: 'while [ ! -e up ]; do sleep 0.02; done'}
      - {name: Stop, cancel: serve}
      - {name: Seen, run: 'echo "it was ${{ steps.serve.outcome }}"'}
"#,
        ))
        .await;
    assert_eq!(end.conclusion, Conclusion::Success, "{}", t.server.log(job));
    assert_eq!(
        t.server.steps(job)[1..5],
        [
            "Serve cancelled cancelled",
            "Use success success",
            "Stop success success",
            "Seen success success"
        ]
    );
    let log = t.server.log(job);
    assert!(
        log.contains("\nFinished cancelling background step(s).\n  Serve: Canceled\n"),
        "{log}"
    );
    assert!(log.contains("\nit was cancelled\n"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn parallel_steps_run_beside_each_other_and_are_waited_for() {
    let Some(t) = Fixture::start(Place::Processes).await else { return };
    let (job, end) = t
        .run(&steps(
            r#"
      - parallel:
          - {id: one, name: One, run: 'touch 1; while [ ! -e 2 ]; do sleep 0.02; done; echo "of=one" >> "$GITHUB_OUTPUT"'}
          - {id: two, name: Two, run: 'touch 2; while [ ! -e 1 ]; do sleep 0.02; done; echo "of=two" >> "$GITHUB_OUTPUT"'}
          - {name: Never, if: failure(), run: 'exit 1'}
      - run: 'echo "both: ${{ steps.one.outputs.of }} ${{ steps.two.outputs.of }}"'
"#,
        ))
        .await;
    let log = t.server.log(job);
    assert_eq!(end.conclusion, Conclusion::Success, "{log}");
    assert!(log.contains("\nboth: one two\n"), "{log}");
    assert_eq!(
        t.server.steps(job)[1..5],
        [
            "One success success",
            "Two success success",
            "Never skipped skipped",
            "Wait success success"
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_job_ends_its_steps_in_the_background() {
    let Some(t) = Fixture::start(Place::Processes).await else { return };
    let job = t.queue(&steps(
        r#"
      - {name: Serve, background: true, run: 'echo serving; exec sleep 1000'}
      - {name: Hold, wait-all: }
      - {name: Skipped, run: 'true'}
      - {name: Last, if: always(), run: echo last}
"#,
    ));
    t.server.wait_for_line(job, "\nserving\n").await;
    t.server.cancel(job, false);
    let end = t.server.completed(job).await;
    assert_eq!(end.conclusion, Conclusion::Cancelled);
    let steps = t.server.steps(job);
    assert_eq!(steps[1], "Serve cancelled cancelled");
    assert_eq!(steps[3..5], ["Skipped skipped skipped", "Last success success"]);
}

const COUNTING: &str = r#"
      - id: count
        name: Count
        background: true
        run: |
          echo "::add-mask::precious"
          for i in $(seq 1 300); do echo "line $i"; done
          echo counted
          while [ ! -e go ]; do sleep 0.05; done
          for i in $(seq 301 600); do echo "line $i precious"; done
          echo "n=600" >> "$GITHUB_OUTPUT"
      - {name: Change, run: 'echo "CHANGED=yes" >> "$GITHUB_ENV"; echo changed'}
      - {name: Hold, wait: count}
      - run: 'echo "n is ${{ steps.count.outputs.n }}, $CHANGED, precious"'
"#;

async fn a_killed_runner_goes_on_with_steps_in_the_background(mut t: Fixture) {
    let job = t.queue(&steps(COUNTING));
    t.server.wait_for_line(job, "\ncounted\n").await;
    t.server.wait_for_line(job, "\nchanged\n").await;
    t.kill_runner().await;
    std::fs::write(t.job_directory(job).join("work/app/app/go"), "").unwrap();
    t.start_runner();
    assert_counted(&t, job).await;
}

async fn assert_counted(t: &Fixture, job: JobId) {
    let end = t.server.completed(job).await;
    let log = t.server.step_log(job, 2);
    assert_eq!(end.conclusion, Conclusion::Success, "{}", t.server.log(job));
    let lines: Vec<&str> = log.lines().filter(|line| line.starts_with("line ")).collect();
    let first = (1..=300).map(|n| format!("line {n}"));
    let expected: Vec<String> = first.chain((301..=600).map(|n| format!("line {n} ***"))).collect();
    assert_eq!(lines, expected, "lines are lost or repeated");
    assert!(t.server.step_log(job, 5).ends_with("\nn is 600, yes, ***\n"), "{}", t.server.log(job));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_runner_goes_on_with_them_with_processes() {
    if let Some(t) = Fixture::start(Place::Processes).await {
        a_killed_runner_goes_on_with_steps_in_the_background(t).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_runner_goes_on_with_them_with_containers() {
    if let Some(t) = Fixture::start(Place::Containers).await {
        a_killed_runner_goes_on_with_steps_in_the_background(t).await;
    }
}
