//! The command line and the environment of `gantry serve`.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use chrono::TimeDelta;
use gantry_runner::disk_policy::DiskArguments;
use gantry_runner::warm_policy::WarmArguments;
use gantry_server::config::{
    Config, GITHUB_API_URL, GitHubAccess, GitHubCredentials, SubjectFormat, default_data_dir,
};
use gantry_workflow::advance::Limits;
use gantry_workflow::plan::DefaultPermissions;
use secrecy::SecretString;

use super::sign_in::SignInArguments;
use crate::runner_arguments::RunnerArguments;

/// The seconds a runner keeps a job without renewing it.
const DEFAULT_LEASE_SECONDS: u64 = 60;

/// Start the server
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Directory for everything the server keeps: database, logs, keys
    #[arg(
        long,
        env = "GANTRY_DATA_DIR",
        value_name = "DIR",
        default_value_os_t = default_data_dir()
    )]
    pub(super) data_dir: PathBuf,

    /// Address to listen on; port 0 takes a free one
    #[arg(long, env = "GANTRY_LISTEN", value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    pub(super) listen: SocketAddr,

    /// Address to listen on for TLS as well; needs a certificate
    #[arg(
        long,
        env = "GANTRY_TLS_LISTEN",
        value_name = "ADDRESS",
        requires = "tls_cert",
        requires = "tls_key"
    )]
    pub(super) tls_listen: Option<SocketAddr>,

    /// File with the certificate and those it is signed by, as PEM; read again when it changes
    #[arg(long, env = "GANTRY_TLS_CERT", value_name = "FILE", requires = "tls_listen")]
    pub(super) tls_cert: Option<PathBuf>,

    /// File with the certificate's private key, as PEM
    #[arg(long, env = "GANTRY_TLS_KEY", value_name = "FILE", requires = "tls_listen")]
    pub(super) tls_key: Option<PathBuf>,

    /// URL under which browsers, runners and GitHub reach this server
    #[arg(long, env = "GANTRY_PUBLIC_URL", value_name = "URL", value_parser = base_url)]
    public_url: Option<String>,

    /// PostgreSQL 14 or newer to use instead of the embedded one
    #[arg(long, env = "DATABASE_URL", value_name = "URL", hide_env_values = true)]
    pub(super) database_url: Option<SecretString>,

    /// Where PostgreSQL's programs are; found by itself otherwise
    #[arg(long, env = "GANTRY_POSTGRES_BIN_DIR", value_name = "DIR")]
    pub(super) postgres_bin_dir: Option<PathBuf>,

    /// User to run the embedded database as when the server runs as root [default: postgres]
    #[arg(long, env = "GANTRY_POSTGRES_USER", value_name = "USER")]
    pub(super) postgres_user: Option<String>,

    /// File with the webhook's secret; twice while the secret changes
    #[arg(
        long = "webhook-secret-file",
        env = "GANTRY_WEBHOOK_SECRET_FILE",
        value_delimiter = ',',
        value_name = "FILE"
    )]
    pub(super) webhook_secret_files: Vec<PathBuf>,

    /// Where logs, artifacts and caches are kept, for example `s3://bucket/gantry` [default: in the data
    /// directory]
    #[arg(long, env = "GANTRY_STORAGE_URL", value_name = "URL")]
    storage_url: Option<String>,

    /// Gibibytes that the caches of a repository may take; those used least recently go first
    #[arg(long, env = "GANTRY_CACHE_LIMIT_GIB", value_name = "GIB", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1024 * 1024))]
    cache_limit_gib: u32,

    /// How the subject of identity tokens names a repository: by `names`, or with the `numbers` that
    /// outlive a change of names
    #[arg(long, env = "GANTRY_ID_TOKEN_SUBJECT", value_name = "FORMAT", default_value = "names", value_parser = subject_format)]
    id_token_subject: SubjectFormat,

    /// REST API of GitHub; an Enterprise Server's ends with `/api/v3`
    #[arg(long, env = "GANTRY_GITHUB_API_URL", value_name = "URL", value_parser = base_url, default_value = GITHUB_API_URL)]
    github_api_url: String,

    /// Number of the GitHub App that this server is
    #[arg(
        long,
        env = "GANTRY_GITHUB_APP_ID",
        value_name = "ID",
        requires = "github_app_key_file",
        conflicts_with = "github_token_file"
    )]
    github_app_id: Option<u64>,

    /// File with the private key of the GitHub App
    #[arg(
        long,
        env = "GANTRY_GITHUB_APP_KEY_FILE",
        value_name = "FILE",
        requires = "github_app_id"
    )]
    github_app_key_file: Option<PathBuf>,

    /// File with a token for reporting results, where there is no GitHub App
    #[arg(long, env = "GANTRY_GITHUB_TOKEN_FILE", value_name = "FILE")]
    github_token_file: Option<PathBuf>,

    /// Look for new commits and pull requests at GitHub every so many seconds, for a server that GitHub
    /// does not reach
    #[arg(long, env = "GANTRY_GITHUB_POLL", value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3600))]
    github_poll: Option<u64>,
    #[command(flatten)]
    sign_in: SignInArguments,

    /// Seconds a runner keeps a job without renewing it
    #[arg(long, env = "GANTRY_LEASE_SECONDS", value_name = "SECONDS", default_value_t = DEFAULT_LEASE_SECONDS, value_parser = clap::value_parser!(u64).range(4..=3600))]
    lease_seconds: u64,

    /// Hours a job waits for a runner before it is cancelled
    #[arg(long, env = "GANTRY_QUEUE_TIMEOUT_HOURS", value_name = "HOURS", default_value_t = 24, value_parser = clap::value_parser!(u32).range(1..=24 * 365))]
    queue_timeout_hours: u32,

    /// Days a deployment waits for a review before its job fails
    #[arg(long, env = "GANTRY_REVIEW_TIMEOUT_DAYS", value_name = "DAYS", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=365))]
    review_timeout_days: u32,

    /// Days a run takes at most, with all its waiting, before it is cancelled
    #[arg(long, env = "GANTRY_RUN_TIMEOUT_DAYS", value_name = "DAYS", default_value_t = 35, value_parser = clap::value_parser!(u32).range(1..=365))]
    run_timeout_days: u32,

    /// What a job's token may do where neither the job nor its file has `permissions`
    #[arg(long, env = "GANTRY_DEFAULT_WORKFLOW_PERMISSIONS", value_enum, default_value_t = WorkflowPermissions::Read)]
    default_workflow_permissions: WorkflowPermissions,

    /// What is logged, as in `RUST_LOG`
    #[arg(long, env = "GANTRY_LOG", value_name = "FILTER", default_value = "info,sqlx=warn")]
    pub(super) log: String,

    /// Do not run jobs on this machine
    #[arg(long, env = "GANTRY_NO_RUNNER")]
    pub(super) no_runner: bool,

    #[command(flatten)]
    pub(super) runner: RunnerArguments,

    #[command(flatten)]
    pub(super) warm: WarmArguments,

    #[command(flatten)]
    pub(super) disk: DiskArguments,
}

