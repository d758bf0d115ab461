//! Environments through the API: their rules, and what these do to deployments.

use axum::http::StatusCode;
use gantry_protocol::RunId;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{GitRepository, TestServer};
use crate::server_or_skip;

const BASE: &str = "/repos/acme/app/environments/production";

const DEPLOY: &str = "on: push\njobs:\n  deploy:\n    runs-on: ubuntu-latest\n    \
                      environment: production\n    steps: [{ run: ./deploy }]\n";

async fn send(server: &TestServer, method: Method, path: &str, body: Value) -> (StatusCode, Value) {
    let answer = server.as_admin(method, path).json(&body).send().await.expect("an answer");
    (answer.status(), answer.json().await.unwrap_or_default())
}

async fn set(server: &TestServer, rules: Value) -> Value {
    let (status, body) = send(server, Method::PUT, BASE, rules).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    body
}

/// A run of one deployment to `production`, which has these rules.
async fn push_under(rules: Value) -> Option<(TestServer, GitRepository, RunId)> {
    let server = TestServer::start().await?;
    let files = GitRepository::create(server.directory.path(), &[("ci.yml", DEPLOY)]);
    server.rows().repository(files.path()).await;
    set(&server, rules).await;
    let run = server.push_again(&files, "push-1").await;
    Some((server, files, run))
}

async fn review(server: &TestServer, run: RunId, token: &str, state: &str) -> StatusCode {
    let path = format!("/repos/acme/app/actions/runs/{run}/pending_deployments");
    let pending = server.json(&path).await;
    let body = json!({
        "environment_ids": [pending[0]["environment"]["id"]],
        "state": state,
        "comment": "looked at it",
    });
    let request = server.anonymous(Method::POST, &path).bearer_auth(token).json(&body);
    request.send().await.expect("an answer").status()
}

#[tokio::test]
async fn rules_are_kept_and_shown_as_github_shows_them() {
    let server = server_or_skip!();
    server.rows().repository("/nowhere").await;
    let body = set(&server, json!({
        "wait_timer": 30,
        "prevent_self_review": true,
        "reviewers": [{ "type": "User", "login": "Octocat" }],
        "deployment_branch_policy": { "protected_branches": false, "custom_branch_policies": true },
    })).await;
    let kinds: Vec<_> = body["protection_rules"]
        .as_array()
        .expect("rules")
        .iter()
        .map(|rule| &rule["type"])
        .collect();
    assert_eq!(kinds, ["wait_timer", "required_reviewers", "branch_policy"]);
    assert_eq!(body["protection_rules"][0]["wait_timer"], 30);
    assert_eq!(body["protection_rules"][1]["reviewers"][0]["reviewer"]["login"], "octocat");
    // As on GitHub, what is not named is switched off, and the body may be left out.
    let bare = server.as_admin(Method::PUT, BASE).send().await.expect("an answer");
    let bare: Value = bare.json().await.expect("JSON");
    assert_eq!(bare["protection_rules"], json!([]));
}

