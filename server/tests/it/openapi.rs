//! The description of the API that the server gives of itself, and a fuzzer that believes it.

use std::collections::BTreeSet;
use std::path::Path;

use gantry_server::http::routes::client_routes;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::harness::{GitRepository, NewJob, TestServer};
use crate::server_or_skip;

/// What the fuzzer does not call: streams do not end, and it would end its own token.
const NOT_FUZZED: &str = "/events|/logout$|/access-tokens/";

#[tokio::test]
async fn the_description_has_every_route_of_the_api_and_what_it_takes() {
    let server = server_or_skip!();
    let document = server.json("/api/gantry/openapi.json").await;
    assert_eq!(document["openapi"], "3.1.0");

    let described: BTreeSet<_> = operations(&document)
        .map(|(method, path, _)| format!("{} {path}", method.to_uppercase()))
        .collect();
    let routes = client_routes(server.app.clone());
    let served: BTreeSet<_> = routes
        .table()
        .iter()
        .filter(|route| route.path.starts_with("/api/"))
        .map(|route| format!("{} {}", route.method, route.path.replace("{*", "{")))
        .collect();
    assert_eq!(described, served);

    let ids: BTreeSet<_> =
        operations(&document).map(|(.., it)| &it["operationId"]).map(Value::as_str).collect();
    assert_eq!(ids.len(), described.len(), "two operations have one id");

    let create = &document["paths"]["/api/gantry/access-tokens"]["post"];
    let schema = &create["requestBody"]["content"]["application/json"]["schema"];
    assert!(
        schema["required"].as_array().is_some_and(|all| all.contains(&json!("role"))),
        "{schema}"
    );
    let list = &document["paths"]["/api/v3/repos/{owner}/{repo}/actions/runs"]["get"]["parameters"];
    let names: Vec<_> = list.as_array().into_iter().flatten().map(|it| &it["name"]).collect();
    for name in ["owner", "repo", "branch", "per_page"] {
        assert!(names.contains(&&json!(name)), "{name} is not among {names:?}");
    }
}

#[tokio::test]
async fn nothing_that_a_fuzzer_sends_is_answered_by_a_fault_of_the_server() {
    let server = server_or_skip!();
    let Some(fuzzer) = fuzzer() else {
        eprintln!("skipped: run `cargo xtask schemathesis`");
        return;
    };
    let folder = tempfile::tempdir().expect("a directory");
    let config = prepare(&server, folder.path()).await;
    let output = Command::new(fuzzer)
        .args(["--config-file", &config, "run", "--no-color"])
        .args(["--exclude-path-regex", NOT_FUZZED])
        .args(["--checks", "not_a_server_error,response_schema_conformance"])
        .args(["--phases", "coverage,fuzzing", "--max-examples", "5", "--seed", "1"])
        .args(["--request-timeout", "10", "--generation-database", "none"])
        .args(["--suppress-health-check", "all", "--continue-on-failure"])
        .arg("-H")
        .arg(format!("Authorization: Bearer {}", server.admin))
        .arg(format!("{}/api/gantry/openapi.json", server.url))
        .current_dir(folder.path())
        .kill_on_drop(true)
        .output()
        .await
        .expect("a fuzzer that starts");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
}

/// A repository with runs, and names for the fuzzer that lead to them.
async fn prepare(server: &TestServer, folder: &Path) -> String {
    let workflow = "on: [push, workflow_dispatch]\njobs: {a: {runs-on: x, steps: [run: a]}}\n";
    let git = GitRepository::create(folder, &[("ci.yml", workflow)]);
    let run = server.push_and_settle(&git).await;
    let job = server.rows().job(run, NewJob::new("build", "in_progress")).await;
    server.rows().log_chunk(job, 1, "a line\n").await;
    let environment = "/repos/acme/app/environments/production";
    let created = server.as_admin(Method::PUT, environment).send().await.expect("an answer");
    assert!(created.status().is_success(), "{}", created.status());
    let config = format!(
        "[parameters]\nowner = \"acme\"\nrepo = \"app\"\norg = \"acme\"\nenvironment = \"production\"\n\
         workflow = \"ci.yml\"\nrun = [{run}, 0]\njob = [{job}, 0]\n"
    );
    let place = folder.join("schemathesis.toml");
    std::fs::write(&place, config).expect("a file");
    place.display().to_string()
}

fn operations(document: &Value) -> impl Iterator<Item = (&String, &String, &Value)> {
    let paths = document["paths"].as_object().into_iter().flatten();
    paths.flat_map(|(path, methods)| {
        let methods = methods.as_object().into_iter().flatten();
        methods.map(move |(method, operation)| (method, path, operation))
    })
}

/// `cargo xtask schemathesis` installs it.
fn fuzzer() -> Option<std::path::PathBuf> {
    let program = std::env::current_exe().expect("the test's own path");
    let target = program.ancestors().nth(3).expect("a target folder");
    Some(target.join("tools/schemathesis/bin/st")).filter(|place| place.exists())
}
