//! What the audit log tells of requests and jobs, and that it cannot be rewritten.

use std::process::Output;

use axum::http::StatusCode;
use gantry_server::audit::{self, AuditEntry, Chain, Filter};
use gantry_server::http::routes::{client_routes, git_routes};
use reqwest::Method;
use serde_json::json;
use tokio::process::Command;

use crate::harness::{FakeRunner, GitRepository, TestServer};
use crate::server_or_skip;

const CI: &str = "on: push\njobs:\n  build:\n    runs-on: ubuntu-latest\n    steps:\n      - \
                  run: echo ${{ secrets.TOKEN }}\n";

/// All sealed entries.
async fn sealed(server: &TestServer) -> Vec<AuditEntry> {
    audit::seal_events(&server.app).await.expect("sealed");
    let mut db = server.app.db.acquire().await.expect("a connection");
    let filter = Filter { after: Some(0), ..Filter::default() };
    audit::entries(&mut db, &filter, 1000).await.expect("entries")
}

fn of<'a>(entries: &'a [AuditEntry], action: &str) -> Vec<&'a AuditEntry> {
    entries.iter().filter(|entry| entry.action == action).collect()
}

async fn put_secret(server: &TestServer, token: &str, value: &str) -> StatusCode {
    let path = "/api/gantry/repositories/acme/app/secrets/TOKEN";
    let request = server.anonymous(Method::PUT, path).bearer_auth(token);
    request.json(&json!({ "value": value })).send().await.expect("an answer").status()
}

async fn verify(server: &TestServer, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_gantry"))
        .args(["audit", "verify", "--server", &server.url, "--token", &server.admin])
        .args(arguments)
        .output()
        .await
        .expect("the command runs")
}

#[tokio::test]
async fn a_change_is_recorded_with_who_from_where_and_how_it_ended() {
    let server = server_or_skip!();
    server.rows().repository("/nowhere").await;
    assert_eq!(put_secret(&server, &server.admin, "s3cret-value").await, StatusCode::CREATED);
    assert_eq!(put_secret(&server, &server.write, "s3cret-value").await, StatusCode::FORBIDDEN);
    let long = "x".repeat(49 * 1024);
    assert_eq!(put_secret(&server, &server.admin, &long).await, StatusCode::UNPROCESSABLE_ENTITY);
    let entries = sealed(&server).await;
    let writes = of(&entries, "secret.write");
    let told: Vec<_> = writes.iter().map(|it| (it.actor.as_str(), it.outcome.as_str())).collect();
    // A refusal is recorded at once, a request that is carried out before it is.
    assert_eq!(
        told,
        [("admin-person", "done"), ("write-person", "refused"), ("admin-person", "failed")]
    );
    assert_eq!(writes[0].repository.as_deref(), Some("acme/app"));
    assert_eq!(writes[0].target.as_deref(), Some("name=TOKEN"));
    assert_eq!(writes[0].address.as_deref(), Some("127.0.0.1"));
    assert!(!serde_json::to_string(&entries).expect("JSON").contains("s3cret"));
}

#[tokio::test]
async fn reading_and_strangers_leave_no_events() {
    let server = server_or_skip!();
    server.json("/api/gantry/runs").await;
    for _ in 0..3 {
        assert_eq!(put_secret(&server, "gantry_pat_unknown", "x").await, StatusCode::UNAUTHORIZED);
        let login = server.anonymous(Method::GET, "/login/guess").send().await.expect("an answer");
        assert_eq!(login.status(), StatusCode::GONE);
    }
    assert_eq!(sealed(&server).await, []);
}

#[tokio::test]
async fn a_sign_in_names_who_signed_in_and_hides_the_code() {
    let server = server_or_skip!();
    let link = server.as_admin(Method::POST, "/api/gantry/login-links").send().await;
    let link: serde_json::Value = link.expect("an answer").json().await.expect("JSON");
    let url = link["url"].as_str().expect("a link");
    server.client.get(url).send().await.expect("an answer");
    let entries = sealed(&server).await;
    let session = of(&entries, "session.create");
    assert_eq!((session.len(), session[0].actor.as_str()), (1, "admin-person"));
    let code = url.rsplit('/').next().expect("a code");
    assert!(!serde_json::to_string(&entries).expect("JSON").contains(code));
}

