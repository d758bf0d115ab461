//! Who may call what.

use axum::http::StatusCode;
use gantry_protocol::{JobId, LeaseToken};
use gantry_server::accounts::{self, Access, Grant, JobIdentity, NewSession, Role};
use gantry_server::http::routes::{client_routes, git_routes};
use reqwest::Method;
use secrecy::ExposeSecret;

use crate::harness::{FakeRunner, NewJob};
use crate::server_or_skip;

/// Every route with every identity. What matters is whether the caller is let in, so a body or a
/// path that the handler refuses later counts as let in.
#[tokio::test]
async fn every_route_admits_exactly_whom_the_table_names() {
    let server = server_or_skip!();
    let rows = server.rows();
    let repository = rows.repository("/nowhere").await;
    let run = rows.run(repository, "d-1", "in_progress").await;
    let job = rows.job(run, NewJob::new("build", "in_progress")).await;
    let identity = JobIdentity { job, lease: LeaseToken(1) };
    let runner = FakeRunner::register(&server, "one").await;
    let callers = [
        ("nobody", String::new()),
        ("runner", runner.token.clone()),
        ("unknown", "gantry_pat_unknown".to_owned()),
        ("job", accounts::job_token(&server.app, identity)),
        ("read", server.read.clone()),
        ("write", server.write.clone()),
        ("admin", server.admin.clone()),
    ];
    let routes = [client_routes(server.app.clone()), git_routes(server.app.clone())];
    let table = routes.iter().flat_map(|routes| routes.table());
    for route in table {
        for (name, token) in &callers {
            let path = route
                .path
                .replace("{owner}/{repo}", "acme/app")
                .replace("{run}", "1")
                .replace("{job}", "1")
                .replace("{attempt}", "1");
            let mut request = server.anonymous(route.method.clone(), &path);
            if !token.is_empty() {
                request = request.bearer_auth(token);
            }
            let status = request.send().await.expect("an answer").status();
            let expected = expected(route.access, name);
            let got = match status {
                StatusCode::UNAUTHORIZED => Some(StatusCode::UNAUTHORIZED),
                StatusCode::FORBIDDEN
                    if !matches!(route.access, Access::Clone | Access::Reader) =>
                {
                    Some(StatusCode::FORBIDDEN)
                }
                _ => None,
            };
            assert_eq!(got, expected, "{} {} as {name}: {status}", route.method, route.path);
        }
    }
}

fn expected(access: Access, caller: &str) -> Option<StatusCode> {
    let role = match caller {
        "read" => Some(Role::Read),
        "write" => Some(Role::Write),
        "admin" => Some(Role::Admin),
        _ => None,
    };
    let is_unknown = matches!(caller, "nobody" | "unknown" | "runner");
    match access {
        Access::Public => None,
        Access::Link => Some(StatusCode::FORBIDDEN),
        Access::Known if role.is_some() => None,
        Access::Known if is_unknown => Some(StatusCode::UNAUTHORIZED),
        Access::Known => Some(StatusCode::FORBIDDEN),
        _ if is_unknown => Some(StatusCode::UNAUTHORIZED),
        Access::Clone | Access::Reader => None,
        Access::Account(needed) if role.is_some_and(|role| role >= needed) => None,
        Access::Account(_) => Some(StatusCode::FORBIDDEN),
    }
}

/// A change of who may do what is seen in a review.
#[tokio::test]
async fn the_table_of_routes_is_the_reviewed_one() {
    let server = server_or_skip!();
    let routes = [client_routes(server.app.clone()), git_routes(server.app.clone())];
    let mut lines: Vec<_> = routes
        .iter()
        .flat_map(|routes| routes.table())
        .filter(|route| !route.path.starts_with("/api/v3/repos"))
        .filter(|route| !route.path.starts_with("/api/v3/orgs"))
        .map(|route| {
            let access = match route.access {
                Access::Public => "anybody",
                Access::Link => "a signed link",
                Access::Clone | Access::Reader => "read or the job",
                Access::Known => "any account",
                Access::Account(role) => role.as_str(),
            };
            format!("{access:15} {:6} {}", route.method, route.path)
        })
        .collect();
    lines.sort();
    insta::assert_snapshot!(lines.join("\n"));
}

#[tokio::test]
async fn a_job_token_names_its_job_and_cannot_be_altered() {
    let server = server_or_skip!();
    let identity = JobIdentity { job: JobId(100_001), lease: LeaseToken(2) };
    let token = accounts::job_token(&server.app, identity);
    assert_eq!(accounts::verify_job_token(&server.app, &token), Some(identity));
    let other_job = token.replace("100001", "100002");
    let other_lease = token.replace(".2.", ".3.");
    for forged in [&other_job, &other_lease, &token[..token.len() - 2], "", "gantry_job_1.1."] {
        assert_eq!(accounts::verify_job_token(&server.app, forged), None, "{forged}");
    }
}

