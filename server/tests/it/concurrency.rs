//! Concurrency groups of runs and jobs: who goes first, who waits, who is cancelled, and who is told
//! why.

use gantry_protocol::RunId;
use gantry_server::runs;

use crate::harness::{Delivery, End, FakeRunner, GitRepository, TestServer};
use crate::server_or_skip;

fn workflow(concurrency: &str, job: &str) -> String {
    format!(
        "on: push\nconcurrency: {concurrency}\njobs:\n  deploy:\n    runs-on: ubuntu-latest\n{job}    steps: [{{ run: make }}]\n"
    )
}

/// Pushes as often as there are names, and gives the runs in order.
async fn push_times(server: &TestServer, repository: &GitRepository, n: usize) -> Vec<RunId> {
    server.rows().repository(repository.path()).await;
    for number in 1..=n {
        push(server, repository, &format!("push-{number}")).await;
    }
    all_runs(server).await
}

async fn push(server: &TestServer, repository: &GitRepository, guid: &str) {
    let delivery = Delivery::push(guid, &repository.head());
    assert_eq!(server.deliver(&delivery).send().await.expect("an answer").status(), 202);
    server.settle().await;
}

async fn all_runs(server: &TestServer) -> Vec<RunId> {
    let ids: Vec<i64> = sqlx::query_scalar("select id from workflow_runs order by id")
        .fetch_all(&server.app.db)
        .await
        .expect("runs");
    ids.into_iter().map(RunId).collect()
}

async fn states(server: &TestServer, runs: &[RunId]) -> Vec<String> {
    let mut states = Vec::new();
    for run in runs {
        states.push(server.run_state(*run).await);
    }
    states
}

async fn detail(server: &TestServer, run: RunId) -> serde_json::Value {
    server.json(&format!("/api/gantry/runs/{run}")).await
}

async fn n_slots(server: &TestServer) -> i64 {
    sqlx::query_scalar("select count(*) from concurrency_slots")
        .fetch_one(&server.app.db)
        .await
        .expect("a count")
}

async fn run_next_job(server: &TestServer, runner: &FakeRunner<'_>) -> RunId {
    let job = runner.lease().await.expect("a job");
    assert_eq!(runner.complete(&job, End::SUCCESS).await, 204);
    server.settle().await;
    job.run_id
}

#[tokio::test]
async fn behaviour_48_a_new_pending_run_replaces_the_old_one() {
    let server = server_or_skip!();
    let text = workflow("Deploy", "");
    let repository = GitRepository::create(server.directory.path(), &[("ci.yml", &text)]);
    let runs = push_times(&server, &repository, 3).await;
    assert_eq!(states(&server, &runs).await, ["queued", "completed cancelled", "pending"]);
    let second = detail(&server, runs[1]).await;
    let reason = second["jobs"][0]["reason"].as_str().expect("a reason");
    assert!(reason.contains("'Deploy' exists: run #3"), "{reason}");
    let third = detail(&server, runs[2]).await;
    assert_eq!(third["reason"], "waits for concurrency group `Deploy`, held by run #1");
    assert_eq!(third["run"]["status"], "pending");

    let runner = FakeRunner::register(&server, "one").await;
    assert_eq!(run_next_job(&server, &runner).await, runs[0]);
    assert_eq!(server.run_state(runs[2]).await, "queued");
    assert_eq!(run_next_job(&server, &runner).await, runs[2]);
    assert_eq!(server.run_state(runs[2]).await, "completed success");
    assert_eq!(n_slots(&server).await, 0);
}

