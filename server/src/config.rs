//! The validated settings of the server.
//!
//! Flags and environment variables are read in `main.rs` and here, nowhere else.

use std::path::PathBuf;

use gantry_workflow::advance::Limits;
use gantry_workflow::plan::DefaultPermissions;
use secrecy::SecretString;

/// Settings of `gantry serve` with real types.
#[derive(Clone, Debug)]
pub struct Config {
    pub data_dir: PathBuf,
    /// Address to listen on; port 0 takes a free one.
    pub listen: std::net::SocketAddr,
    /// Where browsers, runners and GitHub reach us, without trailing slash. Set after binding when
    /// the configuration does not name it.
    pub public_url: String,
    /// Checked against `X-Hub-Signature-256`; two while rotating.
    pub webhook_secrets: Vec<SecretString>,
    /// How long a runner keeps a job without renewing it.
    pub lease_seconds: u64,
    /// How long runs, jobs in the queue and deployments may wait.
    pub limits: Limits,
    /// What a job's token may do where no file says anything.
    pub default_permissions: DefaultPermissions,
    /// Where objects are kept; absent: in the data directory.
    pub storage_url: Option<String>,
    /// What the caches of a repository may take together, in bytes.
    pub cache_limit_bytes: u64,
    /// How identity tokens name a repository.
    pub id_token_subject: SubjectFormat,
    /// The GitHub that this server works for. Absent: it may be connected later, and until then
    /// nothing is reported.
    pub github: Option<GitHubAccess>,
    /// Where an App is made by the set-up page: `https://api.github.com` or `https://HOST/api/v3`.
    pub github_api_url: String,
    /// How often GitHub's repositories are looked at for news; absent: GitHub delivers them.
    pub github_poll: Option<std::time::Duration>,
    /// Who may sign in with a GitHub account.
    pub sign_in: SignIn,
}

/// Who may sign in with a GitHub account. The default is nobody.
#[derive(Clone, Debug, Default)]
pub struct SignIn {
    /// What GitHub knows this server by; absent: by the App that the set-up page has made.
    pub client: Option<OAuthClient>,
    pub logins: Vec<String>,
    pub organizations: Vec<String>,
    /// Those who administer this server.
    pub administrators: Vec<String>,
}

impl SignIn {
    /// Whether nobody may.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.logins.is_empty() && self.organizations.is_empty() && self.administrators.is_empty()
    }
}

/// What GitHub knows this server by when people sign in.
#[derive(Clone, Debug)]
pub struct OAuthClient {
    pub id: String,
    pub secret: SecretString,
}

/// How the subject of an identity token names a repository.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SubjectFormat {
    /// `repo:octo/app:...`
    #[default]
    Names,
    /// `repo:octo@1/app@2:...`, which a renamed repository keeps and a new one of the same name does not
    /// get.
    Numbers,
}

/// A GitHub, and who we are there.
#[derive(Clone, Debug)]
pub struct GitHubAccess {
    /// `https://api.github.com` or `https://HOST/api/v3`.
    pub api_url: String,
    pub credentials: GitHubCredentials,
}

/// Who we are at GitHub.
#[derive(Clone, Debug)]
pub enum GitHubCredentials {
    /// Somebody's token; enough to report results of repositories on this machine.
    Token(SecretString),
    /// A GitHub App: events in, files, tokens for jobs, results out.
    App {
        app_id: u64,
        /// RSA, as PEM.
        private_key: SecretString,
    },
}

/// The REST API of github.com.
pub const GITHUB_API_URL: &str = "https://api.github.com";

impl GitHubAccess {
    /// Where people and git go: `https://github.com`, or the host of an Enterprise Server.
    #[must_use]
    pub fn server_url(&self) -> &str {
        server_url(&self.api_url)
    }
}

/// Where people and git go, by the URL of the API.
#[must_use]
pub fn server_url(api_url: &str) -> &str {
    match api_url {
        GITHUB_API_URL => "https://github.com",
        other => other.strip_suffix("/api/v3").unwrap_or(other),
    }
}

/// Written by a started server into its data directory, so that the commands find it:
/// `{"url": "http://..."}`.
pub const SERVER_FILE: &str = "server.json";

/// Holds the secret that deliveries are signed with, when the configuration names none.
pub const WEBHOOK_SECRET_FILE: &str = "webhook-secret";

/// The variables that a store's credentials come from, as `AWS_ACCESS_KEY_ID`.
pub(crate) fn storage_variables() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os().filter_map(|(name, value)| {
        Some((name.into_string().ok()?.to_lowercase(), value.into_string().ok()?))
    })
}

/// `/var/lib/gantry` for root, else `gantry` below the user's data directory.
#[must_use]
pub fn default_data_dir() -> PathBuf {
    if nix::unistd::geteuid().is_root() {
        return PathBuf::from("/var/lib/gantry");
    }
    let directory = |name| {
        #[expect(clippy::disallowed_methods, reason = "this is where the environment is read")]
        std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
    };
    let data = directory("XDG_DATA_HOME")
        .or_else(|| Some(directory("HOME")?.join(".local/share")))
        .unwrap_or_else(std::env::temp_dir);
    data.join("gantry")
}
