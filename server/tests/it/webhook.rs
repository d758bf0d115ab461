//! Deliveries come in.

use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::harness::{Delivery, TestServer, signature};
use crate::server_or_skip;

async fn stored(server: &TestServer) -> Vec<(String, String, Option<String>)> {
    sqlx::query_as("select guid, status, reason from deliveries order by id")
        .fetch_all(&server.app.db)
        .await
        .expect("deliveries")
}

async fn status(request: reqwest::RequestBuilder) -> StatusCode {
    request.send().await.expect("an answer").status()
}

#[tokio::test]
async fn what_is_not_signed_by_us_or_not_a_delivery_leaves_no_trace() {
    let server = server_or_skip!();
    let url = format!("{}/webhooks/github", server.url);
    let request = |signature: Option<String>, content_type: &str| {
        let request = server.client.request(Method::POST, &url);
        let request = request.header("content-type", content_type);
        let request = request.header("x-github-event", "push").body("{}");
        match signature {
            Some(signature) => request.header("x-hub-signature-256", signature),
            None => request,
        }
    };
    let good = Some(signature("webhook secret", b"{}"));
    let json = "application/json";
    let form = "application/x-www-form-urlencoded";
    assert_eq!(status(request(None, json)).await, StatusCode::UNAUTHORIZED);
    let wrong = Some(signature("another secret", b"{}"));
    assert_eq!(status(request(wrong, json)).await, StatusCode::FORBIDDEN);
    assert_eq!(status(request(good.clone(), form)).await, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    // No `X-GitHub-Delivery`.
    assert_eq!(status(request(good, json)).await, StatusCode::BAD_REQUEST);
    let large = request(None, json).body(vec![b' '; 25 * 1024 * 1024 + 1]);
    assert_eq!(status(large).await, StatusCode::PAYLOAD_TOO_LARGE);
    let ping = Delivery { event: "ping", guid: "ping-1", payload: json!({}) };
    assert_eq!(status(server.deliver(&ping)).await, StatusCode::OK);
    assert_eq!(stored(&server).await, []);
}

#[tokio::test]
async fn every_delivery_ends_with_a_reason() {
    let server = server_or_skip!();
    server.rows().repository("/nowhere").await;
    let own = json!({ "repository": { "full_name": "acme/app" } });
    let other = json!({ "repository": { "full_name": "acme/other" } });
    for (event, guid, payload) in
        [("push", "other", &other), ("gollum_x", "unknown", &own), ("push", "bad", &json!([]))]
    {
        let delivery = Delivery { event, guid, payload: payload.clone() };
        assert_eq!(status(server.deliver(&delivery)).await, StatusCode::ACCEPTED);
        // A second one of the same id changes nothing.
        assert_eq!(status(server.deliver(&delivery)).await, StatusCode::ACCEPTED);
    }
    server.settle().await;
    let ignored =
        |guid: &str, reason: &str| (guid.to_owned(), "ignored".to_owned(), Some(reason.to_owned()));
    assert_eq!(
        stored(&server).await,
        [
            ignored("other", "the repository `acme/other` is not registered here"),
            ignored("unknown", "`gollum_x` is not an event that starts workflows"),
            ignored("bad", "the payload names no repository"),
        ]
    );
}

#[tokio::test]
async fn a_delivery_that_fails_is_tried_again_and_given_up_in_the_end() {
    let server = server_or_skip!();
    server.rows().repository("/nowhere").await;
    let delivery = Delivery::push("push-1", &"a".repeat(40));
    assert_eq!(status(server.deliver(&delivery)).await, StatusCode::ACCEPTED);
    server.settle().await;
    let (_, first_status, reason) = stored(&server).await.remove(0);
    assert_eq!(first_status, "pending");
    assert!(reason.is_some_and(|reason| reason.contains("/nowhere")));
    for _ in 0..9 {
        server
            .rows()
            .execute("update deliveries set next_attempt_at = now() where id <> $1", 0)
            .await;
        server.settle().await;
    }
    let (_, last_status, _) = stored(&server).await.remove(0);
    assert_eq!(last_status, "failed");
}
