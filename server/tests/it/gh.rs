//! GitHub's own command line, unmodified, against our API.
//!
//! `TEST_GH` names the programs to test, separated by `:`; the machine's own by default. Where a
//! version does not have a command, the test says so.

use std::process::{Command, Output};

use gantry_protocol::{Conclusion, RunId};

use crate::harness::{End, FakeRunner, GitRepository, NewJob, TestServer};
use crate::server_or_skip;

const WORKFLOW: &str = "name: CI\non:\n  push:\n  workflow_dispatch:\n    inputs:\n      level:\n        \
                        default: low\njobs:\n  build:\n    runs-on: ubuntu-latest\n    steps:\n      \
                        - run: 'true'\n";

/// One version of `gh`, with the rights of one token.
struct Gh<'a> {
    server: &'a TestServer,
    program: String,
    token: String,
}

impl Gh<'_> {
    /// Runs `gh` on the repository.
    async fn run(&self, arguments: &[&str]) -> Output {
        let repository = ["-R", "github.localhost/acme/app"];
        self.bare(&[arguments, &repository].concat(), "").await
    }

    /// Runs `gh` with something on its standard input. It takes hosts that end with `.localhost` for
    /// a GitHub in development, to which it speaks plain HTTP, here through a proxy that is the
    /// server itself.
    async fn bare(&self, arguments: &[&str], input: &str) -> Output {
        let directory = self.server.directory.path();
        let mut command = Command::new(&self.program);
        command
            .args(arguments)
            .env("GH_HOST", "github.localhost")
            .env("HTTP_PROXY", &self.server.url)
            .env("http_proxy", &self.server.url)
            .env_remove("NO_PROXY")
            .env_remove("no_proxy")
            .env("GH_CONFIG_DIR", directory)
            .env("TMPDIR", directory)
            .env("XDG_CACHE_HOME", directory)
            .env("NO_COLOR", "1")
            .env("GH_NO_UPDATE_NOTIFIER", "1")
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped());
        if !self.token.is_empty() {
            command.env("GH_TOKEN", &self.token);
        }
        let input = input.to_owned();
        let run = move || {
            let mut child = command.spawn().expect("gh starts");
            let mut stdin = child.stdin.take().expect("a pipe");
            std::io::Write::write_all(&mut stdin, input.as_bytes()).expect("gh reads");
            drop(stdin);
            child.wait_with_output().expect("gh ran")
        };
        tokio::task::spawn_blocking(run).await.expect("gh ran")
    }

    /// What `gh` printed, provided that it was content.
    async fn good(&self, arguments: &[&str]) -> String {
        good(arguments, &self.run(arguments).await)
    }

    /// What `gh` complained about, provided that it did.
    async fn bad(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments).await;
        assert!(!output.status.success(), "{arguments:?} succeeded");
        String::from_utf8_lossy(&output.stderr).into_owned()
    }

    /// Whether this version's help on a command names a flag or a sub-command.
    async fn has_flag(&self, command: &[&str], flag: &str) -> bool {
        let help = self.bare(&[command, &["--help"]].concat(), "").await;
        String::from_utf8_lossy(&help.stdout).contains(flag)
    }

    async fn knows(&self, command: &str) -> bool {
        let output = self.bare(&[command, "--help"], "").await;
        let is_known = output.status.success();
        if !is_known {
            eprintln!("skipped: `{} {command}` does not exist", self.program);
        }
        is_known
    }
}

fn good(arguments: &[&str], output: &Output) -> String {
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {complaint}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[expect(clippy::disallowed_methods, reason = "which programs to test")]
fn programs() -> Vec<String> {
    let named = std::env::var("TEST_GH").unwrap_or_else(|_| "gh".to_owned());
    let installed = |program: &String| Command::new(program).arg("--version").output().is_ok();
    let programs: Vec<_> = named.split(':').map(str::to_owned).filter(installed).collect();
    if programs.is_empty() {
        eprintln!("skipped: gh is not installed");
    }
    programs
}

/// Every version, with the rights of an administrator.
fn versions(server: &TestServer) -> Vec<Gh<'_>> {
    let gh = |program| Gh { server, program, token: server.admin.clone() };
    programs().into_iter().map(gh).collect()
}

