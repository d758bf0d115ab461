//! Actions in JavaScript, made of the published toolkit and run by the runner's own Node.js.

use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use gantry_protocol::{ActionsRuntime, AnnotationLevel, Conclusion, JobId};
use sha2::{Digest, Sha256};

use gantry_runner::RunnerConfig;
use tokio::sync::OnceCell;

use crate::fixture::{Fixture, Place};
use crate::repositories::{commit, git, repository};

const TOOLKIT: &str = "inputs:
  who: {default: '${{ github.actor }}'}
  other-one: {default: nobody}
  old: {deprecationMessage: use who}
  post-fails: {}
runs: {using: node20, pre: pre.js, main: main.js, post: post.js}
";

/// The bundled actions; `None`, with a printed line, where they have not been built.
#[expect(clippy::disallowed_methods, reason = "tests are told by environment what must be there")]
#[expect(clippy::print_stdout, reason = "whoever runs the tests must see what was not tested")]
fn bundles() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/javascript/dist");
    if folder.join("main.js").exists() {
        return Some(folder);
    }
    let problem = "tests/javascript is not built: npm ci && npm run build";
    assert!(std::env::var_os("TEST_REQUIRE_DOCKER").is_none(), "{problem}");
    println!("skipped: {problem}");
    None
}

/// Node.js as a runner has fetched it, kept for the next run of the tests.
pub(crate) async fn node_directory() -> PathBuf {
    static NODE: OnceCell<PathBuf> = OnceCell::const_new();
    let fetch = async || {
        let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join("externals");
        if !kept.join("node24/bin/node").exists() {
            let t = Fixture::start(Place::Processes).await.unwrap();
            fetch_node(&t).await;
            let fetched = t.config.work_directory.join("externals");
            std::fs::create_dir_all(&kept).unwrap();
            let copied =
                Command::new("cp").arg("-r").arg(fetched.join("node24")).arg(&kept).status();
            assert!(copied.unwrap().success());
        }
        kept
    };
    NODE.get_or_init(fetch).await.clone()
}

/// Runs two jobs at once that need Node.js, which is not there yet.
async fn fetch_node(t: &Fixture) {
    let manifest = "runs: {using: node20, main: show.js}";
    let script = "console.log(process.execPath.split('/').slice(-3).join('/'))";
    let action = t.work.path().join("actions/octo/show");
    repository(&action, &[("action.yml", manifest), ("show.js", script)]);
    let workflow = job("    - uses: octo/show@main\n");
    let jobs = [t.queue(&workflow), t.queue(&workflow)];
    for job in jobs {
        assert_eq!(t.server.completed(job).await.conclusion, Conclusion::Success);
        assert!(
            t.server.step_log(job, 2).ends_with("\nnode24/bin/node\n"),
            "{}",
            t.server.log(job)
        );
    }
}

/// A runner with `octo/NAME@v1` for each manifest, all with all scripts.
async fn start(actions: &[(&str, &str)]) -> Option<Fixture> {
    let bundles = bundles()?;
    let node = node_directory().await;
    let configure = |config: &mut RunnerConfig| config.node_directory = Some(node);
    let t = Fixture::start_with(Place::Containers, configure).await?;
    for (name, manifest) in actions {
        let path = t.work.path().join("actions/octo").join(name);
        repository(&path, &[("action.yml", manifest)]);
        for script in ["pre", "main", "note", "post", "fail", "wait"] {
            let file = format!("{script}.js");
            std::fs::copy(bundles.join(&file), path.join(&file)).unwrap();
        }
        commit(&path, &[]);
        git(&path, &["tag", "v1"]);
    }
    Some(t)
}

