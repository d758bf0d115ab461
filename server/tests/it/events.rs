//! The stream of events as a browser reads it.

use futures_util::StreamExt;
use gantry_protocol::{JobId, RunId};
use gantry_server::background::Topic;

use crate::harness::{NewJob, TestServer};
use crate::server_or_skip;

/// Reads events until `end`, as lines `event id? data`.
struct Events {
    response: reqwest::Response,
    text: String,
}

impl Events {
    async fn open(server: &TestServer, query: &str, last_event_id: Option<u64>) -> Self {
        let mut request = server.get(&format!("/api/gantry/events?{query}"));
        if let Some(id) = last_event_id {
            request = request.header("last-event-id", id.to_string());
        }
        let response = request.send().await.expect("an answer");
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { response, text: String::new() }
    }

    /// Reads until `pattern` has come.
    async fn until(&mut self, pattern: &str) -> &str {
        while !self.text.contains(pattern) {
            let piece = self.response.chunk().await.expect("more").expect("no end yet");
            self.text.push_str(&String::from_utf8_lossy(&piece));
        }
        &self.text
    }

    async fn rest(self) -> String {
        let mut text = self.text;
        let mut stream = self.response.bytes_stream();
        while let Some(piece) = stream.next().await {
            text.push_str(&String::from_utf8_lossy(&piece.expect("a piece")));
        }
        text
    }
}

async fn run_with_job(server: &TestServer) -> (RunId, JobId) {
    let rows = server.rows();
    let repository = rows.repository("/nowhere").await;
    let run = rows.run(repository, "d-1", "in_progress").await;
    let job = rows.job(run, NewJob::new("build", "in_progress")).await;
    (run, job)
}

async fn complete(server: &TestServer, run: RunId, job: JobId) {
    let rows = server.rows();
    rows.execute(
        "update jobs set status = 'completed', conclusion = 'success' where id = $1",
        job.0,
    )
    .await;
    rows.execute(
        "update workflow_runs set status = 'completed', conclusion = 'success' where id = $1",
        run.0,
    )
    .await;
    server.app.wakeups.wake(Topic::Events);
}

#[tokio::test]
async fn a_watcher_sees_lines_and_states_as_they_come_and_then_the_end() {
    let server = server_or_skip!();
    let (run, job) = run_with_job(&server).await;
    let mut events = Events::open(&server, &format!("run={run}&job={job}"), None).await;
    events.until("event: run").await;
    for (sequence, text) in [(0, "first line\n"), (1, "second line\n")] {
        server.rows().log_chunk(job, sequence, text).await;
        server.app.wakeups.wake(Topic::Events);
        events.until(text.trim()).await;
    }
    complete(&server, run, job).await;
    let text = events.rest().await;
    assert!(text.contains("\"conclusion\":\"success\""), "{text}");
    assert!(text.trim_end().ends_with("event: end\ndata: {}"), "{text}");
    assert_eq!(text.matches("event: log").count(), 2, "{text}");
}

#[tokio::test]
async fn a_resumed_stream_repeats_no_chunk_and_leaves_none_out() {
    let server = server_or_skip!();
    let (run, job) = run_with_job(&server).await;
    for sequence in 0..4 {
        server.rows().log_chunk(job, sequence, &format!("line {sequence}\n")).await;
    }
    complete(&server, run, job).await;
    for (query, id) in [("", Some(1)), ("&after=1", None), ("&after=0", Some(1))] {
        let events = Events::open(&server, &format!("run={run}&job={job}{query}"), id).await;
        let text = events.rest().await;
        let ids: Vec<_> = text.lines().filter(|line| line.starts_with("id:")).collect();
        assert_eq!(ids, ["id: 2", "id: 3"], "{query} {id:?}");
    }
}

#[tokio::test]
async fn a_job_of_another_run_cannot_be_watched() {
    let server = server_or_skip!();
    let (run, job) = run_with_job(&server).await;
    for query in [format!("run={}&job={job}", run.0 + 1), format!("run={run}&job={}", job.0 + 1)] {
        let answer = server.get(&format!("/api/gantry/events?{query}")).send().await;
        assert_eq!(answer.expect("an answer").status(), 404, "{query}");
    }
}
