//! People who sign in with a GitHub account, and may do here what they may do there.

use axum::http::StatusCode;
use gantry_protocol::RepositoryId;
use gantry_server::accounts::{self, Access, Grant, Identity, NewSession, Role};
use gantry_server::audit::{self, Filter};
use gantry_server::config::{OAuthClient, SignIn};
use gantry_server::http::routes::{client_routes, git_routes};
use reqwest::{Method, Response};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use crate::fake_github::{FakeGitHub, INSTALLATION};
use crate::fake_people::CLIENT_SECRET;
use crate::harness::{NewJob, TestServer};

/// A server that admits `octocat`, the members of `acme`, and `mona` as administrator.
async fn connected() -> Option<(TestServer, FakeGitHub)> {
    let github = FakeGitHub::default();
    let access = github.start().await;
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let client = OAuthClient { id: "Iv1.test".to_owned(), secret: CLIENT_SECRET.into() };
    let sign_in = SignIn {
        client: Some(client),
        logins: names(&["octocat"]),
        organizations: names(&["acme"]),
        administrators: names(&["mona"]),
    };
    let server = TestServer::start_with(|config| {
        config.github = Some(access);
        config.sign_in = sign_in;
    })
    .await?;
    let installation = "insert into github_installations (id, account) values ($1, 'acme')";
    server.rows().execute(installation, INSTALLATION).await;
    Some((server, github))
}

/// A repository of GitHub in which the App is installed.
async fn repository(server: &TestServer, name: &str) -> RepositoryId {
    let id = server.rows().named_repository(name, "/nowhere").await;
    let at_github = "update repositories
         set local_path = null, github_id = id, installation_id = 2
         where id = $1";
    server.rows().execute(at_github, id.0).await;
    id
}

/// The value of a cookie that an answer sets.
fn cookie(answer: &Response, name: &str) -> Option<String> {
    let mut set = answer.headers().get_all("set-cookie").iter();
    set.find_map(|it| {
        let (key, rest) = it.to_str().expect("text").split_once('=')?;
        let value = rest.split(';').next().unwrap_or_default();
        (key == name && !value.is_empty()).then(|| format!("{name}={value}"))
    })
}

fn place(answer: &Response) -> String {
    answer.headers()["location"].to_str().expect("a URL").to_owned()
}

async fn get(server: &TestServer, url: &str, cookies: &str) -> Response {
    let url = if url.starts_with('/') { format!("{}{url}", server.url) } else { url.to_owned() };
    server.client.get(url).header("cookie", cookies).send().await.expect("an answer")
}

/// What a browser does that somebody signs in with; gives the last answer of ours.
async fn sign_in(server: &TestServer, cookies: &str) -> Response {
    let begun = get(server, "/login/github?to=/acme/app", cookies).await;
    assert_eq!(begun.status(), StatusCode::SEE_OTHER);
    let ticket = cookie(&begun, "gantry_sign_in").expect("a ticket");
    let agreed = get(server, &place(&begun), "").await;
    get(server, &place(&agreed), &format!("{ticket}; {cookies}")).await
}

async fn session_of(server: &TestServer, github: &FakeGitHub, login: &str, number: i64) -> String {
    github.with(|state| state.people.sign_in(login, number));
    let answer = sign_in(server, "").await;
    assert_eq!(place(&answer), "/acme/app", "{login} is signed in");
    cookie(&answer, "gantry_session").expect("a session")
}

async fn json_of(server: &TestServer, path: &str, cookies: &str) -> Value {
    get(server, path, cookies).await.json().await.expect("JSON")
}

/// As if the time had come to ask GitHub again.
async fn age(server: &TestServer) {
    for table in ["mirrored_roles", "mirrored_memberships"] {
        let old = format!("update {table} set checked_at = now() - interval '4 minutes'");
        let done = sqlx::query(sqlx::AssertSqlSafe(old)).execute(&server.app.db).await;
        done.expect("a change");
    }
}