#[tokio::test]
async fn the_first_start_writes_an_administrators_token_that_later_starts_keep() {
    let server = server_or_skip!();
    accounts::bootstrap_admin_token(&server.app).await.expect("bootstrapped");
    let path = server.directory.path().join("admin-token");
    let token = std::fs::read_to_string(&path).expect("the file");
    accounts::bootstrap_admin_token(&server.app).await.expect("bootstrapped again");
    assert_eq!(std::fs::read_to_string(&path).expect("the file"), token);
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &std::fs::metadata(&path).expect("the file").permissions(),
    );
    assert_eq!(mode & 0o777, 0o600);
    let session = server
        .anonymous(Method::GET, "/api/gantry/session")
        .bearer_auth(token.trim())
        .send()
        .await
        .expect("an answer");
    let body: serde_json::Value = session.json().await.expect("JSON");
    assert_eq!(body["role"], "admin");
}

#[tokio::test]
async fn a_login_link_works_once_and_its_cookie_is_a_session_until_logout() {
    let server = server_or_skip!();
    let link = server
        .as_admin(Method::POST, "/api/gantry/login-links")
        .send()
        .await
        .expect("an answer")
        .json::<serde_json::Value>()
        .await
        .expect("JSON");
    let url = link["url"].as_str().expect("a URL").to_owned();
    assert!(url.starts_with(&format!("{}/login/", server.url)), "{url}");

    let first = server.client.get(&url).send().await.expect("an answer");
    assert_eq!(first.status(), StatusCode::SEE_OTHER);
    let cookie = first.headers()["set-cookie"].to_str().expect("a cookie").to_owned();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
    let second = server.client.get(&url).send().await.expect("an answer");
    assert_eq!(second.status(), StatusCode::GONE);

    let cookie = cookie.split(';').next().expect("a pair").to_owned();
    let session = |method, path| server.anonymous(method, path).header("cookie", &cookie);
    let who = session(Method::GET, "/api/gantry/session").send().await.expect("an answer");
    assert_eq!(who.status(), StatusCode::OK);
    let out = session(Method::POST, "/api/gantry/logout").send().await.expect("an answer");
    assert_eq!(out.status(), StatusCode::NO_CONTENT);
    let after = session(Method::GET, "/api/gantry/session").send().await.expect("an answer");
    assert_eq!(after.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn another_sites_page_cannot_use_the_session() {
    let server = server_or_skip!();
    let grant = Grant::everywhere(Role::Admin);
    let identity = accounts::Identity::new("octocat".to_owned(), None, grant);
    let mut db = server.app.db.acquire().await.expect("a connection");
    let session =
        NewSession { identity: &identity, address: None, browser: "a test", replaces: None };
    let session = accounts::begin_session(&mut db, &session).await.expect("a session");
    let cookie = format!("gantry_session={}", session.expose_secret());
    let post = |site: &'static str, origin: &'static str| {
        server
            .anonymous(Method::POST, "/api/gantry/login-links")
            .header("cookie", &cookie)
            .header("sec-fetch-site", site)
            .header("origin", origin)
            .send()
    };
    let foreign = post("cross-site", "https://evil.example").await.expect("an answer");
    assert_eq!(foreign.status(), StatusCode::FORBIDDEN);
    let own = post("same-origin", "http://ours").await.expect("an answer");
    assert_eq!(own.status(), StatusCode::CREATED);
}

#[tokio::test]
async fn an_issued_token_may_do_what_its_role_says_and_no_more() {
    let server = server_or_skip!();
    let path = "/api/gantry/access-tokens";
    let issued: serde_json::Value = server
        .anonymous(Method::POST, path)
        .bearer_auth(&server.admin)
        .json(&serde_json::json!({ "login": "prometheus", "role": "read", "expires_in_days": 1 }))
        .send()
        .await
        .expect("an answer")
        .json()
        .await
        .expect("JSON");
    assert!(issued["expires_at"].is_string(), "{issued}");
    let token = issued["token"].as_str().expect("a token");
    let status = async |method, path: &str| {
        let request = server.anonymous(method, path).bearer_auth(token);
        request.json(&serde_json::json!({})).send().await.expect("an answer").status()
    };
    assert_eq!(status(Method::GET, "/metrics").await, StatusCode::OK);
    let register = status(Method::POST, "/api/gantry/repositories").await;
    assert_eq!(register, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_token_that_makes_no_sense_is_not_issued() {
    let server = server_or_skip!();
    for request in [
        serde_json::json!({ "login": "octocat", "role": "owner" }),
        serde_json::json!({ "login": "", "role": "read" }),
        serde_json::json!({ "login": "octo cat", "role": "read" }),
        serde_json::json!({ "login": "octocat", "role": "read", "expires_in_days": 0 }),
        serde_json::json!({ "login": "octocat", "role": "read", "scopes": [] }),
    ] {
        let answer = server
            .anonymous(Method::POST, "/api/gantry/access-tokens")
            .bearer_auth(&server.admin)
            .json(&request)
            .send()
            .await
            .expect("an answer");
        assert!(answer.status().is_client_error(), "{request}: {}", answer.status());
    }
}
