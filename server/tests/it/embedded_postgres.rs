//! The program with its own PostgreSQL: started, killed, started again, stopped.

use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

/// The program on a data directory.
struct Program {
    child: Child,
    data_dir: PathBuf,
}

impl Program {
    fn start(data_dir: &Path) -> Self {
        let child = command(data_dir).stderr(Stdio::null()).spawn().expect("starting gantry");
        Self { child, data_dir: data_dir.to_owned() }
    }

    /// Waits until the administrator's token is accepted: server and database are up, and the row
    /// of the token is still there.
    async fn wait_until_ready(&self) {
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        let ready = async {
            while !self.accepts_token(&client).await {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), ready).await.expect("the server comes up");
    }

    async fn accepts_token(&self, client: &reqwest::Client) -> bool {
        let read = |name| std::fs::read_to_string(self.data_dir.join(name)).ok();
        let (Some(server), Some(token)) = (read("server.json"), read("admin-token")) else {
            return false;
        };
        let Ok(server) = serde_json::from_str::<serde_json::Value>(&server) else { return false };
        let url = format!("{}/api/gantry/session", server["url"].as_str().unwrap_or_default());
        let answer = client.get(url).bearer_auth(token.trim()).send().await;
        answer.is_ok_and(|answer| answer.status() == 200)
    }

    fn signal(&mut self, signal: Signal) -> ExitStatus {
        let pid = i32::try_from(self.child.id()).expect("a pid");
        kill(Pid::from_raw(pid), signal).expect("a signal");
        self.child.wait().expect("an end")
    }

    fn postmaster(&self) -> Option<i32> {
        let text = std::fs::read_to_string(self.data_dir.join("postgres/postmaster.pid")).ok()?;
        text.lines().next()?.trim().parse().ok()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            self.signal(Signal::SIGTERM);
        }
    }
}

fn command(data_dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gantry"));
    command
        .args(["serve", "--no-runner"])
        .env("GANTRY_LISTEN", "127.0.0.1:0")
        .env("GANTRY_DATA_DIR", data_dir)
        .env_remove("DATABASE_URL")
        .stdout(Stdio::null());
    command
}

fn is_installed() -> bool {
    let is_there = Path::new("/usr/lib/postgresql").is_dir();
    if !is_there {
        eprintln!("skipped: PostgreSQL is not installed");
    }
    is_there
}

#[tokio::test]
async fn the_database_survives_kills_of_the_server_and_of_itself() {
    if !is_installed() {
        return;
    }
    let directory = TempDir::new().expect("a directory");
    let mut program = Program::start(directory.path());
    program.wait_until_ready().await;
    let token = std::fs::read(directory.path().join("admin-token")).expect("a token");

    program.signal(Signal::SIGKILL);
    assert!(program.postmaster().is_some(), "the database outlives its server");
    std::fs::remove_file(directory.path().join("server.json")).expect("a file of the dead server");
    let mut program = Program::start(directory.path());
    program.wait_until_ready().await;

    let postmaster = program.postmaster().expect("a database");
    kill(Pid::from_raw(postmaster), Signal::SIGKILL).expect("a signal");
    program.wait_until_ready().await;

    assert!(program.signal(Signal::SIGTERM).success(), "an orderly end");
    assert_eq!(program.postmaster(), None, "the database ends with its server");
    let same = std::fs::read(directory.path().join("admin-token")).expect("a token");
    assert_eq!(same, token);
}

#[tokio::test]
async fn a_second_server_on_the_same_data_is_refused_in_one_sentence() {
    if !is_installed() {
        return;
    }
    let directory = TempDir::new().expect("a directory");
    let program = Program::start(directory.path());
    program.wait_until_ready().await;
    let second = command(directory.path()).output().expect("an end");
    assert_eq!(second.status.code(), Some(1));
    let said = String::from_utf8_lossy(&second.stderr);
    assert!(said.starts_with("error: another server is running on"), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
}

#[test]
fn faults_at_the_start_are_one_sentence_and_exit_code_1() {
    let directory = TempDir::new().expect("a directory");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("an address").to_string();
    let empty = directory.path().to_str().expect("a path in UTF-8").to_owned();
    for (arguments, expected) in [
        (vec!["--listen", &address], "is in use"),
        (vec!["--postgres-bin-dir", &empty], "there is no PostgreSQL in"),
        (vec!["--database-url", "postgres://x@127.0.0.1:1/x"], "no connection to the database"),
        (vec!["--data-dir", "/proc/none"], "cannot be created"),
    ] {
        // A flag wins over its variable.
        let mut command = command(directory.path());
        let output = command.args(&arguments).output().expect("an end");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {said}");
        assert!(said.starts_with("error: ") && said.contains(expected), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
}

/// After a crash of the machine the numbers of its processes are given to others.
#[tokio::test]
async fn a_process_number_that_belongs_to_somebody_else_now_does_not_stop_the_start() {
    if !is_installed() {
        return;
    }
    let directory = TempDir::new().expect("a directory");
    let mut program = Program::start(directory.path());
    program.wait_until_ready().await;
    let left = ["postgres/postmaster.pid", "socket/.s.PGSQL.5432.lock"];
    let texts = left.map(|name| std::fs::read_to_string(directory.path().join(name)).expect("it"));
    assert!(program.signal(Signal::SIGTERM).success(), "an orderly end");

    let cluster = std::fs::metadata(directory.path().join("postgres")).expect("a cluster");
    // Of the database's user: it takes processes of others for gone.
    let mut stranger = Command::new("sleep");
    stranger.arg("600").uid(cluster.uid());
    let mut stranger = stranger.spawn().expect("a process");
    for (name, text) in left.iter().zip(&texts) {
        let (pid, rest) = text.split_once('\n').expect("lines");
        assert!(pid.trim().parse::<i32>().is_ok(), "{pid}");
        let stale = format!("{}\n{rest}", stranger.id());
        std::fs::write(directory.path().join(name), stale).expect("a file");
    }
    let program = Program::start(directory.path());
    program.wait_until_ready().await;
    drop(program);
    stranger.kill().expect("a signal");
    stranger.wait().expect("an end");
}

#[tokio::test]
async fn a_database_that_cannot_start_is_one_sentence_with_the_end_of_its_log() {
    if !is_installed() {
        return;
    }
    let directory = TempDir::new().expect("a directory");
    let mut program = Program::start(directory.path());
    program.wait_until_ready().await;
    program.signal(Signal::SIGTERM);
    let settings = directory.path().join("postgres/postgresql.conf");
    std::fs::write(&settings, "no_such_setting = 1\n").expect("a file");
    let output = command(directory.path()).output().expect("an end");
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said.lines().last().unwrap_or_default();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(last.starts_with("error: the database did not start; its log"), "{said}");
    assert!(last.contains("no_such_setting"), "{said}");
}

#[test]
fn a_cluster_of_a_version_that_is_not_installed_is_refused_and_left_alone() {
    if !is_installed() {
        return;
    }
    let directory = TempDir::new().expect("a directory");
    let version = directory.path().join("postgres/PG_VERSION");
    std::fs::create_dir(directory.path().join("postgres")).expect("a directory");
    std::fs::write(&version, "9\n").expect("a file");
    let output = command(directory.path()).output().expect("an end");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("was created by PostgreSQL 9") && said.contains("postgresql-9"),
        "{said}"
    );
    assert_eq!(std::fs::read_to_string(&version).expect("a version"), "9\n");
}
