//! A gibibyte of output from one step: read from the spool, split, looked through for commands, masked,
//! and sent in pieces to a server that keeps it.
//!
//! Server, runner and job are those of every day, each a process of its own, the runner on one core.
//! Speed is told by the clock and by the runner's processor time, which other programs do not disturb.
//! Floor: the same bytes written to a file, and compressed from there by `zstd -1`.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use futures_util::StreamExt as _;
use gantry_tests::{ServerOptions, TestRepository, TestServer, webhook};
use serde_json::{Value, json};

use crate::ten_steps::between;

const N_ROUNDS: usize = 3;
const SECRET: &str = "hunter2-and-more";
/// Lines of the file that is printed again and again.
const N_LINES: usize = 150_000;
const N_REPEATS: usize = 72;

pub(crate) async fn measure() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let lines = folder.path().join("lines");
    ensure!(shell(folder.path(), &make_lines("lines"))?.success(), "making the lines failed");
    let bytes = std::fs::metadata(&lines)?.len() * N_REPEATS as u64;
    let mib = bytes as f64 / f64::from(1 << 20);
    println!("output of {mib:.0} MiB in {} lines, from one step:", N_LINES * N_REPEATS);
    for _ in 0..N_ROUNDS {
        let floor = floor(folder.path())?;
        let figure = Output::measure(folder.path()).await?;
        let speed = |time: Duration| bytes as f64 / 1e6 / time.as_secs_f64();
        println!(
            "  {:.0} MB/s of processor time (goal: 150), {:.0} MB/s by the clock, floor {:.0} MB/s; \
             the runner had {} MiB at most (goal: 150)",
            speed(figure.processor),
            speed(figure.clock),
            speed(floor),
            figure.memory_kib / 1024,
        );
    }
    Ok(())
}

/// A script that makes a file of lines as builds print them, some with a secret or colours.
fn make_lines(name: &str) -> String {
    format!(
        "seq -f 'compiling unit %.0f of the program: --edition=2024 --emit=dep-info,metadata,link -C opt-level=3' {N_LINES} \
         | sed -e '0~50s/$/ --token={SECRET}/' -e \"0~20s/^/$(printf '\\033')[32mok$(printf '\\033')[0m /\" > {name}"
    )
}

fn print_lines(name: &str) -> String {
    format!("for i in $(seq {N_REPEATS}); do cat {name}; done")
}

fn shell(folder: &Path, script: &str) -> Result<std::process::ExitStatus> {
    Ok(Command::new("sh").args(["-c", script]).current_dir(folder).status()?)
}

fn floor(folder: &Path) -> Result<Duration> {
    let script = format!("({}) > copy && zstd -1 -q -f -T1 copy -o copy.zst", print_lines("lines"));
    let started = Instant::now();
    ensure!(shell(folder, &script)?.success(), "the floor failed");
    Ok(started.elapsed())
}

struct Output {
    clock: Duration,
    processor: Duration,
    memory_kib: u64,
}

impl Output {
    async fn measure(folder: &Path) -> Result<Self> {
        let server = TestServer::start_with(ServerOptions::default()).await?;
        let workflow = format!(
            "on: push\njobs:\n  j:\n    runs-on: ubuntu-latest\n    steps:\n      \
             - run: echo \"::add-mask::$(echo {} | tr _ -)\"\n      - run: |\n          {}\n      \
             - {{name: print, run: '{}'}}\n",
            // The script is in the log before the secret is known.
            SECRET.replace('-', "_"),
            make_lines("lines"),
            print_lines("lines")
        );
        let repository = TestRepository::create(&[(".github/workflows/ci.yml", &workflow)])?;
        server.register(&repository, "acme/app").await?;
        let runner = Runner::start(&server, &folder.join("runner")).await?;
        let payload = webhook::push("acme/app", "main", webhook::NO_COMMIT, &repository.head()?);
        server.deliver("push", "guid-1", &payload).await?;
        let run = server.wait_for_run("acme/app").await?;
        let view = server.wait_until_completed(run).await?;
        ensure!(view["run"]["conclusion"] == "success", "the run failed: {view:#}");
        let processor = runner.processor_time()?;
        let memory_kib = runner.memory_kib()?;
        drop(runner);
        check_log(&server, &view["jobs"][0]["id"]).await?;
        let clock = between(&view, "print", "started_at", ("print", "completed_at"))?;
        Ok(Self { clock, processor, memory_kib })
    }
}

/// Every line is there, and no secret.
async fn check_log(server: &TestServer, job: &Value) -> Result<()> {
    let url = format!("{}/repos/acme/app/actions/jobs/{job}/logs", server.url());
    let request = reqwest::Client::new().get(url).bearer_auth(server.token());
    let mut log = request.send().await?.error_for_status()?.bytes_stream();
    let (mut n_units, mut rest) = (0, Vec::new());
    while let Some(piece) = log.next().await {
        rest.extend_from_slice(&piece?);
        let Some(end) = rest.iter().rposition(|&byte| byte == b'\n') else { continue };
        let text = String::from_utf8_lossy(&rest[..end]);
        n_units += text.matches(": --edition=2024").count();
        ensure!(!text.contains(SECRET), "a secret is in the log");
        rest.drain(..=end);
    }
    // The script is shown as well.
    let expected = N_LINES * N_REPEATS;
    ensure!((expected..expected + 5).contains(&n_units), "{n_units} lines instead of {expected}");
    Ok(())
}

/// A runner of its own, on one core.
struct Runner(Child);

impl Runner {
    async fn start(server: &TestServer, folder: &Path) -> Result<Self> {
        let (status, answer) =
            server.post("/api/gantry/runners/registration-token", &json!({})).await?;
        ensure!(status.is_success(), "no registration token: {status}");
        let answer: Value = serde_json::from_str(&answer)?;
        let token = answer["token"].as_str().context("no token")?;
        let child = Command::new("taskset")
            .args(["-c", "0"])
            .arg(program()?)
            .args(["--server-url", server.url(), "--registration-token", token])
            .args(["--name", "bench", "--warm", "0", "--slots", "1", "--work-dir"])
            .arg(folder)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        Ok(Self(child))
    }

    fn read(&self, name: &str) -> Result<String> {
        Ok(std::fs::read_to_string(format!("/proc/{}/{name}", self.0.id()))?)
    }

    /// In user mode and in the kernel, by all threads.
    fn processor_time(&self) -> Result<Duration> {
        let stat = self.read("stat")?;
        let fields: Vec<&str> =
            stat.rsplit_once(')').context("no name")?.1.split_whitespace().collect();
        let ticks: u64 = fields.get(11).context("no time")?.parse::<u64>()?
            + fields.get(12).context("no time")?.parse::<u64>()?;
        // The kernel's unit for programs, on every machine that we build for.
        Ok(Duration::from_millis(ticks * 10))
    }

    /// The most that it has had in memory so far.
    fn memory_kib(&self) -> Result<u64> {
        let status = self.read("status")?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        Ok(line.context("no VmHWM")?.trim().trim_end_matches(" kB").parse()?)
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Built together with this program.
fn program() -> Result<PathBuf> {
    Ok(std::env::current_exe()?.with_file_name("gantry-runner"))
}
