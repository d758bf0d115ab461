//! A push becomes a run, its jobs are handed out, and it concludes.

use gantry_protocol::Conclusion;
use gantry_server::environments::{self, ReviewRequest};
use gantry_server::runs;
use gantry_workflow::advance::Review;

use crate::harness::{Delivery, End, FakeRunner, GitRepository};
use crate::server_or_skip;

const CI: &str = "
name: CI
on: push
jobs:
  build:
    runs-on: ubuntu-latest
    outputs:
      version: ${{ steps.v.outputs.version }}
    steps:
      - run: make
  test:
    needs: build
    strategy:
      matrix:
        n: [1, 2]
    runs-on: ubuntu-latest
    steps:
      - run: make test
  deploy:
    needs: test
    environment: production
    runs-on: ubuntu-latest
    steps:
      - run: make deploy
";

#[tokio::test]
async fn a_push_runs_to_its_end_and_waits_for_its_review() {
    let server = server_or_skip!();
    let repository = GitRepository::create(server.directory.path(), &[("ci.yml", CI)]);
    let run = server.push_and_settle(&repository).await;
    let runner = FakeRunner::register(&server, "one").await;

    let build = runner.lease().await.expect("the first job");
    assert_eq!(build.name, "build");
    assert!(runner.lease().await.is_none(), "the others are blocked");
    assert_eq!(server.run_state(run).await, "in_progress");
    let end = End { outputs: &[("version", "1.2")], ..End::SUCCESS };
    assert_eq!(runner.complete(&build, end).await, 204);
    server.settle().await;

    let review_required = |required| {
        let db = server.app.db.clone();
        async move {
            let mut db = db.acquire().await.expect("a connection");
            let id = gantry_protocol::RepositoryId(1001);
            let rules = environments::Rules { review_required: required, ..Default::default() };
            environments::set_rules(&mut db, (id, "Production"), &rules).await.expect("rules");
        }
    };
    review_required(true).await;
    for name in ["test (1)", "test (2)"] {
        let test = runner.lease().await.expect("a leg");
        assert_eq!(test.name, name);
        let needs = test.contexts.needs.to_json();
        assert_eq!(needs["build"]["outputs"]["version"], "1.2");
        assert_eq!(runner.complete(&test, End::SUCCESS).await, 204);
    }
    server.settle().await;
    assert!(runner.lease().await.is_none(), "the deployment waits");
    assert_eq!(server.run_state(run).await, "waiting");

    let request = |head_sha: String| ReviewRequest {
        run,
        environments: vec!["production".to_owned()],
        review: Review::Approved,
        reviewer: "mona".to_owned(),
        comment: String::new(),
        head_sha: Some(head_sha),
    };
    let other = environments::review(&server.app, request("b".repeat(40))).await;
    assert!(other.is_err(), "a review of another commit does not count");
    environments::review(&server.app, request(repository.head())).await.expect("a review");
    server.settle().await;
    let deploy = runner.lease().await.expect("the deployment");
    assert_eq!(runner.complete(&deploy, End::SUCCESS).await, 204);
    server.settle().await;
    assert_eq!(server.run_state(run).await, "completed success");
}

#[tokio::test]
async fn a_failed_job_skips_what_needs_it() {
    let server = server_or_skip!();
    let repository = GitRepository::create(server.directory.path(), &[("ci.yml", CI)]);
    let run = server.push_and_settle(&repository).await;
    let runner = FakeRunner::register(&server, "one").await;
    let build = runner.lease().await.expect("the first job");
    let end = End { conclusion: Conclusion::Failure, ..End::SUCCESS };
    assert_eq!(runner.complete(&build, end).await, 204);
    server.settle().await;
    assert_eq!(
        server.job_states(run).await,
        ["build completed failure", "deploy completed skipped", "test completed skipped"]
    );
    assert_eq!(server.run_state(run).await, "completed failure");
}

