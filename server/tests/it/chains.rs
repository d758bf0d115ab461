//! Workflows that start when others have run: `on: workflow_run`.

use gantry_protocol::Conclusion;
use serde_json::Value;

use crate::harness::{Delivery, End, FakeRunner, GitRepository, TestServer};

const JOBS: &str = "\njobs: { build: { runs-on: ubuntu-latest, steps: [{ run: echo }] } }\n";

fn workflow(name: &str, on: &str) -> String {
    format!("name: {name}\non: {on}{JOBS}")
}

fn after(name: &str, before: &str) -> String {
    workflow(name, &format!("{{ workflow_run: {{ workflows: [{before}], types: [completed] }} }}"))
}

/// Registers the repository as one whose default branch has been read.
async fn start(files: &[(&str, &str)]) -> Option<(TestServer, GitRepository)> {
    let server = TestServer::start().await?;
    let repository = GitRepository::create(server.directory.path(), files);
    server.rows().repository(repository.path()).await;
    Some((server, repository))
}

async fn push(server: &TestServer, repository: &GitRepository, guid: &str) {
    let delivery = Delivery::push(guid, &repository.head());
    assert_eq!(server.deliver(&delivery).send().await.expect("an answer").status(), 202);
    server.settle().await;
}

/// Runs every job that comes up; gives the `github` context of each, in order.
async fn run_all(server: &TestServer, conclusion: Conclusion) -> Vec<Value> {
    let runner = FakeRunner::register(server, "one").await;
    let mut contexts = Vec::new();
    while let Some(job) = runner.lease().await {
        contexts.push(job.contexts.github.to_json());
        runner.start_step(&job).await;
        runner.complete(&job, End { conclusion, ..End::SUCCESS }).await;
        server.settle().await;
    }
    contexts
}

fn names(contexts: &[Value]) -> Vec<&str> {
    contexts.iter().filter_map(|github| github["workflow"].as_str()).collect()
}

#[tokio::test]
async fn a_chain_has_three_levels_behind_its_first_run() {
    let files = [
        ("a.yml", workflow("A", "push")),
        ("b.yml", after("B", "A")),
        ("c.yml", after("C", "B")),
        ("d.yml", after("D", "C")),
        ("e.yml", after("E", "D")),
    ];
    let files: Vec<_> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
    let Some((server, repository)) = start(&files).await else { return };
    push(&server, &repository, "p1").await;
    let contexts = run_all(&server, Conclusion::Failure).await;
    assert_eq!(names(&contexts), ["A", "B", "C", "D"]);
    let b = &contexts[1];
    assert_eq!(b["event_name"], "workflow_run");
    assert_eq!(b["ref"], "refs/heads/main");
    let event = &b["event"];
    assert_eq!(event["action"], "completed");
    assert_eq!(event["workflow_run"]["name"], "A");
    assert_eq!(event["workflow_run"]["conclusion"], "failure");
    assert_eq!(event["workflow_run"]["event"], "push");
    assert_eq!(event["workflow_run"]["head_branch"], "main");
    assert_eq!(
        event["workflow_run"]["id"].as_i64().map(|id| id.to_string()).as_deref(),
        contexts[0]["run_id"].as_str()
    );
    assert_eq!(event["workflow_run"]["head_repository"]["full_name"], "acme/app");
}

#[tokio::test]
async fn types_and_branches_of_a_workflow_that_listens_are_looked_at() {
    let listens = |types: &str, branch: &str| {
        format!("{{ workflow_run: {{ workflows: [A], types: {types}, branches: [{branch}] }} }}")
    };
    let files = [
        ("a.yml", workflow("A", "push")),
        ("wanted.yml", workflow("Wanted", &listens("[requested]", "main"))),
        ("begun.yml", workflow("Begun", &listens("[in_progress]", "main"))),
        ("other.yml", workflow("Other", &listens("[requested]", "'release/**'"))),
    ];
    let files: Vec<_> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
    let Some((server, repository)) = start(&files).await else { return };
    push(&server, &repository, "p1").await;
    let contexts = run_all(&server, Conclusion::Success).await;
    let mut names = names(&contexts);
    names.sort_unstable();
    assert_eq!(names, ["A", "Begun", "Wanted"]);
}

#[tokio::test]
async fn nothing_is_told_of_runs_where_nobody_listens() {
    let Some((server, repository)) = start(&[("a.yml", &workflow("A", "push"))]).await else {
        return;
    };
    push(&server, &repository, "p1").await;
    assert_eq!(run_all(&server, Conclusion::Success).await.len(), 1);
    let n_deliveries: i64 = sqlx::query_scalar("select count(*) from deliveries")
        .fetch_one(&server.app.db)
        .await
        .expect("a count");
    assert_eq!(n_deliveries, 1);
}
