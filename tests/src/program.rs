//! The `gantry` program under test, and whether Docker may be used.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use anyhow::{Context, Result, bail};

/// The program: `TEST_GANTRY_BIN` when set (it then is current), else built now.
#[expect(clippy::disallowed_methods, reason = "tests take their settings from the environment")]
pub fn gantry() -> Result<PathBuf> {
    static PROGRAM: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    PROGRAM
        .get_or_init(|| match std::env::var_os("TEST_GANTRY_BIN") {
            Some(path) => Ok(PathBuf::from(path)),
            None => build().map_err(|error| format!("{error:#}")),
        })
        .clone()
        .map_err(anyhow::Error::msg)
}

/// The program with an environment that configures nothing.
pub fn command() -> Result<Command> {
    let mut command = Command::new(gantry()?);
    for (name, _) in std::env::vars_os() {
        if name == "DATABASE_URL" || name.to_string_lossy().starts_with("GANTRY_") {
            command.env_remove(name);
        }
    }
    Ok(command)
}

fn build() -> Result<PathBuf> {
    let output = Command::new("cargo")
        .args(["build", "--quiet", "--workspace", "--bins"])
        .output()
        .context("starting cargo")?;
    if !output.status.success() {
        bail!("building gantry: {}", String::from_utf8_lossy(&output.stderr));
    }
    // The test program is `<target>/debug/deps/it-...`; the binaries are two levels up.
    let own = std::env::current_exe()?;
    let folder = own.parent().and_then(|deps| deps.parent()).context("no target folder")?;
    Ok(folder.join("gantry"))
}

/// Whether nothing may be skipped, as in continuous integration.
#[expect(clippy::disallowed_methods, reason = "tests take their settings from the environment")]
#[must_use]
pub fn everything_is_required() -> bool {
    std::env::var_os("TEST_REQUIRE_DOCKER").is_some()
}

/// Whether tests with containers run. Without an engine they are skipped with a printed line,
/// unless `TEST_REQUIRE_DOCKER` is set, as continuous integration does.
#[expect(clippy::disallowed_methods, reason = "tests take their settings from the environment")]
#[expect(clippy::print_stderr, reason = "a skipped test must be seen")]
pub fn docker_is_available() -> Result<bool> {
    let answers = Command::new("docker")
        .args(["image", "inspect", "gantry/job:latest"])
        .output()
        .is_ok_and(|output| output.status.success());
    if !answers && std::env::var_os("TEST_REQUIRE_DOCKER").is_some() {
        bail!("no Docker engine with the image gantry/job:latest; `cargo xtask images` builds it");
    }
    if !answers {
        eprintln!("skipped: no Docker engine with the image gantry/job:latest");
    }
    Ok(answers)
}
