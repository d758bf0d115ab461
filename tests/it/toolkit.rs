//! The real clients that actions are made of, in real job containers, against the real server.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use gantry_tests::{FakeRunner, ServerOptions, TestRepository, TestServer, program, webhook};
use serde_json::Value;

/// The bundled clients; `None`, with a printed line, where they have not been built.
#[expect(clippy::print_stdout, reason = "whoever runs the tests must see what was not tested")]
fn bundles() -> Result<Option<PathBuf>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("javascript/dist");
    if folder.join("artifact-6.js").exists() {
        return Ok(Some(folder));
    }
    let problem = "tests/javascript is not built: npm ci && npm run build";
    anyhow::ensure!(!program::everything_is_required(), "{problem}");
    println!("skipped: {problem}");
    Ok(None)
}

/// The text of the run's log, once its only job has ended well.
async fn log_of(jobs: &str, bundles_used: &[&str]) -> Result<Option<(TestServer, Value, String)>> {
    let Some(bundles) = bundles()? else { return Ok(None) };
    if !program::docker_is_available()? {
        return Ok(None);
    }
    let workflow =
        format!("on: push\npermissions: {{id-token: write, contents: read}}\njobs:\n{jobs}");
    let mut files = vec![(".github/workflows/test.yml".to_owned(), workflow)];
    for name in bundles_used {
        let bundle = std::fs::read_to_string(bundles.join(format!("{name}.js")))?;
        files.push((format!("{name}/index.js"), bundle));
        let inputs = "inputs: {protocol: {default: '2'}, mebibytes: {default: '40'}}";
        let manifest = format!("name: {name}\n{inputs}\nruns: {{using: node20, main: index.js}}\n");
        files.push((format!("{name}/action.yml"), manifest));
    }
    let files: Vec<_> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let repository = TestRepository::create(&files)?;
    let options = ServerOptions { embedded_runner: true, ..ServerOptions::default() };
    let server = TestServer::start_with(options).await?;
    server.register(&repository, "acme/app").await?;
    let payload = webhook::push("acme/app", "main", webhook::NO_COMMIT, &repository.head()?);
    server.deliver("push", "guid-1", &payload).await?;
    let run = server.wait_for_run("acme/app").await?;
    let view = server.wait_until_completed(run).await?;
    let mut log = String::new();
    for job in view["jobs"].as_array().context("jobs")? {
        let path = format!("/repos/acme/app/actions/jobs/{}/logs", job["id"]);
        log.push_str(&server.get_text(&path).await?);
    }
    assert_eq!(view["run"]["conclusion"], "success", "{log}\n{}", server.log());
    Ok(Some((server, view, log)))
}

/// Builds a program of Go; `None`, with a printed line, where there is no Go.
#[expect(clippy::print_stdout, reason = "whoever runs the tests must see what was not tested")]
fn go_program(folder: &str, target: &Path) -> Result<Option<PathBuf>> {
    if Command::new("go").arg("version").output().is_err() {
        println!("skipped: there is no Go");
        return Ok(None);
    }
    let program = target.join(folder);
    let place = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut command = Command::new("go");
    command.args(["build", "-o"]).arg(&program).arg(".").current_dir(place);
    let built = command.env("CGO_ENABLED", "0").output()?;
    anyhow::ensure!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    Ok(Some(program))
}

