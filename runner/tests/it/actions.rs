//! Checkout and other actions, with repositories on this machine's disk.

use std::path::Path;
use std::process::Command;

use gantry_protocol::{Conclusion, JobId, JobMessage};
use gantry_workflow::expr::Value;

use crate::fixture::{Fixture, Place};

/// Runs git with a fixed identity; answers what it prints.
fn git(directory: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .args(["-c", "user.name=t", "-c", "user.email=t@example.com"])
        .args(arguments)
        .current_dir(directory)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// A repository with one commit; answers the commit.
fn repository(path: &Path, files: &[(&str, &str)]) -> String {
    std::fs::create_dir_all(path).unwrap();
    git(path, &["init", "--quiet", "--initial-branch=main"]);
    commit(path, files)
}

fn commit(path: &Path, files: &[(&str, &str)]) -> String {
    for (name, text) in files {
        let file = path.join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }
    git(path, &["add", "--all"]);
    git(path, &["commit", "--quiet", "--message", "change"]);
    git(path, &["rev-parse", "HEAD"])
}

/// Queues a job of a repository at a commit.
fn queue_at(t: &Fixture, workflow: &str, source: &Path, sha: &str) -> JobId {
    t.queue_with(workflow, |message: &mut JobMessage| {
        message.repository.clone_url = format!("file://{}", source.display());
        let mut github = message.contexts.github.to_json();
        github["sha"] = sha.into();
        message.contexts.github = Value::from_json(&github);
    })
}

async fn checkout_puts_the_events_commit_into_the_workspace(t: Fixture) {
    let source = t.work.path().join("source");
    let sha = repository(&source, &[("README", "first"), ("sub/x", "1")]);
    commit(&source, &[("README", "second")]);
    let workflow = r#"
on: push
jobs:
  j:
    runs-on: ubuntu-latest
    steps:
      - run: ln -s /etc leftover && echo old > README
      - {id: c, uses: actions/checkout@v4}
      - run: |
          cat README; echo; ls; git log --format=%H; git branch --show-current
          echo "commit ${{ steps.c.outputs.commit }}"
          git status --porcelain
      - {uses: actions/checkout@v4, with: {path: inner, fetch-depth: 0, ref: main}}
      - run: cat inner/README; echo; git -C inner rev-list --count HEAD; echo "${{ hashFiles('inner/README') != '' }}"
"#;
    let job = queue_at(&t, workflow, &source, &sha);
    let end = t.server.completed(job).await;
    assert_eq!(end.conclusion, Conclusion::Success, "{}", t.server.log(job));
    let log = t.server.step_log(job, 4);
    assert!(log.ends_with(&format!("\nfirst\nREADME\nsub\n{sha}\nmain\ncommit {sha}\n")), "{log}");
    assert!(t.server.step_log(job, 6).ends_with("\nsecond\n2\ntrue\n"), "{}", t.server.log(job));
    assert_eq!(t.server.steps(job)[2], "Run actions/checkout@v4 success success");
}

#[tokio::test(flavor = "multi_thread")]
async fn checkout_for_processes() {
    if let Some(t) = Fixture::start(Place::Processes).await {
        checkout_puts_the_events_commit_into_the_workspace(t).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn checkout_in_containers() {
    if let Some(t) = Fixture::start(Place::Containers).await {
        checkout_puts_the_events_commit_into_the_workspace(t).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn composite_actions_run_their_steps_and_answer_outputs() {
    let Some(t) = Fixture::start(Place::Processes).await else { return };
    let inner = "inputs: {name: {default: nobody}}\noutputs: {said: {value: '${{ steps.s.outputs.said }}'}}\n\
                 runs:\n  using: composite\n  steps:\n  - {id: s, shell: bash, run: 'echo \"said=hi ${{ inputs.name }} $OUTER\" >> $GITHUB_OUTPUT; echo SET=by-action >> $GITHUB_ENV'}\n";
    let outer = "runs:\n  using: composite\n  steps:\n  - {uses: octo/greet@v1, id: g, with: {name: you}}\n\
                 \x20 - {shell: bash, run: 'echo \"got ${{ steps.g.outputs.said }} $SET\"; ls $GITHUB_ACTION_PATH'}\n";
    let actions = t.work.path().join("actions/octo");
    repository(&actions.join("greet"), &[("action.yml", inner)]);
    git(&actions.join("greet"), &["tag", "v1"]);
    repository(&actions.join("outer"), &[("action.yml", outer)]);
    let log = t
        .succeed("on: push\njobs: {j: {runs-on: ubuntu-latest, steps: [\n{uses: octo/outer@main, env: {OUTER: seen}},\n{run: 'echo \"later $SET\"'}]}}")
        .await;
    assert!(log.contains("\ngot hi you seen by-action\naction.yml\n"), "{log}");
    assert!(log.contains("\nlater by-action\n"), "{log}");
    assert!(log.contains("Download action repository 'octo/greet@v1' (SHA:"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_supported_fails_and_says_so() {
    let Some(t) = Fixture::start(Place::Processes).await else { return };
    let actions = t.work.path().join("actions/octo");
    repository(&actions.join("node"), &[("action.yml", "runs: {using: node20, main: x.js}")]);
    let (job, end) = t
        .run("on: push\njobs: {j: {runs-on: ubuntu-latest, steps: [\n{uses: octo/node@main},\n{if: always(), uses: 'docker://debian'},\n{if: always(), uses: ./none}]}}")
        .await;
    assert_eq!(end.conclusion, Conclusion::Failure);
    assert!(t.server.step_log(job, 2).contains("runs with `node20`, which is not supported yet"));
    assert!(t.server.step_log(job, 3).contains("`docker://debian` is not supported yet"));
    assert!(t.server.step_log(job, 4).contains("Can't find 'action.yml'"));

    let (job, end) =
        t.run("on: push\njobs: {j: {runs-on: ubuntu-latest, steps: [{uses: octo/none@v1}]}}").await;
    assert_eq!(end.conclusion, Conclusion::Failure);
    let log = t.server.step_log(job, 1);
    assert!(log.contains("##[error]Unable to resolve action `octo/none@v1`"), "{log}");
    assert_eq!(t.server.steps(job)[1], "Run octo/none@v1 skipped skipped");
}

/// One ref of an action may be a directory of another: the first brings a symlink, and what the
/// second one brings must not go through it.
#[tokio::test(flavor = "multi_thread")]
async fn an_action_is_never_copied_through_the_symlink_of_another() {
    let Some(t) = Fixture::start(Place::Processes).await else { return };
    let outside = t.work.path().join("outside");
    std::fs::create_dir(&outside).unwrap();
    let manifest = "runs: {using: composite, steps: [{shell: bash, run: 'true'}]}";
    let action = t.work.path().join("actions/octo/trap");
    repository(&action, &[("action.yml", manifest)]);
    std::os::unix::fs::symlink(&outside, action.join("x")).unwrap();
    commit(&action, &[]);
    git(&action, &["tag", "v1"]);
    git(&action, &["rm", "--quiet", "x"]);
    git(&action, &["checkout", "--quiet", "-b", "v1/x"]);
    commit(&action, &[("planted", "here")]);
    let (job, end) = t
        .run("on: push\njobs: {j: {runs-on: ubuntu-latest, steps: [{uses: octo/trap@v1}, {uses: octo/trap@v1/x}]}}")
        .await;
    assert_eq!(end.conclusion, Conclusion::Failure, "{}", t.server.log(job));
    assert_eq!(std::fs::read_dir(&outside).unwrap().count(), 0);
}

/// The runner reads the manifests of actions itself before the job has a container.
#[tokio::test(flavor = "multi_thread")]
async fn a_manifest_outside_of_its_action_is_not_read_on_the_host() {
    let Some(t) = Fixture::start(Place::Processes).await else { return };
    let action = t.work.path().join("actions/octo/endless");
    repository(&action, &[("README", "an action")]);
    std::os::unix::fs::symlink("/dev/zero", action.join("action.yml")).unwrap();
    std::fs::create_dir(action.join("sub")).unwrap();
    std::os::unix::fs::symlink(t.work.path().join("secret.yml"), action.join("sub/action.yml"))
        .unwrap();
    commit(&action, &[]);
    std::fs::write(
        t.work.path().join("secret.yml"),
        "runs: {using: composite, steps: [{uses: octo/none@v1}]}",
    )
    .unwrap();
    let (job, end) = t
        .run("on: push\njobs: {j: {runs-on: ubuntu-latest, steps: [{run: 'true'}, {if: false, uses: octo/endless@main}, {if: false, uses: octo/endless/sub@main}]}}")
        .await;
    assert_eq!(end.conclusion, Conclusion::Success, "{}", t.server.log(job));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_with_a_step_of_an_unknown_kind_fails_before_its_first_step() {
    let Some(t) = Fixture::start(Place::Processes).await else { return };
    for (step, what) in [
        ("{run: serve, background: true}", "A step in the `background`"),
        ("{parallel: [{run: a}]}", "A `parallel` step"),
        ("{wait-all: }", "A `wait-all` step"),
        ("{uses: $/here}", "An action of the same repository and commit (`$/path`)"),
    ] {
        let (job, end) = t
            .run(&format!(
                "on: push\njobs: {{j: {{runs-on: ubuntu-latest, steps: [{{run: 'true'}}, {step}]}}}}"
            ))
            .await;
        assert_eq!(end.conclusion, Conclusion::Failure, "{step}");
        let log = t.server.step_log(job, 1);
        let message = format!("##[error]{what} is not supported yet by this runner.");
        assert!(log.contains(&message), "{step}: {log}");
        assert_eq!(t.server.steps(job)[1], "Run true skipped skipped", "{step}");
    }
}
