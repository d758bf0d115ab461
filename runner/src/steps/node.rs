//! Actions in JavaScript: run by the runner's own Node.js, in the job's container
//! (`semantics` 5.15).
//!
//! Invariant: no action is run by a Node.js that the job's image brings along.

use gantry_workflow::model::NodeAction;
use indexmap::IndexMap;

use super::action::Failure;
use super::environment::{action_variables, environment};
use super::execute::{StepEnd, StepPlace};
use super::program::{self, Program};
use super::stage::Stage;
use crate::actions::ActionPlace;
use crate::execution::{RunningAction, RunningJob, Scope, is_debug};
use crate::externals::{self, Libc, Node, NodeVersion};
use crate::infra_error::InfraError;
use crate::output::StepLog;
use crate::shim::ShimError;

/// Lets actions go on with Node.js 20, as on GitHub.
const KEEP_NODE_20: &str = "ACTIONS_ALLOW_USE_UNSECURE_NODE_VERSION";

/// What loads the runner's Node.js; it comes with the C library.
const GNU_LOADER: &str = if cfg!(target_arch = "aarch64") {
    "/lib/ld-linux-aarch64.so.1"
} else {
    "/lib64/ld-linux-x86-64.so.2"
};
const MUSL_LOADER: &str = if cfg!(target_arch = "aarch64") {
    "/lib/ld-musl-aarch64.so.1"
} else {
    "/lib/ld-musl-x86_64.so.1"
};

/// Says which distribution an image is of.
const RELEASE: &str = "/etc/os-release";
const LARGEST_RELEASE_BYTES: u64 = 64 * 1024;

/// Runs the script of the stage.
pub(super) async fn run(
    job: &RunningJob,
    (action, at, inputs): (&NodeAction, &ActionPlace, &IndexMap<String, String>),
    place: &StepPlace<'_>,
    log: &mut StepLog,
) -> Result<StepEnd, Failure> {
    let script = match place.stage {
        Stage::Pre { .. } => action.pre.as_deref(),
        Stage::Main => Some(action.main.as_str()),
        Stage::Post { .. } => action.post.as_deref(),
    };
    // A stage that the action does not have any more, since its files have changed.
    let Some(script) = script else { return Ok(StepEnd::success()) };
    let running = RunningAction { repository: at.repository.clone(), git_ref: at.git_ref.clone() };
    let scope = Scope { running: Some(running), ..place.scope.clone() };
    let environment = environment(job, &scope, &action_variables(job, inputs, &place.key))?;
    let node = Node { version: version(&environment), libc: libc(job).await? };
    externals::provide(&job.host.config, node).await?;
    let program = Program {
        arguments: vec![
            format!("{}/{}", job.paths.externals, node.program()),
            format!("{}/{script}", at.inside),
        ],
        fallback: "",
        environment,
        directory: job.workspace(),
        files: Vec::new(),
    };
    let debug = is_debug(&job.state.message);
    // An action says itself what went wrong.
    let explain = |code: i32, log: &mut StepLog| {
        if debug {
            log.line(&format!("##[debug]Node Action run completed with exit code {code}"));
        }
    };
    Ok(program::run(job, program, (place, |_, _| {}, explain), log).await?)
}

/// All of `node12`, `node16` and `node20` are old names of the newest one, unless the workflow insists.
fn version(environment: &[(String, String)]) -> NodeVersion {
    let found = environment.iter().find(|(name, _)| name == KEEP_NODE_20);
    match found {
        Some((_, value)) if value.eq_ignore_ascii_case("true") => NodeVersion::Node20,
        _ => NodeVersion::Node24,
    }
}

/// The C library of the job's image.
async fn libc(job: &RunningJob) -> Result<Libc, Failure> {
    match (is_there(job, GNU_LOADER).await?, is_there(job, MUSL_LOADER).await?) {
        (true, false) => Ok(Libc::Gnu),
        (false, true) => Ok(Libc::Musl),
        // One of them is an addition.
        (true, true) => {
            let read =
                job.shim()?.read_files(vec![RELEASE.to_owned()], LARGEST_RELEASE_BYTES).await;
            let release = match read {
                Ok(found) => found.into_iter().next().flatten().unwrap_or_default(),
                Err(ShimError::Refused(_)) => Vec::new(),
                Err(error) => return Err(InfraError::Shim { reason: error.to_string() }.into()),
            };
            let is_alpine = release.split(|&byte| byte == b'\n').any(|line| line == b"ID=alpine");
            Ok(if is_alpine { Libc::Musl } else { Libc::Gnu })
        }
        (false, false) => Err(Failure::Step(format!(
            "JavaScript actions need an image with a C library: this one has neither \
             `{GNU_LOADER}` nor `{MUSL_LOADER}`."
        ))),
    }
}

async fn is_there(job: &RunningJob, path: &str) -> Result<bool, Failure> {
    // A file that is there is refused, because it is longer than nothing.
    match job.shim()?.read_files(vec![path.to_owned()], 0).await {
        Ok(found) => Ok(found != [None]),
        Err(ShimError::Refused(_)) => Ok(true),
        Err(error) => Err(InfraError::Shim { reason: error.to_string() }.into()),
    }
}
