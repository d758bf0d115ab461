//! Reports in artifacts: read once, and shown with what is known from other runs.

use std::io::{Cursor, Write as _};

use gantry_server::reports::scan_artifacts;
use serde_json::{Value, json};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::harness::{RunningJob, TestServer};
use crate::server_or_skip;

fn archive(files: &[(&str, &str)]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in files {
        zip.start_file(*name, SimpleFileOptions::default()).expect("a name");
        zip.write_all(text.as_bytes()).expect("contents");
    }
    zip.finish().expect("an archive").into_inner()
}

fn tests(search: &str) -> String {
    format!(
        "<testsuite name='api'><testcase name='list' time='0.5'/>\
         <testcase name='search' time='2'>{search}</testcase></testsuite>"
    )
}

async fn reports(server: &TestServer, job: &RunningJob<'_>) -> Value {
    scan_artifacts(&server.app).await.expect("a pass");
    server.json(&format!("/api/gantry/runs/{}/attempts/1/reports", job.run)).await
}

#[tokio::test]
async fn tests_are_counted_and_failures_have_a_beginning() {
    let server = server_or_skip!();
    let repository = server.rows().repository("/nowhere").await;
    let failure = "<failure message='1 != 2'/>";
    let mut runs = Vec::new();
    for (guid, search) in [("d-1", ""), ("d-2", failure), ("d-3", failure)] {
        let job = RunningJob::start(&server, repository, guid).await;
        server
            .rows()
            .execute("update workflow_runs set head_sha = id::text where id = $1", job.run.0)
            .await;
        job.upload_artifact("reports", &archive(&[("junit.xml", &tests(search))])).await;
        runs.push((job.run.0, reports(&server, &job).await));
    }
    let (_, good) = &runs[0];
    assert_eq!(good["tests"]["passed"], 2);
    assert_eq!(good["tests"]["failures"], json!([]));
    assert_eq!(good["coverage"], Value::Null);
    let (_, bad) = &runs[2];
    assert_eq!((&bad["tests"]["total"], &bad["tests"]["failed"]), (&json!(2), &json!(1)));
    assert_eq!(bad["tests"]["duration_ms"], 2500);
    assert_eq!(bad["tests"]["failures"][0]["name"], "search");
    assert_eq!(bad["tests"]["failures"][0]["message"], "1 != 2");
    assert_eq!(bad["tests"]["failures"][0]["failing_since"]["run_id"], runs[1].0);
    assert_eq!(bad["tests"]["slowest"][0]["name"], "search");
    assert_eq!(bad["tests"]["flaky"], json!([]), "another commit is no proof");
}

#[tokio::test]
async fn a_test_that_passed_and_failed_on_one_commit_is_flaky() {
    let server = server_or_skip!();
    let repository = server.rows().repository("/nowhere").await;
    let mut last = Value::Null;
    for (guid, search) in [("d-1", "<error/>"), ("d-2", "")] {
        let job = RunningJob::start(&server, repository, guid).await;
        server
            .rows()
            .execute("update workflow_runs set head_sha = 'abc' where id = $1", job.run.0)
            .await;
        job.upload_artifact("reports", &archive(&[("junit.xml", &tests(search))])).await;
        last = reports(&server, &job).await;
    }
    assert_eq!(last["tests"]["failed"], 0);
    assert_eq!(last["tests"]["flaky"][0]["name"], "search");
    assert_eq!(last["tests"]["flaky"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn coverage_is_compared_with_the_default_branch_and_findings_are_counted() {
    let server = server_or_skip!();
    let repository = server.rows().repository("/nowhere").await;
    let coverage = |covered: u32| {
        format!("<coverage lines-covered='{covered}' lines-valid='1000' line-rate='0'/>")
    };
    let job = RunningJob::start(&server, repository, "d-1").await;
    job.upload_artifact("coverage", &archive(&[("coverage.xml", &coverage(800))])).await;
    reports(&server, &job).await;
    let job = RunningJob::start(&server, repository, "d-2").await;
    job.upload_artifact("coverage", &archive(&[("coverage.xml", &coverage(812))])).await;
    let sarif = json!({ "runs": [{
        "tool": { "driver": { "name": "scan" } },
        "results": [{ "ruleId": "R", "level": "error", "message": { "text": "bad" } }],
    }] });
    let files = [("a/x.sarif", sarif.to_string()), ("b.xml", "<testsuite>".to_owned())];
    let files: Vec<_> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
    job.upload_artifact("scan", &archive(&files)).await;
    let found = reports(&server, &job).await;
    assert_eq!(found["coverage"]["percent"], 81.2);
    assert_eq!(found["coverage"]["base"]["percent"], 80.0);
    assert_eq!(found["coverage"]["delta"], 1.2);
    assert_eq!(found["findings"]["high"], 1);
    assert_eq!(found["findings"]["worst"][0]["message"], "bad");
    assert!(found["problems"][0].as_str().is_some_and(|it| it.starts_with("b.xml: ")), "{found}");
    assert_eq!(found["tests"], Value::Null);
}

#[tokio::test]
async fn an_artifact_is_read_once_and_one_that_is_no_archive_is_passed_over() {
    let server = server_or_skip!();
    let repository = server.rows().repository("/nowhere").await;
    let job = RunningJob::start(&server, repository, "d-1").await;
    job.upload_artifact("broken", b"PK no archive").await;
    job.upload_artifact("reports", &archive(&[("junit.xml", &tests(""))])).await;
    assert_eq!(scan_artifacts(&server.app).await.expect("a pass"), 2);
    assert_eq!(scan_artifacts(&server.app).await.expect("a pass"), 0);
    let found = reports(&server, &job).await;
    assert_eq!(found["tests"]["total"], 2);
    let path = "/api/gantry/runs/999999/attempts/1/reports";
    let response = server.get(path).send().await.expect("an answer");
    assert_eq!(response.status(), 404);
}
