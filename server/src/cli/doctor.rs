//! `gantry doctor`: what is missing or unsafe on this machine.
//!
//! Looks only. Invariant: the exit code is 0 only if jobs can run here, and with `--strict` only if
//! nothing is less safe than it could be.

use std::path::PathBuf;
use std::process::ExitCode;

use gantry_runner::RunnerConfig;
use gantry_runner::config::DockerSocket;
use gantry_runner::confinement::ConfinementArguments;
use gantry_runner::doctor::{Finding, Severity, examine};
use gantry_server::config::default_data_dir;

use super::output;

#[derive(Debug, clap::Args)]
pub(crate) struct DoctorArguments {
    /// Print JSON
    #[arg(long)]
    json: bool,

    /// Fail for warnings, too
    #[arg(long)]
    strict: bool,

    /// Where the server keeps its data
    #[arg(long, env = "GANTRY_DATA_DIR", value_name = "DIR")]
    data_dir: Option<PathBuf>,

    /// Container engine, as in `DOCKER_HOST`
    #[arg(long, env = "DOCKER_HOST", value_name = "URL")]
    docker_host: Option<String>,

    /// Jobs at once
    #[arg(long, env = "GANTRY_RUNNER_SLOTS", default_value_t = 2)]
    slots: usize,

    /// The server is started with `--docker-socket`
    #[arg(long, env = "GANTRY_RUNNER_DOCKER_SOCKET", value_enum, value_name = "HOW", num_args = 0..=1,
          require_equals = true, default_value = "off", default_missing_value = "own")]
    docker_socket: DockerSocket,

    #[command(flatten)]
    confinement: ConfinementArguments,
}

pub(super) async fn run(arguments: DoctorArguments) -> anyhow::Result<ExitCode> {
    let data = arguments.data_dir.unwrap_or_else(default_data_dir);
    let mut config = RunnerConfig::new(String::new(), String::new(), data.join("runner"));
    config.docker_host = arguments.docker_host;
    config.slots = arguments.slots;
    config.docker_socket = arguments.docker_socket;
    config.confinement = arguments.confinement.into();
    let findings = examine(&config).await;
    let text = if arguments.json {
        serde_json::to_string_pretty(&serde_json::json!({ "findings": findings }))? + "\n"
    } else {
        findings.iter().map(shown).collect()
    };
    output::line(text.trim_end())?;
    let least = if arguments.strict { Severity::Warning } else { Severity::Problem };
    let is_bad = findings.iter().any(|finding| finding.severity >= least);
    Ok(if is_bad { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn shown(finding: &Finding) -> String {
    let mark = match finding.severity {
        Severity::Good => "ok     ",
        Severity::Warning => "warning",
        Severity::Problem => "PROBLEM",
    };
    let mut line = format!("{mark}  {}: {}\n", finding.name, finding.message);
    if !finding.hint.is_empty() {
        line.push_str(&format!("         {}\n", finding.hint));
    }
    line
}