#[tokio::test(flavor = "multi_thread")]
async fn trap_7_buildkits_client_saves_and_loads_in_both_versions() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let Some(program) = go_program("buildkit", folder.path())? else { return Ok(()) };
    let server = TestServer::start().await?;
    let workflow =
        "on: push\njobs:\n  j:\n    runs-on: ubuntu-latest\n    steps:\n      - run: 'true'\n";
    let repository = TestRepository::create(&[(".github/workflows/test.yml", workflow)])?;
    server.register(&repository, "acme/app").await?;
    for (guid, service) in [("guid-1", Some("True")), ("guid-2", None)] {
        let payload = webhook::push("acme/app", "main", webhook::NO_COMMIT, &repository.head()?);
        server.deliver("push", guid, &payload).await?;
        let runner = FakeRunner::register(&server, guid, &["ubuntu-latest"]).await?;
        let message = runner.lease(60_000).await?.context("no job came up")?;
        let runtime = message.runtime.context("no runtime")?;
        let mut command = Command::new(&program);
        command
            .env("ACTIONS_RUNTIME_TOKEN", &runtime.token)
            .env("ACTIONS_RESULTS_URL", &runtime.results_url)
            .env("ACTIONS_CACHE_URL", runtime.cache_url.context("no URL of caches")?)
            .env_remove("ACTIONS_CACHE_SERVICE_V2");
        command.envs(service.map(|service| ("ACTIONS_CACHE_SERVICE_V2", service)));
        let output = tokio::task::spawn_blocking(move || command.output()).await??;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let complained = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{service:?}: {said}{complained}\n{}", server.log());
        assert!(said.contains("scope refs/heads/main"), "{said}");
        // The second run finds what the first one saved; so it starts from none.
        let caches = "/repos/acme/app/actions/caches";
        let saved = server.get(caches).await?;
        assert_eq!(saved["total_count"], 2, "{service:?}");
        for cache in saved["actions_caches"].as_array().context("caches")? {
            server.delete(&format!("{caches}/{}", cache["id"])).await?;
        }
    }
    Ok(())
}

/// One job that uses each of these after a checkout.
fn job(steps: &str) -> String {
    format!(
        "  build:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: actions/checkout@v4\n{steps}"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn artifact_clients_of_all_versions_get_back_what_they_uploaded() -> Result<()> {
    let versions = ["artifact-1", "artifact-2", "artifact-4", "artifact-5", "artifact-6"];
    let steps: String = versions.iter().map(|name| format!("      - uses: ./{name}\n")).collect();
    let Some((server, view, log)) = log_of(&job(&steps), &versions).await? else { return Ok(()) };
    for name in versions {
        assert!(log.contains(&format!("round trip of {name} is good")), "{name}: {log}");
    }
    let run = &view["run"]["id"];
    let listed = server.get(&format!("/repos/acme/app/actions/runs/{run}/artifacts")).await?;
    assert_eq!(listed["total_count"], versions.len());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn cache_clients_of_all_versions_get_back_what_they_saved() -> Result<()> {
    let versions = ["cache-3", "cache-4", "cache-5", "cache-6"];
    let step = |name: &&str| {
        let protocols = ["1", "2"].map(|protocol| {
            format!("      - {{uses: ./{name}, with: {{protocol: '{protocol}'}}}}\n")
        });
        protocols.concat()
    };
    let steps: String = versions.iter().map(step).collect();
    let Some((server, _, log)) = log_of(&job(&steps), &versions).await? else { return Ok(()) };
    for name in versions {
        for protocol in [1, 2] {
            let wanted = format!("round trip of {name}-{protocol}-one is good");
            assert!(log.contains(&wanted), "{wanted}: {log}");
        }
    }
    let caches = server.get("/repos/acme/app/actions/caches").await?;
    assert_eq!(caches["total_count"], 2 * versions.len());
    Ok(())
}

/// Larger than 128 MiB, which the client uploads in blocks beside each other.
#[tokio::test(flavor = "multi_thread")]
async fn a_large_cache_comes_in_blocks_and_leaves_in_one_piece() -> Result<()> {
    let steps = job("      - {uses: ./cache-6, with: {mebibytes: '160'}}\n");
    let Some((_, _, log)) = log_of(&steps, &["cache-6"]).await? else { return Ok(()) };
    assert!(log.contains("round trip of cache-6-2-one is good"), "{log}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn get_id_token_gives_a_token_for_ten_minutes() -> Result<()> {
    let Some((_, _, log)) = log_of(&job("      - uses: ./id-token\n"), &["id-token"]).await? else {
        return Ok(());
    };
    let wanted = "claims repo:acme/app:ref:refs/heads/main for sts.example until 600";
    assert!(log.contains(wanted), "{log}");
    Ok(())
}
