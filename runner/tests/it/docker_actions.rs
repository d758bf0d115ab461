//! Actions in containers of their own, built or named, on a real engine.

use std::path::Path;

use gantry_protocol::{Conclusion, JobId};

use crate::fixture::{Fixture, Place};
use crate::repositories::{commit, git, repository};

const SCRIPT: &str = r#"#!/bin/sh
echo "entry $0 with $# arguments: $*"
echo "in $(pwd) as $INPUT_WHO, home $HOME, set $SET, CI $CI"
echo "temp $RUNNER_TEMP event $(test -s "$GITHUB_EVENT_PATH" && echo there) of $GITHUB_ACTION_REPOSITORY"
echo "state $STATE_left"
cat README 2>/dev/null
echo "::add-mask::whispered"; echo "so whispered"
echo "::warning::mind it"
echo "said=hello $INPUT_WHO" >> "$GITHUB_OUTPUT"
echo "FROM_CONTAINER=yes" >> "$GITHUB_ENV"
echo "left=by ${1:-nobody}" >> "$GITHUB_STATE"
echo made > made-by-action
exit "${INPUT_CODE:-0}"
"#;

const MANIFEST: &str = "inputs: {who: {default: you}, code: {default: '0'}}
runs:
  using: docker
  image: Dockerfile
  pre-entrypoint: /before.sh
  entrypoint: /main.sh
  post-entrypoint: /after.sh
  args: ['${{ inputs.who }}', 'two words', '']
  env: {SET: 'by action', WHO: '${{ inputs.who }}'}
";

