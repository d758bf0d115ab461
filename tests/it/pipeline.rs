//! The reference team's story: pushes, containers, a rejection and an approval, a version that is
//! rolled back by itself and one that is rolled back by hand, and the nightly checks.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use gantry_tests::chat::Chat;
use gantry_tests::registry::Registry;
use gantry_tests::{ServerOptions, TestRepository, TestServer, program, webhook};
use serde_json::Value;

const FULL_NAME: &str = "hotgigs/hotgigs";
/// What the names of this test's deployments begin with.
const PROJECT: &str = "hotgigs-test";

/// What the pipeline deploys. Removed before and after, also when the test fails.
struct Deployment(PathBuf);

impl Deployment {
    fn start(example: &Path) -> Self {
        let deployment = Self(example.join("scripts/deploy.sh"));
        deployment.remove();
        deployment
    }

    fn remove(&self) {
        for environment in ["staging", "production"] {
            let mut script = Command::new("bash");
            script.arg(&self.0).args([environment, "remove"]).env("HOTGIGS_PROJECT", PROJECT);
            drop(script.output());
        }
    }
}

impl Drop for Deployment {
    fn drop(&mut self) {
        self.remove();
    }
}

/// The team with everything it works with.
struct Team {
    server: TestServer,
    repository: TestRepository,
    registry: Registry,
    chat: Chat,
    _deployment: Deployment,
}

impl Team {
    async fn start() -> Result<Self> {
        let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/hotgigs");
        let deployment = Deployment::start(&example);
        let repository = TestRepository::copy_of(&example)?;
        let registry = Registry::start()?;
        let chat = Chat::start().await?;
        let options = ServerOptions {
            embedded_runner: true,
            arguments: vec!["--docker-socket=engine".to_owned()],
            ..ServerOptions::default()
        };
        let server = TestServer::start_with(options).await?;
        server.register(&repository, FULL_NAME).await?;
        server.require_review(FULL_NAME, "production").await?;
        let team = Self { server, repository, registry, chat, _deployment: deployment };
        for (name, value) in
            [("HOTGIGS_PROJECT", PROJECT), ("CONTAINER_REGISTRY", team.registry.address())]
        {
            team.server.gantry(&["variable", "set", name, value, "--repo", FULL_NAME])?;
        }
        team.set_secret("SLACK_WEBHOOK_URL", &team.chat.webhook("repository"), &[])?;
        // An environment's secret stands before the repository's of the same name.
        let production = ["--env", "production"];
        team.set_secret("SLACK_WEBHOOK_URL", &team.chat.webhook("production"), &production)?;
        Ok(team)
    }

    fn set_secret(&self, name: &str, value: &str, of: &[&str]) -> Result<String> {
        let mut file = tempfile::NamedTempFile::new()?;
        std::io::Write::write_all(&mut file, value.as_bytes())?;
        let path = file.path().to_string_lossy().into_owned();
        let command = ["secret", "set", name, "--repo", FULL_NAME, "--file", &path];
        self.server.gantry(&[command.as_slice(), of].concat())
    }

    /// GitHub's own command line, as the team's document uses it.
    fn gh(&self, arguments: &[&str]) -> Result<String> {
        let home = self.server.data_dir();
        let output = Command::new("gh")
            .args(arguments)
            .envs([("GH_HOST", "github.localhost"), ("GH_TOKEN", self.server.token())])
            .envs([("HTTP_PROXY", self.server.url()), ("http_proxy", self.server.url())])
            .envs([("NO_PROXY", ""), ("no_proxy", ""), ("NO_COLOR", "1")])
            .env("GH_CONFIG_DIR", &home)
            .env("XDG_CACHE_HOME", &home)
            .output()
            .context("starting gh")?;
        let error = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "gh {arguments:?}: {error}");
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Pushes what `main` holds now; the run that this starts.
    async fn push(&self, guid: &str) -> Result<i64> {
        let before = self.newest_run().await?;
        let head = self.repository.head()?;
        let payload = webhook::push(FULL_NAME, "main", webhook::NO_COMMIT, &head);
        self.server.deliver("push", guid, &payload).await?;
        self.run_after(before).await
    }

    /// The first twelve digits of the commit name a version.
    fn version(&self) -> Result<String> {
        self.repository.git(&["rev-parse", "--short=12", "HEAD"])
    }

    /// 0 before the first run.
    async fn newest_run(&self) -> Result<i64> {
        let runs = self.server.get(&format!("/repos/{FULL_NAME}/actions/runs")).await?;
        Ok(runs["workflow_runs"][0]["id"].as_i64().unwrap_or(0))
    }

