//! `actions/setup-python` and `actions/setup-node`, built in: for what the image or the tool cache has.
//!
//! A script in the job's container looks for programs; which one is taken is decided here. Invariant:
//! outputs, variables and paths are those of the real actions.

use gantry_protocol::Conclusion;
use indexmap::IndexMap;

use super::environment::{ActionVariables, environment};
use super::execute::{StepEnd, StepPlace};
use super::program::{self, Program};
use super::setup_cache;
use crate::actions::{FoundTool, Tool, choose, wanted};
use crate::execution::RunningJob;
use crate::infra_error::InfraError;
use crate::output::{Effects, StepLog};
use crate::shim::NewFile;

/// Writes what there is, and the file with the version, as outputs. The image's tool cache is where
/// GitHub's images have theirs.
const LOOK: &str = r#"
found() {
  for program in "$@"; do
    [ -x "$program" ] || continue
    version=$("$program" -c 'import platform; print(platform.python_version())' 2>/dev/null ||
      "$program" --version 2>/dev/null) || continue
    echo "$version $program"
  done
}
on_path() {
  IFS=:
  for directory in $PATH; do
    unset IFS
    case $1 in
      python) found "$directory"/python3 "$directory"/python3.[0-9] "$directory"/python3.[0-9][0-9] ;;
      node) found "$directory"/node "$directory"/nodejs ;;
    esac
  done
}
case $1 in python) cached=Python/*/*/bin/python3 ;; node) cached=node/*/*/bin/node ;; esac
{
  echo 'found<<GANTRY_TOOLS'
  (cd "$RUNNER_TOOL_CACHE" 2>/dev/null && found "$PWD"/$cached)
  found /opt/hostedtoolcache/$cached
  on_path "$1"
  echo GANTRY_TOOLS
  if [ -n "$2" ] && [ -f "$2" ]; then
    echo 'file<<GANTRY_TOOLS'
    head -c 100000 "$2"
    echo
    echo GANTRY_TOOLS
  fi
} >> "$GITHUB_OUTPUT"
"#;

/// Sets a tool up, or says which versions there are.
pub(super) async fn run(
    job: &RunningJob,
    (tool, inputs): (Tool, &IndexMap<String, String>),
    place: &StepPlace<'_>,
    log: &mut StepLog,
) -> Result<StepEnd, InfraError> {
    let inputs: IndexMap<String, String> =
        inputs.iter().map(|(name, value)| (name.to_lowercase(), value.clone())).collect();
    log.send().await;
    let npmrc = (tool == Tool::Node).then(|| npmrc(job, &inputs)).flatten();
    let version_file = version_file(tool, &inputs);
    let words = ["sh", "-c", LOOK, "sh", tool.word(), version_file];
    let program = Program {
        arguments: words.map(str::to_owned).to_vec(),
        fallback: "",
        environment: environment(job, place.scope, &ActionVariables::default())?,
        directory: job.workspace(),
        files: npmrc.iter().cloned().collect(),
    };
    let explain = |code: i32, log: &mut StepLog| {
        log.error(&format!("Looking for {} ended with exit code {code}.", tool.title()));
    };
    let looked = program::run(job, program, (place, |_, _| {}, explain), log).await?;
    if looked.outcome != Conclusion::Success {
        return Ok(StepEnd { effects: Effects::default(), ..looked });
    }
    let file = looked.effects.outputs.get("file").map(String::as_str);
    if file.is_none() && is_given(&inputs, &format!("{}-version-file", tool.word())) {
        let title = tool.title();
        log.error(&format!(
            "The specified {title} version file at: {version_file} does not exist."
        ));
        return Ok(StepEnd::failure());
    }
    let found = parse(looked.effects.outputs.get("found").map_or("", String::as_str));
    match take((tool, &inputs), file, &found, log) {
        Ok(Some(taken)) => {
            let mut end = end(job, (tool, &inputs), taken, (npmrc, place), log);
            if is_given(&inputs, "cache") {
                let what = (tool, taken, &inputs);
                setup_cache::restore(job, what, place, (&mut end, log)).await?;
            }
            Ok(end)
        }
        Ok(None) => Ok(StepEnd::success()),
        Err(message) => {
            log.error(&message);
            Ok(StepEnd::failure())
        }
    }
}

fn is_given(inputs: &IndexMap<String, String>, name: &str) -> bool {
    inputs.get(name).is_some_and(|value| !value.trim().is_empty())
}

/// Without any input `setup-python` looks for `.python-version`, too.
fn version_file(tool: Tool, inputs: &IndexMap<String, String>) -> &str {
    let written = inputs.get(&format!("{}-version-file", tool.word())).map_or("", |v| v.trim());
    let is_default = tool == Tool::Python && !is_given(inputs, "python-version");
    if written.is_empty() && is_default { ".python-version" } else { written }
}

