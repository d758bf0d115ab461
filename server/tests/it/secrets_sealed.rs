//! Secrets as GitHub's clients store them: sealed, in three places, under keys that change.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use gantry_protocol::{JobId, LeaseToken, RepositoryId};
use gantry_server::accounts::{self, JobIdentity};
use gantry_server::master_key;
use gantry_server::secrets::{Reader, Vault, values_for_job};
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{TestServer, seal};

const REPOSITORY: &str = "/repos/acme/app/actions/secrets";
const ENVIRONMENT: &str = "/repos/acme/app/environments/production/secrets";
const OWNER: &str = "/orgs/acme/actions/secrets";

async fn send(
    server: &TestServer,
    method: Method,
    path: &str,
    body: &Value,
) -> (StatusCode, Value) {
    let answer = server.as_admin(method, path).json(body).send().await.expect("an answer");
    (answer.status(), answer.json().await.unwrap_or_default())
}

async fn put(server: &TestServer, place: &str, name: &str, value: &str) -> StatusCode {
    let key = server.json(&format!("{place}/public-key")).await;
    let mut body = seal(&key, value);
    body["visibility"] = json!("all");
    send(server, Method::PUT, &format!("{place}/{name}"), &body).await.0
}

async fn start() -> Option<(TestServer, RepositoryId)> {
    let server = TestServer::start().await?;
    let repository = server.rows().repository("/nowhere").await;
    let path = "/repos/acme/app/environments/production";
    let (status, _) = send(&server, Method::PUT, path, &json!({})).await;
    assert_eq!(status, StatusCode::OK);
    Some((server, repository))
}

async fn seen(
    server: &TestServer,
    repository: RepositoryId,
    environment: Option<&str>,
) -> BTreeMap<String, String> {
    let mut db = server.app.db.acquire().await.expect("a connection");
    let reader = Reader { repository, owner: "Acme" };
    values_for_job(&mut db, &server.app.vault, reader, (environment, |_: &str| true))
        .await
        .expect("values")
}

#[tokio::test]
async fn an_environment_wins_over_its_repository_and_that_over_its_owner() {
    let Some((server, repository)) = start().await else { return };
    for (place, name) in [(OWNER, "A"), (OWNER, "B"), (OWNER, "C"), (REPOSITORY, "B")] {
        assert_eq!(put(&server, place, name, place).await, StatusCode::CREATED);
    }
    for (place, name) in [(REPOSITORY, "C"), (ENVIRONMENT, "C"), (ENVIRONMENT, "D")] {
        assert_eq!(put(&server, place, name, place).await, StatusCode::CREATED);
    }
    let own = seen(&server, repository, None).await;
    let expected = [("A", OWNER), ("B", REPOSITORY), ("C", REPOSITORY)];
    assert_eq!(own, expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
    let deployed = seen(&server, repository, Some("Production")).await;
    assert_eq!(deployed["C"], ENVIRONMENT);
    assert_eq!(deployed.len(), 4);
}

#[tokio::test]
async fn an_owners_secret_is_seen_only_where_it_is_meant_to_be() {
    let Some((server, repository)) = start().await else { return };
    server
        .rows()
        .execute("update repositories set name = 'other' where id = $1", repository.0)
        .await;
    let app = server.rows().repository("/elsewhere").await;
    assert_eq!(put(&server, OWNER, "TOKEN", "x").await, StatusCode::CREATED);
    let list = format!("{OWNER}/TOKEN/repositories");
    let selected = json!({ "selected_repository_ids": [app] });
    let (status, _) = send(&server, Method::PUT, &list, &selected).await;
    assert_eq!(status, StatusCode::CONFLICT, "its visibility is not `selected`");

    let mut body = seal(&server.json(&format!("{OWNER}/public-key")).await, "x");
    body["visibility"] = json!("selected");
    body["selected_repository_ids"] = json!([app]);
    let (status, _) = send(&server, Method::PUT, &format!("{OWNER}/TOKEN"), &body).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    assert_eq!(seen(&server, app, None).await.len(), 1);
    assert!(seen(&server, repository, None).await.is_empty());
    send(&server, Method::PUT, &format!("{list}/{repository}"), &json!({})).await;
    send(&server, Method::DELETE, &format!("{list}/{app}"), &json!({})).await;
    assert!(seen(&server, app, None).await.is_empty());
    assert_eq!(seen(&server, repository, None).await.len(), 1);
}

#[tokio::test]
async fn a_rotated_key_opens_everything_and_the_old_public_key_is_refused() {
    let Some((server, repository)) = start().await else { return };
    let old = server.json(&format!("{REPOSITORY}/public-key")).await;
    for (place, name) in [(OWNER, "A"), (REPOSITORY, "B"), (ENVIRONMENT, "C")] {
        put(&server, place, name, name).await;
    }
    let before = seen(&server, repository, Some("production")).await;
    let rotate = "/api/gantry/secrets/rotate-key";
    let (status, answer) = send(&server, Method::POST, rotate, &json!({})).await;
    assert_eq!((status, &answer["n_secrets"]), (StatusCode::OK, &json!(3)));
    assert_eq!(seen(&server, repository, Some("production")).await, before);
    let n_keys: i64 = sqlx::query_scalar("select count(*) from secret_keys")
        .fetch_one(&server.app.db)
        .await
        .expect("a count");
    assert_eq!(n_keys, 1);

    let path = format!("{REPOSITORY}/B");
    let (status, answer) = send(&server, Method::PUT, &path, &seal(&old, "new")).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer["message"].as_str().is_some_and(|text| text.contains("fetch it again")));
    assert_eq!(put(&server, REPOSITORY, "B", "new").await, StatusCode::NO_CONTENT);
    assert_eq!(seen(&server, repository, None).await["B"], "new");
}

