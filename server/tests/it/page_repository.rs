//! What the page shows of a repository, of runners, and of the whole server.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::harness::{Delivery, FakeRunner, GitRepository, NewJob, TestServer};
use crate::server_or_skip;

const BASE: &str = "/api/gantry/repositories/acme/app";

async fn call(server: &TestServer, method: Method, path: &str) -> StatusCode {
    server.as_admin(method, path).send().await.expect("an answer").status()
}

#[tokio::test]
async fn insights_are_the_numbers_of_the_runs_that_ended() {
    let server = server_or_skip!();
    let repository = server.rows().repository("/nowhere").await;
    // They took nothing, ten, twenty and thirty seconds; the last one failed.
    for n in 1..=4 {
        let run = server.rows().run(repository, &format!("push-{n}"), "completed").await;
        let sql = "update workflow_runs
             set run_started_at = completed_at - make_interval(secs => 10 * run_number - 10),
                 conclusion = case when run_number = 4 then 'failure' else 'success' end
             where id = $1";
        server.rows().execute(sql, run.0).await;
        let job = NewJob::new("test", "completed").concluded("success");
        let job = server.rows().job(run, job).await;
        let sql = "update jobs set queued_at = started_at - interval '3 s' where id = $1";
        server.rows().execute(sql, job.0).await;
        server.rows().step(job, 1, "Run tests").await;
        let sql = "update steps set completed_at = started_at + interval '7 s' where job_id = $1";
        server.rows().execute(sql, job.0).await;
    }
    server.rows().run(repository, "push-open", "in_progress").await;
    let found = server.json(&format!("{BASE}/insights")).await;
    let workflow = &found["workflows"][0];
    assert_eq!(
        (&workflow["n_runs"], &workflow["n_succeeded"], &workflow["n_failed"]),
        (&json!(4), &json!(3), &json!(1))
    );
    let seconds: Vec<_> =
        found["runs"].as_array().expect("runs").iter().map(|run| run["seconds"].clone()).collect();
    assert_eq!(seconds, [json!(0.0), json!(10.0), json!(20.0), json!(30.0)]);
    assert_eq!(workflow["p50_seconds"], 15.0);
    assert_eq!(found["queue_wait"], json!({ "n_jobs": 4, "p50_seconds": 3.0, "p95_seconds": 3.0 }));
    let step = json!({ "job_name": "test", "step_name": "Run tests", "n_times": 4, "p50_seconds": 7.0, "p95_seconds": 7.0 });
    assert_eq!(found["slowest_steps"], json!([step]));
    assert_eq!(found["flaky_jobs"], json!([]));
}

const FILES: [(&str, &str); 2] = [
    (
        "ci.yml",
        "on: { push: { branches: [main] }, pull_request: { types: [closed] } }
jobs:
  lint: { runs-on: ubuntu-latest, steps: [{ run: 'true' }] }
  test: { needs: lint, runs-on: ubuntu-latest, steps: [{ run: 'true' }] }
",
    ),
    (
        "nightly.yml",
        "on: { schedule: [{ cron: '0 3 * * *' }] }
jobs: { a: { runs-on: x, steps: [{ run: 'true' }] } }
",
    ),
];

#[tokio::test]
async fn a_preview_decides_as_a_delivery_would_and_starts_nothing() {
    let server = server_or_skip!();
    let repository = GitRepository::create(server.directory.path(), &FILES);
    server.rows().repository(repository.path()).await;
    let push = server.json(&format!("{BASE}/preview?event=push")).await;
    let files = push["files"].as_array().expect("files");
    assert_eq!(files[0]["starts"], true);
    let jobs = json!([{ "id": "lint", "needs": [] }, { "id": "test", "needs": ["lint"] }]);
    assert_eq!(files[0]["jobs"], jobs);
    assert_eq!((&files[1]["starts"], &files[1]["jobs"]), (&json!(false), &json!([])));
    let reason = files[1]["reason"].as_str().expect("a reason");
    assert!(reason.contains("push"), "{reason}");
    for (query, starts) in
        [("event=pull_request", false), ("event=pull_request&activity=closed", true)]
    {
        let found = server.json(&format!("{BASE}/preview?{query}")).await;
        assert_eq!(found["files"][0]["starts"], starts, "{query}: {found}");
    }
    server.settle().await;
    assert_eq!(server.json("/api/gantry/runs").await["workflow_runs"], json!([]));
    let unknown = server.get(&format!("{BASE}/preview?event=push&ref=none")).send().await;
    assert_eq!(unknown.expect("an answer").status(), 422);
}

