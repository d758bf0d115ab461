//! Deliveries into the inbox: how fast, against single-row inserts into the same PostgreSQL, and how
//! steadily under a storm.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use futures_util::{StreamExt as _, stream};
use gantry_tests::{ServerOptions, TestRepository, TestServer, webhook};
use reqwest::StatusCode;
use serde_json::json;

/// Of a push, in bytes.
const PAYLOAD_BYTES: usize = 20_000;

/// Connections of the floor, and requests that are on their way at the same time.
const N_CONNECTIONS: usize = 16;

/// How long each side of a round takes.
const ROUND: Duration = Duration::from_secs(5);

const N_ROUNDS: usize = 5;

/// The storm: different deliveries, and how many of them a second.
const N_DELIVERIES: usize = 10_000;
const PER_SECOND: u32 = 100;

const FULL_NAME: &str = "bench/bench";

const WORKFLOW: &str = "\
on: push
jobs: { build: { runs-on: ubuntu-latest, steps: [{ run: echo }] } }
";

/// Signed pushes a second, as a share of the raw inserts of the same size.
pub(crate) async fn measure() -> Result<()> {
    let server = TestServer::start_with(ServerOptions::default()).await?;
    let payload = push(webhook::NO_COMMIT);
    let mut shares = Vec::new();
    for round in 0..N_ROUNDS {
        let raw = insert_raw(&server)?;
        let ingested = ingest(&server, &payload, round).await?;
        println!("ingest: round {round}: {ingested:.0}/s, raw inserts {raw:.0}/s");
        shares.push(ingested / raw);
        settle(&server).await?;
    }
    shares.sort_by(f64::total_cmp);
    let (least, most) = (shares.first(), shares.last());
    println!(
        "ingest: {:.2} of the rate of raw inserts ({:.2} to {:.2}); goal: 0.7",
        shares[shares.len() / 2],
        least.copied().unwrap_or_default(),
        most.copied().unwrap_or_default()
    );
    Ok(())
}

/// Many deliveries at a steady pace: twice, out of order, and some that are not GitHub's.
pub(crate) async fn measure_storm() -> Result<()> {
    let server = TestServer::start_with(ServerOptions::default()).await?;
    let repository = TestRepository::create(&[(".github/workflows/bench.yml", WORKFLOW)])?;
    server.register(&repository, FULL_NAME).await?;
    let payload = push(&repository.head()?);
    let secret = server.webhook_secret()?;
    let good = webhook::signature(&secret, &payload);
    let bad = webhook::signature("another secret", &payload);
    // Every tenth comes twice; out of order, in the same way each time.
    let twice = (0..N_DELIVERIES).filter(|number| number % 10 == 0);
    let mut numbers: Vec<usize> = (0..N_DELIVERIES).chain(twice).collect();
    numbers.sort_by_key(|number| (number * 7919) % 9973);
    let began = Instant::now();
    let send = |(place, number): (usize, usize)| {
        let is_corrupt = place % 100 == 99;
        let signature = if is_corrupt { &bad } else { &good };
        let (server, payload) = (&server, payload.clone());
        async move {
            let due = began + Duration::from_secs(1) / PER_SECOND * u32::try_from(place)?;
            tokio::time::sleep_until(due.into()).await;
            let sent = Instant::now();
            let guid = format!("storm-{number}");
            let status = server.deliver_raw("push", &guid, Some(signature), payload).await?;
            let expected = if is_corrupt { StatusCode::FORBIDDEN } else { StatusCode::ACCEPTED };
            ensure!(status == expected, "delivery {number}: {status}");
            Ok((number, !is_corrupt, sent.elapsed()))
        }
    };
    let answers: Vec<Result<(usize, bool, Duration)>> =
        stream::iter(numbers.into_iter().enumerate())
            .map(send)
            .buffer_unordered(512)
            .collect()
            .await;
    let answers = answers.into_iter().collect::<Result<Vec<_>>>()?;
    let lasted = began.elapsed();
    let accepted: std::collections::BTreeSet<usize> =
        answers.iter().filter(|(_, is_good, _)| *is_good).map(|(number, ..)| *number).collect();
    let mut times: Vec<Duration> = answers.iter().map(|(.., time)| *time).collect();
    times.sort();
    settle(&server).await?;
    let path = format!("/repos/{FULL_NAME}/actions/runs?per_page=1");
    let runs = server.get(&path).await?["total_count"].as_u64().unwrap_or_default();
    let at = |share: usize| times[(times.len() - 1) * share / 100].as_secs_f64() * 1e3;
    println!(
        "storm: {} deliveries in {:.0} s, all worked on after {:.0} s; {runs} runs of {} expected; answers: \
         median {:.1} ms, p99 {:.1} ms, longest {:.1} ms; goals: exactly the runs, p99 250 ms, none over 2 s",
        times.len(),
        lasted.as_secs_f64(),
        began.elapsed().as_secs_f64(),
        accepted.len(),
        at(50),
        at(99),
        at(100)
    );
    ensure!(runs == accepted.len() as u64, "not exactly the expected runs");
    Ok(())
}