    async fn run_after(&self, before: i64) -> Result<i64> {
        let is_newer = |runs: &Value| runs["workflow_runs"][0]["id"].as_i64() > Some(before);
        let runs =
            self.server.wait_for(&format!("/repos/{FULL_NAME}/actions/runs"), is_newer).await?;
        runs["workflow_runs"][0]["id"].as_i64().context("a run without id")
    }

    /// The run, once a job has ended or, with nothing running, waits for somebody. The whole
    /// pipeline takes longer than any single state of it may.
    async fn wait_for_job(&self, run_id: i64, name: &str) -> Result<Value> {
        let path = format!("/api/gantry/runs/{run_id}");
        let is_there = |view: &Value| {
            let status = |job: &Value| job["status"] == "completed" || job["status"] == "waiting";
            view["run"]["status"] == "completed"
                || jobs(view).any(|job| job["name"] == name && status(job))
        };
        self.server.wait_for(&path, is_there).await
    }

    /// The run, once its deployment to production waits for a reviewer.
    async fn wait_for_review(&self, run_id: i64) -> Result<()> {
        for name in [
            "Code Quality & Security",
            "Backend Tests",
            "Build Docker Images (backend)",
            "Deploy to Staging / Deploy",
        ] {
            self.wait_for_job(run_id, name).await?;
        }
        let path = format!("/api/gantry/runs/{run_id}");
        let is_there = |view: &Value| {
            view["run"]["status"] == "waiting" || view["run"]["status"] == "completed"
        };
        let view = self.server.wait_for(&path, is_there).await?;
        ensure!(view["run"]["status"] == "waiting", "{}", self.failures(&view).await?);
        Ok(())
    }

    async fn review(&self, run_id: i64, state: &str) -> Result<()> {
        let (status, answer) = self.server.review(FULL_NAME, run_id, state).await?;
        ensure!(status.is_success(), "{status} {answer}");
        Ok(())
    }

    /// The whole view of a run that ended with `conclusion`.
    async fn wait_for_end(&self, run_id: i64, conclusion: &str) -> Result<Value> {
        let view = self.server.wait_until_completed(run_id).await?;
        ensure!(view["run"]["conclusion"] == conclusion, "{}", self.failures(&view).await?);
        Ok(view)
    }

    /// The logs of all jobs that did not succeed.
    async fn failures(&self, view: &Value) -> Result<String> {
        let mut text = format!("{:#}\n", view["diagnostics"]);
        for job in jobs(view).filter(|job| job["conclusion"] == "failure") {
            text.push_str(&self.log(job).await?);
        }
        Ok(text)
    }

    async fn log(&self, job: &Value) -> Result<String> {
        let path = format!("/repos/{FULL_NAME}/actions/jobs/{}/logs", job["id"]);
        self.server.get_text(&path).await
    }

    /// The version that an environment's health report names.
    async fn serving(&self, environment: &str) -> Result<String> {
        let gateway = format!("{PROJECT}-{environment}-gateway");
        let port = Command::new("docker").args(["port", &gateway, "8080/tcp"]).output()?;
        let address = String::from_utf8(port.stdout)?;
        let address = address.lines().next().with_context(|| format!("no {gateway}"))?;
        let health: Value =
            reqwest::get(format!("http://{address}/api/health")).await?.json().await?;
        Ok(health["version"].as_str().context("no version")?.to_owned())
    }
}

fn jobs(view: &Value) -> impl Iterator<Item = &Value> {
    view["jobs"].as_array().into_iter().flatten()
}

fn job<'a>(view: &'a Value, name: &str) -> Result<&'a Value> {
    jobs(view).find(|job| job["name"] == name).with_context(|| format!("no job `{name}`"))
}

/// The conclusion of one step of a job.
fn step<'a>(job: &'a Value, name: &str) -> Result<&'a Value> {
    let steps = job["steps"].as_array().into_iter().flatten();
    let step = steps.into_iter().find(|step| step["name"] == name);
    Ok(&step.with_context(|| format!("no step `{name}`"))?["conclusion"])
}