#[tokio::test]
async fn the_ledger_of_schedules_has_the_next_time_and_the_past() {
    let server = server_or_skip!();
    let repository = GitRepository::create(server.directory.path(), &FILES);
    server.push_and_settle(&repository).await;
    let sql = "insert into schedule_firings (schedule_id, due_at, fired_at, delivery_guid)
         select id, next_due_at - interval '3 days', next_due_at - interval '1 hour', 'push-1'
         from schedules where $1 = $1";
    server.rows().execute(sql, 1).await;
    let found = server.json(&format!("{BASE}/schedules")).await;
    let schedule = &found["schedules"][0];
    assert_eq!((&schedule["cron"], &schedule["timezone"]), (&json!("0 3 * * *"), &json!("UTC")));
    assert!(schedule["firings"][0]["run_id"].is_i64(), "{schedule}");
    assert_eq!(schedule["missed"].as_array().map(Vec::len), Some(2), "{schedule}");
}

#[tokio::test]
async fn the_history_of_an_environment_names_who_let_it() {
    let server = server_or_skip!();
    let repository = server.rows().repository("/nowhere").await;
    let run = server.rows().run(repository, "push-1", "completed").await;
    let deploy = |key| NewJob::new(key, "completed").to("Production");
    server.rows().job(run, deploy("skipped").concluded("skipped")).await;
    let job = server.rows().job(run, deploy("deploy").concluded("success")).await;
    let sql = "insert into deployment_reviews
             (run_id, run_attempt, head_sha, environment, state, reviewer, comment)
         values ($1, 1, 'a', 'production', 'approved', 'mona', 'go')";
    server.rows().execute(sql, run.0).await;
    let found = server.json(&format!("{BASE}/environments/production/deployments")).await;
    let deployments = found["deployments"].as_array().expect("a list");
    assert_eq!(deployments.len(), 1);
    assert_eq!(
        (&deployments[0]["job_id"], &deployments[0]["can_repeat"]),
        (&json!(job.0), &json!(true))
    );
    let review = json!({ "state": "approved", "reviewer": "mona", "comment": "go" });
    assert_eq!(deployments[0]["review"], review);
}

#[tokio::test]
async fn a_runner_that_drains_is_given_nothing_until_it_resumes() {
    let server = server_or_skip!();
    let repository = GitRepository::create(server.directory.path(), &FILES);
    let run = server.push_and_settle(&repository).await;
    let runner = FakeRunner::register(&server, "builder").await;
    let listed = server.json("/api/gantry/runners").await;
    let listed = &listed["runners"][0];
    assert_eq!((&listed["is_online"], &listed["jobs"]), (&json!(true), &json!([])));
    let queue = server.json("/api/gantry/queue").await;
    assert_eq!(
        (&queue["jobs"][0]["name"], &queue["jobs"][0]["run_id"]),
        (&json!("lint"), &json!(run.0))
    );

    let path = format!("/api/gantry/runners/{}/drain", listed["id"]);
    assert_eq!(call(&server, Method::PUT, &path).await, StatusCode::NO_CONTENT);
    assert_eq!(server.json("/api/gantry/runners").await["runners"][0]["is_draining"], true);
    assert!(runner.lease().await.is_none());
    assert_eq!(call(&server, Method::DELETE, &path).await, StatusCode::NO_CONTENT);
    let job = runner.lease().await.expect("a job");
    let listed = server.json("/api/gantry/runners").await;
    assert_eq!(listed["runners"][0]["jobs"][0]["id"], job.job_id.0);
    assert_eq!(server.json("/api/gantry/queue").await["jobs"], json!([]));
    assert_eq!(
        call(&server, Method::PUT, "/api/gantry/runners/0/drain").await,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn a_delivery_is_shown_whole_and_redelivered_without_a_second_run() {
    let server = server_or_skip!();
    let repository = GitRepository::create(server.directory.path(), &FILES);
    let run = server.push_and_settle(&repository).await;
    let shown = async || {
        let path = "/api/gantry/deliveries/push-1";
        let answer = server.as_admin(Method::GET, path).send().await.expect("an answer");
        answer.json::<Value>().await.expect("JSON")
    };
    let first = shown().await;
    assert_eq!(
        (&first["delivery"]["status"], &first["repository"]),
        (&json!("processed"), &json!("acme/app"))
    );
    assert_eq!(first["runs"][0]["id"], run.0);
    let payload: Value =
        serde_json::from_str(first["payload"].as_str().expect("a text")).expect("JSON");
    assert_eq!(payload, Delivery::push("push-1", &repository.head()).payload);

    let path = "/api/gantry/deliveries/push-1/redeliver";
    assert_eq!(call(&server, Method::POST, path).await, StatusCode::ACCEPTED);
    assert_eq!(call(&server, Method::POST, path).await, StatusCode::CONFLICT);
    server.settle().await;
    let again = shown().await;
    assert_eq!(
        (&again["delivery"]["status"], &again["delivery"]["n_attempts"]),
        (&json!("processed"), &json!(1))
    );
    assert_eq!(again["runs"].as_array().map(Vec::len), Some(1));
    let path = "/api/gantry/deliveries/none/redeliver";
    assert_eq!(call(&server, Method::POST, path).await, StatusCode::NOT_FOUND);
}
