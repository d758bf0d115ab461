//! What a runner is told: as a plain struct for whoever embeds it, and as the command line of
//! `gantry-runner`.
//!
//! The only place of the runner that reads the environment. Invariant: a [`RunnerConfig`] that was
//! made from the command line needs no further checks but those that need the engine or the server.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use clap::Parser;
use secrecy::SecretString;

use crate::checkout_policy::{CheckoutArguments, CheckoutPolicy};
use crate::confinement::{Confinement, ConfinementArguments};
use crate::disk_policy::{DiskArguments, DiskPolicy};
use crate::warm_policy::{WarmArguments, WarmPolicy};

/// The image behind the labels of GitHub's own machines.
pub const DEFAULT_IMAGE: &str = "gantry/job:latest";

/// Labels that mean "an ordinary Linux machine", as on GitHub.
const UBUNTU_LABELS: [&str; 3] = ["ubuntu-latest", "ubuntu-24.04", "ubuntu-22.04"];

/// Where actions come from unless the operator says otherwise.
pub const DEFAULT_ACTION_SOURCE: &str = "https://github.com/{owner}/{repo}";

/// Everything a runner needs to know.
#[derive(Clone, Debug)]
pub struct RunnerConfig {
    /// Base URL of the server.
    pub server_url: String,
    /// Only needed while the work directory holds no registration.
    pub registration_token: Option<SecretString>,
    /// Unique per server.
    pub name: String,
    /// Labels besides those of `images`.
    pub labels: Vec<String>,
    /// From a label of `runs-on` to the image that a job without `container` runs in.
    pub images: BTreeMap<String, String>,
    /// Jobs at once.
    pub slots: usize,
    /// Registration, jobs and caches; on the same disk as the engine.
    pub work_directory: PathBuf,
    /// As in `DOCKER_HOST`; `None` for the default socket.
    pub docker_host: Option<String>,
    /// How jobs whose policy allows it use the engine.
    pub docker_socket: DockerSocket,
    /// Of containers.
    pub confinement: Confinement,
    /// Containers that wait for jobs.
    pub warm: WarmPolicy,
    /// Room on the disk of `work_directory`.
    pub disk: DiskPolicy,
    /// Git URL of an action, with `{owner}` and `{repo}`.
    pub action_source: String,
    /// Repositories of actions on this machine, as `OWNER/REPO` or `OWNER/REPO.git`; looked into
    /// before `action_source`.
    pub action_mirror: Option<PathBuf>,
    /// When an action that is part of the runner stands for the real one.
    pub builtin_actions: BuiltinActions,
    /// Of the checkout that is part of the runner.
    pub checkout: CheckoutPolicy,
    /// Directory with `node20/bin/node` and `node24/bin/node`; `None` to have them fetched.
    pub node_directory: Option<PathBuf>,
    /// How long a runner that is told to stop waits for its jobs; `None` for as long as it takes.
    /// Jobs that still run then go on in their containers, for the next runner to adopt.
    pub drain_timeout: Option<Duration>,
    /// How long a job goes on past its lease while the server is down (nobody else can get the job
    /// from a server that does not run).
    pub offline_grace: Duration,
}

impl RunnerConfig {
    /// A configuration with the defaults of the command line.
    #[must_use]
    pub fn new(server_url: String, name: String, work_directory: PathBuf) -> Self {
        Self {
            server_url,
            registration_token: None,
            name,
            labels: ["self-hosted", "linux", "x64"].map(str::to_owned).to_vec(),
            images: default_images(),
            slots: 2,
            work_directory,
            docker_host: None,
            docker_socket: DockerSocket::Off,
            confinement: Confinement::default(),
            warm: WarmPolicy::default(),
            disk: DiskPolicy::default(),
            action_source: DEFAULT_ACTION_SOURCE.to_owned(),
            action_mirror: None,
            builtin_actions: BuiltinActions::default(),
            checkout: CheckoutPolicy::default(),
            node_directory: None,
            drain_timeout: None,
            offline_grace: DEFAULT_OFFLINE_GRACE,
        }
    }

    /// All labels of the runner.
    #[must_use]
    pub fn all_labels(&self) -> Vec<String> {
        let mut labels: Vec<String> = self.labels.clone();
        labels.extend(self.images.keys().filter(|label| !self.labels.contains(label)).cloned());
        labels
    }

    /// The image for a job without `container`.
    #[must_use]
    pub fn image_for(&self, runs_on: &[String]) -> Option<&str> {
        let of_label = |label: &String| {
            self.images.iter().find(|(known, _)| known.eq_ignore_ascii_case(label))
        };
        // A job that only asks for `self-hosted` gets what an ordinary machine is.
        let found = runs_on.iter().find_map(of_label).map(|(_, image)| image);
        found.or_else(|| self.images.get(UBUNTU_LABELS[0])).map(String::as_str)
    }
}

