//! The input `cache` of the built-in `setup-python` and `setup-node`: what a package manager has downloaded.
//!
//! Invariant: the keys are those of the real actions, made of what the lock files say.

use gantry_protocol::Conclusion;
use indexmap::IndexMap;

use super::cache::{self, Restore};
use super::environment::{ActionVariables, environment};
use super::execute::{StepEnd, StepPlace};
use super::program::{self, Program};
use crate::actions::{FoundTool, Tool};
use crate::background::blocking;
use crate::execution::RunningJob;
use crate::hash_files::hash_files;
use crate::infra_error::InfraError;
use crate::output::StepLog;
use crate::store::open_files;

/// Asks a package manager where it keeps what it has downloaded.
const ASK: &str = r#"
PATH="$1:$PATH"
case $2 in
  pip) directory=$(python3 -m pip cache dir) ;;
  npm) directory=$(npm config get cache) ;;
  pnpm) directory=$(pnpm store path --silent) ;;
  yarn) directory=$(yarn cache dir 2>/dev/null) || directory=$(yarn config get cacheFolder) ;;
esac
[ -n "$directory" ] && echo "directory=$directory" >> "$GITHUB_OUTPUT"
"#;

/// A package manager, and which files say what it downloads.
struct Manager {
    name: &'static str,
    tool: Tool,
    lock_files: &'static [&'static str],
}

const MANAGERS: [Manager; 4] = [
    Manager {
        name: "pip",
        tool: Tool::Python,
        lock_files: &["**/requirements.txt", "**/pyproject.toml"],
    },
    Manager {
        name: "npm",
        tool: Tool::Node,
        lock_files: &["package-lock.json", "npm-shrinkwrap.json"],
    },
    Manager { name: "pnpm", tool: Tool::Node, lock_files: &["pnpm-lock.yaml"] },
    Manager { name: "yarn", tool: Tool::Node, lock_files: &["yarn.lock"] },
];

/// Restores what there is, and notes what the post stage saves. What goes wrong is a warning.
pub(super) async fn restore(
    job: &RunningJob,
    (tool, taken, inputs): (Tool, &FoundTool, &IndexMap<String, String>),
    place: &StepPlace<'_>,
    (end, log): (&mut StepEnd, &mut StepLog),
) -> Result<(), InfraError> {
    let wanted = inputs.get("cache").map_or("", |value| value.trim());
    let Some(manager) = MANAGERS.iter().find(|it| it.name == wanted && it.tool == tool) else {
        log.warning(&format!(
            "input `cache` is `{wanted}`, which the setup-{} that is part of the runner does not know",
            tool.word()
        ));
        return Ok(());
    };
    let hash = match hash(job, manager, inputs) {
        Ok(hash) => hash,
        Err(message) => {
            log.warning(&message);
            return Ok(());
        }
    };
    let Some(directory) = ask(job, (manager, taken), place, log).await? else {
        log.warning(&format!(
            "{} does not say where its cache is: nothing is cached",
            manager.name
        ));
        return Ok(());
    };
    let prefix = prefix((manager, taken));
    let request = Restore {
        paths: vec![directory],
        key: format!("{prefix}-{hash}"),
        restore_keys: if tool == Tool::Python { vec![prefix] } else { Vec::new() },
        lookup_only: false,
    };
    let files = open_files(job, &place.process).await?;
    let found = tokio::select! {
        found = cache::restore(job, &files, &request, log) => found,
        // The step itself is at its end; who asked for it to stop is told so by the next one.
        _ = place.stop.told() => Ok(None),
    };
    files.close().await;
    match found {
        Ok(found) => {
            let made = cache::made(&request, found.as_deref());
            let is_exact = found.as_deref() == Some(request.key.as_str());
            end.effects.outputs.insert("cache-hit".to_owned(), is_exact.to_string());
            end.effects.state.extend(made.state);
        }
        Err(message) => log.warning(&message),
    }
    Ok(())
}

/// Names of caches begin as those of the real actions.
fn prefix((manager, taken): (&Manager, &FoundTool)) -> String {
    let architecture = if cfg!(target_arch = "aarch64") { "arm64" } else { "x64" };
    match manager.tool {
        Tool::Python => {
            format!("setup-python-Linux-{architecture}-python-{}-{}", taken.version, manager.name)
        }
        Tool::Node => format!("node-cache-Linux-{architecture}-{}", manager.name),
    }
}

fn hash(
    job: &RunningJob,
    manager: &Manager,
    inputs: &IndexMap<String, String>,
) -> Result<String, String> {
    let given = inputs.get("cache-dependency-path").map_or("", |value| value.trim());
    let patterns: Vec<String> = match given {
        "" => manager.lock_files.iter().map(|file| (*file).to_owned()).collect(),
        given => given.lines().map(|line| line.trim().to_owned()).collect(),
    };
    let name = job.repository();
    let workspace = job.directory.work().join(name).join(name);
    let hash = blocking(|| hash_files(&workspace, &patterns))?;
    if hash.is_empty() {
        return Err(format!(
            "Dependencies lock file is not found in {}. Supported file patterns: {}. Nothing is cached.",
            job.workspace(),
            patterns.join(", ")
        ));
    }
    Ok(hash)
}

async fn ask(
    job: &RunningJob,
    (manager, taken): (&Manager, &FoundTool),
    place: &StepPlace<'_>,
    log: &mut StepLog,
) -> Result<Option<String>, InfraError> {
    let bin = taken.path.rsplit_once('/').map_or("", |(bin, _)| bin);
    let words = ["sh", "-c", ASK, "sh", bin, manager.name];
    let program = Program {
        arguments: words.map(str::to_owned).to_vec(),
        fallback: "",
        environment: environment(job, place.scope, &ActionVariables::default())?,
        directory: job.workspace(),
        files: Vec::new(),
    };
    let second = StepPlace { process: format!("{}-cache", place.process), ..place.clone() };
    let asked =
        program::run(job, program, (&second, |_, _| {}, |_, _: &mut StepLog| {}), log).await?;
    let directory = asked.effects.outputs.get("directory").cloned();
    Ok(directory.filter(|_| asked.outcome == Conclusion::Success))
}
