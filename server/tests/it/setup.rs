//! A GitHub App made by one click.

use gantry_server::github::{self, GitHub};
use reqwest::{Method, StatusCode};
use serde_json::Value;

use crate::fake_github::{FakeGitHub, SLUG};
use crate::harness::{Delivery, TestServer, signature};

/// A server that is not connected to the fake yet.
async fn unconnected(fake: &FakeGitHub) -> Option<TestServer> {
    let access = fake.start().await;
    TestServer::start_with(|config| config.github_api_url = access.api_url).await
}

/// The form that the set-up page sends to GitHub: its action and its manifest.
async fn form(server: &TestServer) -> (String, Value) {
    let request = server.as_admin(Method::GET, "/setup/github?organization=acme");
    let answer = request.send().await.expect("an answer");
    assert_eq!(answer.status(), 200);
    let policy = answer.headers()["content-security-policy"].to_str().expect("text").to_owned();
    let page = answer.text().await.expect("a page").replace("&quot;", "\"").replace("&amp;", "&");
    let between = |begin: &str, end: &str| {
        let rest = page.split_once(begin).expect("the beginning").1;
        rest.split_once(end).expect("the end").0.to_owned()
    };
    let action = between("<form method=\"post\" action=\"", "\">");
    assert!(policy.contains("form-action 'self' http"), "{policy}");
    let manifest = between("name=\"manifest\" value=\"", "\"><button>");
    (action, serde_json::from_str(&manifest).expect("JSON"))
}

async fn call_back(server: &TestServer, code: &str, state: &str) -> StatusCode {
    let path = format!("/setup/github/callback?code={code}&state={state}");
    server.anonymous(Method::GET, &path).send().await.expect("an answer").status()
}

#[tokio::test]
async fn an_administrator_makes_the_app_and_its_keys_outlive_a_restart() {
    let fake = FakeGitHub::default();
    let Some(server) = unconnected(&fake).await else { return };
    let refused = server.anonymous(Method::GET, "/setup/github").bearer_auth(&server.write);
    assert_eq!(refused.send().await.expect("an answer").status(), 403);

    let (action, manifest) = form(&server).await;
    let (place, state) = action.split_once("?state=").expect("a state");
    assert!(place.ends_with("/organizations/acme/settings/apps/new"), "{place}");
    let hook = format!("{}/webhooks/github", server.url);
    assert_eq!(manifest["hook_attributes"]["url"], hook);
    assert_eq!(manifest["redirect_url"], format!("{}/setup/github/callback", server.url));
    assert_eq!(manifest["default_permissions"]["checks"], "write");

    assert_eq!(call_back(&server, "abc", "made-up").await, 410);
    fake.with(|kept| assert!(kept.codes.is_empty()));
    assert_eq!(call_back(&server, "abc123", state).await, 200);
    assert_eq!(call_back(&server, "abc123", state).await, 410, "a state is good once");
    fake.with(|kept| assert_eq!(kept.codes, ["abc123"]));
    assert!(server.app.github.is_app());
    assert_eq!(server.app.github.app_slug().await.expect("a slug"), SLUG);

    // Deliveries are signed with the App's secret; the configured one holds as well.
    let delivery = Delivery::push("signed", &"a".repeat(40));
    let body = delivery.payload.to_string();
    for (secret, expected) in [("of the made app", 202), ("webhook secret", 202), ("other", 403)] {
        let signed = signature(secret, body.as_bytes());
        let request = server.deliver(&delivery).header("x-hub-signature-256", "");
        let request = request.build().expect("a request");
        let mut request = reqwest::Request::try_clone(&request).expect("a copy");
        request.headers_mut().insert("x-hub-signature-256", signed.parse().expect("a header"));
        let answer = server.client.execute(request).await.expect("an answer");
        assert_eq!(answer.status(), expected, "{secret}");
    }

    let mut restarted = server.app.clone();
    restarted.github = std::sync::Arc::new(GitHub::new(None).expect("no credentials"));
    github::connect_made_app(&restarted).await.expect("the kept App");
    assert_eq!(restarted.github.app_slug().await.expect("a slug"), SLUG);
    let stored: Vec<u8> = sqlx::query_scalar("select ciphertext from github_app")
        .fetch_one(&server.app.db)
        .await
        .expect("a row");
    assert!(!String::from_utf8_lossy(&stored).contains("PRIVATE KEY"));
    let events: Vec<String> = sqlx::query_scalar(
        "select detail->>'login' from audit_events where action = 'github_app.create'",
    )
    .fetch_all(&server.app.db)
    .await
    .expect("events");
    assert_eq!(events, ["admin-person"]);
}
