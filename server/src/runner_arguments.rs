//! The command line of a runner inside this program: that of `gantry serve` and of `gantry run`.
//!
//! Does not start one.

use std::path::PathBuf;

use gantry_runner::RunnerConfig;
use gantry_runner::checkout_policy::CheckoutArguments;
use gantry_runner::config::{BuiltinActions, DockerSocket};
use gantry_runner::confinement::ConfinementArguments;

/// What is passed to the runner inside this program.
#[derive(Debug, clap::Args)]
pub(crate) struct RunnerArguments {
    /// Jobs at once on this machine
    #[arg(long, env = "GANTRY_RUNNER_SLOTS", value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(crate) slots: Option<u16>,

    /// Image for jobs that name no container: for all labels, or for one
    #[arg(
        long = "image",
        env = "GANTRY_RUNNER_IMAGES",
        value_delimiter = ',',
        value_name = "[LABEL=]IMAGE"
    )]
    pub(crate) images: Vec<String>,

    /// Further label that `runs-on` may ask for
    #[arg(
        long = "label",
        env = "GANTRY_RUNNER_LABELS",
        value_delimiter = ',',
        value_name = "LABEL"
    )]
    pub(crate) labels: Vec<String>,

    /// Let jobs whose repository is allowed to use the container engine
    #[arg(long, env = "GANTRY_RUNNER_DOCKER_SOCKET", value_enum, value_name = "HOW", num_args = 0..=1,
          require_equals = true, default_value = "off", default_missing_value = "own")]
    pub(crate) docker_socket: DockerSocket,

    #[command(flatten)]
    pub(crate) confinement: ConfinementArguments,

    /// Container engine, as in `DOCKER_HOST`
    #[arg(long, env = "DOCKER_HOST", value_name = "URL")]
    pub(crate) docker_host: Option<String>,

    /// Git URL of actions, with {owner} and {repo}
    #[arg(long, env = "GANTRY_ACTION_SOURCE", value_name = "URL")]
    pub(crate) action_source: Option<String>,

    /// Directory with git repositories of actions, as `OWNER/REPO`; looked into first
    #[arg(long, env = "GANTRY_ACTION_MIRROR", value_name = "DIR")]
    pub(crate) action_mirror: Option<PathBuf>,

    /// Whether actions that are part of the runner, as checkout is, are used
    #[arg(long, env = "GANTRY_BUILTIN_ACTIONS", value_enum, default_value_t, value_name = "WHEN")]
    pub(crate) builtin_actions: BuiltinActions,

    #[command(flatten)]
    pub(crate) checkout: CheckoutArguments,

    /// Directory with `node20/bin/node` and `node24/bin/node`; without it they are fetched by npm
    #[arg(long, env = "GANTRY_NODE_DIR", value_name = "DIR")]
    pub(crate) node_dir: Option<PathBuf>,
}

impl RunnerArguments {
    /// Puts what was given over the defaults.
    pub(crate) fn apply_to(&self, config: &mut RunnerConfig) {
        config.labels.extend(self.labels.iter().cloned());
        for image in &self.images {
            match image.split_once('=') {
                Some((label, image)) => {
                    config.images.insert(label.to_owned(), image.to_owned());
                }
                None => config.images.values_mut().for_each(|known| known.clone_from(image)),
            }
        }
        if let Some(slots) = self.slots {
            config.slots = usize::from(slots);
        }
        config.docker_socket = self.docker_socket;
        config.confinement = self.confinement.clone().into();
        config.docker_host.clone_from(&self.docker_host);
        if let Some(source) = &self.action_source {
            config.action_source.clone_from(source);
        }
        config.action_mirror.clone_from(&self.action_mirror);
        config.builtin_actions = self.builtin_actions;
        config.checkout = self.checkout.clone().into();
        config.node_directory.clone_from(&self.node_dir);
    }
}