/// A push of the wanted size; its text does not compress much.
fn push(after: &str) -> Vec<u8> {
    let mut payload = webhook::push(FULL_NAME, "main", webhook::NO_COMMIT, after);
    payload["commits"][0]["message"] = json!(noise(PAYLOAD_BYTES - payload.to_string().len()));
    payload.to_string().into_bytes()
}

/// Letters in the order of a linear congruence.
fn noise(n_bytes: usize) -> String {
    let mut state = 1_u64;
    let mut letter = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let letters = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
        char::from(letters[usize::try_from(state >> 58).unwrap_or_default()])
    };
    (0..n_bytes).map(|_| letter()).collect()
}

/// What PostgreSQL's own benchmark inserts in a second, a row of the same size to a commit.
fn insert_raw(server: &TestServer) -> Result<f64> {
    let socket = server.data_dir().join("socket");
    let script = server.data_dir().join("insert.sql");
    let insert = format!(
        "insert into raw_rows (guid, payload) values (gen_random_uuid()::text, '{}'::bytea);\n",
        noise(PAYLOAD_BYTES)
    );
    std::fs::write(&script, insert)?;
    let table = "create table if not exists raw_rows (id bigint generated always as identity primary \
                 key, guid text not null unique, payload bytea not null)";
    as_database_user("psql", &socket, &["--quiet", "--command", table])?;
    let (connections, seconds) = (N_CONNECTIONS.to_string(), ROUND.as_secs().to_string());
    let file = script.display().to_string();
    let arguments = ["-n", "-c", &connections, "-j", "2", "-T", &seconds, "-f", &file];
    let printed = as_database_user("pgbench", &socket, &arguments)?;
    let rate = printed.lines().find_map(|line| line.strip_prefix("tps = "));
    let rate = rate.and_then(|rest| rest.split(' ').next()).context("pgbench says no rate")?;
    Ok(rate.parse()?)
}

/// The user of the server is the one whom the embedded database lets in.
fn as_database_user(program: &str, socket: &std::path::Path, arguments: &[&str]) -> Result<String> {
    let mut command = Command::new(program);
    command.args(arguments).arg("--host").arg(socket).args(["--username", "gantry"]);
    if program == "pgbench" {
        command.arg("gantry");
    } else {
        command.args(["--dbname", "gantry"]);
    }
    let output = command.stdin(Stdio::null()).output().with_context(|| program.to_owned())?;
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(output.status.success(), "{program}: {complaint}");
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

async fn ingest(server: &TestServer, payload: &[u8], round: usize) -> Result<f64> {
    let signature = webhook::signature(&server.webhook_secret()?, payload);
    let began = Instant::now();
    let senders = (0..N_CONNECTIONS).map(|sender| {
        let signature = &signature;
        async move {
            let mut n_sent = 0_u32;
            while began.elapsed() < ROUND {
                let guid = format!("ingest-{round}-{sender}-{n_sent}");
                let sent = server.deliver_raw("push", &guid, Some(signature), payload.to_vec());
                let status = sent.await?;
                ensure!(status == StatusCode::ACCEPTED, "delivery: {status}");
                n_sent += 1;
            }
            Ok(n_sent)
        }
    });
    let sent = futures_util::future::try_join_all(senders).await?;
    Ok(f64::from(sent.into_iter().sum::<u32>()) / began.elapsed().as_secs_f64())
}

/// Waits until no delivery is left to be worked on.
async fn settle(server: &TestServer) -> Result<()> {
    loop {
        let page = server.get_text("/metrics").await?;
        if page.lines().any(|line| line == "gantry_deliveries_pending 0") {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
