//! A step that uses an action: found, given its inputs, and run by its kind (`semantics` 5.15).
//!
//! Invariant: a post stage is noted before the stage that may need it runs.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use gantry_workflow::expr::Expression;
use gantry_workflow::model::{ActionRuns, Uses};
use gantry_workflow::template::Token;
use indexmap::IndexMap;

use super::execute::{StepEnd, StepPlace};
use super::head::print_action;
use super::stage::{Stage, post_name};
use super::step_inputs::Inputs;
use super::{
    cache, checkout, composite, docker, download_artifact, merge_artifacts, node, setup_tool,
    upload_artifact,
};
use crate::actions::{self, BuiltinAction, CacheParts, LoadedAction};
use crate::execution::{RegisteredPost, RunningJob, uses_text};
use crate::infra_error::InfraError;
use crate::output::StepLog;

/// Runs one stage of an action. A recursive function has to name its future.
pub(super) fn run<'a>(
    job: &'a mut RunningJob,
    (uses, with): (&'a Uses, Option<&'a Token>),
    place: &'a StepPlace<'a>,
    log: &'a mut StepLog,
) -> BoxFuture<'a, Result<StepEnd, InfraError>> {
    async move {
        // An earlier runner was in the middle of its steps.
        if job.state.record.progress.actions.levels.len() > place.depth {
            return composite::go_on(job, place, log).await;
        }
        match begin(job, (uses, with), place, log).await {
            Ok(end) => Ok(end),
            Err(Failure::Step(message)) => {
                message.lines().for_each(|line| log.error(line));
                Ok(StepEnd::failure())
            }
            Err(Failure::Infra(error)) => Err(error),
        }
    }
    .boxed()
}

/// Why an action was not run.
pub(super) enum Failure {
    /// In words for the log.
    Step(String),
    Infra(InfraError),
}

impl From<String> for Failure {
    fn from(message: String) -> Self {
        Self::Step(message)
    }
}

impl From<InfraError> for Failure {
    fn from(error: InfraError) -> Self {
        Self::Infra(error)
    }
}

async fn begin(
    job: &mut RunningJob,
    (uses, with): (&Uses, Option<&Token>),
    place: &StepPlace<'_>,
    log: &mut StepLog,
) -> Result<StepEnd, Failure> {
    let given = actions::given_inputs(job, place.scope, with)?;
    let name = uses_text(uses);
    if let Some(builtin) = actions::builtin(job, uses) {
        print_action((&name, &place.stage), &given, place.scope, log);
        return run_builtin(job, (builtin, &given), place, log).await;
    }
    if let Uses::Docker { image } = uses {
        print_action((&name, &place.stage), &given, place.scope, log);
        return docker::run_image(job, (image, &given), place, log).await;
    }
    let loaded = actions::load(job, uses, place.scope.action.as_ref()).await??;
    let is_local = matches!(uses, Uses::Local { .. });
    if is_local {
        prepare_local(job, (uses, &loaded), place, log).await?;
    }
    let inputs = actions::with_defaults(job, place.scope, (&loaded.action, is_local), given)?;
    inputs.warnings.iter().for_each(|warning| log.warning(warning));
    print_action((&name, &place.stage), &inputs.values, place.scope, log);
    log.send().await;
    if let Some(condition) = actions::post_condition(&loaded.action) {
        register_post(job, place, condition);
    }
    match &loaded.action.runs {
        ActionRuns::Composite(_) => composite::run(job, (loaded, inputs.values), place, log).await,
        ActionRuns::Node(action) => {
            node::run(job, (action, &loaded.place, &inputs.values), place, log).await
        }
        ActionRuns::Docker(action) => {
            docker::run_action(job, (action, &loaded.place, &inputs.values), place, log).await
        }
    }
}

async fn run_builtin(
    job: &mut RunningJob,
    (builtin, given): (BuiltinAction, &IndexMap<String, String>),
    place: &StepPlace<'_>,
    log: &mut StepLog,
) -> Result<StepEnd, Failure> {
    let inputs = Inputs::new(given);
    Ok(match builtin {
        BuiltinAction::Checkout => {
            if let (true, Some(always)) = (checkout::has_key(given), actions::always()) {
                register_post(job, place, &always);
            }
            checkout::run(job, given, place, log).await
        }
        BuiltinAction::SetUp(_) if matches!(place.stage, Stage::Post { .. }) => {
            cache::save_noted(job, place, log).await?
        }
        BuiltinAction::SetUp(tool) => {
            if let (false, Some(condition)) =
                (inputs.text("cache").is_empty(), actions::on_success())
            {
                register_post(job, place, &condition);
            }
            setup_tool::run(job, (tool, given), place, log).await?
        }
        BuiltinAction::UploadArtifact { is_legacy } => {
            upload_artifact::run(job, (&inputs, is_legacy), place, log).await?
        }
        BuiltinAction::MergeArtifacts => merge_artifacts::run(job, &inputs, place, log).await?,
        BuiltinAction::DownloadArtifact => download_artifact::run(job, &inputs, place, log).await?,
        BuiltinAction::Cache(parts) => {
            if let (CacheParts::Both, Some(condition)) = (parts, actions::on_success()) {
                register_post(job, place, &condition);
            }
            cache::run(job, (&inputs, parts), place, log).await?
        }
    })
}

/// What a local action uses is downloaded only now: nobody could read its description before.
async fn prepare_local(
    job: &mut RunningJob,
    (uses, loaded): (&Uses, &LoadedAction),
    place: &StepPlace<'_>,
    log: &mut StepLog,
) -> Result<(), Failure> {
    match &loaded.action.runs {
        ActionRuns::Composite(steps) => {
            let scope = actions::bare_scope(loaded);
            Ok(actions::prepare(job, steps, Some(&scope), log).await?)
        }
        ActionRuns::Node(node) if node.pre.is_some() && place.stage.is_main() => {
            log.warning(&no_pre(uses));
            Ok(())
        }
        ActionRuns::Docker(docker) if docker.pre_entrypoint.is_some() && place.stage.is_main() => {
            log.warning(&no_pre(uses));
            Ok(())
        }
        ActionRuns::Node(_) | ActionRuns::Docker(_) => Ok(()),
    }
}

fn no_pre(uses: &Uses) -> String {
    format!("`pre` execution is not supported for local action from '{}'", uses_text(uses))
}

/// Notes the step's post stage, and those of the composite actions around it.
fn register_post(job: &mut RunningJob, place: &StepPlace<'_>, condition: &Expression) {
    if let Stage::Post { .. } = place.stage {
        return;
    }
    let actions = &mut job.state.record.progress.actions;
    let mut key = place.key.as_str();
    let mut name = place.name.clone();
    let mut condition = Some(condition.clone());
    loop {
        let (around, index) = key.rsplit_once('.').unwrap_or(("", key));
        if let (Ok(index), Some(condition)) = (index.parse(), condition) {
            actions.register(around, RegisteredPost { index, name: post_name(&name), condition });
        }
        let Some(level) = around.split('.').count().checked_sub(1).filter(|_| !around.is_empty())
        else {
            return;
        };
        name = actions.levels.get(level).map(|level| level.name.clone()).unwrap_or_default();
        condition = actions::always();
        key = around;
    }
}
