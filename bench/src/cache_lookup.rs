//! How long a job waits for the answer whether there is a cache, among a hundred thousand.
//!
//! Needs a database that `psql` reaches, in `DATABASE_URL`: nobody uploads so many caches for this. Floor:
//! an answer of the same server that asks nothing of the caches.

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use gantry_tests::{FakeRunner, ServerOptions, TestRepository, TestServer, webhook};
use reqwest::Client;
use serde_json::{Value, json};

const N_ENTRIES: u32 = 100_000;
const N_QUESTIONS: u32 = 2000;
const VERSION: &str = "v";

/// Entries of one repository: most with one prefix, as `deps-` with a hash each, the others with few to a
/// prefix.
const ENTRIES: &str = "
    with made as (
        insert into blobs (id, kind, state, size_bytes)
        select gen_random_uuid(), 'cache', 'committed', 1000 from generate_series(1, :n)
        returning id
    ), numbered as (
        select id, row_number() over () as number from made
    )
    insert into caches (repository_id, scope, key, version, state, reserved_by, blob_id, size_bytes,
        created_at, last_accessed_at)
    select repositories.id, 'refs/heads/main',
        case when number % 10 = 0 then 'few-' || number / 50 || '-' || number
             else 'deps-' || md5(number::text) || '-' || number end,
        :'version', 'ready', 1, numbered.id, 1000,
        now() - number * interval '1 second', now()
    from numbered, repositories;
    analyze caches; analyze blobs;";

#[expect(clippy::disallowed_methods, reason = "which database it is, is said by environment")]
pub(crate) async fn measure() -> Result<()> {
    let url = std::env::var("DATABASE_URL")
        .context("the benchmark `cache-lookup` needs a database of its own in DATABASE_URL")?;
    let arguments =
        ["--lease-seconds", "3600", "--cache-limit-gib", "1000", "--database-url", &url];
    let arguments = arguments.map(str::to_owned).to_vec();
    let server =
        TestServer::start_with(ServerOptions { arguments, ..ServerOptions::default() }).await?;
    let workflow =
        "on: push\njobs:\n  j:\n    runs-on: ubuntu-latest\n    steps:\n      - run: 'true'\n";
    let repository = TestRepository::create(&[(".github/workflows/ci.yml", workflow)])?;
    server.register(&repository, "acme/app").await?;
    let payload = webhook::push("acme/app", "main", webhook::NO_COMMIT, &repository.head()?);
    server.deliver("push", "guid-1", &payload).await?;
    let runner = FakeRunner::register(&server, "bench", &["ubuntu-latest"]).await?;
    let message = runner.lease(30_000).await?.context("no job came up")?;
    let runtime = message.runtime.context("the job has no runtime")?;
    fill(&url)?;
    let job = Job {
        client: Client::new(),
        origin: runtime.results_url.trim_end_matches('/').to_owned(),
        token: runtime.token,
    };
    println!("{N_ENTRIES} caches, {N_QUESTIONS} questions of each kind, one after the other:");
    report("an answer without a look", job.ask(|_| (String::new(), vec![])).await?);
    report(
        "hit of a whole key",
        job.ask(|n| (format!("few-{}-{}", n * 10 / 50, n * 10), vec![])).await?,
    );
    report(
        "hit of a prefix of few",
        job.ask(|n| ("none".into(), vec![format!("few-{}-", n)])).await?,
    );
    report(
        "hit of a prefix of nearly all",
        job.ask(|_| ("none".into(), vec!["deps-".into()])).await?,
    );
    report(
        "miss with ten keys",
        job.ask(|n| ("none".into(), (0..9).map(|k| format!("no-{n}-{k}")).collect())).await?,
    );
    Ok(())
}

fn fill(url: &str) -> Result<()> {
    let (n, version) = (format!("n={N_ENTRIES}"), format!("version={VERSION}"));
    let script = tempfile::NamedTempFile::new()?;
    std::fs::write(script.path(), ENTRIES)?;
    let mut command = Command::new("psql");
    command.args(["--quiet", "--set", "ON_ERROR_STOP=1", "--set", &n, "--set", &version]);
    let status = command.arg("--file").arg(script.path()).arg(url).status()?;
    ensure!(status.success(), "the caches could not be made");
    Ok(())
}

/// A job's access to the server.
struct Job {
    client: Client,
    origin: String,
    token: String,
}

impl Job {
    /// Asks for what `question` says; an empty key asks for nothing that is there to be looked at.
    async fn ask(&self, question: impl Fn(u32) -> (String, Vec<String>)) -> Result<Vec<Duration>> {
        let service = "twirp/github.actions.results.api.v1.CacheService";
        let url = format!("{}/{service}/GetCacheEntryDownloadURL", self.origin);
        let mut took = Vec::new();
        for number in 1..=N_QUESTIONS {
            let (key, restore_keys) = question(number);
            let is_empty = key.is_empty();
            let message = json!({ "key": key, "restore_keys": restore_keys, "version": VERSION });
            let started = Instant::now();
            let request = self.client.post(&url).bearer_auth(&self.token).json(&message);
            let answer = request.send().await?;
            let status = answer.status();
            let body: Value = serde_json::from_str(&answer.text().await?)?;
            took.push(started.elapsed());
            ensure!(status.is_success() || is_empty, "{status}: {body}");
        }
        took.sort();
        Ok(took)
    }
}

fn report(name: &str, took: Vec<Duration>) {
    let at =
        |share: usize| took[(took.len() * share / 1000).min(took.len() - 1)].as_secs_f64() * 1000.0;
    println!("  {name}: median {:.2} ms, p99 {:.2} ms, worst {:.2} ms", at(500), at(990), at(1000));
}