#[tokio::test]
async fn the_use_of_a_secret_is_noted() {
    let Some((server, repository)) = start().await else { return };
    put(&server, REPOSITORY, "TOKEN", "x").await;
    let path = format!("{REPOSITORY}/TOKEN");
    let get = || server.anonymous(Method::GET, &path).bearer_auth(&server.write).send();
    let before: Value = get().await.expect("an answer").json().await.expect("JSON");
    assert_eq!(before["last_used_at"], Value::Null);
    seen(&server, repository, None).await;
    let after: Value = get().await.expect("an answer").json().await.expect("JSON");
    assert!(after["last_used_at"].is_string(), "{after}");
}

#[tokio::test]
async fn what_cannot_be_stored_changes_nothing() {
    let Some((server, repository)) = start().await else { return };
    let key = server.json(&format!("{REPOSITORY}/public-key")).await;
    let good = seal(&key, "x");
    let with = |field: &str, value: Value| {
        let mut body = good.clone();
        body[field] = value;
        body
    };
    for (name, body) in [
        ("GITHUB_X", good.clone()),
        ("1A", good.clone()),
        ("A-B", good.clone()),
        ("A", json!({})),
        ("A", with("encrypted_value", json!("not base64!"))),
        ("A", with("encrypted_value", json!("AAAA"))),
        ("A", with("encrypted_value", json!(5))),
        ("A", with("key_id", json!("0"))),
        ("A", seal(&key, &"x".repeat(48 * 1024 + 1))),
    ] {
        let (status, answer) =
            send(&server, Method::PUT, &format!("{REPOSITORY}/{name}"), &body).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{name}: {answer}");
        assert!(answer["message"].is_string() && answer["status"] == "422", "{answer}");
    }
    let (status, _) = send(&server, Method::PUT, &format!("{OWNER}/A"), &good).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "an owner's secret says who sees it");
    for missing in ["/orgs/nobody/actions/secrets/A", "/repos/acme/app/environments/none/secrets/A"]
    {
        let (status, _) = send(&server, Method::PUT, missing, &good).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{missing}");
    }
    assert!(seen(&server, repository, Some("production")).await.is_empty());
}