#[tokio::test]
async fn cancelling_ends_queued_jobs_at_once_and_tells_running_ones() {
    let server = server_or_skip!();
    let two = "
on: push
jobs:
  a: { runs-on: ubuntu-latest, steps: [{ run: a }] }
  b: { runs-on: ubuntu-latest, steps: [{ run: b }] }
";
    let repository = GitRepository::create(server.directory.path(), &[("ci.yml", two)]);
    let run = server.push_and_settle(&repository).await;
    let runner = FakeRunner::register(&server, "one").await;
    let running = runner.lease().await.expect("a job");
    runs::cancel(&server.app, run, "because").await.expect("a cancellation");
    server.settle().await;
    assert_eq!(server.job_states(run).await, ["a in_progress", "b completed cancelled"]);
    let detail = server.json(&format!("/api/gantry/runs/{run}")).await;
    assert_eq!(detail["jobs"][1]["reason"], "because");
    let renewal =
        gantry_protocol::RenewRequest { lease: running.lease, wait_ms: 10_000, cancel_seen: false };
    let path = gantry_protocol::routes::renew(running.job_id);
    let answer = runner.request(reqwest::Method::POST, &path).json(&renewal).send().await;
    let answer: gantry_protocol::RenewResponse =
        answer.expect("an answer").json().await.expect("a renewal");
    let cancel = answer.cancel.expect("a cancellation");
    assert_eq!((cancel.reason.as_str(), cancel.timed_out), ("because", false));
    let end = End { conclusion: Conclusion::Cancelled, ..End::SUCCESS };
    assert_eq!(runner.complete(&running, end).await, 204);
    server.settle().await;
    assert_eq!(server.run_state(run).await, "completed cancelled");
}

#[tokio::test]
async fn a_file_that_cannot_be_read_is_a_run_that_says_so() {
    let server = server_or_skip!();
    let bad = "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    stepz: []\n";
    let repository = GitRepository::create(server.directory.path(), &[("bad.yml", bad)]);
    let run = server.push_and_settle(&repository).await;
    assert_eq!(server.run_state(run).await, "completed startup_failure");
    let diagnostics: serde_json::Value =
        sqlx::query_scalar("select diagnostics from workflow_runs where id = $1")
            .bind(run.0)
            .fetch_one(&server.app.db)
            .await
            .expect("diagnostics");
    assert_eq!(diagnostics[0]["file"], ".github/workflows/bad.yml");
    assert_eq!(diagnostics[0]["position"]["line"], 5);
}

#[tokio::test]
async fn a_delivery_processed_twice_makes_one_run() {
    let server = server_or_skip!();
    let repository = GitRepository::create(server.directory.path(), &[("ci.yml", CI)]);
    server.push_and_settle(&repository).await;
    // As if the server had died after the runs and before the end of the delivery were stored;
    // they are one transaction, so the rows say it again by hand.
    server
        .rows()
        .execute(
            "update deliveries
             set status = 'pending', next_attempt_at = now(), completed_at = null
             where id <> $1",
            0,
        )
        .await;
    let again = Delivery::push("push-1", &repository.head());
    assert_eq!(server.deliver(&again).send().await.expect("an answer").status(), 202);
    server.settle().await;
    let n_runs: i64 = sqlx::query_scalar("select count(*) from workflow_runs")
        .fetch_one(&server.app.db)
        .await
        .expect("a count");
    assert_eq!(n_runs, 1);
}

#[tokio::test]
async fn a_due_schedule_fires_once() {
    let server = server_or_skip!();
    let nightly = "
on:
  schedule:
    - cron: '0 3 * * *'
  push:
    branches: [release]
jobs:
  a: { runs-on: ubuntu-latest, steps: [{ run: a }] }
";
    let files = [
        ("ci.yml", "on: push\njobs:\n  b: { runs-on: x, steps: [{ run: b }] }\n"),
        ("nightly.yml", nightly),
    ];
    let repository = GitRepository::create(server.directory.path(), &files);
    server.push_and_settle(&repository).await;
    for _ in 0..2 {
        // The same due time again: another server, or a crash before it was moved on.
        server
            .rows()
            .execute("update schedules set next_due_at = '2026-01-01T03:00:00Z' where id <> $1", 0)
            .await;
        server.settle().await;
    }
    let events: Vec<String> = sqlx::query_scalar("select event from workflow_runs order by id")
        .fetch_all(&server.app.db)
        .await
        .expect("runs");
    assert_eq!(events, ["push", "schedule"]);
}

#[tokio::test]
async fn a_registered_repository_shows_its_workflows_before_the_first_push() {
    let server = server_or_skip!();
    let repository = GitRepository::create(server.directory.path(), &[("ci.yml", CI)]);
    let answer = server
        .as_admin(reqwest::Method::POST, "/api/gantry/repositories")
        .json(&serde_json::json!({ "path": repository.path(), "full_name": "acme/app" }))
        .send()
        .await
        .expect("an answer");
    assert_eq!(answer.status(), 201);
    let workflows = server.json("/repos/acme/app/actions/workflows").await;
    assert_eq!(workflows["workflows"][0]["name"], "CI");
}