/// A repository with one workflow and one finished run, which has a log.
async fn finished_run(server: &TestServer) -> (RunId, String) {
    let files = GitRepository::create(server.directory.path(), &[("ci.yml", WORKFLOW)]);
    let rows = server.rows();
    let repository = rows.repository(files.path()).await;
    let run = rows.run(repository, "d-1", "completed").await;
    let job = rows.job(run, NewJob::new("build", "completed").concluded("failure")).await;
    rows.step(job, 1, "Set up job").await;
    rows.log_chunk(job, 0, "2026-01-01T00:00:00.0000000Z hello from the job\n").await;
    rows.annotation(job, "the thing is broken").await;
    rows.execute("update steps set conclusion = 'failure' where job_id = $1", job.0).await;
    (run, job.to_string())
}

#[tokio::test]
async fn gh_lists_views_and_reads_logs() {
    let server = server_or_skip!();
    let (run, job) = finished_run(&server).await;
    let run = run.to_string();
    for gh in versions(&server) {
        let list = gh.good(&["run", "list"]).await;
        assert!(list.contains("Add the thing") && list.contains(&run), "{list}");
        let mut filters = vec![["-w", "CI"], ["-w", "ci.yml"], ["-b", "main"], ["-u", "octocat"]];
        if gh.has_flag(&["run", "list"], "--event").await {
            filters.extend([["-e", "push"], ["-s", "completed"]]);
        }
        for filter in filters {
            let list = gh.good(&[&["run", "list"], &filter[..]].concat()).await;
            assert!(list.contains(&run), "{filter:?}: {list}");
        }
        assert_eq!(gh.good(&["run", "list", "-b", "other"]).await, "");
        let view = gh.good(&["run", "view", &run]).await;
        assert!(view.contains("build") && view.contains("main"), "{view}");
        assert!(view.contains("the thing is broken"), "{view}");
        assert!(view.contains(&format!("{}/acme/app/actions/runs/{run}", server.url)), "{view}");
        let verbose = gh.good(&["run", "view", &run, "--verbose"]).await;
        assert!(verbose.contains("Set up job"), "{verbose}");
        let of_job = gh.good(&["run", "view", "--job", &job]).await;
        assert!(of_job.contains("build"), "{of_job}");
        for flag in ["--log", "--log-failed"] {
            let log = gh.good(&["run", "view", &run, flag]).await;
            assert!(log.contains("build\tSet up job\t"), "{log}");
            assert!(log.contains("hello from the job"), "{log}");
        }
        let fields = "status,conclusion,databaseId,headBranch,workflowName";
        let json = gh.good(&["run", "view", &run, "--json", fields]).await;
        assert!(json.contains("\"workflowName\":\"CI\""), "{json}");
        let watch = gh.good(&["run", "watch", &run]).await;
        assert!(watch.contains("already completed"), "{watch}");
        let exit = gh.run(&["run", "view", &run, "--exit-status"]).await;
        assert_eq!(exit.status.code(), Some(0), "the run succeeded");
        assert!(gh.bad(&["run", "view", "1"]).await.contains("404"));
    }
}

#[tokio::test]
async fn gh_cancels_what_runs_and_is_told_what_is_over() {
    let server = server_or_skip!();
    let rows = server.rows();
    let repository = rows.repository("/nowhere").await;
    for (n, mut gh) in versions(&server).into_iter().enumerate() {
        let over = rows.run(repository, &format!("over-{n}"), "completed").await.to_string();
        let open = rows.run(repository, &format!("open-{n}"), "in_progress").await.to_string();
        gh.good(&["run", "cancel", &open]).await;
        let refused = gh.bad(&["run", "cancel", &over]).await;
        assert!(refused.contains("Cannot cancel a workflow run that is completed"), "{refused}");
        gh.token = server.read.clone();
        assert!(gh.bad(&["run", "cancel", &open]).await.contains("HTTP 403"));
        gh.token = "gantry_pat_unknown".to_owned();
        assert!(gh.bad(&["run", "list"]).await.contains("401"));
    }
}

#[tokio::test]
async fn gh_deletes_a_run() {
    let server = server_or_skip!();
    let rows = server.rows();
    let repository = rows.repository("/nowhere").await;
    for (n, gh) in versions(&server).into_iter().enumerate() {
        let run = rows.run(repository, &format!("d-{n}"), "completed").await.to_string();
        // `gh run delete` came with 2.27.
        let (command, path) =
            (["run", "delete", &run], format!("repos/acme/app/actions/runs/{run}"));
        if gh.has_flag(&["run"], "delete").await {
            gh.good(&command).await;
        } else {
            good(&command, &gh.bare(&["api", "-X", "DELETE", &path], "").await);
        }
        assert!(gh.bad(&["run", "view", &run]).await.contains("404"));
    }
}