#[tokio::test]
async fn no_more_secrets_are_stored_than_githubs_limit() {
    let Some((server, _)) = start().await else { return };
    sqlx::query(
        "insert into secrets (repository_id, name, nonce, ciphertext)
         select id, 'S' || n, '', '' from repositories, generate_series(1, 100) as n",
    )
    .execute(&server.app.db)
    .await
    .expect("rows");
    assert_eq!(put(&server, REPOSITORY, "ONE_MORE", "x").await, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(put(&server, REPOSITORY, "S1", "x").await, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn a_variable_is_renamed_and_changed_where_it_is() {
    let Some((server, _)) = start().await else { return };
    let base = "/repos/acme/app/environments/production/variables";
    for name in ["region", "zone"] {
        let body = json!({ "name": name, "value": "eu" });
        assert_eq!(send(&server, Method::POST, base, &body).await.0, StatusCode::CREATED);
        assert_eq!(send(&server, Method::POST, base, &body).await.0, StatusCode::CONFLICT);
    }
    let path = format!("{base}/REGION");
    for (body, expected) in [
        (json!({ "name": "ZONE" }), StatusCode::CONFLICT),
        (json!({ "name": "A-B" }), StatusCode::UNPROCESSABLE_ENTITY),
        (json!({ "value": "x".repeat(48 * 1024 + 1) }), StatusCode::UNPROCESSABLE_ENTITY),
        (json!({ "name": "PLACE" }), StatusCode::NO_CONTENT),
        (json!({ "value": "us" }), StatusCode::NOT_FOUND),
    ] {
        assert_eq!(send(&server, Method::PATCH, &path, &body).await.0, expected);
    }
    let list = server.as_admin(Method::GET, base).send().await.expect("an answer");
    let list: Value = list.json().await.expect("JSON");
    let names: Vec<_> =
        list["variables"].as_array().expect("a list").iter().map(|it| &it["name"]).collect();
    assert_eq!(names, ["PLACE", "ZONE"]);
    assert_eq!(list["variables"][0]["value"], "eu");
}

/// A crash between the new master key and what is under it is a vault that has both.
#[tokio::test]
async fn after_a_change_of_the_master_key_all_opens_and_what_was_signed_still_counts() {
    let Some((server, repository)) = start().await else { return };
    assert_eq!(put(&server, REPOSITORY, "TOKEN", "s3cret").await, StatusCode::CREATED);
    let keys = async || {
        let sql = "select wrapped from secret_keys union all select ciphertext from id_token_keys";
        let rows = sqlx::query_scalar::<_, Vec<u8>>(sql).fetch_all(&server.app.db).await;
        rows.expect("the keys")
    };
    let set = server.json("/.well-known/jwks").await;
    let before = keys().await;
    assert_eq!(before.len(), 2);
    let identity = JobIdentity { job: JobId(100_001), lease: LeaseToken(1) };
    let token = accounts::job_token(&server.app, identity);
    server.app.vault.rotate_master(chrono::Utc::now()).expect("rotated, and then the crash");
    assert_eq!(keys().await, before);
    assert_eq!(seen(&server, repository, None).await["TOKEN"], "s3cret");
    let n_changed = master_key::finish_rotation(&server.app).await.expect("finished");
    assert_eq!(n_changed, 2);
    assert!(keys().await.iter().all(|key| !before.contains(key)), "all are under the new key");

    let rotate = "/api/gantry/secrets/rotate-master-key";
    let (status, answer) = send(&server, Method::POST, rotate, &json!({})).await;
    assert_eq!((status, &answer["n_keys"]), (StatusCode::OK, &json!(2)));
    assert_eq!(seen(&server, repository, None).await["TOKEN"], "s3cret");
    assert_eq!(server.json("/.well-known/jwks").await, set);
    assert_eq!(accounts::verify_job_token(&server.app, &token), Some(identity));
    // Another start knows the same.
    let reopened = Vault::open(server.directory.path()).expect("opened");
    let reader = Reader { repository, owner: "acme" };
    let mut db = server.app.db.acquire().await.expect("a connection");
    let values = values_for_job(&mut db, &reopened, reader, (None, |_: &str| true)).await;
    assert_eq!(values.expect("opened")["TOKEN"], "s3cret");
    reopened.forget_masters(chrono::Utc::now() + chrono::TimeDelta::hours(1)).expect("forgotten");
    assert!(!reopened.has_old_masters());
}