const DOCKERFILE: &str = "FROM gantry/base:bookworm
COPY script.sh /main.sh
RUN cp /main.sh /before.sh && cp /main.sh /after.sh && chmod 755 /*.sh
";

/// A runner with the action `octo/boxed@v1`.
async fn start() -> Option<Fixture> {
    let t = Fixture::start(Place::Containers).await?;
    boxed(&t.work.path().join("actions/octo/boxed"), MANIFEST);
    Some(t)
}

fn boxed(path: &Path, manifest: &str) {
    let files = [("action.yml", manifest), ("Dockerfile", DOCKERFILE), ("script.sh", SCRIPT)];
    repository(path, &files);
    git(path, &["tag", "v1"]);
}

fn job(steps: &str) -> String {
    format!("on: push\njobs:\n  j:\n    runs-on: ubuntu-latest\n    steps:\n{steps}")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_action_with_a_dockerfile_runs_in_all_stages() {
    let Some(t) = start().await else { return };
    let steps = "    - run: echo of the job > README
    - {id: b, uses: octo/boxed@v1, with: {who: me}, env: {SET: by step}}
    - run: 'cat made-by-action; echo \"${{ steps.b.outputs.said }} $FROM_CONTAINER\"'
";
    let (job, end) = t.run(&job(steps)).await;
    let log = t.server.log(job);
    assert_eq!(end.conclusion, Conclusion::Success, "{log}");
    assert_eq!(
        t.server.steps(job),
        [
            "Set up job success success",
            "Build octo/boxed@v1 success success",
            "Pre Run octo/boxed@v1 success success",
            "Run echo of the job > README success success",
            "Run octo/boxed@v1 success success",
            "Run cat made-by-action; echo \"hello me $FROM_CONTAINER\" success success",
            "Post Run octo/boxed@v1 success success",
            "Complete job success success",
        ]
    );
    assert!(
        t.server.step_log(job, 3).contains("\nentry /before.sh with 3 arguments: me two words \n")
    );
    let log = t.server.step_log(job, 5);
    for line in [
        "entry /main.sh with 3 arguments: me two words ",
        "in /github/workspace as me, home /github/home, set by step, CI true",
        "temp /github/runner_temp event there of octo/boxed",
        "state by me",
        "of the job",
        "so ***",
        "##[warning]mind it",
    ] {
        assert!(log.lines().any(|found| found == line), "no `{line}` in {log}");
    }
    assert!(t.server.step_log(job, 6).ends_with("\nmade\nhello me yes\n"));
    assert!(t.server.step_log(job, 7).contains("\nstate by me\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_may_be_a_step_and_its_exit_code_is_the_steps() {
    let Some(t) = start().await else { return };
    let steps = "    - uses: docker://gantry/base:bookworm
      with: {entrypoint: /bin/sh, args: '-c \"echo boxed $INPUT_ENTRYPOINT; exit 3\"'}
";
    let (job, end) = t.run(&job(steps)).await;
    assert_eq!(end.conclusion, Conclusion::Failure);
    let steps = t.server.steps(job);
    assert_eq!(steps[1], "Pull gantry/base:bookworm success success");
    assert_eq!(steps[2], "Run docker://gantry/base:bookworm failure failure");
    let log = t.server.step_log(job, 3);
    assert!(
        log.ends_with("\nboxed /bin/sh\n##[error]Docker run failed with exit code 3\n"),
        "{log}"
    );
    t.server.completed(job).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_local_action_is_built_when_it_is_reached() {
    let Some(t) = start().await else { return };
    let source = t.work.path().join("source");
    boxed(&source.join("here"), MANIFEST);
    std::fs::remove_dir_all(source.join("here/.git")).unwrap();
    let sha = repository(&source, &[]);
    let steps = "    - uses: actions/checkout@v4\n    - uses: ./here\n";
    let job = t.queue_with(&job(steps), |message| {
        message.repository.clone_url = format!("file://{}", source.display());
        let mut github = message.contexts.github.to_json();
        github["sha"] = sha.into();
        message.contexts.github = gantry_workflow::expr::Value::from_json(&github);
    });
    let end = t.server.completed(job).await;
    let log = t.server.step_log(job, 3);
    assert_eq!(end.conclusion, Conclusion::Success, "{}", t.server.log(job));
    assert!(
        log.contains("`pre` execution is not supported for local action from './here'"),
        "{log}"
    );
    assert!(log.contains("\nentry /main.sh with 3 arguments: you two words \n"), "{log}");
    assert_eq!(t.server.steps(job)[3], "Post Run ./here success success");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_that_cannot_be_had_fails_the_job_before_its_first_step() {
    let Some(t) = start().await else { return };
    let path = t.work.path().join("actions/octo/broken");
    let manifest = "runs: {using: docker, image: Dockerfile}";
    repository(
        &path,
        &[("action.yml", manifest), ("Dockerfile", "FROM gantry/base:bookworm\nRUN exit 9\n")],
    );
    let (job, end) = t.run(&job("    - run: echo never\n    - uses: octo/broken@main\n")).await;
    assert_eq!(end.conclusion, Conclusion::Failure);
    let steps = t.server.steps(job);
    assert_eq!(steps[1], "Build octo/broken@main failure failure");
    assert_eq!(steps[2], "Run echo never skipped skipped");
    let log = t.server.step_log(job, 2);
    assert!(log.contains("##[error]Docker build failed: ") && log.contains('9'), "{log}");
}

/// The workspace of a job is the job's own to replace, and the engine follows symlinks.
#[tokio::test(flavor = "multi_thread")]
async fn a_directory_that_was_replaced_by_a_symlink_is_not_mounted() {
    let Some(t) = start().await else { return };
    let steps = "    - run: cd ..; mv app moved; ln -s /etc app
    - {uses: 'docker://gantry/base:bookworm', with: {entrypoint: /bin/ls}}
";
    let (job, end) = t.run(&job(steps)).await;
    assert_eq!(end.conclusion, Conclusion::Failure);
    let error = end.infrastructure_error.unwrap();
    assert!(error.contains("a directory of the job is not what it was"), "{error}");
    assert!(!t.server.log(job).contains("passwd"));
}

fn go(t: &Fixture, job: JobId) {
    std::fs::write(t.job_directory(job).join("work/app/app/go"), "").unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_runner_is_replaced_in_the_middle_of_an_actions_container() {
    let Some(mut t) = start().await else { return };
    let script = "#!/bin/sh\necho begun >> runs; echo waiting\nwhile [ ! -e go ]; do sleep 0.05; done\necho left=over >> $GITHUB_OUTPUT\nexit 7\n";
    let path = t.work.path().join("actions/octo/boxed");
    commit(&path, &[("script.sh", script)]);
    git(&path, &["tag", "--force", "v1"]);
    let steps = "    - {id: b, uses: octo/boxed@v1, continue-on-error: true}
    - run: 'cat runs; echo ${{ steps.b.outcome }} ${{ steps.b.outputs.left }}'
";
    let manifest = "runs: {using: docker, image: Dockerfile, entrypoint: /main.sh}";
    commit(&path, &[("action.yml", manifest)]);
    git(&path, &["tag", "--force", "v1"]);
    let job = t.queue(&job(steps));
    t.server.wait_for_line(job, "\nwaiting\n").await;
    t.kill_runner().await;
    t.start_runner();
    let renewals = t.server.wait_for(job, "job", |job| Some(job.renewals)).await;
    t.server.wait_for(job, "renewal", |job| (job.renewals > renewals).then_some(())).await;
    go(&t, job);
    let end = t.server.completed(job).await;
    let log = t.server.log(job);
    assert_eq!(end.conclusion, Conclusion::Success, "{log}");
    assert_eq!(log.matches("\nwaiting\n").count(), 1, "{log}");
    assert!(log.contains("\n##[error]Docker run failed with exit code 7\n"), "{log}");
    assert!(t.server.step_log(job, 4).ends_with("\nbegun\nfailure over\n"), "{log}");
    t.drain().await;
    assert!(t.remaining_jobs().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_job_stops_an_actions_container() {
    let Some(t) = start().await else { return };
    let steps = "    - {uses: 'docker://gantry/base:bookworm', with: {entrypoint: /bin/sh, args: '-c \"trap \\\"echo interrupted; exit 5\\\" INT; echo waiting; while :; do sleep 0.05; done\"'}}
    - {if: always(), run: echo after}
";
    let job = t.queue(&job(steps));
    t.server.wait_for_line(job, "\nwaiting\n").await;
    t.server.cancel(job, false);
    let end = t.server.completed(job).await;
    assert_eq!(end.conclusion, Conclusion::Cancelled);
    let log = t.server.step_log(job, 3);
    assert!(log.ends_with("\ninterrupted\n##[error]The operation was canceled.\n"), "{log}");
    assert!(t.server.step_log(job, 4).ends_with("\nafter\n"));
}
