//! `gantry run`: a workflow on this machine, with the files as they are now.
//!
//! The planner, the state machine and the runner are the server's; what is missing is the server:
//! the run lives in memory, and a runner that is started for it talks to it over the loopback
//! interface. Invariant: the exit code is 0 only if the run succeeded, and nothing is left behind.

mod arguments;
mod coordinator;
mod drive;
mod endpoint;
mod groups;
mod list;
mod matrix_choice;
mod message;
mod prepare;
mod screen;
mod snapshot;
mod work_directory;

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use gantry_protocol::Conclusion;
use gantry_runner::RunnerConfig;
use gantry_runner::config::DockerSocket;
use gantry_runner::warm_policy::WarmPolicy;
use tokio::net::TcpListener;
use uuid::Uuid;

pub(crate) use arguments::LocalRunArguments;

use coordinator::Coordinator;
use endpoint::Shared;
use message::Settings;
use work_directory::WorkDirectory;

/// The only job's lease never has to end: nobody else could get the job.
const LEASE: Duration = Duration::from_secs(24 * 60 * 60);

pub(super) async fn run(arguments: LocalRunArguments) -> anyhow::Result<ExitCode> {
    if arguments.list {
        return list::list(&arguments);
    }
    if arguments.dry_run {
        return list::dry_run(&arguments);
    }
    let secrets = arguments.secrets()?;
    let Some(prepared) = prepare::prepare(&arguments)? else {
        return Ok(ExitCode::FAILURE);
    };
    let choice = arguments.matrix.iter().cloned().collect();
    let coordinator = Coordinator::new(prepared.plan, choice, arguments.approve);
    let settings = Settings {
        full_name: prepared.repository.full_name.clone(),
        clone_url: prepared.snapshot.url(),
        secrets,
        env: arguments.env.clone(),
        docker_socket: arguments.runner.docker_socket != DockerSocket::Off,
        lease_expires_in_ms: u64::try_from(LEASE.as_millis()).unwrap_or(u64::MAX),
    };
    let token = Uuid::new_v4().to_string();
    let message_of = Box::new(move |run: &Coordinator, job| settings.message(run, job));
    let shared = Shared::new(coordinator, token.clone(), message_of);
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.context("listening for the runner")?;
    let work_directory = WorkDirectory::take()?;
    let url = format!("http://{}", listener.local_addr().context("listening for the runner")?);
    let mut config = RunnerConfig::new(url, "local".to_owned(), work_directory.path().to_owned());
    arguments.runner.apply_to(&mut config);
    // There may be no job that takes one.
    config.warm = WarmPolicy::off();
    config.registration_token = Some(token.into());
    let conclusion = drive::drive(shared, listener, config).await?;
    Ok(match conclusion {
        Conclusion::Success | Conclusion::Skipped | Conclusion::Neutral => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    })
}
