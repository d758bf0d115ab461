//! A log is the same before and after it is archived.

use gantry_protocol::JobId;
use gantry_server::logs::chunks_after;

use crate::harness::{End, FakeRunner, GitRepository, TestServer};
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
    let page = chunks_after(db, storage, job.job_id, Some(3)).await.expect("a page");
    assert_eq!((page.chunks.len(), page.is_complete), (1, false));

    let end = End { log_chunks: 5, ..End::SUCCESS };
    assert_eq!(runner.complete(&job, end).await, 204);
    server.settle().await;
    let n_chunks: i64 =
        sqlx::query_scalar("select count(*) from log_chunks").fetch_one(db).await.expect("a count");
    assert_eq!(n_chunks, 0, "the chunks are archived");
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

async fn whole_log(server: &TestServer, job: JobId) -> String {
    let path = format!("/repos/acme/app/actions/jobs/{job}/logs");
    let answer = server.follow(&path).await;
    assert_eq!(answer.status(), 200);
    answer.text().await.expect("a text")
}