#[tokio::test]
async fn cancel_in_progress_may_be_an_expression_and_waits_for_the_end_of_the_holder() {
    let server = server_or_skip!();
    let group = "{ group: x, cancel-in-progress: \"${{ github.ref == 'refs/heads/main' }}\" }";
    let text = workflow(group, "");
    let repository = GitRepository::create(server.directory.path(), &[("ci.yml", &text)]);
    let runs = push_times(&server, &repository, 1).await;
    let runner = FakeRunner::register(&server, "one").await;
    let running = runner.lease().await.expect("a job");
    push(&server, &repository, "push-2").await;
    let runs = [runs[0], all_runs(&server).await[1]];
    assert_eq!(states(&server, &runs).await, ["in_progress", "pending"]);
    assert!(runner.lease().await.is_none(), "the holder has not ended");
    let end = End { conclusion: gantry_protocol::Conclusion::Cancelled, ..End::SUCCESS };
    assert_eq!(runner.complete(&running, end).await, 204);
    server.settle().await;
    assert_eq!(states(&server, &runs).await, ["completed cancelled", "queued"]);
}

#[tokio::test]
async fn behaviour_49_queue_max_keeps_the_order_and_names_ignore_case() {
    let server = server_or_skip!();
    let one = workflow("{ group: Deploy, queue: max }", "");
    let two = workflow("{ group: deploy, queue: max }", "");
    let files: [(&str, &str); 2] = [("a.yml", &one), ("b.yml", &two)];
    let repository = GitRepository::create(server.directory.path(), &files);
    let runs = push_times(&server, &repository, 2).await;
    assert_eq!(states(&server, &runs).await, ["queued", "pending", "pending", "pending"]);
    let waiting = detail(&server, runs[1]).await;
    let name = ".github/workflows/a.yml";
    assert_eq!(
        waiting["reason"],
        format!("waits for concurrency group `deploy`, held by run #1 of `{name}`")
    );
    let runner = FakeRunner::register(&server, "one").await;
    for run in &runs {
        assert_eq!(run_next_job(&server, &runner).await, *run);
    }
}

#[tokio::test]
async fn jobs_of_two_runs_share_a_group() {
    let server = server_or_skip!();
    let text = "
on: push
jobs:
  test: { runs-on: ubuntu-latest, steps: [{ run: make }] }
  deploy:
    needs: test
    concurrency: production
    runs-on: ubuntu-latest
    steps: [{ run: make }]
";
    let repository = GitRepository::create(server.directory.path(), &[("ci.yml", text)]);
    let runs = push_times(&server, &repository, 2).await;
    let runner = FakeRunner::register(&server, "one").await;
    let tests = [runner.lease().await.expect("a job"), runner.lease().await.expect("a job")];
    for test in &tests {
        assert_eq!(runner.complete(test, End::SUCCESS).await, 204);
        server.settle().await;
    }
    let second = detail(&server, runs[1]).await;
    assert_eq!(second["jobs"][1]["status"], "pending");
    assert_eq!(
        second["jobs"][1]["reason"],
        "waits for concurrency group `production`, held by run #1"
    );
    assert_eq!(run_next_job(&server, &runner).await, runs[0]);
    assert_eq!(run_next_job(&server, &runner).await, runs[1]);
    assert_eq!(states(&server, &runs).await, ["completed success", "completed success"]);
    assert_eq!(n_slots(&server).await, 0);
}

#[tokio::test]
async fn a_job_that_wants_the_group_of_its_own_run_is_cancelled_as_a_deadlock() {
    let server = server_or_skip!();
    let text = workflow("${{ github.ref }}", "    concurrency: ${{ github.ref }}\n");
    let repository = GitRepository::create(server.directory.path(), &[("ci.yml", &text)]);
    let runs = push_times(&server, &repository, 1).await;
    assert_eq!(states(&server, &runs).await, ["completed cancelled"]);
    let run = detail(&server, runs[0]).await;
    let reason = run["jobs"][0]["reason"].as_str().expect("a reason");
    assert!(reason.contains("a deadlock was detected for concurrency group"), "{reason}");
    assert_eq!(n_slots(&server).await, 0);
}