/// YAML and JSON can write the zero character, which PostgreSQL's text cannot hold.
#[tokio::test]
async fn zero_characters_in_a_file_stop_neither_its_run_nor_others() {
    let server = server_or_skip!();
    let odd = r#"
name: "o\0dd"
run-name: "t\0itle"
on: push
jobs:
  a:
    name: "j\0ob"
    runs-on: ["ubuntu-latest", "${{ fromJSON('\"x\\u0000\"') }}"]
    environment: "e\0nv"
    steps: [{ run: "true" }]
"#;
    let wrong = "on: push\njobs:\n  \"a\\0\": { runs-on: x, steps: [{ run: a }] }\n";
    let files = [("odd.yml", odd), ("wrong.yml", wrong)];
    let repository = GitRepository::create(server.directory.path(), &files);
    server.rows().repository(repository.path()).await;
    let delivery = Delivery::push("push-1", &repository.head());
    assert_eq!(server.deliver(&delivery).send().await.expect("an answer").status(), 202);
    server.settle().await;
    let reason: Option<String> = sqlx::query_scalar("select reason from deliveries")
        .fetch_one(&server.app.db)
        .await
        .expect("a delivery");
    assert_eq!(reason.as_deref(), Some("started 2 runs"));
    let runs: Vec<String> = sqlx::query_scalar(
        "select concat_ws(' ', display_title, workflow_runs.status, conclusion)
         from workflow_runs
         order by id",
    )
    .fetch_all(&server.app.db)
    .await
    .expect("runs");
    assert_eq!(runs.len(), 2, "{runs:?}");
    assert!(runs[0].contains("t\u{fffd}itle queued"), "{runs:?}");
    assert!(runs[1].contains("completed startup_failure"), "{runs:?}");
    let answer = server.get("/repos/acme/%00/actions/runs").send().await.expect("an answer");
    assert_eq!(answer.status(), 422);
}

/// `toJSON(github.event)` shows the keys as GitHub sent them.
#[tokio::test]
async fn keys_keep_their_order_on_the_way_to_the_runner() {
    let server = server_or_skip!();
    let file = "
on: push
jobs:
  a:
    strategy: { matrix: { zeta: [1], beta: [2] } }
    runs-on: ubuntu-latest
    steps: [{ run: a }]
";
    let repository = GitRepository::create(server.directory.path(), &[("ci.yml", file)]);
    server.push_and_settle(&repository).await;
    let runner = FakeRunner::register(&server, "one").await;
    let job = runner.lease().await.expect("a job");
    let text = |value| serde_json::to_string(value).expect("JSON");
    assert_eq!(text(&job.contexts.matrix), r#"{"zeta":1,"beta":2}"#);
    let github = text(&job.contexts.github);
    let place = |key: &str| github.find(key).expect("a key of the payload");
    // `jsonb` would put the shorter one first.
    assert!(place("\"before\":\"0000") < place("\"after\":"), "{github}");
}

#[tokio::test]
async fn what_waits_says_for_what() {
    let server = server_or_skip!();
    let repository = GitRepository::create(server.directory.path(), &[("ci.yml", CI)]);
    let run = server.push_and_settle(&repository).await;
    let path = format!("/api/gantry/runs/{run}");
    let reasons = |detail: &serde_json::Value| -> Vec<String> {
        let jobs = detail["jobs"].as_array().expect("jobs");
        jobs.iter().map(|job| job["reason"].as_str().unwrap_or_default().to_owned()).collect()
    };
    let detail = server.json(&path).await;
    assert_eq!(reasons(&detail)[1..], ["waits for `build`", "waits for `test`"]);
}

#[tokio::test]
async fn a_deployment_goes_on_when_nobody_has_to_review_it_any_more() {
    let server = server_or_skip!();
    let deploy = "
on: push
jobs:
  a: { runs-on: ubuntu-latest, environment: production, steps: [{ run: a }] }
";
    let put = |review_required: bool| {
        server
            .as_admin(reqwest::Method::PUT, "/repos/acme/app/environments/production")
            .json(&serde_json::json!({ "review_required": review_required }))
            .send()
    };
    let repository = GitRepository::create(server.directory.path(), &[("ci.yml", deploy)]);
    server.rows().repository(repository.path()).await;
    put(true).await.expect("an answer");
    let delivery = Delivery::push("push-1", &repository.head());
    server.deliver(&delivery).send().await.expect("an answer");
    server.settle().await;
    let run = gantry_protocol::RunId(10001);
    assert_eq!(server.job_states(run).await, ["a waiting"]);
    put(false).await.expect("an answer");
    // Not by the sweep of all runs, which comes once a minute.
    runs::advance_runs(&server.app).await.expect("a pass");
    assert_eq!(server.job_states(run).await, ["a queued"]);
}
