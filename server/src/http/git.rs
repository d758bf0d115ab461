//! Read-only git over smart HTTP, for clones by jobs and accounts.
//!
//! The protocol is spoken by git itself. Invariant: nothing of the request reaches git's command
//! line, and what it reads and sends is streamed, never held whole.

use std::process::Stdio;
use std::time::Duration;

use anyhow::Context;
use axum::Extension;
use axum::body::{Body, BodyDataStream};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::Semaphore;
use tokio_util::io::ReaderStream;

use super::error::ApiError;
use super::extract::{ApiPath, ApiQuery};
use crate::App;
use crate::accounts::Caller;
use crate::jobs::view::leased_repository;
use crate::repositories::{RepositorySource, find_by_full_name};

/// Clones served at once; a further one waits.
const MAX_CLONES: usize = 32;

/// Longest a clone may take.
const LONGEST_CLONE: Duration = Duration::from_secs(60 * 60);

/// Largest list of wants and haves, unpacked; more ends the clone.
const MAX_REQUEST_BYTES: usize = 64 * 1024 * 1024;

/// Most of git's complaints that is logged, in bytes.
const MAX_COMPLAINT_BYTES: u64 = 4096;

static CLONES: Semaphore = Semaphore::const_new(MAX_CLONES);

/// `?service=`.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct ServiceQuery {
    service: Option<String>,
}

/// `GET /git/{owner}/{repo}.git/info/refs`.
pub(crate) async fn info_refs(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    (ApiPath(path), ApiQuery(query)): (ApiPath<GitPath>, ApiQuery<ServiceQuery>),
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let repository = find(&app, &caller, &path).await?;
    if query.service.as_deref() != Some("git-upload-pack") {
        return Err(ApiError::forbidden("only reading by git's smart HTTP protocol is possible"));
    }
    let version = protocol_version(&headers);
    let output = upload_pack(&repository, version.as_ref(), &["--advertise-refs"])
        .stdin(Stdio::null())
        .output()
        .await
        .context("running git to list refs")?;
    if !output.status.success() {
        let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(anyhow::anyhow!("git could not list refs: {complaint}").into());
    }
    let mut body = Vec::new();
    // Version 2 begins without the line that names the service.
    if version.as_ref().is_none_or(|version| version != "version=2") {
        body.extend_from_slice(b"001e# service=git-upload-pack\n0000");
    }
    body.extend_from_slice(&output.stdout);
    Ok(answer("application/x-git-upload-pack-advertisement", Body::from(body)))
}

/// `POST /git/{owner}/{repo}.git/git-upload-pack`.
pub(crate) async fn serve_pack(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    ApiPath(path): ApiPath<GitPath>,
    (headers, request): (HeaderMap, Body),
) -> Result<Response, ApiError> {
    let repository = find(&app, &caller, &path).await?;
    let permit = CLONES.acquire().await.context("waiting for a clone to end")?;
    let version = protocol_version(&headers);
    let mut child = upload_pack(&repository, version.as_ref(), &[])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .context("starting git to serve a clone")?;
    let stdout = child.stdout.take().context("git has no output")?;
    let stdin = child.stdin.take().context("git has no input")?;
    app.tasks.spawn("serve_clone", async move {
        let served = serve(child, stdin, request.into_data_stream());
        match tokio::time::timeout(LONGEST_CLONE, served).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(error = format!("{error:#}"), "a clone broke off"),
            Err(_) => tracing::warn!("a clone took too long and was ended"),
        }
        drop(permit);
    });
    Ok(answer("application/x-git-upload-pack-result", Body::from_stream(ReaderStream::new(stdout))))
}

/// Hands the request to git and waits for its end; the answer flows meanwhile.
async fn serve(mut child: Child, stdin: ChildStdin, request: BodyDataStream) -> anyhow::Result<()> {
    feed(stdin, request).await?;
    let mut complaint = String::new();
    if let Some(stderr) = child.stderr.take() {
        stderr.take(MAX_COMPLAINT_BYTES).read_to_string(&mut complaint).await?;
    }
    let status = child.wait().await.context("waiting for git")?;
    // A client that has enough hangs up, which git reports as a failure.
    if !status.success() {
        anyhow::bail!("git ended with {status}: {}", complaint.trim());
    }
    Ok(())
}

async fn feed(mut stdin: ChildStdin, mut request: BodyDataStream) -> anyhow::Result<()> {
    let mut n_bytes = 0;
    while let Some(piece) = request.next().await {
        let piece = piece.context("reading what a clone asks for")?;
        n_bytes += piece.len();
        anyhow::ensure!(n_bytes <= MAX_REQUEST_BYTES, "a clone asks for too much");
        stdin.write_all(&piece).await.context("asking git")?;
    }
    stdin.shutdown().await.context("asking git")
}

/// `{owner}` and `{repo}`, which ends with `.git` as clone URLs do.
#[derive(Debug, Deserialize)]
pub(crate) struct GitPath {
    owner: String,
    repo: String,
}

/// Where the repository lies, if the caller may read it. A job may read its own alone, while it runs.
async fn find(app: &App, caller: &Caller, path: &GitPath) -> Result<String, ApiError> {
    let name = path.repo.strip_suffix(".git").unwrap_or(&path.repo);
    let mut db = app.db.acquire().await?;
    let repository =
        find_by_full_name(&mut db, &path.owner, name).await?.ok_or_else(ApiError::not_found)?;
    let may_read = match caller {
        Caller::Account(_) => true,
        Caller::Job(identity) => {
            let own = leased_repository(&mut db, identity.job, identity.lease).await?;
            own == Some(repository.id)
        }
        Caller::Anonymous => false,
    };
    // A repository of GitHub is cloned from there.
    match repository.source {
        RepositorySource::Local { path } if may_read => Ok(path),
        RepositorySource::Local { .. } | RepositorySource::GitHub(_) => Err(ApiError::not_found()),
    }
}

/// `git upload-pack`, without any configuration of the machine's users.
fn upload_pack(repository: &str, version: Option<&HeaderValue>, flags: &[&str]) -> Command {
    let mut git = Command::new("git");
    // The operator registered the repository, so it may belong to another user.
    git.args(["-c", "safe.directory=*"])
        .args(["-c", "uploadpack.allowAnySHA1InWant=true"])
        .args(["-c", "uploadpack.allowFilter=true"])
        .args(["upload-pack", "--stateless-rpc", "--strict"])
        .args(flags)
        .arg(repository)
        .current_dir("/")
        .env_remove("GIT_DIR")
        .env_remove("GIT_WORK_TREE")
        .env_remove("GIT_PROTOCOL")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("LC_ALL", "C");
    if let Some(version) = version.and_then(|version| version.to_str().ok()) {
        git.env("GIT_PROTOCOL", version);
    }
    git
}

/// The `Git-Protocol` header when it asks for a version that we know.
fn protocol_version(headers: &HeaderMap) -> Option<HeaderValue> {
    let known = ["version=0", "version=1", "version=2"];
    headers
        .get(HeaderName::from_static("git-protocol"))
        .filter(|value| known.iter().any(|known| value == known))
        .cloned()
}

fn answer(content_type: &'static str, body: Body) -> Response {
    let headers = [(header::CONTENT_TYPE, content_type), (header::CACHE_CONTROL, "no-cache")];
    (headers, body).into_response()
}
