//! The demo from its first to its last line: prepare, start, configure, push, follow, check.

use std::fs;
use std::process::Command;
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result, anyhow, bail};

use super::repository::Repository;
use super::server::Server;
use super::terminal::{self, Answer};
use super::{REPOSITORY, application, watch};
use crate::command::{self, say};
use crate::setup::{self, Install};
use crate::{engine, images, root, target_dir, web};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Answer yes when the production deployment waits for its approval.
    #[arg(long)]
    approve: bool,
    /// Leave the server and the deployed application up at the end.
    #[arg(long)]
    keep: bool,
}

/// Succeeds only if every job succeeded and the deployed application answers its health check.
pub(crate) fn run(install: &Install, arguments: &Arguments) -> Result<()> {
    let started = Instant::now();
    prepare(install)?;
    application::remove()?;
    let folder = tempfile::Builder::new()
        .prefix("gantry-demo-")
        .tempdir()
        .context("making a folder for the demo")?;
    let repository =
        Repository::create(&root().join("examples/hotgigs"), &folder.path().join("hotgigs"))?;
    let mut server = Server::start(&target_dir().join("release/gantry"), folder.path())?;
    say(&format!("\nserver: {}  (its log: {})", server.url(), server.log_path().display()));
    configure(&server, &repository)?;

    say(&format!("\npushing {} to main", repository.short_sha()));
    say(&server.gantry(&["deliver", "--repo", REPOSITORY, "--event", "push", "--ref", "main"])?);
    let outcome = follow(&mut server, arguments);
    let verdict = outcome.and_then(|()| application::check_health(&server));
    if verdict.is_ok() {
        say(&format!("\ndone in {:.1} s: every job succeeded", started.elapsed().as_secs_f64()));
    }
    if arguments.keep || (terminal::is_interactive() && !arguments.approve) {
        leave_up(&server, arguments, folder)?;
    } else {
        application::remove()?;
    }
    server.stop()?;
    verdict
}

/// Everything that must be built: packages, the page, the programs, the images.
fn prepare(install: &Install) -> Result<()> {
    let needs = [
        setup::COMPILER,
        setup::GIT,
        setup::POSTGRES,
        setup::ENGINE,
        setup::ENGINE_CLIENT,
        setup::BOOTSTRAP,
        setup::NODE,
    ];
    setup::require(install, &needs)?;
    engine::ensure_running(install)?;
    // Images wait for packages, programs for the processor: a newcomer waits for the slower of both.
    thread::scope(|scope| {
        let images = scope.spawn(images::run_build);
        web::build()?;
        let build = ["build", "--release", "-p", "gantry-server", "--bin", "gantry"];
        command::run(Command::new("cargo").args(build).current_dir(root()))?;
        images.join().map_err(|_| anyhow!("building the images broke off"))?
    })
}

/// Registers the repository with its environments, secrets and variables.
fn configure(server: &Server, repository: &Repository) -> Result<()> {
    let path = repository.path().to_string_lossy().into_owned();
    say(&server.gantry(&["repo", "add", &path, "--name", REPOSITORY, "--docker-socket"])?);
    for (environment, rule) in [("staging", "--no-review"), ("production", "--require-review")] {
        say(&server.gantry(&["environment", "set", environment, "--repo", REPOSITORY, rule])?);
    }
    let secret = format!("demo-{:x}", std::process::id());
    say(&server
        .gantry_with_input(&["secret", "set", "JWT_SECRET_KEY", "--repo", REPOSITORY], &secret)?);
    let registry = application::start_registry()?;
    let variable = ["variable", "set", "CONTAINER_REGISTRY", &registry, "--repo", REPOSITORY];
    say(&server.gantry(&variable)?);
    Ok(())
}

/// Shows the run until it has ended; asks for the approval on the way.
fn follow(server: &mut Server, arguments: &Arguments) -> Result<()> {
    let run_id = server.first_run()?;
    let link = server.gantry(&["login"])?;
    say(&format!("page: {}/{REPOSITORY}/actions/runs/{run_id}", server.url()));
    say(&format!("log in once with: {link}\n"));
    let mut watch = watch::Watch::new();
    let mut asked = false;
    loop {
        let view = server.run_view(run_id)?;
        watch.show(&view);
        if let Some(conclusion) = view["run"]["conclusion"].as_str() {
            say(&format!("\nrun {run_id}: {conclusion}"));
            if conclusion != "success" {
                watch.show_failures(server, &view)?;
                bail!("the run ended with `{conclusion}`");
            }
            return Ok(());
        }
        if let Some(environment) = watch::waiting_environment(&view) {
            if arguments.approve && !asked {
                decide(server, run_id, &environment, Answer::Approve)?;
            } else if !asked {
                terminal::ask(&environment);
            } else if let Some(answer) = terminal::answer() {
                decide(server, run_id, &environment, answer)?;
            }
            asked = true;
        }
        server.wait_for_change()?;
    }
}

fn decide(server: &Server, run_id: u64, environment: &str, answer: Answer) -> Result<()> {
    let verb = match answer {
        Answer::Approve => "approve",
        Answer::Reject => "reject",
    };
    let run = run_id.to_string();
    say(&server.gantry(&[
        verb,
        &run,
        "--environment",
        environment,
        "--comment",
        "from the demo",
    ])?);
    Ok(())
}

/// Keeps everything running until the person has looked at it.
fn leave_up(server: &Server, arguments: &Arguments, folder: tempfile::TempDir) -> Result<()> {
    say(&format!("the server stays up at {}", server.url()));
    if terminal::is_interactive() {
        say("press Enter to stop it");
        terminal::wait_for_enter();
        return application::remove();
    }
    if arguments.keep {
        let kept = folder.keep();
        say(&format!("its data is in {}; stop it with: kill {}", kept.display(), server.pid()));
        server.detach();
        fs::write(kept.join("README"), "Data of a demo server that was left running.\n")?;
    }
    Ok(())
}
