//! Access tokens that hold in some repositories only, and who may issue which.

use axum::http::StatusCode;
use gantry_protocol::RepositoryId;
use gantry_server::accounts::{Access, Role};
use gantry_server::http::routes::{client_routes, git_routes};
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{NewJob, TestServer};

const TOKENS: &str = "/api/gantry/access-tokens";

struct Two {
    server: TestServer,
    mine: RepositoryId,
    /// The run and the job of the repository that the token may not see.
    run: i64,
    job: i64,
    token: String,
}

/// `acme/app` of which the token knows nothing, and `acme/mine` in which it has `role`.
async fn two_repositories(role: Role) -> Option<Two> {
    let server = TestServer::start().await?;
    let rows = server.rows();
    let other = rows.repository("/nowhere").await;
    let mine = rows.named_repository("mine", "/elsewhere").await;
    let run = rows.run(other, "d-1", "in_progress").await;
    let job = rows.job(run, NewJob::new("build", "in_progress")).await;
    rows.run(mine, "d-2", "in_progress").await;
    let token = server.limited_token("octocat", role, &[mine]).await;
    Some(Two { server, mine, run: run.0, job: job.0, token })
}

async fn send(two: &Two, method: Method, path: &str, body: Value) -> (StatusCode, Value) {
    let request = two.server.anonymous(method, path).bearer_auth(&two.token);
    let answer = request.json(&body).send().await.expect("an answer");
    (answer.status(), answer.json().await.unwrap_or_default())
}

async fn get(two: &Two, path: &str) -> (StatusCode, Value) {
    let answer = two.server.anonymous(Method::GET, path).bearer_auth(&two.token).send().await;
    let answer = answer.expect("an answer");
    (answer.status(), answer.json().await.unwrap_or_default())
}

#[tokio::test]
async fn every_route_of_another_repository_is_not_found() {
    let Some(two) = two_repositories(Role::Admin).await else { return };
    let app = &two.server.app;
    let routes = [client_routes(app.clone()), git_routes(app.clone())];
    let mut n_routes = 0;
    for route in routes.iter().flat_map(|routes| routes.table()) {
        let about = ["{owner}/{repo}", "{repository}", "{run}", "{job}"];
        let is_about_one = about.iter().any(|it| route.path.contains(it));
        if !is_about_one || !matches!(route.access, Access::Account(_) | Access::Clone) {
            continue;
        }
        let path = route
            .path
            .replace("{owner}/{repo}", "acme/app")
            .replace("{repository}", "1001")
            .replace("{run}", &two.run.to_string())
            .replace("{job}", &two.job.to_string())
            .replace("{attempt}", "1");
        let (status, body) = send(&two, route.method.clone(), &path, json!({})).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{} {}", route.method, route.path);
        assert_eq!(body["message"], "Not Found", "{} {}", route.method, route.path);
        n_routes += 1;
    }
    assert!(n_routes > 100, "only {n_routes} routes were tried");
}

#[tokio::test]
async fn lists_and_streams_hold_only_what_may_be_seen() {
    let Some(two) = two_repositories(Role::Read).await else { return };
    let (_, runs) = get(&two, "/api/gantry/runs").await;
    assert_eq!(runs["workflow_runs"].as_array().map(Vec::len), Some(1), "{runs}");
    let (_, repositories) = get(&two, "/api/gantry/repositories").await;
    assert_eq!(repositories["total_count"], 1);
    assert_eq!(repositories["repositories"][0]["full_name"], "acme/mine");
    let (status, _) = get(&two, "/api/gantry/runs?repository=acme/app").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let (status, _) = get(&two, &format!("/api/gantry/events?run={}", two.run)).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let query = "query RepositoryInfo($owner: String!, $name: String!) { x }";
    let variables = json!({ "owner": "acme", "name": "app" });
    let body = json!({ "query": query, "variables": variables });
    let (_, answer) = send(&two, Method::POST, "/graphql", body).await;
    assert_eq!(answer["data"]["repository"], Value::Null);
}

#[tokio::test]
async fn in_its_own_repository_a_token_does_what_its_role_allows_and_nothing_elsewhere() {
    let Some(two) = two_repositories(Role::Write).await else { return };
    let (status, body) = get(&two, "/repos/acme/mine").await;
    assert_eq!((status, &body["permissions"]["push"]), (StatusCode::OK, &json!(true)));
    assert_eq!(body["permissions"]["admin"], false);
    let name = "/repos/acme/mine/actions/variables";
    let (status, _) = send(&two, Method::POST, name, json!({ "name": "A", "value": "b" })).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    for of_the_server in ["/metrics", "/orgs/acme/actions/secrets", "/api/gantry/deliveries"] {
        assert_eq!(get(&two, of_the_server).await.0, StatusCode::FORBIDDEN, "{of_the_server}");
    }
}

#[tokio::test]
async fn nobody_issues_a_token_that_may_do_more_than_they() {
    let Some(two) = two_repositories(Role::Write).await else { return };
    let (status, _) = send(&two, Method::POST, TOKENS, json!({ "role": "admin" })).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    let for_another = json!({ "role": "read", "login": "mallory" });
    assert_eq!(send(&two, Method::POST, TOKENS, for_another).await.0, StatusCode::FORBIDDEN);
    // The answer does not tell a hidden repository from one that there is not.
    for name in ["acme/app", "acme/none"] {
        let body = json!({ "role": "read", "repositories": [name] });
        let (status, answer) = send(&two, Method::POST, TOKENS, body).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(answer["message"], format!("there is no repository `{name}`"));
    }
    let (status, _) = send(&two, Method::POST, TOKENS, json!({ "role": "read" })).await;
    assert_eq!(status, StatusCode::CREATED);
    let (_, tokens) = get(&two, TOKENS).await;
    assert_eq!(tokens[0]["repositories"], json!(["acme/mine"]), "{tokens}");
    assert_eq!(two.mine.0, 1002, "the second repository");
}

#[tokio::test]
async fn a_revoked_token_is_nobodys_and_only_its_owner_or_an_administrator_revokes() {
    let Some(two) = two_repositories(Role::Read).await else { return };
    let (_, tokens) = get(&two, TOKENS).await;
    let own = format!("{TOKENS}/{}", tokens[0]["id"]);
    let as_another = two.server.anonymous(Method::DELETE, &own).bearer_auth(&two.server.write);
    let status = as_another.send().await.expect("an answer").status();
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert_eq!(get(&two, &format!("{TOKENS}?all=true")).await.0, StatusCode::FORBIDDEN);
    assert_eq!(send(&two, Method::DELETE, &own, json!({})).await.0, StatusCode::NO_CONTENT);
    assert_eq!(get(&two, "/user").await.0, StatusCode::UNAUTHORIZED);
    let all = two.server.as_admin(Method::GET, &format!("{TOKENS}?all=true")).send().await;
    let all: Value = all.expect("an answer").json().await.expect("JSON");
    let logins: Vec<_> = all.as_array().expect("a list").iter().map(|it| &it["login"]).collect();
    assert!(!logins.contains(&&json!("octocat")), "{all}");
}
