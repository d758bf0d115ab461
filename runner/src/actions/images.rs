//! The images that actions in containers run in: pulled, or built from the action's `Dockerfile`
//! (`semantics` 5.14).
//!
//! Those of downloaded actions are made before the first step and kept, named by commit. Invariant: an
//! image is built of the files of its action and of nothing else.

use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use gantry_workflow::model::{ActionImage, ActionRuns, DockerAction, Step, StepKind, Uses};
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;
use tokio::time::sleep;

use super::build_context::archive;
use super::is_builtin;
use super::locate::{ActionPlace, load_own};
use super::prepare::MOST_DEPTH;
use super::stages::bare_scope;
use crate::background::blocking;
use crate::container::ImageBuild;
use crate::execution::{ActionScope, RunningJob, uses_text};
use crate::infra_error::InfraError;
use crate::output::StepLog;

/// As on GitHub.
const PULL_ATTEMPTS: u32 = 3;
const PULL_PAUSE: Duration = Duration::from_secs(2);

/// An image that an action needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WantedImage {
    /// The name of the step that makes it.
    pub(crate) title: String,
    pub(crate) source: ImageSource,
}

/// How an image is had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ImageSource {
    Pull(String),
    Build {
        tag: String,
        /// Nobody else has a use for it.
        is_for_job: bool,
        /// The directory of the `Dockerfile`, below one that no job can change.
        root: PathBuf,
        below: Vec<String>,
        dockerfile: String,
    },
}

impl ImageSource {
    /// What containers are made from.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Pull(image) => image,
            Self::Build { tag, .. } => tag,
        }
    }
}

/// The images of everything the job's steps use, each once, as far as it is known before they run.
pub(crate) fn wanted_images(job: &RunningJob) -> Vec<WantedImage> {
    let mut images = Vec::new();
    for step in &job.steps.steps {
        collect(job, step, (None, 0), &mut images);
    }
    images
}

fn collect(
    job: &RunningJob,
    step: &Step,
    (around, depth): (Option<&ActionScope>, usize),
    images: &mut Vec<WantedImage>,
) {
    let StepKind::Uses { uses, .. } = &step.kind else { return };
    if let Uses::Docker { image } = uses {
        add(images, format!("Pull {image}"), ImageSource::Pull(image.clone()));
        return;
    }
    if is_builtin(job, uses) || depth > MOST_DEPTH {
        return;
    }
    let Some(loaded) = load_own(job, uses, around) else { return };
    match &loaded.action.runs {
        ActionRuns::Node(_) => {}
        ActionRuns::Composite(steps) => {
            let scope = bare_scope(&loaded);
            for step in steps {
                collect(job, step, (Some(&scope), depth + 1), images);
            }
        }
        // What is wrong with an image's name is told when the step runs.
        ActionRuns::Docker(docker) => match image_source(job, docker, (&loaded.place, "")) {
            Ok(source @ ImageSource::Build { .. }) => {
                add(images, format!("Build {}", uses_text(uses)), source);
            }
            Ok(source) => add(images, format!("Pull {}", source.name()), source),
            Err(_) => {}
        },
    }
}

fn add(images: &mut Vec<WantedImage>, title: String, source: ImageSource) {
    if images.iter().all(|other| other.source != source) {
        images.push(WantedImage { title, source });
    }
}

/// How the image of an action is had; `key` is of the step, for the image of a local action.
pub(crate) fn image_source(
    job: &RunningJob,
    action: &DockerAction,
    (place, key): (&ActionPlace, &str),
) -> Result<ImageSource, String> {
    let dockerfile = match &action.image {
        ActionImage::Image(image) => return Ok(ImageSource::Pull(image.clone())),
        ActionImage::Dockerfile(path) => path,
    };
    let missing = || format!("Can't find '{dockerfile}' under '{}'", place.inside);
    let (root, path) = place.directory(job);
    let path = path.join(dockerfile.trim_start_matches("./"));
    let mut below = Vec::new();
    for component in path.components() {
        let Component::Normal(name) = component else { return Err(missing()) };
        below.push(name.to_string_lossy().into_owned());
    }
    let dockerfile = below.pop().ok_or_else(missing)?;
    let is_for_job = place.is_local();
    let tag = if is_for_job {
        format!("job-{}-{}-{key}", job.state.message.job_id, job.state.message.lease)
    } else {
        // The root's name has the commit.
        let name = format!("{}\n{}", root.display(), path.display());
        hex::encode(&Sha256::digest(name)[..16])
    };
    let tag = format!("gantry-action-{}:{tag}", short(&job.host.installation));
    Ok(ImageSource::Build { tag, is_for_job, root, below, dockerfile })
}

fn short(installation: &str) -> &str {
    installation.get(..8).unwrap_or(installation)
}

/// Makes sure that the image is there. The inner error is for the log.
pub(crate) async fn provide_image(
    job: &RunningJob,
    source: &ImageSource,
    log: &mut StepLog,
) -> Result<Result<(), String>, InfraError> {
    if let ImageSource::Build { tag, is_for_job: false, .. } = source {
        job.host.note_use(tag);
    }
    match source {
        ImageSource::Pull(image) => pull(job, image, log).await,
        ImageSource::Build { tag, .. } if job.host.backend.image_id(tag).await?.is_some() => {
            Ok(Ok(()))
        }
        ImageSource::Build { tag, is_for_job, root, below, dockerfile } => {
            let path = below.iter().fold(PathBuf::new(), |path, name| path.join(name));
            let path = path.join(dockerfile);
            let context = match blocking(|| archive(root, below)) {
                Ok(context) => context,
                Err(error) => return Ok(Err(unreadable(&path, &error))),
            };
            log.line(&format!("##[group]Build container for action use: '{}'.", path.display()));
            let build = ImageBuild {
                owner: job.owner(),
                is_for_job: *is_for_job,
                tag: tag.clone(),
                context,
                dockerfile: dockerfile.clone(),
            };
            let built = run_build(job, &build, log).await?;
            log.line("##[endgroup]");
            Ok(built.map_err(|reason| format!("Docker build failed: {reason}")))
        }
    }
}

fn unreadable(path: &Path, error: &std::io::Error) -> String {
    format!("Docker build failed: reading the directory of '{}': {error}", path.display())
}

async fn pull(
    job: &RunningJob,
    image: &str,
    log: &mut StepLog,
) -> Result<Result<(), String>, InfraError> {
    for attempt in 1.. {
        match job.host.backend.image(image).await {
            Ok(_) => return Ok(Ok(())),
            Err(InfraError::ImageMissing { reason, .. }) if attempt == PULL_ATTEMPTS => {
                return Ok(Err(format!("Docker pull of '{image}' failed: {reason}")));
            }
            Err(InfraError::ImageMissing { reason, .. }) => {
                log.warning(&format!("Docker pull failed: {reason}, back off before retry."));
                log.send().await;
                sleep(PULL_PAUSE).await;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(Ok(()))
}

/// Prints what the build says while it goes on.
async fn run_build(
    job: &RunningJob,
    build: &ImageBuild,
    log: &mut StepLog,
) -> Result<Result<(), String>, InfraError> {
    let (sender, mut lines) = mpsc::unbounded_channel();
    let mut building = job.host.backend.build_image(build, sender);
    let built = loop {
        tokio::select! {
            Some(line) = lines.recv() => {
                log.line(&line);
                log.send().await;
            }
            built = &mut building => break built?,
        }
    };
    drop(building);
    while let Some(line) = lines.recv().await {
        log.line(&line);
    }
    Ok(built)
}
