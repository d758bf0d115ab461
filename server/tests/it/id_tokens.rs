//! Identity tokens: who gets one, and whether others can verify it.

use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gantry_protocol::JobMessage;
use gantry_server::tokens::Purpose;
use serde_json::Value;

use crate::harness::{FakeRunner, GitRepository, RunningJob, TestServer};
use crate::server_or_skip;

const WORKFLOW: &str = "on: push\njobs:\n  build:\n    runs-on: ubuntu-latest\n    \
                        permissions: {id-token: write}\n    environment: production\n    steps:\n    \
                        - run: 'true'\n";

/// The message of the first job of a push with this workflow.
async fn leased(server: &TestServer, workflow: &str) -> JobMessage {
    let files = GitRepository::create(server.directory.path(), &[("ci.yml", workflow)]);
    server.push_and_settle(&files).await;
    let runner = FakeRunner::register(server, "runner").await;
    runner.lease().await.expect("a job")
}

fn decoded(part: &str) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).expect("base64")).expect("JSON")
}

#[tokio::test]
async fn trap_1_clients_are_told_of_github_and_not_of_an_enterprise_server() {
    let server = server_or_skip!();
    let github = leased(&server, WORKFLOW).await.contexts.github.to_json();
    assert_eq!(github["server_url"], "https://github.com");
    assert_eq!(github["api_url"], format!("{}/api/v3", server.url));
}

#[tokio::test]
async fn trap_8_the_runtime_token_has_what_clients_read_in_it() {
    let server = server_or_skip!();
    let message = leased(&server, WORKFLOW).await;
    let runtime = message.runtime.expect("a runtime");
    let parts: Vec<_> = runtime.token.split('.').collect();
    assert_eq!(parts.len(), 3);
    let claims = decoded(parts[1]);
    let scope = format!("Actions.Results:{}:{}", message.run_id, message.job_id);
    assert_eq!(claims["scp"], scope);
    let caches: Value = serde_json::from_str(claims["ac"].as_str().expect("text")).expect("JSON");
    assert_eq!(caches, serde_json::json!([{ "Scope": "refs/heads/main", "Permission": 3 }]));
    let (from, to) =
        (claims["nbf"].as_i64().expect("a time"), claims["exp"].as_i64().expect("a time"));
    // Six hours, and five minutes for what cleans up.
    assert!(to - from > 6 * 3600 && to - from < 8 * 3600, "{claims}");
    assert!(runtime.url.ends_with('/') && runtime.cache_url.is_some_and(|url| url.ends_with('/')));
    assert_eq!(runtime.results_url, format!("{}/", server.url));
}

#[tokio::test]
async fn a_token_verifies_against_the_key_set_and_says_what_githubs_says() {
    let server = server_or_skip!();
    let message = leased(&server, WORKFLOW).await;
    let request = message.runtime.expect("a runtime").id_token.expect("may ask");
    let url = format!("{}&audience=sts.example", request.url);
    let answer = server.client.get(&url).bearer_auth(&request.token).send().await.expect("sent");
    assert_eq!(answer.status(), 200);
    let token =
        answer.json::<Value>().await.expect("JSON")["value"].as_str().expect("a token").to_owned();
    let parts: Vec<_> = token.split('.').collect();
    let (header, claims) = (decoded(parts[0]), decoded(parts[1]));

    let discovery = server.json("/.well-known/openid-configuration").await;
    assert_eq!(discovery["issuer"], server.url);
    let place = discovery["jwks_uri"].as_str().expect("a URL").replace(&server.url, "");
    let keys = server.json(&place).await;
    let keys = keys["keys"].as_array().expect("keys");
    let key = keys.iter().find(|key| key["kid"] == header["kid"]).expect("the key that signed");
    let number =
        |name: &str| URL_SAFE_NO_PAD.decode(key[name].as_str().expect("text")).expect("base64");
    let public = RsaPublicKeyComponents { n: number("n"), e: number("e") };
    let message_bytes = format!("{}.{}", parts[0], parts[1]);
    let signature = URL_SAFE_NO_PAD.decode(parts[2]).expect("base64");
    public
        .verify(&RSA_PKCS1_2048_8192_SHA256, message_bytes.as_bytes(), &signature)
        .expect("our own signature");

    assert_eq!(claims["iss"], server.url);
    assert_eq!(claims["aud"], "sts.example");
    assert_eq!(claims["sub"], "repo:acme/app:environment:production");
    assert_eq!(claims["run_id"], message.run_id.to_string());
    assert_eq!(claims["event_name"], "push");
    assert_eq!(claims["runner_environment"], "self-hosted");
    let file = "acme/app/.github/workflows/ci.yml@refs/heads/main";
    assert_eq!(
        (&claims["job_workflow_ref"], &claims["workflow_ref"]),
        (&file.into(), &file.into())
    );
    let lifetime =
        claims["exp"].as_i64().expect("a time") - claims["iat"].as_i64().expect("a time");
    assert_eq!(lifetime, 600);
}

#[tokio::test]
async fn trap_9_the_request_url_has_a_query_to_append_to() {
    let server = server_or_skip!();
    let message = leased(&server, WORKFLOW).await;
    let url = message.runtime.expect("a runtime").id_token.expect("may ask").url;
    assert!(url.contains('?'), "{url}");
}

#[tokio::test]
async fn no_token_without_the_permission_and_none_by_another_token() {
    let server = server_or_skip!();
    let plain = WORKFLOW.replace("{id-token: write}", "{contents: read}");
    let message = leased(&server, &plain).await;
    let runtime = message.runtime.expect("a runtime");
    assert!(runtime.id_token.is_none());
    let url = format!("{}/toolkit/id-token?x=y", server.url);
    for token in [runtime.token.as_str(), server.admin.as_str(), ""] {
        let answer = server.client.get(&url).bearer_auth(token).send().await.expect("sent");
        assert_eq!(answer.status(), 401);
    }
}

#[tokio::test]
async fn the_request_token_opens_no_artifacts() {
    let server = server_or_skip!();
    let repository = server.rows().repository("/nowhere").await;
    let job = RunningJob::start(&server, repository, "d-1").await;
    let token = job.token_for(Purpose::IdTokenRequest);
    let job = RunningJob { token, ..job };
    assert_eq!(job.artifacts("ListArtifacts", serde_json::json!({})).await.0, 401);
}

#[tokio::test]
async fn a_new_key_is_shown_before_it_signs_and_the_old_one_stays_for_a_while() {
    let server = server_or_skip!();
    let keys = async || {
        let keys = server.json("/.well-known/jwks").await;
        let keys = keys["keys"].as_array().expect("keys").iter();
        keys.map(|key| key["kid"].as_str().expect("a name").to_owned()).collect::<Vec<_>>()
    };
    let first = keys().await;
    assert_eq!((first.len(), keys().await), (1, first.clone()));
    let age = "update id_token_keys set created_at = now() - interval '31 days'";
    sqlx::query(age).execute(&server.app.db).await.expect("an update");
    let both = keys().await;
    assert_eq!((both.len(), &both[1]), (2, &first[0]));
    let message = leased(&server, WORKFLOW).await;
    let request = message.runtime.expect("a runtime").id_token.expect("may ask");
    let answer = server.client.get(&request.url).bearer_auth(&request.token).send().await;
    let token = answer.expect("sent").json::<Value>().await.expect("JSON")["value"].clone();
    let header = token.as_str().expect("a token").split('.').next().expect("a header").to_owned();
    assert_eq!(decoded(&header)["kid"], first[0]);
}