#[tokio::test]
async fn wrong_rules_are_refused_and_change_nothing() {
    let server = server_or_skip!();
    server.rows().repository("/nowhere").await;
    let both = json!({ "protected_branches": true, "custom_branch_policies": true });
    let protected = json!({ "protected_branches": true, "custom_branch_policies": false });
    let seven: Vec<_> = (0..7).map(|n| json!({ "login": format!("user{n}") })).collect();
    for body in [
        json!({ "wait_timer": -1 }),
        json!({ "wait_timer": 43_201 }),
        json!({ "wait_timer": "soon" }),
        json!({ "reviewers": [{ "type": "User", "id": 1 }] }),
        json!({ "reviewers": [{ "type": "Team", "id": 1 }] }),
        json!({ "reviewers": seven }),
        json!({ "deployment_branch_policy": both }),
        json!({ "deployment_branch_policy": protected }),
    ] {
        let (status, _) = send(&server, Method::PUT, BASE, body.clone()).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{body}");
    }
    let status = server.get(BASE).send().await.expect("an answer").status();
    assert_eq!(status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn only_a_listed_reviewer_approves_and_not_their_own_run() {
    let rules = json!({
        "reviewers": [{ "login": "write-person" }, { "login": "octocat" }],
        "prevent_self_review": true,
    });
    let Some((server, _files, run)) = push_under(rules).await else { return };
    assert_eq!(server.job_states(run).await, ["deploy waiting"]);
    assert_eq!(review(&server, run, &server.admin, "approved").await, StatusCode::FORBIDDEN);
    assert_eq!(review(&server, run, &server.read, "approved").await, StatusCode::FORBIDDEN);
    // The run was caused by `octocat`.
    let octocat = server.token_of("octocat").await;
    assert_eq!(review(&server, run, &octocat, "approved").await, StatusCode::FORBIDDEN);
    server.settle().await;
    assert_eq!(server.job_states(run).await, ["deploy waiting"]);

    assert_eq!(review(&server, run, &server.write, "approved").await, StatusCode::OK);
    server.settle().await;
    assert_eq!(server.job_states(run).await, ["deploy queued"]);
    let path = format!("/repos/acme/app/actions/runs/{run}/approvals");
    let approvals = server.json(&path).await;
    assert_eq!(approvals[0]["user"]["login"], "write-person");
    assert_eq!(approvals[0]["comment"], "looked at it");
    assert_eq!(approvals[0]["environments"][0]["name"], "production");
}

#[tokio::test]
async fn a_branch_that_no_policy_names_fails_the_job_in_githubs_words() {
    let policy = json!({ "protected_branches": false, "custom_branch_policies": true });
    let rules = json!({ "deployment_branch_policy": policy });
    let Some((server, files, run)) = push_under(rules).await else { return };
    assert_eq!(server.job_states(run).await, ["deploy completed failure"]);
    let detail = server.json(&format!("/api/gantry/runs/{run}")).await;
    let expected = "Branch \"main\" is not allowed to deploy to production due to environment \
                    protection rules.";
    assert_eq!(detail["jobs"][0]["reason"], expected);

    let policies = format!("{BASE}/deployment-branch-policies");
    let (status, created) = send(&server, Method::POST, &policies, json!({ "name": "ma*" })).await;
    assert_eq!((status, &created["type"]), (StatusCode::OK, &json!("branch")));
    for (body, expected) in [
        (json!({ "name": "ma*" }), StatusCode::CONFLICT),
        (json!({ "name": "[" }), StatusCode::UNPROCESSABLE_ENTITY),
        (json!({ "name": "!main" }), StatusCode::UNPROCESSABLE_ENTITY),
        (json!({ "name": "x", "type": "commit" }), StatusCode::UNPROCESSABLE_ENTITY),
    ] {
        assert_eq!(
            send(&server, Method::POST, &policies, body.clone()).await.0,
            expected,
            "{body}"
        );
    }
    let second = server.push_again(&files, "push-2").await;
    assert_eq!(server.job_states(second).await, ["deploy queued"]);
}

#[tokio::test]
async fn a_deployment_waits_for_its_timer_and_then_goes_on_by_itself() {
    let Some((server, _files, run)) = push_under(json!({ "wait_timer": 10 })).await else { return };
    assert_eq!(server.job_states(run).await, ["deploy waiting"]);
    let path = format!("/repos/acme/app/actions/runs/{run}/pending_deployments");
    let pending = server.json(&path).await;
    assert_eq!(pending[0]["wait_timer"], 10);
    assert!(pending[0]["wait_timer_started_at"].is_string(), "{pending}");
    server.pass_minutes(run, 9).await;
    assert_eq!(server.job_states(run).await, ["deploy waiting"]);
    server.pass_minutes(run, 2).await;
    assert_eq!(server.job_states(run).await, ["deploy queued"]);
}

#[tokio::test]
async fn what_waits_for_a_deleted_environment_is_rejected() {
    let rules = json!({ "review_required": true });
    let Some((server, _files, run)) = push_under(rules).await else { return };
    assert_eq!(server.job_states(run).await, ["deploy waiting"]);
    let body = json!({ "name": "region", "value": "eu" });
    send(&server, Method::POST, &format!("{BASE}/variables"), body).await;
    assert_eq!(send(&server, Method::DELETE, BASE, json!({})).await.0, StatusCode::NO_CONTENT);
    assert_eq!(send(&server, Method::DELETE, BASE, json!({})).await.0, StatusCode::NOT_FOUND);
    server.settle().await;
    assert_eq!(server.job_states(run).await, ["deploy completed failure"]);
    // A new environment of the name does not inherit anything.
    set(&server, json!({})).await;
    let variables = server.as_admin(Method::GET, &format!("{BASE}/variables")).send().await;
    let variables: Value = variables.expect("an answer").json().await.expect("JSON");
    assert_eq!(variables["total_count"], 0);
}

#[tokio::test]
async fn a_job_gets_the_variables_of_its_environment() {
    let server = server_or_skip!();
    let files = GitRepository::create(server.directory.path(), &[("ci.yml", DEPLOY)]);
    server.rows().repository(files.path()).await;
    set(&server, json!({})).await;
    for (place, name, value) in [
        ("/orgs/acme/actions", "A", "owner"),
        ("/orgs/acme/actions", "B", "owner"),
        ("/repos/acme/app/actions", "B", "repository"),
        ("/repos/acme/app/actions", "C", "repository"),
        (BASE, "C", "environment"),
    ] {
        let body = json!({ "name": name, "value": value, "visibility": "all" });
        let path = format!("{place}/variables");
        assert_eq!(send(&server, Method::POST, &path, body).await.0, StatusCode::CREATED);
    }
    server.push_again(&files, "push-1").await;
    let runner = crate::harness::FakeRunner::register(&server, "one").await;
    let job = runner.lease().await.expect("a job");
    let vars = job.contexts.vars.to_json();
    assert_eq!(vars, json!({ "A": "owner", "B": "repository", "C": "environment" }));
}

/// GitHub's one approval is the default; an environment may ask for more.
#[tokio::test]
async fn several_approvals_come_from_different_people_and_one_rejection_ends_it() {
    let rules = json!({ "required_approvals": 2 });
    let Some((server, files, run)) = push_under(rules).await else { return };
    let (mona, hubot) = (server.token_of("mona").await, server.token_of("hubot").await);
    assert_eq!(review(&server, run, &mona, "approved").await, StatusCode::OK);
    server.settle().await;
    assert_eq!(server.job_states(run).await, ["deploy waiting"]);
    let view = server.json(&format!("/api/gantry/runs/{run}")).await;
    let pending = &view["pending_deployments"][0];
    assert_eq!(
        (&pending["approved_by"], &pending["required_approvals"]),
        (&json!(["mona"]), &json!(2))
    );
    assert_eq!(review(&server, run, &mona, "approved").await, StatusCode::CONFLICT);
    assert_eq!(review(&server, run, &hubot, "approved").await, StatusCode::OK);
    server.settle().await;
    assert_eq!(server.job_states(run).await, ["deploy queued"]);

    let second = server.push_again(&files, "push-2").await;
    assert_eq!(review(&server, second, &mona, "approved").await, StatusCode::OK);
    // Who has approved may think better of it.
    assert_eq!(review(&server, second, &mona, "rejected").await, StatusCode::OK);
    server.settle().await;
    assert_eq!(server.run_state(second).await, "completed failure");
}

#[tokio::test]
async fn more_approvals_than_reviewers_are_refused() {
    let server = server_or_skip!();
    server.rows().repository("/nowhere").await;
    let one = json!([{ "login": "mona" }]);
    for rules in [
        json!({ "required_approvals": 2, "reviewers": one }),
        json!({ "required_approvals": 7 }),
        json!({ "required_approvals": 0 }),
    ] {
        let (status, body) = send(&server, Method::PUT, BASE, rules).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{body}");
    }
}
