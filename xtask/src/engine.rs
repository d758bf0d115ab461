//! The Docker engine: whether it answers, starting one where none does, and the right to use it.

use std::fs::File;
use std::io::ErrorKind;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::command::{output, run, say, succeeds};
use crate::setup::{Install, as_root};

/// Where the engine listens unless told otherwise.
const SOCKET: &str = "/var/run/docker.sock";

/// The group whose members may use the engine.
const GROUP: &str = "docker";

/// How long a fresh engine may take to answer.
const START_LIMIT: Duration = Duration::from_secs(60);

/// Whether an engine answers the docker command.
pub(crate) fn answers() -> bool {
    succeeds(Command::new("docker").args(["version", "--format", "{{.Server.Version}}"]))
}

/// Starts `dockerd` when no engine answers, and says so. It stays after we have ended.
///
/// A user who may not use the engine joins its group, and this program starts again as a member.
pub(crate) fn ensure_running(install: &Install) -> Result<()> {
    if answers() {
        return Ok(());
    }
    if !is_refused() {
        start()?;
    }
    if is_refused() {
        return join_group(install);
    }
    Ok(())
}

fn is_refused() -> bool {
    UnixStream::connect(SOCKET).is_err_and(|error| error.kind() == ErrorKind::PermissionDenied)
}

/// Makes the user a member of the engine's group and begins again; comes back only with an error.
fn join_group(install: &Install) -> Result<()> {
    let user = output(Command::new("id").arg("-un"))?;
    if output(Command::new("id").arg("-Gn"))?.split_whitespace().any(|group| group == GROUP) {
        bail!("{user} is in the group `{GROUP}`, and yet {SOCKET} refuses");
    }
    say(&format!(
        "{user} may not use the Docker engine: joining the group `{GROUP}` (its members control \
         this machine)"
    ));
    if !install.allowed {
        bail!("nothing is changed with --no-install; run: usermod -aG {GROUP} {user}");
    }
    run(&mut as_root(&["usermod", "-aG", GROUP, &user])?)?;
    let program = std::env::current_exe().context("finding this program")?;
    let words = std::iter::once(program.into_os_string()).chain(std::env::args_os().skip(1));
    let line: Vec<String> = words.map(|word| quoted(&word.to_string_lossy())).collect();
    let error = Command::new("sg").args([GROUP, "-c", &line.join(" ")]).exec();
    Err(error).context("starting again as a member of the group with `sg`")
}

/// One word of a shell's command line.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', "'\\''"))
}

fn start() -> Result<()> {
    let log_path = std::env::temp_dir().join("gantry-dockerd.log");
    say(&format!(
        "no Docker engine answers: starting dockerd (its output: {})",
        log_path.display()
    ));
    let log =
        File::create(&log_path).with_context(|| format!("creating {}", log_path.display()))?;
    let mut child = as_root(&["setsid", "dockerd"])?
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .spawn()
        .context("starting dockerd")?;
    let started = Instant::now();
    while !answers() && !is_refused() {
        if let Some(status) = child.try_wait()? {
            bail!("dockerd ended with {status}; see {}", log_path.display());
        }
        if started.elapsed() > START_LIMIT {
            bail!("dockerd does not answer after 60 s; see {}", log_path.display());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}
