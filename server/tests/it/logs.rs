//! A log is the same before and after it is archived.

use gantry_protocol::JobId;
use gantry_server::logs::{Outline, archive_logs, chunks_after, outline};
use serde_json::json;

use crate::harness::{End, FakeRunner, GitRepository, NewJob, TestServer};
use crate::server_or_skip;

const ONE_JOB: &str = "on: push\njobs:\n  a: { runs-on: ubuntu-latest, steps: [{ run: a }] }\n";

#[tokio::test]
async fn a_log_is_complete_and_in_order_also_when_chunks_are_repeated() {
    let server = server_or_skip!();
    let repository = GitRepository::create(server.directory.path(), &[("ci.yml", ONE_JOB)]);
    server.push_and_settle(&repository).await;
    let runner = FakeRunner::register(&server, "one").await;
    let job = runner.lease().await.expect("a job");
    // Two of them fill a frame of the archive.
    let texts: Vec<String> =
        (0..5).map(|n| format!("{n}{}\n", "\u{e4}\u{1b}[1m".repeat(100_000))).collect();
    let db = &server.app.db;
    let storage = &*server.app.storage;
    for sequence in [2, 0, 1, 0, 4, 3, 2] {
        let text = &texts[usize::try_from(sequence).expect("a small number")];
        assert_eq!(runner.log(&job, sequence, text).await, 204);
        let page = chunks_after(db, storage, job.job_id, None).await.expect("a page");
        let sequences = page.chunks.iter().map(|chunk| chunk.sequence);
        assert!(sequences.eq(0..page.chunks.len() as u64), "a reader sees no gap");
    }
    let whole: String = texts.concat();
    assert!(whole_log(&server, job.job_id).await == whole, "the log is another");
    let grown = outline(db, storage, job.job_id).await.expect("an outline");
    assert!(!grown.is_complete);
    assert_eq!(places_of(&grown), (0..5).map(|n| (n, n, 1)).collect::<Vec<_>>());
    let page = chunks_after(db, storage, job.job_id, Some(3)).await.expect("a page");
    assert_eq!((page.chunks.len(), page.is_complete), (1, false));

    let end = End { log_chunks: 5, ..End::SUCCESS };
    assert_eq!(runner.complete(&job, end).await, 204);
    server.settle().await;
    let n_chunks: i64 =
        sqlx::query_scalar("select count(*) from log_chunks").fetch_one(db).await.expect("a count");
    assert_eq!(n_chunks, 0, "the chunks are archived");
    let archived = outline(db, storage, job.job_id).await.expect("an outline");
    assert!(archived.is_complete);
    assert_eq!(archived.chunks, grown.chunks, "an archive has the same outline");
    assert!(whole_log(&server, job.job_id).await == whole, "the log is another");
    let page = chunks_after(db, storage, job.job_id, Some(2)).await.expect("a page");
    let sequences: Vec<u64> = page.chunks.iter().map(|chunk| chunk.sequence).collect();
    assert_eq!((sequences, page.is_complete), (vec![3, 4], true));
    assert_eq!(page.chunks[0].text, texts[3]);
    let end = chunks_after(db, storage, job.job_id, Some(4)).await.expect("a page");
    assert!(end.chunks.is_empty() && end.is_complete);
    let none = chunks_after(db, storage, JobId(1), None).await.expect("a page");
    assert!(none.is_complete);
}

#[tokio::test]
async fn a_log_is_laid_out_and_searched_without_its_text() {
    let server = server_or_skip!();
    let rows = server.rows();
    let repository = rows.repository("/nowhere").await;
    let run = rows.run(repository, "push-1", "completed").await;
    let job = rows.job(run, NewJob::new("a", "completed").concluded("failure")).await;
    let lines = ["##[group]Run make", "2026-01-02T03:04:05Z ##[endgroup]", "##[error]make: Stop."];
    for (sequence, line) in (0..).zip(lines) {
        rows.log_chunk(job, sequence, &format!("{line}\n")).await;
    }
    let path = format!("/api/gantry/jobs/{job}");
    let laid_out = server.json(&format!("{path}/log-outline")).await;
    let chunks = json!([[0, 1, 0, 1, [0]], [1, 1, 1, 1, [1]], [2, 1, 2, 1, [2]]]);
    assert_eq!((&laid_out["chunks"], &laid_out["is_complete"]), (&chunks, &json!(true)));
    assert_eq!(laid_out["texts"][2]["text"], "##[error]make: Stop.\n", "a small log comes whole");

    let found = server.json(&format!("{path}/log-search?q=MAKE")).await;
    assert_eq!(found, json!({ "lines": [[1, 0], [1, 2]], "through": 2, "has_more": false }));
    let later = server.json(&format!("{path}/log-search?q=^make&regex=true&after=0")).await;
    assert_eq!(later["lines"], json!([[1, 2]]));
    let none = server.json(&format!("{path}/log-search?q=endgroup&after=2")).await;
    assert_eq!(none, json!({ "lines": [], "through": 2, "has_more": false }));

    rows.log_chunk(job, 3, &format!("{}\n", "x".repeat(300_000))).await;
    let large = server.json(&format!("{path}/log-outline")).await;
    assert_eq!((&large["texts"], &large["chunks"][3]), (&json!([]), &json!([3, 1, 3, 1, []])));
    archive_logs(&server.app).await.expect("an archive");
    assert_eq!(server.json(&format!("{path}/log-outline")).await, large);
    assert_eq!(server.json(&format!("{path}/log-search?q=MAKE")).await["lines"], found["lines"]);
}

/// Sequence, first line and number of lines of each chunk.
fn places_of(outline: &Outline) -> Vec<(u64, u64, u64)> {
    outline.chunks.iter().map(|chunk| (chunk.sequence, chunk.first_line, chunk.n_lines)).collect()
}

async fn whole_log(server: &TestServer, job: JobId) -> String {
    let path = format!("/repos/acme/app/actions/jobs/{job}/logs");
    let answer = server.follow(&path).await;
    assert_eq!(answer.status(), 200);
    answer.text().await.expect("a text")
}
