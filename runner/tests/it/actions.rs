//! Checkout and other actions, with repositories on this machine's disk.

use std::path::Path;

use gantry_protocol::{Conclusion, JobId, JobMessage};
use gantry_runner::RunnerConfig;
use gantry_runner::config::BuiltinActions;
use gantry_workflow::expr::Value;

use crate::fixture::{Fixture, Place};
use crate::repositories::{commit, git, repository};

/// Queues a job of a repository at a commit.
pub(crate) fn queue_at(t: &Fixture, workflow: &str, source: &Path, sha: &str) -> JobId {
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
async fn an_action_that_is_not_there_fails_its_step_or_the_set_up() {
    let Some(t) = Fixture::start(Place::Processes).await else { return };
    let (job, end) =
        t.run("on: push\njobs: {j: {runs-on: ubuntu-latest, steps: [{uses: ./none}]}}").await;
    assert_eq!(end.conclusion, Conclusion::Failure);
    assert!(t.server.step_log(job, 2).contains("Can't find 'action.yml'"));

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

const STEP: &str = "on: push\njobs: {j: {runs-on: ubuntu-latest, steps: ";

#[tokio::test(flavor = "multi_thread")]
async fn a_self_reference_is_the_repository_and_commit_of_the_file_that_says_so() {
    let Some(t) = Fixture::start(Place::Processes).await else { return };
    let say = |text: &str| {
        format!("runs: {{using: composite, steps: [{{shell: sh, run: echo {text}}}]}}")
    };
    let source = t.work.path().join("source");
    let sha = repository(&source, &[("tools/say/action.yml", &say("from the job"))]);
    commit(&source, &[("tools/say/action.yml", &say("from later"))]);
    let outer = "runs: {using: composite, steps: [{uses: $/tools/say}]}";
    let files = [("action.yml", outer), ("tools/say/action.yml", &say("from the action"))];
    repository(&t.work.path().join("actions/octo/outer"), &files);
    let workflow = format!("{STEP}[{{uses: $/tools/say}}, {{uses: octo/outer@main}}]}}}}");
    let job = queue_at(&t, &workflow, &source, &sha);
    let end = t.server.completed(job).await;
    let log = t.server.log(job);
    assert_eq!(end.conclusion, Conclusion::Success, "{log}");
    assert!(t.server.step_log(job, 2).ends_with("\nfrom the job\n"), "{log}");
    assert!(t.server.step_log(job, 3).ends_with("\nfrom the action\n"), "{log}");
    // Nobody else's jobs find the repository among the actions of all.
    assert!(!t.config.work_directory.join("actions/octo/app").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mirror_serves_actions_where_the_source_is_out_of_reach() {
    let configure = |config: &mut RunnerConfig| {
        config.action_mirror = Some(config.work_directory.with_file_name("mirror"));
        config.action_source = "file:///nowhere/{owner}/{repo}".to_owned();
    };
    let Some(t) = Fixture::start_with(Place::Processes, configure).await else { return };
    let manifest = "runs: {using: composite, steps: [{shell: sh, run: echo mirrored}]}";
    let mirrored = t.work.path().join("mirror/octo/plain");
    let sha = repository(&mirrored, &[("action.yml", manifest)]);
    git(
        t.work.path(),
        &["clone", "--quiet", "--bare", "mirror/octo/plain", "mirror/octo/bare.git"],
    );
    let workflow = format!("{STEP}[{{uses: octo/plain@main}}, {{uses: octo/bare@{sha}}}]}}}}");
    let log = t.succeed(&workflow).await;
    assert!(log.contains(&format!("Download action repository 'octo/plain@main' (SHA:{sha})\n")));
    assert_eq!(log.matches("\nmirrored\n").count(), 2, "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_built_in_checkout_stands_in_only_as_far_as_the_operator_says() {
    let real = "runs: {using: composite, steps: [{shell: sh, run: echo the real one}]}";
    for (rule, has_real, expected) in [
        (BuiltinActions::Always, true, "HEAD is now at"),
        (BuiltinActions::Fallback, true, "the real one"),
        (BuiltinActions::Fallback, false, "HEAD is now at"),
        (BuiltinActions::Never, true, "the real one"),
    ] {
        let configure = |config: &mut RunnerConfig| config.builtin_actions = rule;
        let Some(t) = Fixture::start_with(Place::Processes, configure).await else { return };
        if has_real {
            let path = t.work.path().join("actions/actions/checkout");
            repository(&path, &[("action.yml", real)]);
        }
        let source = t.work.path().join("source");
        let sha = repository(&source, &[("README", "x")]);
        let job =
            queue_at(&t, &format!("{STEP}[{{uses: actions/checkout@main}}]}}}}"), &source, &sha);
        let end = t.server.completed(job).await;
        assert_eq!(end.conclusion, Conclusion::Success, "{rule:?} {}", t.server.log(job));
        assert!(t.server.step_log(job, 2).contains(expected), "{rule:?} {}", t.server.log(job));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn subtle_70_ten_composite_actions_may_be_nested_and_eleven_may_not() {
    let Some(t) = Fixture::start(Place::Processes).await else { return };
    let actions = t.work.path().join("actions/octo");
    let last = "runs: {using: composite, steps: [{shell: sh, run: echo the innermost}]}";
    repository(&actions.join("n1"), &[("action.yml", last)]);
    for n in 2..=11 {
        let inner = n - 1;
        let text = format!("runs: {{using: composite, steps: [{{uses: octo/n{inner}@main}}]}}");
        repository(&actions.join(format!("n{n}")), &[("action.yml", &text)]);
    }
    let log = t.succeed(&format!("{STEP}[{{uses: octo/n10@main}}]}}}}")).await;
    assert!(log.contains("\nthe innermost\n"), "{log}");
    let (job, end) = t.run(&format!("{STEP}[{{uses: octo/n11@main}}]}}}}")).await;
    assert_eq!(end.conclusion, Conclusion::Failure);
    let log = t.server.log(job);
    assert!(log.contains("##[error]Composite action depth exceeded max depth 9\n"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_inner_step_that_has_ended_is_not_repeated_by_the_next_runner() {
    let Some(mut t) = Fixture::start(Place::Processes).await else { return };
    let source = t.work.path().join("source");
    let sha = repository(&source, &[("README", "x")]);
    let steps = "runs:\n  using: composite\n  steps:\n  - {uses: actions/checkout@v4}\n\
                 \x20 - {id: out, shell: bash, run: 'echo set=before >> $GITHUB_OUTPUT; echo E=env >> $GITHUB_ENV; echo \"::warning::once\"'}\n\
                 \x20 - shell: bash\n    run: |\n      touch made; echo \"waiting ${{ steps.out.outputs.set }} $E\"\n      \
                 while [ ! -e go ]; do sleep 0.05; done; ls; exit 7\n";
    repository(&t.work.path().join("actions/octo/outer"), &[("action.yml", steps)]);
    let workflow =
        format!("{STEP}[{{uses: octo/outer@main, continue-on-error: true}}, {{run: ls}}]}}}}");
    let job = queue_at(&t, &workflow, &source, &sha);
    t.server.wait_for_line(job, "\nwaiting before env\n").await;
    t.kill_runner().await;
    t.start_runner();
    // It follows the step again before that ends.
    let renewals = t.server.wait_for(job, "job", |job| Some(job.renewals)).await;
    t.server.wait_for(job, "renewal", |job| (job.renewals > renewals).then_some(())).await;
    std::fs::write(t.job_directory(job).join("work/app/app/go"), "").unwrap();
    let end = t.server.completed(job).await;
    let log = t.server.step_log(job, 2);
    assert_eq!(end.conclusion, Conclusion::Success, "{log}");
    assert!(
        log.ends_with("\nREADME\ngo\nmade\n##[error]Process completed with exit code 7.\n"),
        "{log}"
    );
    assert_eq!(log.matches("HEAD is now at").count(), 1, "{log}");
    let messages: Vec<&str> = end.annotations.iter().map(|a| a.message.as_str()).collect();
    assert_eq!(messages, ["once", "Process completed with exit code 7."]);
    assert!(t.server.step_log(job, 3).ends_with("\nREADME\ngo\nmade\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn checkout_takes_other_repositories_and_parts_of_one() {
    let Some(t) = Fixture::start(Place::Processes).await else { return };
    let hosts = t.work.path().join("hosts");
    let other = hosts.join("octo/other");
    repository(&other, &[("a/one", "1"), ("b/two", "2"), ("top", "0"), ("c/d.txt", "3")]);
    git(&other, &["branch", "--move", "main", "trunk"]);
    let workflow = format!(
        "{STEP}[{{uses: actions/checkout@v4, with: {{repository: octo/other, path: whole}}}},\n\
         {{uses: actions/checkout@v4, with: {{repository: octo/other, path: cone, sparse-checkout: a}}}},\n\
         {{uses: actions/checkout@v4, with: {{repository: octo/other, path: rules, sparse-checkout: '*.txt', sparse-checkout-cone-mode: false}}}},\n\
         {{run: 'git -C whole branch --show-current; cd whole; find . -path ./.git -prune -o -type f -print | sort; cd ../cone; find . -path ./.git -prune -o -type f -print | sort; cd ../rules; find . -path ./.git -prune -o -type f -print'}}]}}}}"
    );
    let job = t.queue_with(&workflow, |message| {
        let mut github = message.contexts.github.to_json();
        github["server_url"] = format!("file://{}", hosts.display()).into();
        message.contexts.github = Value::from_json(&github);
    });
    let end = t.server.completed(job).await;
    let log = t.server.log(job);
    let listed = "\ntrunk\n./a/one\n./b/two\n./c/d.txt\n./top\n./a/one\n./top\n./c/d.txt\n";
    assert!(t.server.step_log(job, 5).ends_with(listed), "{log}");
    assert_eq!(end.conclusion, Conclusion::Success, "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_jobs_may_download_an_action_at_once_and_what_was_cut_short_is_removed() {
    let Some(mut t) = Fixture::start(Place::Processes).await else { return };
    t.succeed(&format!("{STEP}[{{run: 'true'}}]}}}}")).await;
    t.kill_runner().await;
    let cache = t.config.work_directory.join("actions");
    std::fs::create_dir_all(cache.join(".new/cut-short")).unwrap();
    let manifest = "runs: {using: composite, steps: [{shell: sh, run: echo shared}]}";
    let sha = repository(&t.work.path().join("actions/octo/shared"), &[("action.yml", manifest)]);
    let workflow = format!("{STEP}[{{uses: octo/shared@main}}]}}}}");
    let jobs = [t.queue(&workflow), t.queue(&workflow)];
    t.start_runner();
    for job in jobs {
        assert_eq!(t.server.completed(job).await.conclusion, Conclusion::Success);
    }
    let names = |path: &Path| -> Vec<String> {
        let entries = std::fs::read_dir(path).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    };
    assert_eq!(names(&cache.join("octo/shared")), [sha]);
    assert!(names(&cache.join(".new")).is_empty());
}
