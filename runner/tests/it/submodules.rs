//! Checkout with submodules, from a git server on this machine.

use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command};

use gantry_protocol::{CompleteJob, Conclusion, JobId};
use gantry_runner::RunnerConfig;
use gantry_workflow::expr::Value;

use crate::fixture::{Fixture, Place};
use crate::repositories::{commit, git, repository};

/// Serves the repositories below a directory.
struct GitServer {
    daemon: Child,
    address: String,
}

impl GitServer {
    fn start(root: &Path) -> Self {
        std::fs::create_dir_all(root).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        // Not by `git daemon`, which would be another process than the one to end.
        let programs = git(root, &["--exec-path"]);
        let daemon = Command::new(format!("{programs}/git-daemon"))
            .args(["--reuseaddr", "--export-all", "--listen=127.0.0.1"])
            .arg(format!("--port={port}"))
            .arg(format!("--base-path={}", root.display()))
            .spawn()
            .unwrap();
        let address = format!("127.0.0.1:{port}");
        while TcpStream::connect(&address).is_err() {
            std::thread::yield_now();
        }
        Self { daemon, address }
    }
}

impl Drop for GitServer {
    fn drop(&mut self) {
        self.daemon.kill().unwrap();
        self.daemon.wait().unwrap();
    }
}

/// `app` with the submodule `library`, which has the submodule `inner`, by these URLs.
fn repositories(root: &Path, library: &str, inner: &str) -> String {
    let source = root.join("octo/inner");
    repository(&source, &[("deep", "inner")]);
    repositories_with(root, library, (&source, inner))
}

/// The same with an inner repository that is there already.
fn repositories_with(root: &Path, library: &str, inner: (&Path, &str)) -> String {
    repository(&root.join("octo/library"), &[("code", "library")]);
    repository(&root.join("octo/app"), &[("README", "app")]);
    let add = |to: &str, of: &str, (source, url): (&Path, &str)| {
        let to = root.join("octo").join(to);
        let source = source.to_str().unwrap();
        git(&to, &["-c", "protocol.file.allow=always", "submodule", "add", source, of]);
        git(&to, &["config", "--file", ".gitmodules", &format!("submodule.{of}.url"), url]);
        commit(&to, &[])
    };
    add("library", "inner", inner);
    add("app", "library", (&root.join("octo/library"), library))
}

async fn run(t: &Fixture, server: &GitServer, sha: &str, with: &str) -> (JobId, CompleteJob) {
    let workflow = format!(
        "on: push\njobs:\n  j:\n    runs-on: ubuntu-latest\n    steps:\n      \
         - {{uses: actions/checkout@v4, with: {{{with}}}}}\n      \
         - run: cat README library/code; ls library/inner; git submodule status --recursive\n"
    );
    let job = t.queue_with(&workflow, |message| {
        message.repository.clone_url = format!("git://{}/octo/app", server.address);
        let mut github = message.contexts.github.to_json();
        github["sha"] = sha.into();
        message.contexts.github = Value::from_json(&github);
    });
    (job, t.server.completed(job).await)
}

async fn submodules_are_checked_out(t: Fixture) {
    let root = t.work.path().join("hosts");
    let server = GitServer::start(&root);
    let sha = repositories(&root, "../library", "../inner");
    let (job, end) = run(&t, &server, &sha, "submodules: true").await;
    assert_eq!(end.conclusion, Conclusion::Success, "{}", t.server.log(job));
    let log = t.server.step_log(job, 3);
    assert!(log.contains("\napplibrary"), "{log}");
    assert!(!log.contains("deep"), "{log}");
    let (job, end) = run(&t, &server, &sha, "submodules: recursive, fetch-depth: 0").await;
    assert_eq!(end.conclusion, Conclusion::Success, "{}", t.server.log(job));
    let log = t.server.step_log(job, 3);
    assert!(log.contains("\napplibrarydeep\n"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn submodules_are_checked_out_with_processes() {
    if let Some(t) = Fixture::start(Place::Processes).await {
        submodules_are_checked_out(t).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn submodules_are_checked_out_in_containers() {
    if let Some(t) = Fixture::start(Place::Containers).await {
        submodules_are_checked_out(t).await;
    }
}

/// Git runs on the runner's machine, so a repository must not send it to what only that can reach.
#[tokio::test(flavor = "multi_thread")]
async fn a_submodule_in_the_runners_own_network_or_on_its_machine_is_refused() {
    let Some(t) = Fixture::start(Place::Processes).await else { return };
    for (n, (url, why)) in [
        ("https://127.0.0.1/x", "127.0.0.1 is not at a public address"),
        ("git://127.0.0.1:9/x", "only https is allowed there"),
        ("file:///etc", "it has to be https://HOST/PATH"),
        ("/etc", "it has to be https://HOST/PATH"),
    ]
    .into_iter()
    .enumerate()
    {
        let root = t.work.path().join(format!("hosts-{n}"));
        let server = GitServer::start(&root);
        let sha = repositories(&root, "../library", url);
        let (job, end) = run(&t, &server, &sha, "submodules: recursive").await;
        assert_eq!(end.conclusion, Conclusion::Failure);
        let log = t.server.step_log(job, 2);
        let message = format!(
            "##[error]submodule 'inner' is at {url}, not on the server of this repository: {why}"
        );
        assert!(log.contains(&message), "{log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_submodule_may_be_on_another_server_that_the_operator_names() {
    let elsewhere = tempfile::tempdir().unwrap();
    let other = GitServer::start(elsewhere.path());
    let named = other.address.clone();
    let configure = |config: &mut RunnerConfig| config.checkout.hosts = vec![named];
    let Some(t) = Fixture::start_with(Place::Processes, configure).await else { return };
    repository(&elsewhere.path().join("far/inner"), &[("deep", "from afar")]);
    let root = t.work.path().join("hosts");
    let server = GitServer::start(&root);
    let far = elsewhere.path().join("far/inner");
    let sha = repositories_with(
        &root,
        "../library",
        (&far, &format!("git://{}/far/inner", other.address)),
    );
    let (job, end) = run(&t, &server, &sha, "submodules: recursive").await;
    assert_eq!(end.conclusion, Conclusion::Success, "{}", t.server.log(job));
    assert!(t.server.step_log(job, 3).contains("\napplibrarydeep\n"), "{}", t.server.log(job));
}
