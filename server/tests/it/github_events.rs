//! Events of a repository of GitHub, from the signed delivery to what GitHub is told.

use gantry_protocol::Conclusion;
use reqwest::Method;
use serde_json::{Value, json};

use crate::fake_github::{FakeGitHub, INSTALLATION, SLUG, repository};
use crate::harness::{Delivery, End, FakeRunner, TestServer};

const ON_PUSH: &str = "\
on: { push: {}, pull_request: {} }
permissions: { contents: write, pull-requests: write }
jobs:
  build:
    runs-on: ubuntu-latest
    steps: [{ run: echo }]
";

/// A server that is the fake's App, with the fake's repository turned on.
pub(crate) async fn connected(fake: &FakeGitHub) -> Option<TestServer> {
    let access = fake.start().await;
    let server = TestServer::start_with(|config| config.github = Some(access)).await?;
    let installed = json!({
        "action": "created",
        "installation": { "id": INSTALLATION, "account": { "login": "Codertocat" } },
        "repositories": [{ "id": 186_853_002, "full_name": "Codertocat/Hello-World" }],
        "sender": { "login": "Codertocat" },
    });
    deliver(&server, "installation", "installed", installed).await;
    enable(&server, json!({ "enabled": true })).await;
    Some(server)
}

pub(crate) async fn enable(server: &TestServer, settings: Value) {
    let path = "/api/gantry/repositories/Codertocat/Hello-World";
    let request = server.as_admin(Method::PATCH, path).json(&settings);
    let answer = request.send().await.expect("an answer");
    assert_eq!(answer.status(), 200, "{:?}", answer.text().await);
}

/// Delivers and works until nothing is left to do.
pub(crate) async fn deliver(server: &TestServer, event: &str, guid: &str, payload: Value) {
    let delivery = Delivery { event, guid, payload };
    let answer = server.deliver(&delivery).send().await.expect("an answer");
    assert!(answer.status().is_success(), "{event}: {}", answer.status());
    server.settle().await;
}

/// `status: reason` of a delivery.
pub(crate) async fn outcome(server: &TestServer, guid: &str) -> String {
    sqlx::query_scalar("select concat(status, ': ', reason) from deliveries where guid = $1")
        .bind(guid)
        .fetch_one(&server.app.db)
        .await
        .expect("a delivery")
}

pub(crate) async fn n_runs(server: &TestServer) -> i64 {
    sqlx::query_scalar("select count(*) from workflow_runs")
        .fetch_one(&server.app.db)
        .await
        .expect("a count")
}

pub(crate) fn push(sha: char, sender: &str) -> Value {
    json!({
        "ref": "refs/heads/master",
        "before": "b".repeat(40),
        "after": sha.to_string().repeat(40),
        "head_commit": { "message": "Add the thing" },
        "repository": repository(),
        "sender": { "login": sender },
    })
}

#[tokio::test]
async fn a_job_is_a_check_run_and_its_token_is_of_its_repository_and_ends_with_it() {
    let fake = FakeGitHub::with_workflow(ON_PUSH);
    let Some(server) = connected(&fake).await else { return };
    deliver(&server, "push", "p1", push('a', "Codertocat")).await;
    let runner = FakeRunner::register(&server, "one").await;
    let job = runner.lease().await.expect("a job");
    assert!(job.github_token.starts_with("ghs_fake_"));
    assert!(job.repository.clone_url.ends_with("/Codertocat/Hello-World.git"));
    runner.start_step(&job).await;
    runner.complete(&job, End { conclusion: Conclusion::Failure, ..End::SUCCESS }).await;
    server.settle().await;
    fake.with(|kept| {
        let asked = kept.tokens.iter().find(|asked| !asked["permissions"].is_null());
        let expected = json!({
            "repository_ids": [186_853_002],
            "permissions": { "metadata": "read", "contents": "write", "pull_requests": "write" },
        });
        assert_eq!(asked, Some(&expected));
        assert_eq!(kept.revoked, 1);
        assert_eq!(kept.check_runs.len(), 1);
        assert_eq!(kept.check_runs[0]["name"], "build");
        assert_eq!(kept.check_runs[0]["conclusion"], "failure");
        assert_eq!(kept.unknown, [""; 0]);
    });
}

