//! An artifact of a gibibyte up and down again, as the clients within actions send it.
//!
//! Floor: `cp` of the same bytes on the same disk, and `sha256sum` of the copy.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use gantry_tests::{FakeRunner, ServerOptions, TestRepository, TestServer, webhook};
use reqwest::Client;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;

use crate::figures::{median_ms, report_share};

const SIZE: usize = 1 << 30;
/// As the published client: blocks of eight mebibytes, five at a time.
const BLOCK: usize = 8 << 20;
const AT_ONCE: usize = 5;
const N_ROUNDS: usize = 5;

/// A job's access to the server.
struct Job {
    client: Client,
    origin: String,
    token: String,
}

pub(crate) async fn measure() -> Result<()> {
    // Nobody renews the lease meanwhile.
    let arguments = vec!["--lease-seconds".to_owned(), "3600".to_owned()];
    let options = ServerOptions { arguments, ..ServerOptions::default() };
    let server = TestServer::start_with(options).await?;
    let job = lease(&server).await?;
    let folder = tempfile::tempdir()?;
    let original = folder.path().join("original");
    write_noise(&original)?;
    let before = memory_kib(&server)?;
    let (mut floors, mut uploads, mut downloads) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..N_ROUNDS {
        floors.push(copy_and_hash(folder.path())?);
        let name = format!("round-{round}");
        uploads.push(upload(&job, &original, &name).await?);
        downloads.push(download(&job, &name, &folder.path().join("back")).await?);
    }
    let compared = Command::new("cmp").arg(&original).arg(folder.path().join("back")).status()?;
    ensure!(compared.success(), "what came back differs");
    let goal = "at least 0.6";
    report_share("upload of 1 GiB", median_ms(&uploads), median_ms(&floors), goal);
    report_share("download of 1 GiB", median_ms(&downloads), median_ms(&floors), goal);
    let grown = memory_kib(&server)?.saturating_sub(before) / 1024;
    println!("peak of the server's memory grew by {grown} MiB (goal: under 64 MiB)");
    Ok(())
}

/// A job of a run, as a runner gets it.
async fn lease(server: &TestServer) -> Result<Job> {
    let workflow =
        "on: push\njobs:\n  j:\n    runs-on: ubuntu-latest\n    steps:\n      - run: 'true'\n";
    let repository = TestRepository::create(&[(".github/workflows/ci.yml", workflow)])?;
    server.register(&repository, "acme/app").await?;
    let payload = webhook::push("acme/app", "main", webhook::NO_COMMIT, &repository.head()?);
    server.deliver("push", "guid-1", &payload).await?;
    let runner = FakeRunner::register(server, "bench", &["ubuntu-latest"]).await?;
    let message = runner.lease(30_000).await?.context("no job came up")?;
    let runtime = message.runtime.context("the job has no runtime")?;
    let origin = runtime.results_url.trim_end_matches('/').to_owned();
    Ok(Job { client: Client::new(), origin, token: runtime.token })
}

/// Bytes that do not compress.
fn write_noise(path: &Path) -> Result<()> {
    let mut file = File::create(path)?;
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut block = vec![0_u8; 1 << 20];
    for _ in 0..SIZE >> 20 {
        for word in block.chunks_exact_mut(8) {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            word.copy_from_slice(&state.to_le_bytes());
        }
        file.write_all(&block)?;
    }
    Ok(())
}

fn copy_and_hash(folder: &Path) -> Result<Duration> {
    let started = Instant::now();
    let script = "cp original copy && sha256sum copy >/dev/null";
    let status = Command::new("sh").args(["-c", script]).current_dir(folder).status()?;
    ensure!(status.success(), "copying failed");
    Ok(started.elapsed())
}

impl Job {
    async fn call(&self, method: &str, message: &Value) -> Result<Value> {
        let service = "twirp/github.actions.results.api.v1.ArtifactService";
        let request = self.client.post(format!("{}/{service}/{method}", self.origin));
        let answer = request.bearer_auth(&self.token).json(message).send().await?;
        let status = answer.status();
        let body = answer.text().await?;
        ensure!(status.is_success(), "{method}: {status}: {body}");
        Ok(serde_json::from_str(&body)?)
    }
}

async fn upload(job: &Job, path: &Path, name: &str) -> Result<Duration> {
    let started = Instant::now();
    let created = job.call("CreateArtifact", &json!({ "name": name })).await?;
    let url = created["signed_upload_url"].as_str().context("no URL")?;
    let mut file = File::open(path)?;
    let blocks = (0..SIZE / BLOCK).map(|index| {
        let mut bytes = vec![0; BLOCK];
        let read = file.read_exact(&mut bytes);
        let request = job.client.put(format!("{url}&comp=block&blockid={index:05}"));
        async move {
            read?;
            request.body(bytes).send().await?.error_for_status()?;
            anyhow::Ok(())
        }
    });
    stream::iter(blocks).buffer_unordered(AT_ONCE).try_collect::<Vec<()>>().await?;
    let names: String =
        (0..SIZE / BLOCK).map(|index| format!("<Latest>{index:05}</Latest>")).collect();
    let list = format!("<BlockList>{names}</BlockList>");
    let request = job.client.put(format!("{url}&comp=blocklist")).body(list);
    request.send().await?.error_for_status()?;
    job.call("FinalizeArtifact", &json!({ "name": name, "size": SIZE.to_string() })).await?;
    Ok(started.elapsed())
}

async fn download(job: &Job, name: &str, path: &Path) -> Result<Duration> {
    let started = Instant::now();
    let found = job.call("GetSignedArtifactURL", &json!({ "name": name })).await?;
    let url = found["signed_url"].as_str().context("no URL")?;
    let mut bytes = job.client.get(url).send().await?.error_for_status()?.bytes_stream();
    let mut file = tokio::fs::File::create(path).await?;
    while let Some(piece) = bytes.try_next().await? {
        file.write_all(&piece).await?;
    }
    file.flush().await?;
    Ok(started.elapsed())
}

/// The most that the server has had in memory so far.
fn memory_kib(server: &TestServer) -> Result<u64> {
    let state = std::fs::read_to_string(server.data_dir().join("server.json"))?;
    let state: Value = serde_json::from_str(&state)?;
    let status = std::fs::read_to_string(format!("/proc/{}/status", state["pid"]))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}
