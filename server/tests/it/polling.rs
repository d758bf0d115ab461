//! A server that GitHub does not reach looks for news itself.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::{Value, json};

use crate::fake_github::{FakeGitHub, INSTALLATION, Kept, repository};
use crate::github_events::{deliver, enable, n_runs};
use crate::harness::{FakeRunner, TestServer};

const WORKFLOW: &str = "\
on:
  push:
  pull_request:
    types: [opened, synchronize, reopened, closed]
jobs: { build: { runs-on: ubuntu-latest, steps: [{ run: echo }] } }
";

/// A server that polls, with the fake's repository turned on and looked at once.
async fn polling(fake: &FakeGitHub) -> Option<TestServer> {
    let access = fake.start().await;
    let server = TestServer::start_with(|config| {
        config.github = Some(access);
        config.github_poll = Some(Duration::from_secs(60));
    })
    .await?;
    let installed = json!({
        "action": "created",
        "installation": { "id": INSTALLATION, "account": { "login": "Codertocat" } },
        "repositories": [{ "id": 186_853_002, "full_name": "Codertocat/Hello-World" }],
    });
    deliver(&server, "installation", "installed", installed).await;
    enable(&server, json!({ "enabled": true })).await;
    server.settle().await;
    Some(server)
}

/// As after the pause.
async fn poll(server: &TestServer) {
    let sql = "update poll_repositories set next_poll_at = now() where $1 = 0";
    server.rows().execute(sql, 0).await;
    server.settle().await;
}

fn sha(letter: char) -> String {
    letter.to_string().repeat(40)
}

fn set_ref(fake: &FakeGitHub, name: &str, letter: char) {
    fake.with(|kept| kept.refs.insert(format!("refs/{name}"), sha(letter)));
}

fn set_pull_request(fake: &FakeGitHub, (number, head): (u64, char), state: &str, hour: u32) {
    let time = |hour: u32| format!("2026-01-01T{hour:02}:00:00Z");
    let of = |name: &str, letter: char| {
        let head = json!({ "id": 186_853_002, "full_name": "Codertocat/Hello-World" });
        json!({ "ref": name, "sha": sha(letter), "repo": head })
    };
    let pull_request = json!({
        "number": number,
        "state": state,
        "created_at": time(u32::try_from(number).expect("small")),
        "updated_at": time(hour),
        "mergeable": true,
        "merge_commit_sha": sha('c'),
        "user": { "login": "Codertocat" },
        "head": of("topic", head),
        "base": of("master", 'b'),
    });
    fake.with(|kept| kept.pull_requests.insert(number, pull_request));
}

/// `event guid-is-a-uuid payload` of what polling has made, in order.
async fn made(server: &TestServer) -> Vec<(String, Value)> {
    let rows: Vec<(String, String, Vec<u8>)> = sqlx::query_as(
        "select event, guid, payload from deliveries where source = 'poll' order by id",
    )
    .fetch_all(&server.app.db)
    .await
    .expect("deliveries");
    let mut made = Vec::new();
    for (event, guid, payload) in rows {
        assert!(uuid::Uuid::parse_str(&guid).is_ok(), "{guid}");
        made.push((event, serde_json::from_slice(&payload).expect("JSON")));
    }
    made
}

#[tokio::test]
async fn what_was_there_before_starts_nothing_and_what_comes_later_is_a_push() {
    let fake = FakeGitHub::with_workflow(WORKFLOW);
    set_ref(&fake, "heads/master", 'a');
    set_ref(&fake, "tags/v1", 'a');
    set_pull_request(&fake, (1, 'a'), "open", 2);
    let Some(server) = polling(&fake).await else { return };
    poll(&server).await;
    assert_eq!(n_runs(&server).await, 0);
    fake.with(|kept| {
        assert_eq!(kept.n_not_modified, 3, "the second look costs nothing");
        kept.movers.insert(sha('d'), "hubot".to_owned());
    });
    set_ref(&fake, "heads/master", 'd');
    set_ref(&fake, "tags/v2", 'e');
    poll(&server).await;
    // A restart looks again at what it has seen.
    poll(&server).await;
    let made = made(&server).await;
    assert_eq!(made.len(), 2);
    let (event, push) = &made[0];
    assert_eq!(event, "push");
    assert_eq!(push["ref"], "refs/heads/master");
    assert_eq!(push["before"], sha('a'));
    assert_eq!(push["after"], sha('d'));
    assert_eq!(push["head_commit"]["id"], sha('d'));
    assert_eq!(push["sender"]["login"], "hubot");
    assert_eq!(push["repository"]["id"], repository()["id"]);
    let (_, tag) = &made[1];
    assert_eq!((&tag["ref"], &tag["created"]), (&json!("refs/tags/v2"), &json!(true)));
    assert_eq!(n_runs(&server).await, 2);
    let runner = FakeRunner::register(&server, "one").await;
    let github = runner.lease().await.expect("a job").contexts.github.to_json();
    assert_eq!((&github["actor"], &github["sha"]), (&json!("hubot"), &json!(sha('d'))));
}