#[tokio::test]
async fn what_the_app_itself_does_starts_nothing() {
    let fake = FakeGitHub::with_workflow(ON_PUSH);
    let Some(server) = connected(&fake).await else { return };
    deliver(&server, "push", "own", push('a', &format!("{SLUG}[bot]"))).await;
    assert!(outcome(&server, "own").await.starts_with("ignored: "));
    deliver(&server, "push", "other", push('a', "dependabot[bot]")).await;
    assert!(outcome(&server, "other").await.starts_with("processed: started 1 run"));
}

#[tokio::test]
async fn a_repository_is_off_until_it_is_turned_on_and_keeps_its_identity_under_another_name() {
    let fake = FakeGitHub::with_workflow(ON_PUSH);
    let Some(server) = connected(&fake).await else { return };
    enable(&server, json!({ "enabled": false })).await;
    deliver(&server, "push", "off", push('a', "Codertocat")).await;
    assert!(outcome(&server, "off").await.contains("is off"));
    enable(&server, json!({ "enabled": true })).await;
    let mut renamed = repository();
    renamed["full_name"] = json!("Octocoders/Renamed");
    fake.with(|kept| kept.full_name = Some("Octocoders/Renamed".to_owned()));
    let event = json!({ "action": "transferred", "repository": renamed });
    deliver(&server, "repository", "renamed", event).await;
    let list = server.json("/api/gantry/repositories").await;
    assert_eq!(list["total_count"], 1);
    assert_eq!(list["repositories"][0]["full_name"], "Octocoders/Renamed");
    deliver(&server, "push", "later", push('a', "Codertocat")).await;
    assert_eq!(n_runs(&server).await, 1);
    fake.with(|kept| kept.is_uninstalled = true);
    let gone =
        json!({ "action": "deleted", "installation": { "id": INSTALLATION, "account": {} } });
    deliver(&server, "installation", "gone", gone).await;
    let list = server.json("/api/gantry/repositories").await;
    assert_eq!(list["repositories"][0]["is_installed"], false);
}

pub(crate) fn pull_request(head_repository: &str) -> Value {
    json!({
        "action": "opened",
        "number": 7,
        "pull_request": {
            "number": 7,
            "mergeable": null,
            "author_association": "CONTRIBUTOR",
            "user": { "login": "Codertocat" },
            "head": {
                "ref": "topic",
                "sha": "a".repeat(40),
                "repo": { "full_name": head_repository },
            },
            "base": { "ref": "master", "sha": "b".repeat(40) },
        },
        "repository": repository(),
        "sender": { "login": "Codertocat" },
    })
}

/// What GitHub says of the pull request, once it knows whether it can be merged.
pub(crate) fn computed(mergeable: Value) -> Value {
    json!({
        "head": { "sha": "a".repeat(40) },
        "mergeable": mergeable,
        "merge_commit_sha": "c".repeat(40),
    })
}

#[tokio::test]
async fn a_pull_request_waits_for_its_merge_commit_and_its_checks_are_at_its_head() {
    let fake = FakeGitHub::with_workflow(ON_PUSH);
    let Some(server) = connected(&fake).await else { return };
    fake.with(|kept| kept.pull_requests.insert(7, computed(Value::Null)));
    deliver(&server, "pull_request", "pr", pull_request("Codertocat/Hello-World")).await;
    assert!(outcome(&server, "pr").await.starts_with("pending: GitHub has not computed"));
    fake.with(|kept| kept.pull_requests.insert(7, computed(json!(true))));
    server.rows().execute("update deliveries set next_attempt_at = now() where id > $1", 0).await;
    server.settle().await;
    let runner = FakeRunner::register(&server, "one").await;
    let job = runner.lease().await.expect("a job");
    let github = job.contexts.github.to_json();
    assert_eq!(github["sha"], "c".repeat(40));
    assert_eq!(github["ref"], "refs/pull/7/merge");
    fake.with(|kept| assert_eq!(kept.check_runs[0]["head_sha"], "a".repeat(40)));
}

