//! What the machine must have, and how it gets it on Debian.
//!
//! Says what it installs and why before it does so; with `--no-install` it only lists.

use std::io::IsTerminal;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::command::{output, run, say, succeeds};
use crate::engine;

/// Whether packages may be installed.
#[derive(Debug)]
pub(crate) struct Install {
    pub(crate) allowed: bool,
}

/// Something a command of ours needs from the machine.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Need {
    pub(crate) what: &'static str,
    pub(crate) why: &'static str,
    packages: &'static [&'static str],
    is_present: fn() -> bool,
}

pub(crate) const COMPILER: Need = Need {
    what: "a C compiler",
    why: "links the programs and builds the crypto library",
    packages: &["build-essential"],
    is_present: || on_path("cc"),
};
pub(crate) const GIT: Need = Need {
    what: "git",
    why: "reads workflow files and checks repositories out",
    packages: &["git", "ca-certificates"],
    is_present: || on_path("git"),
};
pub(crate) const GIT_LFS: Need = Need {
    what: "git-lfs",
    why: "checks large files out",
    packages: &["git-lfs"],
    is_present: || on_path("git-lfs"),
};
pub(crate) const MUSL: Need = Need {
    what: "busybox and musl",
    why: "are what the tests make an image like Alpine's of",
    packages: &["busybox-static", "musl"],
    is_present: || {
        let machine = std::env::consts::ARCH;
        Path::new("/bin/busybox").exists()
            && Path::new(&format!("/lib/ld-musl-{machine}.so.1")).exists()
    },
};
pub(crate) const POSTGRES: Need = Need {
    what: "the PostgreSQL server",
    why: "holds runs and jobs; the server starts a private cluster of its own",
    packages: &["postgresql"],
    is_present: || has_postgres("postgres") && on_path("pg_virtualenv"),
};
pub(crate) const ENGINE: Need = Need {
    what: "the Docker engine",
    why: "runs the containers of jobs",
    packages: &["docker.io", "iptables"],
    is_present: || engine::answers() || on_path("dockerd"),
};
pub(crate) const ENGINE_CLIENT: Need = Need {
    what: "the docker command",
    why: "builds the images of `images/`",
    packages: &["docker.io"],
    is_present: || on_path("docker"),
};
pub(crate) const BOOTSTRAP: Need = Need {
    what: "mmdebstrap",
    why: "builds the job image from Debian packages",
    packages: &["mmdebstrap"],
    is_present: || on_path("mmdebstrap"),
};
pub(crate) const NODE: Need = Need {
    what: "Node.js with npm",
    why: "builds the web page",
    packages: &["nodejs", "npm"],
    is_present: || on_path("node") && on_path("npm"),
};
pub(crate) const PYTHON: Need = Need {
    what: "Python with its environments",
    why: "runs the fuzzer of the API",
    packages: &["python3", "python3-venv"],
    is_present: || on_path("python3") && has_python_environments(),
};
pub(crate) const CHROMIUM: Need = Need {
    what: "Chromium",
    why: "tests the page in a real browser",
    packages: &["chromium"],
    is_present: || on_path("chromium"),
};
pub(crate) const GITHUB_CLIENT: Need = Need {
    what: "the GitHub command `gh`",
    why: "tests the REST API with a client we did not write",
    packages: &["gh"],
    is_present: || on_path("gh"),
};

/// Installs what is missing of `needs`, or refuses and lists it.
pub(crate) fn require(install: &Install, needs: &[Need]) -> Result<()> {
    let missing: Vec<Need> = needs.iter().copied().filter(|need| !(need.is_present)()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    for need in &missing {
        say(&format!("missing: {} - it {} ({})", need.what, need.why, need.packages.join(", ")));
    }
    let mut packages: Vec<&str> =
        missing.iter().flat_map(|need| need.packages.iter().copied()).collect();
    packages.sort_unstable();
    packages.dedup();
    if !install.allowed {
        bail!("nothing is installed with --no-install; install: {}", packages.join(" "));
    }
    install_packages(&packages)?;
    match missing.iter().find(|need| !(need.is_present)()) {
        Some(need) => bail!("{} is still missing after installing {packages:?}", need.what),
        None => Ok(()),
    }
}

/// Everything any command needs, and a running engine.
pub(crate) fn everything(install: &Install) -> Result<()> {
    require(
        install,
        &[
            COMPILER,
            GIT,
            GIT_LFS,
            MUSL,
            POSTGRES,
            ENGINE,
            ENGINE_CLIENT,
            BOOTSTRAP,
            NODE,
            CHROMIUM,
            GITHUB_CLIENT,
        ],
    )?;
    engine::ensure_running(install)?;
    say("everything is there");
    Ok(())
}

fn install_packages(packages: &[&str]) -> Result<()> {
    if !on_path("apt-get") {
        bail!("this machine has no apt-get; install by hand: {}", packages.join(" "));
    }
    say(&format!("installing with apt-get: {}", packages.join(" ")));
    run(as_root(&["apt-get", "update", "-qq"])?.env("DEBIAN_FRONTEND", "noninteractive"))?;
    let mut words = vec!["apt-get", "install", "-y", "-qq", "--no-install-recommends"];
    words.extend(packages);
    run(as_root(&words)?.env("DEBIAN_FRONTEND", "noninteractive"))
}

/// The command, through sudo when we are not root.
pub(crate) fn as_root(words: &[&str]) -> Result<Command> {
    let (program, rest) = words.split_first().context("an empty command")?;
    if is_root()? {
        let mut command = Command::new(program);
        command.args(rest);
        return Ok(command);
    }
    if !on_path("sudo") {
        bail!("`{}` needs root, and there is no sudo", words.join(" "));
    }
    let mut command = Command::new("sudo");
    // Where nobody can type a password, asking for one would hang.
    if !std::io::stdin().is_terminal() {
        command.arg("-n");
    }
    command.args(words);
    Ok(command)
}

fn is_root() -> Result<bool> {
    Ok(output(Command::new("id").arg("-u"))? == "0")
}

/// Whether a program of this name can be started.
pub(crate) fn on_path(program: &str) -> bool {
    succeeds(Command::new("sh").args(["-c", "command -v \"$1\"", "sh", program]))
}

fn has_postgres(program: &str) -> bool {
    let packaged = std::fs::read_dir("/usr/lib/postgresql").is_ok_and(|versions| {
        versions.flatten().any(|version| version.path().join("bin").join(program).exists())
    });
    packaged || on_path(program) || Path::new("/usr/local/pgsql/bin").join(program).exists()
}

/// Debian splits them off: without them `venv` has no `pip` to give.
fn has_python_environments() -> bool {
    succeeds(Command::new("python3").args(["-c", "import ensurepip, venv"]))
}
