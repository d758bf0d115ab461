//! The `gantry` command against a server.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use gantry_server::accounts::bootstrap_admin_token;
use gantry_server::background::Topic;
use gantry_server::secrets::{Reader, values_for_job, variables_for_run};
use serde_json::json;

use crate::harness::{NewJob, TestServer};
use crate::server_or_skip;

/// Runs the command as the user of the server's data directory would, without further flags.
async fn gantry(server: &TestServer, arguments: &[&str], input: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gantry"));
    command
        .args(arguments)
        .env_remove("GANTRY_URL")
        .env_remove("GANTRY_TOKEN")
        .env("GANTRY_DATA_DIR", server.directory.path())
        .env("no_proxy", "127.0.0.1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let input = input.to_owned();
    let run = move || {
        let mut child = command.spawn().expect("the command starts");
        let mut stdin = child.stdin.take().expect("a pipe");
        stdin.write_all(input.as_bytes()).expect("the command reads");
        drop(stdin);
        child.wait_with_output().expect("the command ends")
    };
    tokio::task::spawn_blocking(run).await.expect("the command ran")
}

fn good(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn complaint(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// What a started server leaves in its data directory, and a git repository with one commit.
async fn prepare(server: &TestServer) -> PathBuf {
    bootstrap_admin_token(&server.app).await.expect("a token");
    let directory = server.directory.path();
    std::fs::write(directory.join("server.json"), json!({ "url": server.url }).to_string())
        .expect("written");
    std::fs::write(directory.join("webhook-secret"), "webhook secret\n").expect("written");
    let source = directory.join("app");
    let script = format!(
        "git init -q -b main {0} && cd {0} && echo 1 > file && git add . && \
         git -c user.name=Mona -c user.email=mona@example.com commit -q -m 'Add the thing'",
        source.display()
    );
    assert!(Command::new("sh").args(["-c", &script]).status().expect("sh").success());
    source
}

#[tokio::test]
async fn a_repository_is_added_and_its_push_delivered_signed() {
    let server = server_or_skip!();
    let source = prepare(&server).await.display().to_string();
    let added = good(&gantry(&server, &["repo", "add", &source, "--name", "acme/app"], "").await);
    assert!(added.contains("acme/app") && added.contains("main"), "{added}");
    let list = good(&gantry(&server, &["repo", "list"], "").await);
    assert!(list.starts_with("acme/app  main  "), "{list}");

    let guid = good(&gantry(&server, &["deliver", "--repo", "acme/app"], "").await);
    let (event, payload): (String, Vec<u8>) =
        sqlx::query_as("select event, payload from deliveries where guid = $1")
            .bind(guid.trim())
            .fetch_one(&server.app.db)
            .await
            .expect("the delivery is stored");
    let payload: serde_json::Value = serde_json::from_slice(&payload).expect("JSON");
    assert_eq!(event, "push");
    assert_eq!(payload["ref"], "refs/heads/main");
    assert_eq!(payload["created"], true);
    assert_eq!(payload["head_commit"]["message"], "Add the thing");
    assert_eq!(payload["repository"]["full_name"], "acme/app");

    let wrong = ["deliver", "--webhook-secret", "wrong"];
    let refused = complaint(&gantry(&server, &wrong, "").await);
    assert!(refused.contains("the server"), "{refused}");
}

#[tokio::test]
async fn secrets_variables_and_rules_are_set() {
    let server = server_or_skip!();
    let source = prepare(&server).await.display().to_string();
    good(&gantry(&server, &["repo", "add", &source], "").await);
    let secret = ["secret", "set", "token", "--env", "production"];
    good(&gantry(&server, &secret, "s3cret\n").await);
    for value in ["eu", "us"] {
        good(&gantry(&server, &["variable", "set", "REGION", value], "").await);
    }
    let rule = ["environment", "set", "production", "--require-review"];
    let set = good(&gantry(&server, &rule, "").await);
    assert!(set.contains("waits for an approval"), "{set}");

    let reader = Reader { repository: gantry_protocol::RepositoryId(1001), owner: "local" };
    let mut db = server.app.db.acquire().await.expect("a connection");
    let vault = &server.app.vault;
    let values = values_for_job(&mut db, vault, reader, (Some("production"), |_: &str| true)).await;
    assert_eq!(values.expect("values")["TOKEN"], "s3cret");
    let variables = variables_for_run(&mut db, reader).await;
    assert_eq!(variables.expect("variables")["REGION"], "us");
}

#[tokio::test]
async fn watching_tells_every_change_once_and_fails_with_the_run() {
    let server = server_or_skip!();
    prepare(&server).await;
    let rows = server.rows();
    let repository = rows.repository("/nowhere").await;
    let run = rows.run(repository, "d-1", "in_progress").await;
    let job = rows.job(run, NewJob::new("build", "in_progress")).await;
    rows.step(job, 1, "Set up job").await;
    let id = run.to_string();
    let watch = ["run", "watch", &id];
    let finish = async {
        // However much of it the command sees, it tells each thing once.
        rows.execute(
            "update jobs set status = 'completed', conclusion = 'failure' where id = $1",
            job.0,
        )
        .await;
        rows.execute(
            "update workflow_runs set status = 'completed', conclusion = 'failure' where id = $1",
            run.0,
        )
        .await;
        server.app.wakeups.wake(Topic::Events);
    };
    let (watched, ()) = tokio::join!(gantry(&server, &watch, ""), finish);
    let text = String::from_utf8_lossy(&watched.stdout);
    assert_eq!(watched.status.code(), Some(1), "{text}");
    assert_eq!(text.matches("build / Set up job").count(), 1, "{text}");
    assert!(text.contains(&format!("Run {run}: failure")), "{text}");
    let viewed = good(&gantry(&server, &["run", "view", &id], "").await);
    assert!(viewed.contains("✗ build"), "{viewed}");
}

#[tokio::test]
async fn every_failure_says_what_to_do() {
    let server = server_or_skip!();
    let nothing = complaint(&gantry(&server, &["repo", "list"], "").await);
    assert!(nothing.contains("gantry serve"), "{nothing}");
    prepare(&server).await;
    let unknown = ["repo", "list", "--token", "gantry_pat_unknown"];
    let refused = complaint(&gantry(&server, &unknown, "").await);
    assert!(refused.contains("GANTRY_TOKEN"), "{refused}");
    let closed = ["repo", "list", "--server", "http://127.0.0.1:9"];
    let gone = complaint(&gantry(&server, &closed, "").await);
    assert!(gone.contains("no server answers at http://127.0.0.1:9"), "{gone}");
    let empty = complaint(&gantry(&server, &["deliver"], "").await);
    assert!(empty.contains("gantry repo add"), "{empty}");
    let idle = complaint(&gantry(&server, &["approve", "1"], "").await);
    assert!(idle.contains("run 1"), "{idle}");
}

#[tokio::test]
async fn a_login_link_opens_a_session() {
    let server = server_or_skip!();
    prepare(&server).await;
    let url = good(&gantry(&server, &["login"], "").await);
    let answer = server.client.get(url.trim()).send().await.expect("an answer");
    assert_eq!(answer.status(), 303);
    assert!(answer.headers().contains_key("set-cookie"));
}