#[tokio::test]
async fn a_pull_request_is_opened_pushed_to_closed_and_opened_again() {
    let fake = FakeGitHub::with_workflow(WORKFLOW);
    set_pull_request(&fake, (1, 'a'), "open", 2);
    set_pull_request(&fake, (2, 'a'), "closed", 3);
    let Some(server) = polling(&fake).await else { return };
    for (pull_request, state, hour) in [
        ((4, 'a'), "open", 4),
        ((4, 'd'), "open", 5),
        ((4, 'd'), "closed", 6),
        ((4, 'd'), "open", 7),
        ((2, 'a'), "open", 8),
        // Only words have changed.
        ((1, 'a'), "open", 9),
    ] {
        set_pull_request(&fake, pull_request, state, hour);
        poll(&server).await;
    }
    let made = made(&server).await;
    let actions: Vec<_> = made
        .iter()
        .map(|(event, it)| format!("{event} {} {}", it["number"], it["action"]))
        .collect();
    let expected =
        ["4 \"opened\"", "4 \"synchronize\"", "4 \"closed\"", "4 \"reopened\"", "2 \"reopened\""];
    assert_eq!(actions, expected.map(|it| format!("pull_request {it}")));
    let (_, synchronize) = &made[1];
    assert_eq!(
        (&synchronize["before"], &synchronize["after"]),
        (&json!(sha('a')), &json!(sha('d')))
    );
    assert_eq!(n_runs(&server).await, 5);
}

#[tokio::test]
async fn nobody_knows_who_has_pushed_to_a_fork_so_that_its_run_waits() {
    let fake = FakeGitHub::with_workflow(WORKFLOW);
    set_pull_request(&fake, (1, 'a'), "open", 2);
    let of_fork = |kept: &mut Kept, letter: char, hour: u32| {
        let pull_request = kept.pull_requests.get_mut(&1).expect("a pull request");
        pull_request["head"]["repo"] = json!({ "id": 5, "full_name": "mona/Hello-World" });
        pull_request["head"]["sha"] = json!(sha(letter));
        pull_request["author_association"] = json!("CONTRIBUTOR");
        pull_request["updated_at"] = json!(format!("2026-01-01T{hour:02}:00:00Z"));
    };
    fake.with(|kept| of_fork(kept, 'a', 2));
    let Some(server) = polling(&fake).await else { return };
    fake.with(|kept| of_fork(kept, 'd', 3));
    poll(&server).await;
    let conclusion: String = sqlx::query_scalar("select conclusion from workflow_runs")
        .fetch_one(&server.app.db)
        .await
        .expect("a run");
    assert_eq!(conclusion, "action_required");
}

#[tokio::test]
async fn a_repository_that_is_turned_off_and_on_begins_anew() {
    let fake = FakeGitHub::with_workflow(WORKFLOW);
    set_ref(&fake, "heads/master", 'a');
    let Some(server) = polling(&fake).await else { return };
    enable(&server, json!({ "enabled": false })).await;
    server.settle().await;
    set_ref(&fake, "heads/master", 'd');
    enable(&server, json!({ "enabled": true })).await;
    poll(&server).await;
    assert_eq!(n_runs(&server).await, 0);
    set_ref(&fake, "heads/master", 'e');
    poll(&server).await;
    assert_eq!(n_runs(&server).await, 1);
}

#[tokio::test]
async fn failures_lose_nothing_and_pauses_that_github_asks_for_are_kept() {
    let fake = FakeGitHub::with_workflow(WORKFLOW);
    set_ref(&fake, "heads/master", 'a');
    let Some(server) = polling(&fake).await else { return };
    set_ref(&fake, "heads/master", 'd');
    // In the middle of what a push is made of.
    fake.with(|kept| {
        kept.failures = vec![StatusCode::BAD_GATEWAY; 2];
    });
    poll(&server).await;
    assert_eq!(n_runs(&server).await, 0);
    poll(&server).await;
    poll(&server).await;
    assert_eq!(n_runs(&server).await, 1);
    let headers = [("x-poll-interval", "7200")]
        .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
    fake.with(|kept| kept.further_headers = HeaderMap::from_iter(headers));
    set_ref(&fake, "heads/master", 'e');
    poll(&server).await;
    let is_far: bool = sqlx::query_scalar(
        "select next_poll_at > now() + interval '1 hour' from poll_repositories",
    )
    .fetch_one(&server.app.db)
    .await
    .expect("a position");
    assert!(is_far);
}