#[tokio::test]
async fn a_pull_request_from_a_fork_gets_a_token_that_only_reads() {
    let fake = FakeGitHub::with_workflow(ON_PUSH);
    let Some(server) = connected(&fake).await else { return };
    fake.with(|kept| kept.pull_requests.insert(7, computed(json!(true))));
    deliver(&server, "pull_request", "pr", pull_request("mallory/Hello-World")).await;
    let runner = FakeRunner::register(&server, "one").await;
    let job = runner.lease().await.expect("a job");
    assert!(job.secrets.is_empty());
    fake.with(|kept| {
        let asked = kept.tokens.iter().find(|asked| !asked["permissions"].is_null());
        let permissions = &asked.expect("a token for the job")["permissions"];
        let expected = json!({ "metadata": "read", "contents": "read", "pull_requests": "read" });
        assert_eq!(permissions, &expected);
    });
}

#[tokio::test]
async fn re_run_and_approval_at_github_reach_the_run() {
    let workflow = ON_PUSH.replace("    steps:", "    environment: production\n    steps:");
    let fake = FakeGitHub::with_workflow(&workflow);
    let Some(server) = connected(&fake).await else { return };
    let path = "/repos/Codertocat/Hello-World/environments/production";
    let body = json!({ "review_required": true });
    let answer = server.as_admin(Method::PUT, path).json(&body).send().await.expect("an answer");
    assert!(answer.status().is_success());
    deliver(&server, "push", "p1", push('a', "Codertocat")).await;
    let check_run = fake.with(|kept| kept.check_runs[0].clone());
    assert_eq!(check_run["actions"][0]["identifier"], "approve", "{check_run:#}");
    let pressed = |action: &str| {
        json!({
            "action": action,
            "check_run": { "id": check_run["id"], "app": { "slug": SLUG } },
            "requested_action": { "identifier": "approve" },
            "repository": repository(),
            "sender": { "login": "Codertocat" },
        })
    };
    deliver(&server, "check_run", "approved", pressed("requested_action")).await;
    assert!(outcome(&server, "approved").await.contains("approve `production`"));
    let runner = FakeRunner::register(&server, "one").await;
    let job = runner.lease().await.expect("a job");
    runner.start_step(&job).await;
    server.settle().await;
    runner.complete(&job, End::SUCCESS).await;
    server.settle().await;
    deliver(&server, "check_run", "again", pressed("rerequested")).await;
    assert!(outcome(&server, "again").await.contains("attempt 2"));
    fake.with(|kept| {
        assert_eq!(kept.deployments[0]["environment"], "production");
        let states: Vec<_> = kept.deployment_statuses.iter().map(|it| &it["state"]).collect();
        let expected = ["pending", "queued", "in_progress", "success"];
        assert!(states.iter().take(4).eq(&expected), "{states:?}");
        assert_eq!(kept.check_runs.len(), 2, "each attempt has a check run");
        assert_eq!(kept.unknown, [""; 0]);
    });
}

#[tokio::test]
async fn annotations_are_sent_by_fifty_and_a_failure_between_loses_and_repeats_none() {
    let fake = FakeGitHub::with_workflow(ON_PUSH);
    let Some(server) = connected(&fake).await else { return };
    deliver(&server, "push", "p1", push('a', "Codertocat")).await;
    let runner = FakeRunner::register(&server, "one").await;
    let job = runner.lease().await.expect("a job");
    runner.start_step(&job).await;
    runner.complete(&job, End::SUCCESS).await;
    let sql = "insert into annotations (job_id, level, message)
               select $1, 'notice', n::text from generate_series(1, 120) as n";
    server.rows().execute(sql, job.job_id.0).await;
    server.settle().await;
    fake.with(|kept| {
        let sent: Vec<_> = kept.annotations.iter().filter(|n| **n > 0).copied().collect();
        assert_eq!(sent, [50, 50, 20]);
    });
}

