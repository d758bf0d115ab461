//! The validated settings of the server.
//!
//! Flags and environment variables are read in `main.rs` and here, nowhere else.

use std::path::PathBuf;

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
    /// Where results are reported: the REST URL and a token. Absent: nothing is reported.
    pub github: Option<GitHubAccess>,
}

/// Access to GitHub for reporting.
#[derive(Clone, Debug)]
pub struct GitHubAccess {
    /// `https://api.github.com` or `https://HOST/api/v3`.
    pub api_url: String,
    pub token: SecretString,
}
