//! What is deleted is gone, and nothing else is.

use axum::http::StatusCode;
use gantry_protocol::RunId;
use gantry_server::logs::archive_logs;
use reqwest::Method;

use crate::harness::{NewJob, TestServer};
use crate::server_or_skip;

async fn finished_run(server: &TestServer) -> (RunId, String) {
    let rows = server.rows();
    let repository = rows.repository("/nowhere").await;
    let run = rows.run(repository, "d-1", "completed").await;
    let job = rows.job(run, NewJob::new("build", "completed").concluded("success")).await;
    rows.step(job, 1, "Set up job").await;
    rows.annotation(job, "broken").await;
    rows.log_chunk(job, 0, "one\n").await;
    archive_logs(&server.app).await.expect("archived");
    (run, format!("/repos/acme/app/actions/runs/{run}"))
}

async fn delete(server: &TestServer, path: &str) -> StatusCode {
    server.as_admin(Method::DELETE, path).send().await.expect("an answer").status()
}

fn n_log_objects(server: &TestServer) -> usize {
    let entries = walk(server.directory.path());
    entries.iter().filter(|path| path.ends_with(".zst")).count()
}

fn walk(directory: &std::path::Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).expect("a directory").flatten();
    entries
        .flat_map(|entry| match entry.path() {
            path if path.is_dir() => walk(&path),
            path => vec![path.to_string_lossy().into_owned()],
        })
        .collect()
}

#[tokio::test]
async fn a_deleted_run_takes_everything_of_its_own_with_it() {
    let server = server_or_skip!();
    let (run, path) = finished_run(&server).await;
    assert_eq!(n_log_objects(&server), 1);
    assert_eq!(delete(&server, &path).await, StatusCode::NO_CONTENT);
    assert_eq!(server.get(&path).send().await.expect("an answer").status(), 404);
    assert_eq!(delete(&server, &path).await, StatusCode::NOT_FOUND);
    assert_eq!(n_log_objects(&server), 0);
    let left: i64 = sqlx::query_scalar("select count(*) from jobs where run_id = $1")
        .bind(run.0)
        .fetch_one(&server.app.db)
        .await
        .expect("a count");
    assert_eq!(left, 0);
}

/// Else the deletion of a run would fail, or leave rows behind.
#[tokio::test]
async fn every_table_that_refers_to_a_run_or_job_lets_its_rows_go_with_it() {
    let server = server_or_skip!();
    let kept: Vec<String> = sqlx::query_scalar(
        "select conname::text
         from pg_constraint
         where contype = 'f' and confdeltype <> 'c'
           and confrelid <> conrelid
           and confrelid in ('workflow_runs'::regclass, 'jobs'::regclass)",
    )
    .fetch_all(&server.app.db)
    .await
    .expect("constraints");
    assert_eq!(kept, Vec::<String>::new(), "say `on delete cascade`");
}

#[tokio::test]
async fn deleted_logs_are_not_found_and_the_run_stays() {
    let server = server_or_skip!();
    let (_, path) = finished_run(&server).await;
    let logs = format!("{path}/logs");
    assert_eq!(server.follow(&logs).await.headers()["content-type"], "application/zip");
    assert_eq!(delete(&server, &logs).await, StatusCode::NO_CONTENT);
    assert_eq!(server.get(&logs).send().await.expect("an answer").status(), 404);
    let jobs = server.json(&format!("{path}/jobs")).await;
    let log = format!("/repos/acme/app/actions/jobs/{}/logs", jobs["jobs"][0]["id"]);
    assert_eq!(server.get(&log).send().await.expect("an answer").status(), 404);
    assert_eq!(n_log_objects(&server), 0);
}

#[tokio::test]
async fn a_run_that_goes_on_is_not_deleted() {
    let server = server_or_skip!();
    let rows = server.rows();
    let repository = rows.repository("/nowhere").await;
    let run = rows.run(repository, "d-1", "in_progress").await;
    let path = format!("/repos/acme/app/actions/runs/{run}");
    for path in [path.clone(), format!("{path}/logs")] {
        assert_eq!(delete(&server, &path).await, StatusCode::CONFLICT, "{path}");
    }
    assert_eq!(server.json(&path).await["status"], "in_progress");
}

#[tokio::test]
async fn a_signed_link_opens_one_path_and_cannot_be_altered() {
    let server = server_or_skip!();
    let (_, path) = finished_run(&server).await;
    let redirect = server.get(&format!("{path}/logs")).send().await.expect("an answer");
    let place = redirect.headers()["location"].to_str().expect("a URL").to_owned();
    let other_run = place.replace("/runs/10001/", "/runs/10002/");
    let longer = place.replace("expires=", "expires=9");
    let bare = place.split('?').next().expect("a path").to_owned();
    for altered in [other_run, longer, bare] {
        let status = server.client.get(&altered).send().await.expect("an answer").status();
        assert_eq!(status, StatusCode::FORBIDDEN, "{altered}");
    }
}