#[tokio::test]
async fn a_workflow_that_a_filter_kept_is_reported_as_skipped_by_choice() {
    let filtered = ON_PUSH.replace("push: {}", "push: { paths: ['src/**'] }");
    let fake = FakeGitHub::with_workflow(&filtered);
    let Some(server) = connected(&fake).await else { return };
    fake.with(|kept| kept.changed_files = vec!["README.md".to_owned()]);
    deliver(&server, "push", "silent", push('a', "Codertocat")).await;
    fake.with(|kept| assert!(kept.check_runs.is_empty()));
    enable(&server, json!({ "report_skipped": true, "report_statuses": true })).await;
    deliver(&server, "push", "told", push('e', "Codertocat")).await;
    fake.with(|kept| {
        assert_eq!(kept.check_runs[0]["name"], "build");
        assert_eq!(kept.check_runs[0]["conclusion"], "skipped");
        assert_eq!(kept.check_runs[0]["head_sha"], "e".repeat(40));
    });
    assert_eq!(n_runs(&server).await, 0);
    fake.with(|kept| kept.changed_files = vec!["src/main.rs".to_owned()]);
    deliver(&server, "push", "starts", push('f', "Codertocat")).await;
    assert_eq!(n_runs(&server).await, 1);
    fake.with(|kept| {
        assert_eq!(kept.statuses[0]["context"], "build");
        assert_eq!(kept.statuses[0]["state"], "pending");
    });
}

/// GitHub's published examples of every event, of which most are about the fake's repository.
#[tokio::test]
async fn every_published_example_of_a_delivery_is_handled_or_ignored_with_a_reason() {
    let place = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../tests/github/node_modules/@octokit/webhooks-examples/api.github.com/index.json"
    );
    let Ok(text) = std::fs::read(place) else {
        eprintln!("skipped: run `npm ci` in tests/github");
        return;
    };
    let events: Vec<Value> = serde_json::from_slice(&text).expect("JSON");
    let fake = FakeGitHub::with_workflow(&ON_PUSH.replace("pull_request", "watch"));
    let Some(server) = connected(&fake).await else { return };
    let mut n_sent = 0;
    for event in &events {
        let name = event["name"].as_str().expect("a name");
        for payload in event["examples"].as_array().expect("examples") {
            know_pull_request(&fake, payload);
            let guid = format!("example-{n_sent}");
            let delivery = Delivery { event: name, guid: &guid, payload: payload.clone() };
            let answer = server.deliver(&delivery).send().await.expect("an answer");
            assert!(answer.status().is_success(), "{name}: {}", answer.status());
            n_sent += 1;
        }
    }
    server.settle().await;
    let open: Vec<String> = sqlx::query_scalar(
        "select concat(event, ' ', status, ': ', reason)
         from deliveries
         where status not in ('processed', 'ignored') or coalesce(reason, '') = ''",
    )
    .fetch_all(&server.app.db)
    .await
    .expect("deliveries");
    assert_eq!(open, [""; 0]);
    assert_eq!(n_sent, 329);
    let started: Vec<String> =
        sqlx::query_scalar("select distinct event from workflow_runs order by event")
            .fetch_all(&server.app.db)
            .await
            .expect("runs");
    assert_eq!(started, ["push", "watch"]);
    fake.with(|kept| assert_eq!(kept.unknown, [""; 0]));
}

/// GitHub has computed the merge commit of whatever pull request a payload names.
fn know_pull_request(fake: &FakeGitHub, payload: &Value) {
    let pull_request = &payload["pull_request"];
    let Some(number) = pull_request["number"].as_u64() else { return };
    let mut known = computed(json!(true));
    known["head"]["sha"] = pull_request["head"]["sha"].clone();
    fake.with(|kept| kept.pull_requests.insert(number, known));
}