#[tokio::test]
async fn a_person_signs_in_and_has_the_roles_that_github_says_in_each_repository() {
    let Some((server, github)) = connected().await else { return };
    for name in ["app", "site", "hidden"] {
        repository(&server, name).await;
    }
    server.rows().named_repository("local", "/elsewhere").await;
    github.with(|state| {
        state.people.permit("acme/app", "octocat", "write");
        state.people.permit("acme/site", "octocat", "read");
    });
    let ways = json_of(&server, "/api/gantry/sign-in", "").await;
    assert!(ways["github"]["server"].as_str().is_some_and(|it| it.starts_with("127.0.0.1")));
    github.with(|state| state.people.sign_in("octocat", 1));
    let answer = sign_in(&server, "").await;
    let set = answer.headers().get_all("set-cookie").iter();
    let session = set.map(|it| it.to_str().expect("text")).find(|it| it.starts_with("gantry_ses"));
    let session = session.expect("a session");
    assert!(session.contains("HttpOnly") && session.contains("SameSite=Strict"), "{session}");
    let session = session.split(';').next().expect("a pair");
    let who = json_of(&server, "/api/gantry/session", session).await;
    let roles = json!({ "acme/app": "write", "acme/site": "read" });
    assert_eq!(who, json!({ "login": "octocat", "role": null, "repositories": roles }));
    // The token was good for one question.
    assert_eq!(github.with(|state| state.people.tokens.clone()), Vec::<String>::new());
    let listed = json_of(&server, "/api/gantry/repositories", session).await;
    assert_eq!(listed["total_count"], 2);
    let (one, other) = ("/repos/acme/app", "/repos/acme/hidden");
    assert_eq!(get(&server, one, session).await.status(), StatusCode::OK);
    assert_eq!(get(&server, other, session).await.status(), StatusCode::NOT_FOUND);
    assert_eq!(get(&server, "/repos/acme/local", session).await.status(), StatusCode::NOT_FOUND);
    assert_eq!(get(&server, "/metrics", session).await.status(), StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_stranger_is_told_so_and_the_audit_log_knows() {
    let Some((server, github)) = connected().await else { return };
    for (login, number) in [("mallory", 9), ("admin", 10)] {
        github.with(|state| state.people.sign_in(login, number));
        let answer = sign_in(&server, "").await;
        assert_eq!(place(&answer), format!("/?sign-in=stranger&account={login}"));
        assert_eq!(cookie(&answer, "gantry_session"), None);
    }
    github.with(|state| state.people.memberships.push("acme/mallory".to_owned()));
    age(&server).await;
    session_of(&server, &github, "mallory", 9).await;
    audit::seal_events(&server.app).await.expect("sealed");
    let mut db = server.app.db.acquire().await.expect("a connection");
    let filter = Filter { after: Some(0), ..Filter::default() };
    let entries = audit::entries(&mut db, &filter, 100).await.expect("entries");
    let told: Vec<_> = entries
        .iter()
        .filter(|it| it.action == "session.create")
        .map(|it| (it.actor.as_str(), it.outcome.as_str()))
        .collect();
    assert_eq!(told, [("mallory", "refused"), ("admin", "refused"), ("mallory", "done")]);
}

#[tokio::test]
async fn only_the_browser_that_began_is_signed_in() {
    let Some((server, github)) = connected().await else { return };
    github.with(|state| state.people.sign_in("octocat", 1));
    let begun = get(&server, "/login/github", "").await;
    let agreed = get(&server, &place(&begun), "").await;
    let back = place(&agreed);
    let other = get(&server, "/login/github", "").await;
    let of_another = cookie(&other, "gantry_sign_in").expect("a ticket");
    for cookies in ["", "gantry_sign_in=1.2.3", of_another.as_str()] {
        let answer = get(&server, &back, cookies).await;
        assert_eq!(place(&answer), "/?sign-in=stale", "{cookies}");
    }
    let ticket = cookie(&begun, "gantry_sign_in").expect("a ticket");
    // From here on the code is for the other challenge.
    get(&server, &place(&other), "").await;
    let answer = get(&server, &back, &ticket).await;
    assert_eq!(place(&answer), "/?sign-in=failed");
    let denied = get(&server, "/login/github/callback?error=access_denied", &ticket).await;
    assert_eq!(place(&denied), "/?sign-in=denied");
}

#[tokio::test]
async fn nobody_signs_in_where_the_settings_name_nobody() {
    let Some(server) = TestServer::start().await else { return };
    let ways = json_of(&server, "/api/gantry/sign-in", "").await;
    assert_eq!(ways, json!({ "github": null }));
    assert_eq!(place(&get(&server, "/login/github", "").await), "/?sign-in=off");
}

#[tokio::test]
async fn who_lost_access_at_github_has_lost_it_here_and_so_have_their_tokens() {
    let Some((server, github)) = connected().await else { return };
    repository(&server, "app").await;
    github.with(|state| state.people.permit("acme/app", "octocat", "admin"));
    let session = session_of(&server, &github, "octocat", 1).await;
    let tokens = format!("{}/api/gantry/access-tokens", server.url);
    let made = server.client.post(tokens).header("cookie", &session);
    let made = made.json(&json!({ "role": "write" })).send().await.expect("an answer");
    let made: Value = made.json().await.expect("JSON");
    let token = made["token"].as_str().expect("a token").to_owned();
    let by_token = async |path: &str| {
        let request = server.anonymous(Method::GET, path).bearer_auth(&token);
        request.send().await.expect("an answer").status()
    };
    let (app, secrets) = ("/repos/acme/app", "/orgs/acme/actions/secrets");
    assert_eq!(by_token(app).await, StatusCode::OK);
    assert_eq!(by_token(secrets).await, StatusCode::FORBIDDEN);
    let n_before = github.with(|state| state.people.n_questions);
    assert_eq!(get(&server, app, &session).await.status(), StatusCode::OK);
    assert_eq!(github.with(|state| state.people.n_questions), n_before, "it is remembered");

    github.with(|state| state.people.permissions.clear());
    age(&server).await;
    assert_eq!(get(&server, app, &session).await.status(), StatusCode::NOT_FOUND);
    assert_eq!(by_token(app).await, StatusCode::NOT_FOUND);
    // Somebody else who has the name now is not the one who signed in.
    github.with(|state| {
        state.people.permit("acme/app", "octocat", "admin");
        state.people.numbers.insert("octocat".to_owned(), 2);
    });
    age(&server).await;
    assert_eq!(get(&server, app, &session).await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_github_that_does_not_answer_admits_nobody_but_administrators() {
    let Some((server, github)) = connected().await else { return };
    repository(&server, "app").await;
    github.with(|state| state.people.permit("acme/app", "octocat", "write"));
    let octocat = session_of(&server, &github, "octocat", 1).await;
    let mona = session_of(&server, &github, "mona", 2).await;
    github.with(|state| state.people.is_down = true);
    age(&server).await;
    let answer = get(&server, "/repos/acme/app", &octocat).await;
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    let body: Value = answer.json().await.expect("JSON");
    assert!(body["message"].as_str().is_some_and(|it| it.contains("try again")), "{body}");
    let listed = json_of(&server, "/api/gantry/repositories", &octocat).await;
    assert_eq!(listed["total_count"], 0);
    let who = json_of(&server, "/api/gantry/session", &mona).await;
    assert_eq!(who, json!({ "login": "mona", "role": "admin", "repositories": null }));
    assert_eq!(get(&server, "/repos/acme/app", &mona).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn signing_in_again_ends_the_old_session_and_sessions_are_listed_and_ended() {
    let Some((server, github)) = connected().await else { return };
    let first = session_of(&server, &github, "octocat", 1).await;
    let second = cookie(&sign_in(&server, &first).await, "gantry_session").expect("a session");
    let sessions = "/api/gantry/sessions";
    assert_eq!(get(&server, sessions, &first).await.status(), StatusCode::UNAUTHORIZED);
    let elsewhere = session_of(&server, &github, "octocat", 1).await;
    let mona = session_of(&server, &github, "mona", 2).await;
    let own = json_of(&server, sessions, &second).await;
    let current: Vec<_> =
        own.as_array().expect("a list").iter().map(|it| &it["is_current"]).collect();
    assert_eq!(current, [&json!(false), &json!(true)], "{own}");
    let all = get(&server, "/api/gantry/sessions?all=true", &second).await;
    assert_eq!(all.status(), StatusCode::FORBIDDEN);
    let all = json_of(&server, "/api/gantry/sessions?all=true", &mona).await;
    let id = |login: &str| all.as_array().expect("a list").iter().find(|it| it["login"] == login);
    let end = async |login: &str, cookies: &str| {
        let path = format!("{}{sessions}/{}", server.url, id(login).expect("a session")["id"]);
        let request = server.client.delete(path).header("cookie", cookies);
        request.send().await.expect("an answer").status()
    };
    assert_eq!(end("mona", &second).await, StatusCode::NOT_FOUND);
    assert_eq!(end("octocat", &second).await, StatusCode::NO_CONTENT);
    assert_eq!(get(&server, sessions, &elsewhere).await.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(get(&server, sessions, &second).await.status(), StatusCode::OK);
}

/// A session of somebody about whom GitHub has said all there is to say.
async fn mirrored(server: &TestServer, roles: &[(RepositoryId, &str)]) -> String {
    for (repository, role) in roles {
        let known = "insert into mirrored_roles (github_id, repository_id, role, checked_at)
             values (1, $1, $2, now() + interval '1 hour')";
        let stored = sqlx::query(known).bind(repository.0).bind(*role);
        stored.execute(&server.app.db).await.expect("a role");
    }
    let identity = Identity::new("octocat".to_owned(), Some(1), Grant::everywhere(Role::Admin));
    let session =
        NewSession { identity: &identity, address: None, browser: "a test", replaces: None };
    let mut db = server.app.db.acquire().await.expect("a connection");
    let cookie = accounts::begin_session(&mut db, &session).await.expect("a session");
    format!("gantry_session={}", cookie.expose_secret())
}

/// Every route in a repository where GitHub's user may read, write or administer, or knows nothing of.
#[tokio::test]
async fn every_route_admits_a_github_user_by_the_role_in_the_repository_it_is_about() {
    let Some((server, github)) = connected().await else { return };
    let roles = [Some(Role::Read), Some(Role::Write), Some(Role::Admin), None];
    let names = ["read", "write", "admin", "hidden"];
    let mut targets = Vec::new();
    for (name, role) in names.into_iter().zip(roles) {
        let id = repository(&server, name).await;
        let run = server.rows().run(id, name, "in_progress").await;
        let job = server.rows().job(run, NewJob::new("build", "in_progress")).await;
        targets.push((name, role, id, run, job));
    }
    let known: Vec<_> = targets.iter().filter_map(|it| Some((it.2, it.1?.as_str()))).collect();
    let session = mirrored(&server, &known).await;
    github.with(|state| state.people.numbers.insert("octocat".to_owned(), 1));
    let routes = [client_routes(server.app.clone()), git_routes(server.app.clone())];
    let mut n_tried = 0;
    for route in routes.iter().flat_map(|routes| routes.table()) {
        let about = ["{owner}/{repo}", "{repository}", "{run}", "{job}"];
        let is_about_one = about.iter().any(|it| route.path.contains(it));
        let needed = match route.access {
            Access::Account(role) => role,
            Access::Clone | Access::Reader => Role::Read,
            Access::Public | Access::Known | Access::Link => continue,
        };
        for (name, role, id, run, job) in &targets {
            // Within a repository the number is nobody's, so that nothing is deleted.
            let is_within = route.path.contains("{owner}");
            let number = |own: i64| if is_within { "1".to_owned() } else { own.to_string() };
            let path = route
                .path
                .replace("{owner}/{repo}", &format!("acme/{name}"))
                .replace("{repository}", &id.0.to_string())
                .replace("{run}", &number(run.0))
                .replace("{job}", &number(job.0))
                .replace("{attempt}", "1");
            let request = server.anonymous(route.method.clone(), &path).header("cookie", &session);
            let status = request.send().await.expect("an answer").status();
            let line = format!("{} {path}: {status}", route.method);
            match (is_about_one, role) {
                (false, _) => assert_eq!(status, StatusCode::FORBIDDEN, "{line}"),
                (true, None) => assert_eq!(status, StatusCode::NOT_FOUND, "{line}"),
                (true, Some(role)) if *role < needed => {
                    assert_eq!(status, StatusCode::FORBIDDEN, "{line}");
                }
                (true, Some(_)) => {
                    assert_ne!(status, StatusCode::UNAUTHORIZED, "{line}");
                    // Runners serve all repositories, so their routes need a role in all of them.
                    let is_shared = route.path.contains("/actions/runners");
                    assert!(is_shared || status != StatusCode::FORBIDDEN, "{line}");
                }
            }
            n_tried += 1;
        }
    }
    assert!(n_tried > 600, "only {n_tried} requests were made");
}

#[tokio::test]
async fn a_member_of_a_team_reviews_for_it_and_nobody_else_does() {
    let Some((server, github)) = connected().await else { return };
    let repository = repository(&server, "app").await;
    let environment = "/repos/acme/app/environments/production";
    let rules = json!({ "reviewers": [{ "type": "Team", "login": "acme/Deployers" }] });
    let put = server.as_admin(Method::PUT, environment).json(&rules);
    let kept: Value = put.send().await.expect("an answer").json().await.expect("JSON");
    let reviewer = &kept["protection_rules"][0]["reviewers"][0];
    assert_eq!(
        (&reviewer["type"], &reviewer["reviewer"]["slug"]),
        (&json!("Team"), &json!("deployers"))
    );

    let run = server.rows().run(repository, "d-1", "waiting").await;
    server.rows().job(run, NewJob::new("deploy", "waiting").to("production")).await;
    for (login, number) in [("octocat", 1), ("hubot", 3)] {
        github.with(|state| {
            state.people.permit("acme/app", login, "maintain");
            state.people.memberships.push(format!("acme/{login}"));
            state.people.sign_in(login, number);
        });
    }
    github.with(|state| state.people.memberships.push("acme/deployers/hubot".to_owned()));
    let octocat = session_of(&server, &github, "octocat", 1).await;
    let hubot = session_of(&server, &github, "hubot", 3).await;
    let path = format!("/repos/acme/app/actions/runs/{run}/pending_deployments");
    let pending = json_of(&server, &path, &octocat).await;
    assert_eq!(pending[0]["current_user_can_approve"], false);
    let view = json_of(&server, &format!("/api/gantry/runs/{run}"), &hubot).await;
    assert_eq!(view["pending_deployments"][0]["can_approve"], true, "{view}");
    let ids = json!([pending[0]["environment"]["id"]]);
    let review = json!({ "environment_ids": ids, "state": "approved", "comment": "" });
    for (session, expected) in [(octocat, StatusCode::FORBIDDEN), (hubot, StatusCode::OK)] {
        let request = server.client.post(format!("{}{path}", server.url)).header("cookie", session);
        let status = request.json(&review).send().await.expect("an answer").status();
        assert_eq!(status, expected);
    }
}
