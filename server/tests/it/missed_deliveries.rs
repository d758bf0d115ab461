//! Deliveries that GitHub made while nobody listened.

use chrono::{TimeDelta, Utc};
use serde_json::{Value, json};

use crate::fake_github::FakeGitHub;
use crate::github_events::{connected, deliver, n_runs, push};
use crate::harness::TestServer;

const ON_PUSH: &str = "\
on: push
jobs: { build: { runs-on: ubuntu-latest, steps: [{ run: echo }] } }
";

fn entry(id: i64, guid: &str, minutes_ago: i64) -> Value {
    json!({
        "id": id,
        "guid": guid,
        "delivered_at": Utc::now() - TimeDelta::minutes(minutes_ago),
        "redelivery": false,
        "duration": 10.0,
        "status": "failed to connect to host",
        "status_code": 502,
        "event": "push",
        "action": null,
        "installation_id": 2,
        "repository_id": 186_853_002,
    })
}

/// The server has been away since long before.
async fn forget_what_was_read(server: &TestServer) {
    server.rows().execute("delete from hook_positions where $1 = 0", 0).await;
}

#[tokio::test]
async fn what_was_missed_is_asked_for_once_and_what_is_here_never() {
    let fake = FakeGitHub::with_workflow(ON_PUSH);
    let Some(server) = connected(&fake).await else { return };
    deliver(&server, "push", "here", push('a', "Codertocat")).await;
    assert_eq!(n_runs(&server).await, 1);
    let ping = json!({ "id": 5, "guid": "ping", "delivered_at": Utc::now() - TimeDelta::minutes(9),
                       "event": "ping" });
    fake.with(|kept| {
        kept.hook_deliveries = vec![
            entry(9, "on its way", 0),
            entry(8, "missed later", 10),
            entry(7, "here", 20),
            ping,
            entry(4, "missed", 30),
            entry(3, "missed", 40),
            entry(2, "too old", 5 * 24 * 60),
        ];
    });
    forget_what_was_read(&server).await;
    server.settle().await;
    fake.with(|kept| assert_eq!(kept.repeated, ["4", "8"], "in their order"));
    // GitHub delivers both, one of them twice; the list has them as entries of now.
    for guid in ["missed", "missed later", "missed"] {
        deliver(&server, "push", guid, push('c', "Codertocat")).await;
    }
    assert_eq!(n_runs(&server).await, 3);
    server.settle().await;
    fake.with(|kept| {
        assert_eq!(kept.repeated.len(), 2);
        assert_eq!(kept.unknown, [""; 0]);
    });
}

#[tokio::test]
async fn what_fails_again_and_again_is_given_up() {
    let fake = FakeGitHub::with_workflow(ON_PUSH);
    let Some(server) = connected(&fake).await else { return };
    fake.with(|kept| {
        kept.hook_deliveries = (0..4).map(|n| entry(9 - n, "bad", 10 + n)).collect();
    });
    forget_what_was_read(&server).await;
    server.settle().await;
    fake.with(|kept| {
        assert_eq!(kept.repeated, ["9"]);
        // That one came to nothing as well.
        kept.hook_deliveries[0] = entry(1000, "bad", 5);
    });
    server.settle().await;
    fake.with(|kept| assert_eq!(kept.repeated, ["9"], "five attempts are enough"));
}