/// GitHub's setting `default_workflow_permissions`.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum WorkflowPermissions {
    /// Read contents and packages
    Read,
    /// Read and write everything
    Write,
}

impl From<WorkflowPermissions> for DefaultPermissions {
    fn from(permissions: WorkflowPermissions) -> Self {
        match permissions {
            WorkflowPermissions::Read => Self::Read,
            WorkflowPermissions::Write => Self::Write,
        }
    }
}

impl Arguments {
    /// The validated settings of the server; `webhook_secrets` come from the data directory.
    pub(super) fn config(&self, webhook_secrets: Vec<SecretString>) -> anyhow::Result<Config> {
        Ok(Config {
            data_dir: self.data_dir.clone(),
            listen: self.listen,
            public_url: self.public_url.clone().unwrap_or_default(),
            webhook_secrets,
            lease_seconds: self.lease_seconds,
            limits: Limits {
                queue: TimeDelta::hours(self.queue_timeout_hours.into()),
                review: TimeDelta::days(self.review_timeout_days.into()),
                run: TimeDelta::days(self.run_timeout_days.into()),
            },
            default_permissions: self.default_workflow_permissions.into(),
            storage_url: self.storage_url.clone(),
            cache_limit_bytes: u64::from(self.cache_limit_gib) << 30,
            id_token_subject: self.id_token_subject,
            github: self.github()?,
            github_api_url: self.github_api_url.clone(),
            github_poll: self.github_poll.map(std::time::Duration::from_secs),
            sign_in: self.sign_in.checked()?,
        })
    }

    fn github(&self) -> anyhow::Result<Option<GitHubAccess>> {
        let app = self.github_app_id.zip(self.github_app_key_file.as_ref());
        let credentials = match (app, &self.github_token_file) {
            (Some((app_id, file)), _) => {
                GitHubCredentials::App { app_id, private_key: read_secret(file)? }
            }
            (None, Some(file)) => GitHubCredentials::Token(read_secret(file)?),
            (None, None) => return Ok(None),
        };
        Ok(Some(GitHubAccess { api_url: self.github_api_url.clone(), credentials }))
    }
}

pub(super) fn read_secret(file: &Path) -> anyhow::Result<SecretString> {
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("reading the file `{}`", file.display()))?;
    Ok(text.trim().to_owned().into())
}

fn subject_format(text: &str) -> Result<SubjectFormat, String> {
    match text {
        "names" => Ok(SubjectFormat::Names),
        "numbers" => Ok(SubjectFormat::Numbers),
        _ => Err("expected `names` or `numbers`".to_owned()),
    }
}

/// A URL that paths are appended to.
fn base_url(text: &str) -> Result<String, String> {
    let url = text.trim_end_matches('/');
    let is_http = url.starts_with("http://") || url.starts_with("https://");
    if !is_http || url.contains(['?', '#']) || url.contains(char::is_whitespace) {
        return Err("expected a URL such as https://ci.example.com".to_owned());
    }
    Ok(url.to_owned())
}

#[cfg(test)]
mod tests {
    use super::base_url;

    #[test]
    fn base_urls_have_a_scheme_and_no_trailing_slash() {
        assert_eq!(base_url("https://ci.example.com/").as_deref(), Ok("https://ci.example.com"));
        for wrong in ["ci.example.com", "ftp://x", "https://x?y", "https://a b"] {
            assert!(base_url(wrong).is_err(), "{wrong}");
        }
    }
}