#[tokio::test(flavor = "multi_thread")]
async fn hotgigs_is_tested_deployed_rolled_back_and_watched() -> Result<()> {
    if !program::docker_is_available()? {
        return Ok(());
    }
    let team = Team::start().await?;

    // Everything up to staging happens by itself; production is refused.
    let first = team.version()?;
    let run_id = team.push("first").await?;
    team.wait_for_review(run_id).await?;
    assert_eq!(team.serving("staging").await?, first);
    for image in ["hotgigs-backend", "hotgigs-frontend"] {
        let tags = team.registry.tags(&format!("{FULL_NAME}/{image}")).await?;
        assert_eq!(tags, [first.as_str()], "{image}");
    }
    team.review(run_id, "rejected").await?;
    let view = team.wait_for_end(run_id, "failure").await?;
    assert_eq!(job(&view, "Deploy to Production / Deploy")?["conclusion"], "failure");
    assert_eq!(job(&view, "Roll Back")?["conclusion"], "skipped");
    assert_eq!(job(&view, "Clean Up")?["conclusion"], "success");
    assert_eq!(
        team.chat.messages("repository"),
        [format!("HotGigs {first} on main failed in deploy-production")]
    );
    let artifacts =
        team.server.get(&format!("/repos/{FULL_NAME}/actions/runs/{run_id}/artifacts")).await?;
    let mut names: Vec<&Value> =
        artifacts["artifacts"].as_array().into_iter().flatten().map(|a| &a["name"]).collect();
    names.sort_by_key(|name| name.as_str());
    assert_eq!(names, ["backend-coverage", "frontend-coverage"]);

    // What failed runs again, and this time a reviewer agrees.
    team.gh(&["run", "rerun", &run_id.to_string(), "--failed", "--repo", FULL_NAME])?;
    team.wait_for_review(run_id).await?;
    team.review(run_id, "approved").await?;
    let view = team.wait_for_end(run_id, "success").await?;
    assert_eq!(team.serving("production").await?, first);
    let production = job(&view, "Deploy to Production / Deploy")?;
    assert_eq!(step(production, "Roll back")?, "skipped");
    let url = production["environment_url"].as_str().context("no environment url")?;
    assert_eq!(reqwest::get(format!("{url}/api/health")).await?.status(), 200);
    assert_eq!(
        team.chat.messages("production"),
        [format!("HotGigs {first} to production ended with success")]
    );

    // A version that tests and staging do not object to, and production does.
    let source = std::fs::read_to_string(team.repository.path().join(BROKEN_FILE))?;
    let mut broken = source;
    for (line, replacement) in BROKEN_LINES {
        ensure!(broken.contains(line), "{BROKEN_FILE} has no `{line}`");
        broken = broken.replace(line, replacement);
    }
    team.repository.commit(&[(BROKEN_FILE, &broken)])?;
    let second = team.version()?;
    let run_id = team.push("second").await?;
    team.wait_for_review(run_id).await?;
    assert_eq!(team.serving("staging").await?, second);
    team.review(run_id, "approved").await?;
    let view = team.wait_for_end(run_id, "failure").await?;
    let production = job(&view, "Deploy to Production / Deploy")?;
    assert_eq!(step(production, "Deploy blue-green")?, "success");
    assert_eq!(step(production, "Smoke tests")?, "failure");
    assert_eq!(step(production, "Roll back")?, "success");
    assert_eq!(team.serving("production").await?, first);
    let told = team.chat.messages("production");
    assert_eq!(told[1..], [format!("HotGigs {second} to production ended with rolled back")]);

    // Staging still serves it: a person takes it back.
    let roll_back =
        ["workflow", "run", "ci-cd.yml", "--repo", FULL_NAME, "-f", "roll_back=staging"];
    team.gh(&roll_back)?;
    let run_id = team.run_after(run_id).await?;
    let view = team.wait_for_end(run_id, "success").await?;
    assert_eq!(job(&view, "Backend Tests")?["conclusion"], "skipped");
    assert_eq!(team.serving("staging").await?, first);

    // The document's two commands.
    let listing = team.gh(&["run", "list", "--repo", FULL_NAME])?;
    assert!(listing.contains("CI/CD Pipeline"), "{listing}");
    let id = run_id.to_string();
    let shown = team.gh(&["run", "view", &id, "--repo", FULL_NAME])?;
    assert!(shown.contains("Roll Back / Deploy"), "{shown}");

    // What monitoring.yml does every night.
    team.gh(&["workflow", "run", "monitoring.yml", "--repo", FULL_NAME])?;
    let run_id = team.run_after(run_id).await?;
    let view = team.wait_for_end(run_id, "success").await?;
    let log = team.log(job(&view, "Health Monitoring")?).await?;
    assert!(log.contains(&format!("production serves version {first}")), "{log}");
    let log = team.log(job(&view, "Backup Verification")?).await?;
    assert!(log.contains("the restored files are the same"), "{log}");
    Ok(())
}

const BROKEN_FILE: &str = "backend/hotgigs/gigs.py";
/// In production the list of jobs fails. Nothing before notices.
const BROKEN_LINES: [(&str, &str); 2] = [
    ("import Blueprint, abort, g, jsonify", "import Blueprint, abort, current_app, g, jsonify"),
    (
        "    limit = request.args.get(\"limit\", 20, type=int)\n",
        "    limit = request.args.get(\"limit\", 20, type=int)
    if current_app.extensions[\"hotgigs_settings\"].environment == \"production\":
        abort(500, \"no list today\")
",
    ),
];
