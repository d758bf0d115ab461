//! Clones with a real git.

use std::path::Path;
use std::process::{Command, Output};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use gantry_protocol::{JobId, LeaseToken};
use gantry_server::accounts::{JobIdentity, job_token};
use reqwest::Method;
use serde_json::json;

use crate::harness::{NewJob, TestServer};
use crate::server_or_skip;

fn git(directory: &Path, arguments: &[&str]) -> Output {
    Command::new("git")
        .current_dir(directory)
        .args(["-c", "user.name=Mona", "-c", "user.email=mona@example.com"])
        .args(arguments)
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("no_proxy", "127.0.0.1")
        .output()
        .expect("git is installed")
}

fn text(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// Registers a repository with two commits; returns their ids.
async fn register(server: &TestServer) -> (String, String) {
    let source = server.directory.path().join("source");
    std::fs::create_dir(&source).expect("a directory");
    text(&git(&source, &["init", "-q", "-b", "main"]));
    let commit = |content: &str| {
        std::fs::write(source.join("file"), content).expect("a file");
        text(&git(&source, &["add", "."]));
        text(&git(&source, &["commit", "-q", "-m", content]));
        text(&git(&source, &["rev-parse", "HEAD"]))
    };
    let commits = (commit("one"), commit("two"));
    let answer = server
        .as_admin(Method::POST, "/api/gantry/repositories")
        .json(&json!({ "path": source, "full_name": "acme/app" }))
        .send()
        .await
        .expect("an answer");
    assert_eq!(answer.status(), 201);
    let body: serde_json::Value = answer.json().await.expect("JSON");
    assert_eq!(body["default_branch"], "main");
    commits
}

/// Runs git off the runtime's threads, which serve it.
async fn clone(server: &TestServer, arguments: &[&str], password: &str) -> Output {
    let credentials = STANDARD.encode(format!("x-access-token:{password}"));
    let header = format!("http.extraHeader=Authorization: basic {credentials}");
    let mut all = vec!["-c".to_owned(), header];
    all.extend(arguments.iter().map(|&argument| argument.to_owned()));
    let directory = server.directory.path().to_owned();
    let run = move || git(&directory, &all.iter().map(String::as_str).collect::<Vec<_>>());
    tokio::task::spawn_blocking(run).await.expect("git ran")
}

#[tokio::test]
async fn a_repository_is_cloned_whole_and_by_a_commit_at_depth_one() {
    let server = server_or_skip!();
    let (first, second) = register(&server).await;
    let url = format!("{}/git/acme/app.git", server.url);
    for version in ["0", "2"] {
        let directory = format!("whole-{version}");
        let protocol = format!("protocol.version={version}");
        let arguments = ["-c", &protocol, "clone", "-q", &url, &directory];
        text(&clone(&server, &arguments, &server.read).await);
        let head = git(&server.directory.path().join(&directory), &["rev-parse", "HEAD"]);
        assert_eq!(text(&head), second);
    }

    text(&git(server.directory.path(), &["init", "-q", "shallow"]));
    let fetch = ["-C", "shallow", "fetch", "-q", "--depth=1", &url, &first];
    text(&clone(&server, &fetch, &server.read).await);
    let shallow = server.directory.path().join("shallow");
    assert_eq!(text(&git(&shallow, &["rev-list", "--count", "FETCH_HEAD"])), "1");
    assert_eq!(text(&git(&shallow, &["show", "FETCH_HEAD:file"])), "one");
}

#[tokio::test]
async fn a_job_clones_its_own_repository_while_it_holds_its_lease() {
    let server = server_or_skip!();
    register(&server).await;
    let rows = server.rows();
    let repository: i64 = sqlx::query_scalar("select id from repositories")
        .fetch_one(&server.app.db)
        .await
        .expect("the repository");
    let run = rows.run(gantry_protocol::RepositoryId(repository), "d-1", "in_progress").await;
    let job = rows.job(run, NewJob::new("build", "in_progress")).await;
    let url = format!("{}/git/acme/app.git", server.url);
    let token = |job, lease| job_token(&server.app, JobIdentity { job, lease: LeaseToken(lease) });
    text(&clone(&server, &["ls-remote", &url], &token(job, 1)).await);
    for (job, lease) in [(job, 2), (JobId(job.0 + 1), 1)] {
        let refused = clone(&server, &["ls-remote", &url], &token(job, lease)).await;
        assert!(!refused.status.success(), "job {job} lease {lease}");
    }
    rows.execute(
        "update jobs set status = 'completed', conclusion = 'success' where id = $1",
        job.0,
    )
    .await;
    let ended = clone(&server, &["ls-remote", &url], &token(job, 1)).await;
    assert!(!ended.status.success());
}

#[tokio::test]
async fn git_is_asked_for_a_password_and_cannot_push() {
    let server = server_or_skip!();
    register(&server).await;
    let refs = "/git/acme/app.git/info/refs?service=git-upload-pack";
    let nobody = server.anonymous(Method::GET, refs).send().await.expect("an answer");
    assert_eq!(nobody.status(), 401);
    assert_eq!(nobody.headers()["www-authenticate"], "Basic realm=\"gantry\"");
    let push = "/git/acme/app.git/info/refs?service=git-receive-pack";
    let refused = server.as_admin(Method::GET, push).send().await.expect("an answer");
    assert_eq!(refused.status(), 403);
}

#[tokio::test]
async fn what_is_not_a_git_repository_is_refused_in_words() {
    let server = server_or_skip!();
    let register = |path: String| {
        server
            .as_admin(Method::POST, "/api/gantry/repositories")
            .json(&json!({ "path": path, "full_name": "acme/app" }))
            .send()
    };
    let directory = server.directory.path().display().to_string();
    for (path, words) in [
        ("relative".to_owned(), "absolute path"),
        (directory, "not a git repository"),
        ("/does/not/exist".to_owned(), "there is no such directory"),
    ] {
        let answer = register(path).await.expect("an answer");
        assert_eq!(answer.status(), 422);
        let body: serde_json::Value = answer.json().await.expect("JSON");
        assert!(body["message"].as_str().is_some_and(|text| text.contains(words)), "{body}");
    }
}