#[tokio::test]
async fn a_cancelled_pending_run_runs_nothing_although_a_job_always_runs() {
    let server = server_or_skip!();
    let text = workflow("x", "    if: always()\n");
    let repository = GitRepository::create(server.directory.path(), &[("ci.yml", &text)]);
    let runs = push_times(&server, &repository, 2).await;
    runs::cancel(&server.app, runs[1], "because").await.expect("a cancellation");
    server.settle().await;
    assert_eq!(states(&server, &runs).await, ["queued", "completed cancelled"]);
    runs::cancel(&server.app, runs[0], "because").await.expect("a cancellation");
    server.settle().await;
    assert_eq!(server.run_state(runs[0]).await, "queued", "it holds its group and always runs");
    runs::force_cancel(&server.app, runs[0], "because").await.expect("a cancellation");
    server.settle().await;
    assert_eq!(server.run_state(runs[0]).await, "completed cancelled");
    assert_eq!(n_slots(&server).await, 0);
}

#[tokio::test]
async fn a_slot_that_a_crash_left_behind_is_swept() {
    let server = server_or_skip!();
    let text = workflow("x", "");
    let repository = GitRepository::create(server.directory.path(), &[("ci.yml", &text)]);
    let runs = push_times(&server, &repository, 2).await;
    // As if the run had been concluded by hand: nobody released its slot.
    server
        .rows()
        .execute(
            "update workflow_runs set status = 'completed', conclusion = 'failure' where id = $1",
            runs[0].0,
        )
        .await;
    server.settle().await;
    assert_eq!(server.run_state(runs[1]).await, "queued");
}

#[tokio::test]
async fn of_runs_created_at_the_same_moment_one_holds_the_group() {
    let server = server_or_skip!();
    let text = workflow("{ group: x, queue: max }", "");
    let names: Vec<String> = (0..8).map(|n| format!("w{n}.yml")).collect();
    let files: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), &*text)).collect();
    let repository = GitRepository::create(server.directory.path(), &files);
    server.rows().repository(repository.path()).await;
    let delivery = Delivery::push("push-1", &repository.head());
    assert_eq!(server.deliver(&delivery).send().await.expect("an answer").status(), 202);
    server.settle().await;
    let runs = all_runs(&server).await;
    let advances = runs.iter().map(|run| runs::advance_run(&server.app, *run));
    for outcome in futures_util::future::join_all(advances).await {
        outcome.expect("an advance");
    }
    let states = states(&server, &runs).await;
    assert_eq!(states.iter().filter(|state| *state == "queued").count(), 1, "{states:?}");
    assert_eq!(states.iter().filter(|state| *state == "pending").count(), 7, "{states:?}");
}

#[tokio::test]
async fn runs_that_would_wait_for_each_other_do_not() {
    let server = server_or_skip!();
    let crossing = |run_group: &str, job_group: &str| {
        format!(
            "on: push\nconcurrency: {run_group}\njobs:\n  first:\n    runs-on: ubuntu-latest\n    steps: [{{ run: make }}]\n  second:\n    needs: first\n    runs-on: ubuntu-latest\n    concurrency: {job_group}\n    steps: [{{ run: make }}]\n"
        )
    };
    let (one, two) = (crossing("red", "blue"), crossing("blue", "red"));
    let files = [("one.yml", &*one), ("two.yml", &*two)];
    let repository = GitRepository::create(server.directory.path(), &files);
    let runs = push_times(&server, &repository, 1).await;
    assert_eq!(states(&server, &runs).await, ["queued", "queued"]);

    let runner = FakeRunner::register(&server, "one").await;
    assert_eq!(run_next_job(&server, &runner).await, runs[0]);
    assert_eq!(run_next_job(&server, &runner).await, runs[1]);
    assert_eq!(server.run_state(runs[1]).await, "completed cancelled");
    let second = detail(&server, runs[1]).await;
    let jobs = second["jobs"].as_array().expect("jobs");
    let reason = jobs.iter().find_map(|job| job["reason"].as_str()).expect("a reason");
    let expected = "deadlock was detected for concurrency group: 'red': run #1 holds it";
    assert!(reason.contains(expected), "{reason}");

    assert_eq!(run_next_job(&server, &runner).await, runs[0]);
    assert_eq!(server.run_state(runs[0]).await, "completed success");
    assert_eq!(n_slots(&server).await, 0);
}