#[tokio::test]
async fn a_job_that_gets_secrets_is_recorded_with_their_names() {
    let server = server_or_skip!();
    let files = GitRepository::create(server.directory.path(), &[("ci.yml", CI)]);
    server.rows().repository(files.path()).await;
    put_secret(&server, &server.admin, "s3cret-value").await;
    server.push_again(&files, "push-1").await;
    let runner = FakeRunner::register(&server, "one").await;
    let job = runner.lease().await.expect("a job");
    let entries = sealed(&server).await;
    let uses = of(&entries, "secret.use");
    assert_eq!(uses.len(), 1);
    assert_eq!((uses[0].actor_kind.as_str(), &uses[0].actor), ("job", &job.job_id.to_string()));
    assert_eq!(uses[0].detail, json!({ "names": ["TOKEN"] }));
}

/// What its server has begun and never finished is told as such.
#[tokio::test]
async fn an_event_without_an_end_becomes_unknown() {
    let server = server_or_skip!();
    let begun = "insert into audit_events (at, actor_kind, actor, action)
                 values (now() - interval '1 hour', 'account', 'octocat', 'run.cancel')";
    sqlx::query(begun).execute(&server.app.db).await.expect("an event");
    let entries = sealed(&server).await;
    assert_eq!(entries[0].outcome, "unknown");
}

#[tokio::test]
async fn the_database_refuses_to_change_what_is_sealed() {
    let server = server_or_skip!();
    server.rows().repository("/nowhere").await;
    put_secret(&server, &server.admin, "x").await;
    assert_eq!(sealed(&server).await.len(), 1);
    for change in [
        "update audit_events set actor = 'mallory'",
        "delete from audit_events",
        "truncate audit_events",
    ] {
        let refused = sqlx::query(change).execute(&server.app.db).await;
        let message = refused.expect_err(change).to_string();
        assert!(message.contains("append-only"), "{message}");
    }
}

#[tokio::test]
async fn verify_accepts_the_log_and_finds_what_was_changed_behind_its_back() {
    let server = server_or_skip!();
    server.rows().repository("/nowhere").await;
    for value in ["a", "b", "c"] {
        put_secret(&server, &server.admin, value).await;
    }
    let entries = sealed(&server).await;
    let whole = verify(&server, &[]).await;
    let text = String::from_utf8_lossy(&whole.stdout).into_owned();
    assert!(whole.status.success() && text.starts_with("3 events"), "{whole:?}");
    let head = verify(&server, &["--head", &entries[2].hash]).await;
    assert!(head.status.success(), "{head:?}");
    let mut db = server.app.db.acquire().await.expect("a connection");
    for statement in [
        "alter table audit_events disable trigger user",
        "update audit_events set actor = 'mallory' where sequence = 2",
    ] {
        sqlx::query(statement).execute(&mut *db).await.expect("as the database's owner");
    }
    let broken = verify(&server, &[]).await;
    let text = String::from_utf8_lossy(&broken.stderr).into_owned();
    assert!(!broken.status.success() && text.contains("entry 2 has been changed"), "{text}");
    let cut = "delete from audit_events where sequence > 1";
    sqlx::query(cut).execute(&mut *db).await.expect("as the database's owner");
    let cut = verify(&server, &["--head", &entries[2].hash]).await;
    let text = String::from_utf8_lossy(&cut.stderr).into_owned();
    assert!(!cut.status.success() && text.contains("its end has been replaced"), "{text}");
}

#[tokio::test]
async fn exports_hold_every_entry_in_both_forms() {
    let server = server_or_skip!();
    server.rows().repository("/nowhere").await;
    put_secret(&server, &server.admin, "a").await;
    put_secret(&server, &server.admin, "b").await;
    let entries = sealed(&server).await;
    let export = async |format: &str| {
        let path = format!("/api/gantry/audit-log?format={format}");
        let answer = server.as_admin(Method::GET, &path).send().await.expect("an answer");
        answer.text().await.expect("a body")
    };
    let lines = export("json-lines").await;
    let mut chain = Chain::default();
    for line in lines.lines() {
        chain.follow(&serde_json::from_str(line).expect("an entry")).expect("whole");
    }
    assert_eq!(chain.head().hash, entries[1].hash);
    let csv = export("csv").await;
    assert_eq!(csv.lines().count(), 3, "{csv}");
    assert!(csv.starts_with("sequence,at,actor_kind,actor,"), "{csv}");
}

/// A new route that changes something gets a name in the table of actions.
#[tokio::test]
async fn every_route_that_changes_something_has_an_action_of_its_own() {
    let server = server_or_skip!();
    let routes = [client_routes(server.app.clone()), git_routes(server.app.clone())];
    let unnamed: Vec<_> = routes
        .iter()
        .flat_map(|routes| routes.table())
        .filter(|route| route.action == Some("request.other"))
        .map(|route| format!("{} {}", route.method, route.path))
        .collect();
    assert_eq!(unnamed, Vec::<String>::new());
}
