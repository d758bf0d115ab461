//! The page's files and the headers that protect it.

use reqwest::Method;

use crate::server_or_skip;

#[tokio::test]
async fn every_page_path_is_the_application_and_nothing_else_is() {
    let server = server_or_skip!();
    for path in ["/", "/acme/app/actions/runs/10001", "/anything"] {
        let answer = server.anonymous(Method::GET, path).send().await.expect("an answer");
        assert_eq!(answer.status(), 200, "{path}");
        assert_eq!(answer.headers()["content-type"], "text/html", "{path}");
    }
    for path in ["/api/gantry/nothing", "/repos/x", "/assets/missing.js", "/git/x"] {
        let answer = server.anonymous(Method::GET, path).send().await.expect("an answer");
        assert_eq!(answer.status(), 404, "{path}");
        let body: serde_json::Value = answer.json().await.expect("GitHub's shape");
        assert_eq!(body["message"], "Not Found", "{path}");
    }
}

#[tokio::test]
async fn an_unchanged_page_is_not_sent_again() {
    let server = server_or_skip!();
    let first = server.anonymous(Method::GET, "/").send().await.expect("an answer");
    let etag = first.headers()["etag"].clone();
    let again = server.anonymous(Method::GET, "/").header("if-none-match", etag).send().await;
    assert_eq!(again.expect("an answer").status(), 304);
}

#[tokio::test]
async fn every_answer_forbids_foreign_scripts_and_frames() {
    let server = server_or_skip!();
    for path in ["/", "/api/gantry/session", "/healthz", "/git/a/b.git/info/refs"] {
        let answer = server.anonymous(Method::GET, path).send().await.expect("an answer");
        let policy = answer.headers()["content-security-policy"].to_str().expect("text");
        assert!(policy.starts_with("default-src 'none'"), "{path}: {policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(answer.headers()["x-content-type-options"], "nosniff", "{path}");
    }
}

#[tokio::test]
async fn the_operators_pages_answer() {
    let server = server_or_skip!();
    let ready = server.anonymous(Method::GET, "/readyz").send().await.expect("an answer");
    assert_eq!(ready.status(), 200);
    let metrics = server.get("/metrics").send().await.expect("an answer");
    let text = metrics.text().await.expect("a body");
    assert!(text.contains("gantry_jobs{status=\"queued\"} 0"), "{text}");
}