#[tokio::test]
async fn gh_lists_views_switches_and_starts_workflows() {
    let server = server_or_skip!();
    finished_run(&server).await;
    for gh in versions(&server) {
        let list = gh.good(&["workflow", "list"]).await;
        assert!(list.contains("CI\tactive\t2001"), "{list}");
        let view = gh.good(&["workflow", "view", "ci.yml"]).await;
        assert!(view.contains("CI - ci.yml") && view.contains("ID: 2001"), "{view}");
        let yaml = gh.good(&["workflow", "view", "ci.yml", "--yaml"]).await;
        assert!(yaml.contains("workflow_dispatch:"), "{yaml}");
        let yaml = gh.good(&["workflow", "view", "CI", "--yaml", "--ref", "main"]).await;
        assert!(yaml.contains("workflow_dispatch:"), "{yaml}");

        gh.good(&["workflow", "disable", "CI"]).await;
        assert_eq!(gh.good(&["workflow", "list"]).await, "");
        let refused = gh.bad(&["workflow", "run", "ci.yml", "--ref", "main"]).await;
        assert!(refused.contains("disabled"), "{refused}");
        gh.good(&["workflow", "enable", "CI"]).await;

        gh.good(&["workflow", "run", "ci.yml", "-f", "level=high"]).await;
        gh.good(&["workflow", "run", "CI", "--ref", "main"]).await;
        let refused = gh.bad(&["workflow", "run", "ci.yml", "-f", "other=x"]).await;
        assert!(refused.contains("Unexpected inputs provided"), "{refused}");
        server.settle().await;
        let list = gh.good(&["run", "list", "-w", "ci.yml"]).await;
        assert!(list.matches("workflow_dispatch").count() >= 2, "{list}");
    }
}

#[tokio::test]
async fn gh_stores_secrets_that_only_jobs_can_read() {
    let server = server_or_skip!();
    let repository = server.rows().repository("/nowhere").await;
    let path = "/repos/acme/app/environments/production";
    let created = server.as_admin(reqwest::Method::PUT, path).json(&serde_json::json!({})).send();
    assert_eq!(created.await.expect("an answer").status(), 200);
    for gh in versions(&server) {
        gh.good(&["secret", "set", "token", "--body", "of the repository"]).await;
        gh.good(&["secret", "set", "TOKEN", "--env", "production", "--body", "of production"])
            .await;
        let owner =
            ["secret", "set", "SHARED", "--org", "acme", "--visibility", "all", "--body", "x"];
        good(&owner, &gh.bare(&owner, "").await);
        let list = gh.good(&["secret", "list"]).await;
        assert!(list.contains("TOKEN") && !list.contains("of the repository"), "{list}");
        assert!(gh.good(&["secret", "list", "--env", "production"]).await.contains("TOKEN"));
        let list = good(&owner, &gh.bare(&["secret", "list", "--org", "acme"], "").await);
        assert!(list.contains("SHARED"), "{list}");

        let mut db = server.app.db.acquire().await.expect("a connection");
        let reader = gantry_server::secrets::Reader { repository, owner: "acme" };
        let vault = &server.app.vault;
        let seen = gantry_server::secrets::values_for_job(
            &mut db,
            vault,
            reader,
            (Some("production"), |_: &str| true),
        );
        let seen = seen.await.expect("values");
        assert_eq!(seen["TOKEN"], "of production");
        assert_eq!(seen["SHARED"], "x");
        let seen =
            gantry_server::secrets::values_for_job(&mut db, vault, reader, (None, |_: &str| true))
                .await;
        assert_eq!(seen.expect("values")["TOKEN"], "of the repository");
        drop(db);

        gh.good(&["secret", "delete", "TOKEN", "--env", "production"]).await;
        gh.good(&["secret", "delete", "TOKEN"]).await;
        let removed = ["secret", "delete", "SHARED", "--org", "acme"];
        good(&removed, &gh.bare(&removed, "").await);
        assert!(!gh.good(&["secret", "list"]).await.contains("TOKEN"));
        assert!(gh.bad(&["secret", "delete", "TOKEN"]).await.contains("404"));
    }
}