fn job(steps: &str) -> String {
    format!(
        "on: push\njobs:\n  j:\n    runs-on: ubuntu-latest\n    outputs: {{greeting: '${{{{ steps.greet.outputs.greeting }}}}'}}\n    steps:\n{steps}"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn node_is_fetched_once_for_all_jobs() {
    let Some(t) = Fixture::start(Place::Processes).await else { return };
    fetch_node(&t).await;
    let found = std::fs::read_dir(t.config.work_directory.join("externals")).unwrap();
    let found: Vec<_> = found.map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(found, ["node24"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_toolkit_works_in_all_stages() {
    let Some(t) = start(&[("toolkit", TOOLKIT)]).await else { return };
    let steps = "    - {id: greet, uses: octo/toolkit@v1, with: {who: World, old: x, none: y}}
    - run: 'greeter; echo \"$GREETED ${{ steps.greet.outputs.greeting }}\"'
";
    let (job, end) = t.run(&job(steps)).await;
    assert_eq!(end.conclusion, Conclusion::Success, "{}", t.server.log(job));
    assert_eq!(
        t.server.steps(job),
        [
            "Set up job success success",
            "Pre Run octo/toolkit@v1 success success",
            "Run octo/toolkit@v1 success success",
            "Run greeter; echo \"$GREETED hello World\" success success",
            "Post Run octo/toolkit@v1 success success",
            "Complete job success success",
        ]
    );
    assert!(t.server.step_log(job, 2).ends_with("\npre of World\n"));
    let log = t.server.step_log(job, 3);
    // The digest of the digests of the files.
    let hash = format!("hash {}", hex::encode(Sha256::digest(Sha256::digest("x"))));
    for line in [
        "##[warning]Input 'old' has been deprecated with message: use who",
        "##[warning]Unexpected input(s) 'none', valid inputs are ['who', 'other-one', 'old', 'post-fails']",
        "##[group]Run octo/toolkit@v1",
        "node 24 greets World and nobody",
        "running octo/toolkit@v1 in /__w/app/app",
        "pre left kept",
        "a ***",
        "##[notice]noted",
        "##[warning]warned",
        "child said from a child and ended with 3",
        &hash,
        "found true",
    ] {
        assert!(log.lines().any(|found| found == line), "no `{line}` in {log}");
    }
    assert!(!log.contains("not shown") && !log.contains("quiet"), "{log}");
    assert!(t.server.step_log(job, 4).ends_with("\ntool of World\nWorld hello World\n"));
    assert_eq!(
        t.server.step_log(job, 5).lines().last(),
        Some("post of World: main left World"),
        "{}",
        t.server.log(job)
    );
    assert_eq!(end.outputs.get("greeting").map(String::as_str), Some("hello World"));
    let notice = end.annotations.iter().find(|a| a.level == AnnotationLevel::Notice).unwrap();
    assert_eq!(notice.title.as_deref(), Some("A title"));
    assert_eq!((notice.path.as_deref(), notice.start_line), (Some("src/a.js"), Some(3)));
}

#[tokio::test(flavor = "multi_thread")]
async fn subtle_59_post_steps_run_last_first_also_after_a_failure() {
    let fails = "inputs: {who: {}}\nruns: {using: node24, main: fail.js, post: post.js}";
    let Some(t) = start(&[("toolkit", TOOLKIT), ("fails", fails)]).await else { return };
    let steps = "    - {uses: octo/fails@v1, continue-on-error: true, id: f, with: {who: first}}
    - run: echo '${{ steps.f.outcome }} ${{ steps.f.conclusion }} ${{ job.status }}'
    - {uses: octo/fails@v1, with: {who: second}}
    - {uses: octo/toolkit@v1, if: false}
    - run: echo never
";
    let (job, end) = t.run(&job(steps)).await;
    assert_eq!(end.conclusion, Conclusion::Failure);
    assert!(t.server.step_log(job, 4).ends_with("\nfailure success success\n"));
    assert!(t.server.step_log(job, 5).contains("\n##[error]broken on purpose\n"));
    let steps = t.server.steps(job);
    assert_eq!(
        steps[5..],
        [
            "Run octo/toolkit@v1 skipped skipped",
            "Run echo never skipped skipped",
            // Its main stage was skipped, but its pre stage was not.
            "Post Run octo/fails@v1 success success",
            "Post Run octo/fails@v1 success success",
            "Post Run octo/toolkit@v1 success success",
            "Complete job success success",
        ],
        "{steps:#?}"
    );
    let posts: Vec<String> = t
        .server
        .log(job)
        .lines()
        .filter(|line| line.starts_with("post of"))
        .map(str::to_owned)
        .collect();
    assert_eq!(
        posts,
        [
            "post of second: main left second",
            "post of first: main left first",
            "post of octo: main left nothing"
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_post_stage_fails_the_job() {
    let Some(t) = start(&[("toolkit", TOOLKIT)]).await else { return };
    let steps = "    - {uses: octo/toolkit@v1, with: {post-fails: true}}\n";
    let (job, end) = t.run(&job(steps)).await;
    assert_eq!(end.conclusion, Conclusion::Failure, "{}", t.server.log(job));
    assert_eq!(t.server.steps(job)[3], "Post Run octo/toolkit@v1 failure failure");
}

#[tokio::test(flavor = "multi_thread")]
async fn subtle_64_a_local_action_has_no_pre_stage_and_has_a_post_stage() {
    let Some(t) = start(&[]).await else { return };
    let bundles = bundles().unwrap();
    let steps = "    - run: mkdir -p here; while [ ! -e here/action.yml ]; do sleep 0.05; done
    - {uses: ./here, with: {who: me}}
";
    let job = t.queue(&job(steps));
    let here = t.job_directory(job).join("work/app/app/here");
    while !here.exists() {
        tokio::task::yield_now().await;
    }
    for script in ["pre.js", "main.js", "post.js"] {
        std::fs::copy(bundles.join(script), here.join(script)).unwrap();
    }
    std::fs::write(here.join("new"), TOOLKIT).unwrap();
    std::fs::rename(here.join("new"), here.join("action.yml")).unwrap();
    let end = t.server.completed(job).await;
    assert_eq!(end.conclusion, Conclusion::Success, "{}", t.server.log(job));
    let log = t.server.step_log(job, 3);
    let warning = "##[warning]`pre` execution is not supported for local action from './here'";
    assert!(log.contains(warning) && log.contains("\npre left nothing\n"), "{log}");
    assert!(log.contains("\nrunning @ in /__w/app/app\n"), "{log}");
    assert_eq!(t.server.steps(job)[3], "Post Run ./here success success");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_actions_get_the_variables_of_the_services() {
    let Some(t) = start(&[("toolkit", "runs: {using: node20, main: show.js}")]).await else {
        return;
    };
    let action = t.work.path().join("actions/octo/toolkit");
    commit(
        &action,
        &[(
            "show.js",
            "console.log(Object.keys(process.env).filter((name) => name.startsWith('ACTIONS_')).sort().join(), process.env.ACTIONS_RUNTIME_TOKEN, process.env.ACTIONS_RESULTS_URL)",
        )],
    );
    git(&action, &["tag", "--force", "v1"]);
    let steps = "    - uses: octo/toolkit@v1\n    - run: env | grep -c ^ACTIONS_ || true\n";
    let job = t.queue_with(&job(steps), |message| {
        message.runtime = Some(ActionsRuntime {
            url: "http://runtime/".to_owned(),
            token: "aaa.bbb.ccc".to_owned(),
            results_url: "http://results/".to_owned(),
            cache_url: None,
            id_token: None,
        });
    });
    t.server.completed(job).await;
    let names =
        "ACTIONS_CACHE_SERVICE_V2,ACTIONS_RESULTS_URL,ACTIONS_RUNTIME_TOKEN,ACTIONS_RUNTIME_URL";
    let log = t.server.step_log(job, 2);
    assert!(log.contains(&format!("\n{names} *** http://results/\n")), "{log}");
    assert!(t.server.step_log(job, 3).ends_with("\n0\n"));
}

fn go(t: &Fixture, job: JobId, stage: &str) {
    std::fs::write(t.job_directory(job).join(format!("work/app/app/go-{stage}")), "").unwrap();
}

/// The runner as a program of its own, to be killed as an operating system kills.
fn program(t: &Fixture) -> Child {
    Command::new(env!("CARGO_BIN_EXE_gantry-runner"))
        .args(["--server-url", &t.server.url(), "--name", "program"])
        .args(["--registration-token", "registration", "--action-source", &t.config.action_source])
        .arg("--node-dir")
        .arg(t.config.node_directory.as_ref().unwrap())
        .arg("--work-dir")
        .arg(&t.config.work_directory)
        .spawn()
        .unwrap()
}

fn kill(mut program: Child) {
    program.kill().unwrap();
    program.wait().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_program_is_replaced_in_the_middle_of_main_and_post() {
    let wait = "runs: {using: node20, main: wait.js, post: wait.js}";
    let Some(mut t) = start(&[("wait", wait)]).await else { return };
    t.kill_runner().await;
    let first = program(&t);
    let steps = "    - {uses: octo/wait@v1, id: w, continue-on-error: true}
    - run: 'echo \"${{ steps.w.outcome }} ${{ steps.w.outputs.stage }} $(cat stages)\"'
";
    let job = t.queue(&job(steps));
    t.server.wait_for_line(job, "\nmain waits\n").await;
    kill(first);
    go(&t, job, "main");
    let second = program(&t);
    t.server.wait_for_line(job, "\npost waits\n").await;
    kill(second);
    let stages = t.job_directory(job).join("work/app/app/stages");
    go(&t, job, "post");
    while std::fs::read_to_string(&stages).unwrap() != "main\npost\n" {
        tokio::task::yield_now().await;
    }
    let third = program(&t);
    let end = t.server.completed(job).await;
    kill(third);
    let log = t.server.log(job);
    assert_eq!(end.conclusion, Conclusion::Success, "{log}");
    let main = t.server.step_log(job, 2);
    assert!(main.ends_with("\n##[error]main fails after waiting\n"), "{log}");
    assert!(t.server.step_log(job, 3).ends_with("\nfailure main main\n"), "{log}");
    assert_eq!(log.matches("\npost waits\n").count(), 1, "{log}");
    assert_eq!(log.matches("\nmain waits\n").count(), 1, "{log}");
    assert_eq!(t.server.steps(job)[3], "Post Run octo/wait@v1 success success");
}

#[tokio::test(flavor = "multi_thread")]
async fn stages_of_actions_within_an_action_run_with_those_of_the_job() {
    let note =
        "inputs: {who: {}}\nruns: {using: node20, pre: pre.js, main: note.js, post: post.js}";
    let wrap = "inputs: {name: {}}\nruns:\n  using: composite\n  steps:\n\
                \x20 - {uses: octo/note@v1, with: {who: 'first ${{ inputs.name }}'}}\n\
                \x20 - {uses: octo/note@v1, with: {who: never}, if: false}\n\
                \x20 - {uses: octo/note@v1, id: n, with: {who: 'second ${{ github.action_path }}'}}\n";
    let Some(t) = start(&[("note", note), ("wrap", wrap)]).await else { return };
    let steps = "    - {uses: octo/wrap@v1, with: {name: of wrap}}\n    - run: echo between\n";
    let (job, end) = t.run(&job(steps)).await;
    let log = t.server.log(job);
    assert_eq!(end.conclusion, Conclusion::Success, "{log}");
    assert_eq!(
        t.server.steps(job)[1..5],
        [
            "Pre Run octo/wrap@v1 success success",
            "Run octo/wrap@v1 success success",
            "Run echo between success success",
            "Post Run octo/wrap@v1 success success",
        ]
    );
    let said: Vec<&str> = log
        .lines()
        .filter(|line| {
            ["pre of", "main of", "between", "post of"].iter().any(|s| line.starts_with(s))
        })
        .collect();
    let path = "/__w/_actions/octo/wrap/v1";
    assert_eq!(
        said,
        [
            "pre of first of wrap",
            "pre of never",
            &format!("pre of second {path}"),
            "main of first of wrap: pre left kept",
            &format!("main of second {path}: pre left kept"),
            "between",
            &format!("post of second {path}: main left second {path}"),
            "post of never: main left nothing",
            "post of first of wrap: main left first of wrap",
        ],
        "{log}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_without_the_gnu_c_library_says_so() {
    let Some(t) = start(&[("toolkit", TOOLKIT)]).await else { return };
    // Two blocks of zeros are a tar archive without entries.
    let mut import = Command::new("docker")
        .args(["import", "-", "gantry-test/empty:latest"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut import.stdin.take().unwrap(), &[0; 1024]).unwrap();
    assert!(import.wait().unwrap().success());
    let workflow = "on: push\njobs: {j: {runs-on: x, container: 'gantry-test/empty:latest', steps: [{uses: octo/toolkit@v1}]}}";
    let (job, end) = t.run(workflow).await;
    assert_eq!(end.conclusion, Conclusion::Failure);
    let log = t.server.step_log(job, 3);
    assert!(log.contains("##[error]JavaScript actions need an image with a C library"), "{log}");
}