/// How jobs of repositories that are allowed to use the container engine do so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum DockerSocket {
    /// Not at all
    #[default]
    #[value(alias = "false")]
    Off,
    /// They see and touch what they made themselves, which goes with them
    #[value(alias = "true")]
    Own,
    /// They get the engine's own socket, and with it this machine
    Engine,
}

/// Whether actions that are part of the runner are used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum BuiltinActions {
    /// Checkout instead of the real one; the others, which know no version but those of the image,
    /// only when the real ones cannot be downloaded
    #[default]
    Standard,
    /// Only when the real ones cannot be downloaded
    Fallback,
    /// Instead of the real ones
    Always,
    Never,
}

/// A server that restarts is back long before this; longer outages cost the job.
const DEFAULT_OFFLINE_GRACE: Duration = Duration::from_secs(600);

fn default_images() -> BTreeMap<String, String> {
    UBUNTU_LABELS.iter().map(|label| ((*label).to_owned(), DEFAULT_IMAGE.to_owned())).collect()
}

/// Runs jobs of a Gantry server in containers on this machine.
#[derive(Debug, Parser)]
#[command(name = "gantry-runner", version, about)]
pub struct Arguments {
    /// Base URL of the Gantry server
    #[arg(long, env = "GANTRY_SERVER_URL", value_name = "URL")]
    server_url: String,

    /// Token that allows registering; only needed at the first start
    #[arg(long, env = "GANTRY_REGISTRATION_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    registration_token: Option<SecretString>,

    /// File with that token
    #[arg(
        long,
        env = "GANTRY_REGISTRATION_TOKEN_FILE",
        value_name = "FILE",
        conflicts_with = "registration_token"
    )]
    registration_token_file: Option<PathBuf>,

    /// Name of this runner, unique per server
    #[arg(long, env = "GANTRY_RUNNER_NAME", default_value_t = host_name())]
    name: String,

    /// Further label that `runs-on` may ask for
    #[arg(
        long = "label",
        env = "GANTRY_RUNNER_LABELS",
        value_delimiter = ',',
        value_name = "LABEL"
    )]
    labels: Vec<String>,

    /// Image for jobs that ask for a label and name no container
    #[arg(long = "image", env = "GANTRY_RUNNER_IMAGES", value_delimiter = ',', value_parser = label_image, value_name = "LABEL=IMAGE")]
    images: Vec<(String, String)>,

    /// Jobs at once
    #[arg(long, env = "GANTRY_RUNNER_SLOTS", default_value_t = 2, value_parser = slots)]
    slots: usize,

    /// Directory for registration, jobs and caches
    #[arg(
        long,
        env = "GANTRY_RUNNER_WORK_DIR",
        default_value = "/var/lib/gantry-runner",
        value_name = "DIR"
    )]
    work_dir: PathBuf,

    /// Container engine, as in `DOCKER_HOST`
    #[arg(long, env = "DOCKER_HOST", value_name = "URL")]
    docker_host: Option<String>,

    /// Let jobs whose repository is allowed to use the container engine
    #[arg(long, env = "GANTRY_RUNNER_DOCKER_SOCKET", value_enum, value_name = "HOW", num_args = 0..=1,
          require_equals = true, default_value = "off", default_missing_value = "own")]
    docker_socket: DockerSocket,

    #[command(flatten)]
    confinement: ConfinementArguments,

    #[command(flatten)]
    warm: WarmArguments,

    #[command(flatten)]
    disk: DiskArguments,

    /// Git URL of actions, with `{owner}` and `{repo}`
    #[arg(long, env = "GANTRY_ACTION_SOURCE", default_value = DEFAULT_ACTION_SOURCE, value_name = "URL")]
    action_source: String,

    /// Directory with git repositories of actions, as `OWNER/REPO`; looked into first
    #[arg(long, env = "GANTRY_ACTION_MIRROR", value_name = "DIR")]
    action_mirror: Option<PathBuf>,

    /// Whether actions that are part of the runner, as checkout is, are used
    #[arg(long, env = "GANTRY_BUILTIN_ACTIONS", value_enum, default_value_t, value_name = "WHEN")]
    builtin_actions: BuiltinActions,

    #[command(flatten)]
    checkout: CheckoutArguments,

    /// Directory with `node20/bin/node` and `node24/bin/node`; without it they are fetched by npm
    #[arg(long, env = "GANTRY_NODE_DIR", value_name = "DIR")]
    node_dir: Option<PathBuf>,

    /// Seconds to wait for running jobs when told to stop; without it, as long as they take
    #[arg(long, env = "GANTRY_RUNNER_DRAIN_SECONDS", value_name = "SECONDS")]
    drain_seconds: Option<u64>,
}