#[tokio::test]
async fn gh_stores_and_changes_variables() {
    let server = server_or_skip!();
    server.rows().repository("/nowhere").await;
    let path = "/repos/acme/app/environments/production";
    let created = server.as_admin(reqwest::Method::PUT, path).json(&serde_json::json!({})).send();
    assert_eq!(created.await.expect("an answer").status(), 200);
    for gh in versions(&server) {
        if !gh.knows("variable").await {
            continue;
        }
        for value in ["eu", "us"] {
            gh.good(&["variable", "set", "REGION", "--body", value]).await;
            let list = gh.good(&["variable", "list"]).await;
            assert!(list.contains(&format!("REGION\t{value}")), "{list}");
        }
        gh.good(&["variable", "set", "REGION", "--env", "production", "--body", "mars"]).await;
        let list = gh.good(&["variable", "list", "--env", "production"]).await;
        assert!(list.contains("REGION\tmars"), "{list}");
        gh.good(&["variable", "delete", "REGION", "--env", "production"]).await;
        gh.good(&["variable", "delete", "REGION"]).await;
        let set =
            ["variable", "set", "REGION", "--org", "acme", "--body", "x", "--visibility", "all"];
        good(&set, &gh.bare(&set, "").await);
        let deletion = ["variable", "delete", "REGION", "--org", "acme"];
        good(&deletion, &gh.bare(&deletion, "").await);
        assert!(gh.bad(&["variable", "delete", "REGION"]).await.contains("404"));
    }
}

#[tokio::test]
async fn gh_signs_in_with_a_token_and_calls_the_api() {
    let server = server_or_skip!();
    server.rows().repository("/nowhere").await;
    for mut gh in versions(&server) {
        gh.token = String::new();
        let login = ["auth", "login", "--hostname", "github.localhost", "--with-token"];
        good(&login, &gh.bare(&login, &server.write).await);
        let status = gh.bare(&["auth", "status", "--hostname", "github.localhost"], "").await;
        good(&["auth", "status"], &status);
        let text = String::from_utf8_lossy(&[status.stdout, status.stderr].concat()).into_owned();
        assert!(text.contains("write-person"), "{text}");
        let user = good(&["api"], &gh.bare(&["api", "user", "--jq", ".login"], "").await);
        assert_eq!(user.trim(), "write-person");
        let query = ["api", "graphql", "-f", "query=query { viewer { login } }"];
        assert!(good(&query, &gh.bare(&query, "").await).contains("write-person"));
        let event = ["api", "repos/acme/app/dispatches", "-f", "event_type=deploy"];
        good(&event, &gh.bare(&event, "").await);
        let logout = ["auth", "logout", "--hostname", "github.localhost"];
        gh.bare(&logout, "").await;
    }
}

#[tokio::test]
async fn gh_pages_through_long_lists() {
    let server = server_or_skip!();
    let rows = server.rows();
    let repository = rows.repository("/nowhere").await;
    for n in 0..35 {
        rows.run(repository, &format!("d-{n}"), "completed").await;
    }
    for gh in versions(&server) {
        assert_eq!(gh.good(&["run", "list", "-L", "33"]).await.lines().count(), 33);
        let path = "repos/acme/app/actions/runs?per_page=10";
        let all = ["api", "--paginate", path, "--jq", ".workflow_runs[].id"];
        assert_eq!(good(&all, &gh.bare(&all, "").await).lines().count(), 35);
    }
}

#[tokio::test]
async fn gh_runs_again_what_has_ended_and_is_told_what_cannot() {
    let server = server_or_skip!();
    let text = "on: push\njobs:\n  a: { runs-on: ubuntu-latest, steps: [{ run: a }] }\n";
    let repository = GitRepository::create(server.directory.path(), &[("ci.yml", text)]);
    let run = server.push_and_settle(&repository).await.to_string();
    let runner = FakeRunner::register(&server, "one").await;
    for gh in versions(&server) {
        let mut is_debugged = false;
        for flags in [&[][..], &["--debug"], &["--failed"], &["--job"]] {
            let job = runner.lease().await.expect("a job");
            assert_eq!(job.secrets.contains_key("ACTIONS_STEP_DEBUG"), is_debugged);
            is_debugged = flags == ["--debug"];
            let end = End { conclusion: Conclusion::Failure, ..End::SUCCESS };
            assert_eq!(runner.complete(&job, end).await, 204);
            server.settle().await;
            let id = job.job_id.to_string();
            let number = if flags == ["--job"] { &id } else { &run };
            gh.good(&[&["run", "rerun"], flags, &[number.as_str()]].concat()).await;
            server.settle().await;
        }
        let message = gh.bad(&["run", "rerun", &run]).await;
        assert!(message.contains("cannot be rerun"), "{message}");
    }
}