/// Versions and paths, one to a line.
fn parse(listed: &str) -> Vec<FoundTool> {
    let tool = |line: &str| {
        let (version, path) = line.split_once(' ')?;
        let version = version.trim_start_matches('v');
        Some(FoundTool { version: version.to_owned(), path: path.to_owned() })
    };
    listed.lines().filter_map(tool).collect()
}

fn take<'a>(
    (tool, inputs): (Tool, &IndexMap<String, String>),
    file: Option<&str>,
    found: &'a [FoundTool],
    log: &mut StepLog,
) -> Result<Option<&'a FoundTool>, String> {
    let wanted = wanted(tool, inputs, file)?;
    if wanted.is_empty() {
        if tool == Tool::Python {
            log.warning(
                "Neither 'python-version' nor 'python-version-file' inputs were supplied. Attempting \
                 to find '.python-version' file.",
            );
        }
        return Ok(found.first().filter(|_| tool == Tool::Python));
    }
    // With several Pythons all are set up on GitHub, and the last one is the one that counts.
    let mut last = None;
    for text in &wanted {
        let chosen = choose(tool, text, found)?;
        last = Some(chosen.ok_or_else(|| missing(tool, text, found))?);
    }
    Ok(last)
}

fn missing(tool: Tool, wanted: &str, found: &[FoundTool]) -> String {
    let mut versions: Vec<&str> = found.iter().map(|tool| tool.version.as_str()).collect();
    versions.dedup();
    let there = if versions.is_empty() { "none".to_owned() } else { versions.join(", ") };
    format!(
        "{} {wanted} is neither in the image of the job nor in its tool cache (there: {there}). The \
         setup-{} that is part of the runner downloads nothing.",
        tool.title(),
        tool.word()
    )
}

fn end(
    job: &RunningJob,
    (tool, inputs): (Tool, &IndexMap<String, String>),
    taken: &FoundTool,
    (npmrc, place): (Option<NewFile>, &StepPlace<'_>),
    log: &mut StepLog,
) -> StepEnd {
    let bin = taken.path.rsplit_once('/').map_or("", |(bin, _)| bin);
    let location = bin.strip_suffix("/bin").unwrap_or(bin);
    let FoundTool { version, path } = taken;
    let mut effects = Effects::default();
    let mut output = |name: &str, value: &str| {
        effects.outputs.insert(name.to_owned(), value.to_owned());
    };
    match tool {
        Tool::Python => {
            output("python-version", version);
            output("python-path", path);
            let updates = inputs.get("update-environment").map(|value| value.trim());
            if updates != Some("false") {
                effects.environment = python_environment(location);
                effects.path = vec![location.to_owned(), bin.to_owned()];
            }
            log.line(&format!("Successfully set up CPython ({version})"));
        }
        Tool::Node => {
            output("node-version", &format!("v{version}"));
            effects.path = vec![bin.to_owned()];
            log.line(&format!("Found in cache @ {location}"));
        }
    }
    if let Some(npmrc) = npmrc {
        effects.environment.insert("NPM_CONFIG_USERCONFIG".to_owned(), npmrc.path);
        let token = place.scope.environment.get("NODE_AUTH_TOKEN").cloned();
        let token = token.unwrap_or_else(|| "XXXXX-XXXXX-XXXXX-XXXXX".to_owned());
        effects.environment.insert("NODE_AUTH_TOKEN".to_owned(), token);
    }
    tracing::debug!(job.id = job.state.message.job_id.0, version, path, "tool set up");
    StepEnd { outcome: Conclusion::Success, effects }
}

fn python_environment(location: &str) -> IndexMap<String, String> {
    let names = ["pythonLocation", "Python_ROOT_DIR", "Python2_ROOT_DIR", "Python3_ROOT_DIR"];
    let mut environment: IndexMap<String, String> =
        names.map(|name| (name.to_owned(), location.to_owned())).into();
    environment.insert("PKG_CONFIG_PATH".to_owned(), format!("{location}/lib/pkgconfig"));
    environment
}

/// What `registry-url` asks for.
fn npmrc(job: &RunningJob, inputs: &IndexMap<String, String>) -> Option<NewFile> {
    let url = inputs.get("registry-url").map(|url| url.trim()).filter(|url| !url.is_empty())?;
    let url = if url.ends_with('/') { url.to_owned() } else { format!("{url}/") };
    let (_, without_scheme) = url.split_once(':')?;
    let scope = inputs.get("scope").map_or("", |scope| scope.trim()).trim_start_matches('@');
    let scope = if scope.is_empty() { String::new() } else { format!("@{scope}:") };
    let text = format!("{without_scheme}:_authToken=${{NODE_AUTH_TOKEN}}\n{scope}registry={url}\n");
    let path = format!("{}/.npmrc", job.paths.temp());
    Some(NewFile { path, contents: text.into_bytes() })
}