impl TryFrom<Arguments> for RunnerConfig {
    type Error = anyhow::Error;

    /// # Errors
    /// When the file with the token cannot be read.
    fn try_from(arguments: Arguments) -> anyhow::Result<Self> {
        let mut config = Self::new(arguments.server_url, arguments.name, arguments.work_dir);
        config.registration_token = match arguments.registration_token_file {
            Some(path) => Some(read_token(&path)?),
            None => arguments.registration_token,
        };
        config.labels.extend(arguments.labels);
        config.images.extend(arguments.images);
        config.slots = arguments.slots;
        config.docker_host = arguments.docker_host;
        config.docker_socket = arguments.docker_socket;
        config.confinement = arguments.confinement.into();
        config.warm = arguments.warm.into();
        config.disk = arguments.disk.into();
        config.action_source = arguments.action_source;
        config.action_mirror = arguments.action_mirror;
        config.builtin_actions = arguments.builtin_actions;
        config.checkout = arguments.checkout.into();
        config.node_directory = arguments.node_dir;
        config.drain_timeout = arguments.drain_seconds.map(Duration::from_secs);
        Ok(config)
    }
}

fn read_token(path: &Path) -> anyhow::Result<SecretString> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("reading the registration token in {}", path.display()))?;
    Ok(text.trim().to_owned().into())
}

/// `LABEL=IMAGE`
pub fn label_image(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((label, image)) if !label.is_empty() && !image.is_empty() => {
            Ok((label.to_owned(), image.to_owned()))
        }
        _ => Err(format!("`{text}` is not LABEL=IMAGE")),
    }
}

fn slots(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(slots) if (1..=1000).contains(&slots) => Ok(slots),
        _ => Err("expected a number from 1 to 1000".to_owned()),
    }
}

/// The machine's name, which is a good name for its only runner.
#[must_use]
pub fn host_name() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name = name.trim();
    if name.is_empty() { "gantry-runner".to_owned() } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn config(arguments: &[&str]) -> anyhow::Result<RunnerConfig> {
        let fixed = ["gantry-runner", "--server-url", "http://localhost:1"];
        Arguments::try_parse_from(fixed.iter().chain(arguments))?.try_into()
    }

    #[test]
    fn a_mapped_label_replaces_the_default_image_and_becomes_a_label() {
        let config = config(&["--image", "ubuntu-latest=mine", "--image", "gpu=cuda:12"]).unwrap();
        assert_eq!(config.image_for(&["ubuntu-latest".to_owned()]), Some("mine"));
        assert_eq!(
            config.image_for(&["self-hosted".to_owned(), "GPU".to_owned()]),
            Some("cuda:12")
        );
        assert_eq!(config.image_for(&["ubuntu-22.04".to_owned()]), Some(DEFAULT_IMAGE));
        assert!(config.all_labels().contains(&"gpu".to_owned()));
    }

    #[test]
    fn wrong_values_are_refused_on_the_command_line() {
        assert!(config(&["--image", "ubuntu-latest"]).is_err());
        assert!(config(&["--slots", "0"]).is_err());
    }

    #[test]
    fn the_registration_token_may_come_from_a_file() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(&file, "sesame\n").unwrap();
        let path = file.path().to_str().unwrap();
        let token = config(&["--registration-token-file", path]).unwrap().registration_token;
        assert_eq!(token.unwrap().expose_secret(), "sesame");
        let error = config(&["--registration-token-file", "/nowhere/token"]).unwrap_err();
        assert!(error.to_string().contains("/nowhere/token"), "{error}");
    }

    #[test]
    fn the_registration_token_is_not_shown() {
        let config = config(&["--registration-token", "sesame"]).unwrap();
        assert!(!format!("{config:?}").contains("sesame"));
    }

    #[test]
    fn the_page_names_every_flag_and_variable() {
        let page = include_str!("../../docs/configuration.md");
        let (_, section) = page.split_once("### `gantry-runner`").expect("a section");
        for argument in <Arguments as clap::CommandFactory>::command().get_arguments() {
            let flag = argument.get_long().map(|flag| format!("`--{flag}`"));
            let variable = argument.get_env().map(|name| format!("`{}`", name.display()));
            for word in flag.into_iter().chain(variable) {
                assert!(section.contains(&word), "{word} is missing");
            }
        }
    }
}
