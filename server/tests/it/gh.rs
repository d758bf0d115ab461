//! GitHub's own command line, unmodified, against our API.

use std::process::{Command, Output};

use crate::harness::{NewJob, TestServer};
use crate::server_or_skip;

/// Runs `gh`. It takes hosts that end with `.localhost` for a GitHub in development, to which it
/// speaks plain HTTP, here through a proxy that is the server itself.
async fn gh(server: &TestServer, token: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new("gh");
    command
        .args(arguments)
        .args(["-R", "github.localhost/acme/app"])
        .env("GH_HOST", "github.localhost")
        .env("GH_TOKEN", token)
        .env("HTTP_PROXY", &server.url)
        .env("http_proxy", &server.url)
        .env_remove("NO_PROXY")
        .env_remove("no_proxy")
        .env("GH_CONFIG_DIR", server.directory.path())
        .env("TMPDIR", server.directory.path())
        .env("XDG_CACHE_HOME", server.directory.path())
        .env("NO_COLOR", "1");
    let run = move || command.output().expect("gh ran");
    tokio::task::spawn_blocking(run).await.expect("gh ran")
}

fn is_installed() -> bool {
    let is_installed = Command::new("gh").arg("--version").output().is_ok();
    if !is_installed {
        eprintln!("skipped: gh is not installed");
    }
    is_installed
}

fn good(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[tokio::test]
async fn gh_lists_views_and_reads_logs() {
    let server = server_or_skip!();
    if !is_installed() {
        return;
    }
    let rows = server.rows();
    let repository = rows.repository("/nowhere").await;
    let run = rows.run(repository, "d-1", "completed").await.to_string();
    let id = gantry_protocol::RunId(run.parse().expect("a number"));
    let job = rows.job(id, NewJob::new("build", "completed").concluded("success")).await;
    rows.step(job, 1, "Set up job").await;
    rows.log_chunk(job, 0, "2026-01-01T00:00:00.0000000Z hello from the job\n").await;

    let read = &server.read;
    let list = good(&gh(&server, read, &["run", "list"]).await);
    assert!(list.contains("Add the thing") && list.contains(&run), "{list}");
    let view = good(&gh(&server, read, &["run", "view", &run]).await);
    assert!(view.contains("build") && view.contains("main"), "{view}");
    let verbose = good(&gh(&server, read, &["run", "view", &run, "--verbose"]).await);
    assert!(verbose.contains("Set up job"), "{verbose}");
    let log = good(&gh(&server, read, &["run", "view", &run, "--log"]).await);
    assert!(log.contains("build\tSet up job\t"), "{log}");
    assert!(log.contains("hello from the job"), "{log}");
    let watch = good(&gh(&server, read, &["run", "watch", &run]).await);
    assert!(watch.contains("already completed with 'success'"), "{watch}");
    let workflows = good(&gh(&server, read, &["workflow", "list"]).await);
    assert!(workflows.contains("CI\tactive\t2001"), "{workflows}");
}

#[tokio::test]
async fn gh_cancels_what_runs_and_is_told_what_is_over() {
    let server = server_or_skip!();
    if !is_installed() {
        return;
    }
    let rows = server.rows();
    let repository = rows.repository("/nowhere").await;
    let over = rows.run(repository, "d-1", "completed").await.to_string();
    let open = rows.run(repository, "d-2", "in_progress").await.to_string();
    good(&gh(&server, &server.write, &["run", "cancel", &open]).await);
    let refused = gh(&server, &server.write, &["run", "cancel", &over]).await;
    let message = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(message.contains("Cannot cancel a workflow run that is completed"), "{message}");
    let forbidden = gh(&server, &server.read, &["run", "cancel", &open]).await;
    let message = String::from_utf8_lossy(&forbidden.stderr).into_owned();
    assert!(message.contains("HTTP 403"), "{message}");
}
