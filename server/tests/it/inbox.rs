//! The inbox while something in it goes wrong.

use std::process::Command;
use std::time::Duration;

use gantry_server::triggers;

use crate::harness::{Delivery, GitRepository};
use crate::server_or_skip;

const CI: &str = "on: push\njobs:\n  a: { runs-on: ubuntu-latest, steps: [{ run: a }] }\n";

#[tokio::test]
async fn a_repository_whose_git_hangs_does_not_hold_up_the_others() {
    let server = server_or_skip!();
    let good = GitRepository::create(server.directory.path(), &[("ci.yml", CI)]);
    let other = server.directory.path().join("hanging");
    std::fs::create_dir_all(&other).expect("a directory");
    let hanging = GitRepository::create(&other, &[("ci.yml", CI)]);
    // Git opens `HEAD` before anything else; nobody ever writes into this pipe.
    let head = std::path::Path::new(hanging.path()).join(".git/HEAD");
    let sha = hanging.head();
    std::fs::remove_file(&head).expect("a file");
    assert!(Command::new("mkfifo").arg(&head).status().expect("mkfifo").success());
    server.rows().repository(good.path()).await;
    server
        .rows()
        .execute(
            "insert into repositories (owner, name, default_branch, local_path)
             select 'acme', 'hanging', 'main', replace(local_path, '/app', '/hanging/app')
             from repositories
             where id <> $1",
            0,
        )
        .await;
    let mut stuck = Delivery::push("push-1", &sha);
    stuck.payload["repository"]["full_name"] = "acme/hanging".into();
    for delivery in [&stuck, &Delivery::push("push-2", &good.head())] {
        assert_eq!(server.deliver(delivery).send().await.expect("an answer").status(), 202);
    }
    let count = || async {
        sqlx::query_scalar::<_, i64>("select count(*) from workflow_runs")
            .fetch_one(&server.app.db)
            .await
            .expect("a count")
    };
    let has_run = async {
        while count().await == 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::select! {
        ended = triggers::process_deliveries(&server.app) => panic!("git did not hang: {ended:?}"),
        () = has_run => {}
        () = tokio::time::sleep(Duration::from_secs(50)) => panic!("the other one was held up"),
    }
}

#[tokio::test]
async fn a_schedule_that_cannot_fire_does_not_stop_the_others() {
    let server = server_or_skip!();
    let nightly = "on:\n  schedule:\n    - cron: '0 3 * * *'\njobs:\n  a: { runs-on: x, steps: [{ run: a }] }\n";
    let files = [("ci.yml", CI), ("nightly.yml", nightly)];
    let repository = GitRepository::create(server.directory.path(), &files);
    server.push_and_settle(&repository).await;
    let rows = server.rows();
    rows.execute("update schedules set next_due_at = '2026-01-01T03:00:00Z' where id <> $1", 0)
        .await;
    rows.execute(
        "insert into schedules (repository_id, workflow_path, cron, next_due_at)
         select repository_id, workflow_path, 'whenever', '2026-01-01T02:00:00Z'
         from schedules
         where id <> $1",
        0,
    )
    .await;
    server.settle().await;
    let events: Vec<String> = sqlx::query_scalar("select event from workflow_runs order by id")
        .fetch_all(&server.app.db)
        .await
        .expect("runs");
    assert_eq!(events, ["push", "schedule"]);
    let n_due: i64 =
        sqlx::query_scalar("select count(*) from schedules where next_due_at <= now()")
            .fetch_one(&server.app.db)
            .await
            .expect("a count");
    assert_eq!(n_due, 0, "the bad one is postponed");
}
