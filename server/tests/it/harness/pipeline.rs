//! The way from a git repository to runs: signed deliveries in, passes until nothing changes.

use std::path::{Path, PathBuf};
use std::process::Command;

use gantry_protocol::RunId;
use gantry_server::background::run_pass_once;
use gantry_server::reconcilers;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use sha2::Sha256;

use super::server::TestServer;

/// A repository on disk with the workflow files of a test.
#[derive(Debug)]
pub(crate) struct GitRepository {
    path: PathBuf,
}

impl GitRepository {
    /// One commit on `main` with these files below `.github/workflows`.
    pub(crate) fn create(directory: &Path, workflows: &[(&str, &str)]) -> Self {
        let repository = Self { path: directory.join("app") };
        let folder = repository.path.join(".github/workflows");
        std::fs::create_dir_all(&folder).expect("a directory");
        repository.git(&["init", "-q", "-b", "main"]);
        for (name, text) in workflows {
            std::fs::write(folder.join(name), text).expect("a file");
        }
        repository.git(&["add", "."]);
        repository.git(&["commit", "-q", "-m", "Add the thing"]);
        repository
    }

    pub(crate) fn path(&self) -> &str {
        self.path.to_str().expect("a path in UTF-8")
    }

    pub(crate) fn head(&self) -> String {
        self.git(&["rev-parse", "HEAD"])
    }

    fn git(&self, arguments: &[&str]) -> String {
        let output = Command::new("git")
            .current_dir(&self.path)
            .args(["-c", "user.name=Mona", "-c", "user.email=mona@example.com"])
            .args(arguments)
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .output()
            .expect("git is installed");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }
}

/// A delivery as GitHub would make it, before it is signed.
#[derive(Clone, Debug)]
pub(crate) struct Delivery<'a> {
    pub(crate) event: &'a str,
    pub(crate) guid: &'a str,
    pub(crate) payload: Value,
}

impl<'a> Delivery<'a> {
    /// A push of `sha` to `main` of `acme/app`.
    pub(crate) fn push(guid: &'a str, sha: &str) -> Self {
        let payload = json!({
            "ref": "refs/heads/main",
            "before": "0".repeat(40),
            "after": sha,
            "head_commit": { "id": sha, "message": "Add the thing" },
            "repository": { "full_name": "acme/app", "owner": { "login": "acme" } },
            "sender": { "login": "octocat" },
        });
        Self { event: "push", guid, payload }
    }
}

impl TestServer {
    /// The request that delivers `delivery`, signed with the server's secret.
    pub(crate) fn deliver(&self, delivery: &Delivery<'_>) -> RequestBuilder {
        let body = delivery.payload.to_string();
        let signature = signature("webhook secret", body.as_bytes());
        self.anonymous(Method::POST, "/webhooks/github")
            .header("content-type", "application/json")
            .header("x-github-event", delivery.event)
            .header("x-github-delivery", delivery.guid)
            .header("x-hub-signature-256", signature)
            .body(body)
    }

    /// Runs the passes of all reconcilers until none changes anything.
    pub(crate) async fn settle(&self) {
        for _ in 0..50 {
            let mut n_changed = 0;
            for scheduled in reconcilers::all() {
                n_changed +=
                    run_pass_once(&self.app, scheduled.reconciler).await.expect("a good pass");
            }
            if n_changed == 0 {
                return;
            }
        }
        panic!("the server does not settle");
    }

    /// Registers the repository, pushes its head, and gives the run of its only workflow.
    pub(crate) async fn push_and_settle(&self, repository: &GitRepository) -> RunId {
        self.rows().repository(repository.path()).await;
        let delivery = Delivery::push("push-1", &repository.head());
        let answer = self.deliver(&delivery).send().await.expect("an answer");
        assert_eq!(answer.status(), 202);
        self.settle().await;
        let id = sqlx::query_scalar("select id from workflow_runs")
            .fetch_one(&self.app.db)
            .await
            .expect("one run");
        RunId(id)
    }

    /// Pushes the head of a registered repository once more, and gives the newest run.
    pub(crate) async fn push_again(&self, repository: &GitRepository, guid: &str) -> RunId {
        let delivery = Delivery::push(guid, &repository.head());
        let answer = self.deliver(&delivery).send().await.expect("an answer");
        assert_eq!(answer.status(), 202);
        self.settle().await;
        let id = sqlx::query_scalar("select max(id) from workflow_runs")
            .fetch_one(&self.app.db)
            .await
            .expect("a run");
        RunId(id)
    }

    /// Makes everything of a run older by so many minutes, and lets the server look again.
    pub(crate) async fn pass_minutes(&self, run: RunId, minutes: i32) {
        for sql in [
            "update jobs set waiting_at = waiting_at - make_interval(mins => $2) where run_id = $1",
            "update workflow_runs
             set next_look_at = next_look_at - make_interval(mins => $2)
             where id = $1",
        ] {
            let update = sqlx::query(sql).bind(run.0).bind(minutes);
            update.execute(&self.app.db).await.expect("a change");
        }
        self.settle().await;
    }

    /// The jobs of a run: `name status conclusion`, in order.
    pub(crate) async fn job_states(&self, run: RunId) -> Vec<String> {
        sqlx::query_scalar(
            "select concat_ws(' ', name, status, conclusion)
             from jobs
             where run_id = $1
             order by job_key, leg",
        )
        .bind(run.0)
        .fetch_all(&self.app.db)
        .await
        .expect("jobs")
    }

    /// `status conclusion` of a run.
    pub(crate) async fn run_state(&self, run: RunId) -> String {
        sqlx::query_scalar(
            "select concat_ws(' ', status, conclusion) from workflow_runs where id = $1",
        )
        .bind(run.0)
        .fetch_one(&self.app.db)
        .await
        .expect("a run")
    }
}

/// `X-Hub-Signature-256`
pub(crate) fn signature(secret: &str, body: &[u8]) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any key is good");
    format!("sha256={}", hex::encode(mac.chain_update(body).finalize().into_bytes()))
}
