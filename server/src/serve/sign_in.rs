//! Who may sign in with a GitHub account, as the command line and the environment say it.

use std::path::PathBuf;

use gantry_server::config::{OAuthClient, SignIn};

use super::arguments::read_secret;

/// Sign-in with GitHub
#[derive(Debug, clap::Args)]
pub(crate) struct SignInArguments {
    /// GitHub accounts that may sign in, and do here what they may do in the repository at GitHub
    #[arg(
        long = "github-login",
        env = "GANTRY_GITHUB_LOGINS",
        value_delimiter = ',',
        value_name = "LOGIN"
    )]
    logins: Vec<String>,

    /// GitHub organizations whose members may sign in the same way
    #[arg(
        long = "github-organization",
        env = "GANTRY_GITHUB_ORGANIZATIONS",
        value_delimiter = ',',
        value_name = "NAME"
    )]
    organizations: Vec<String>,

    /// GitHub accounts that sign in as administrators of this server
    #[arg(
        long = "github-administrator",
        env = "GANTRY_GITHUB_ADMINISTRATORS",
        value_delimiter = ',',
        value_name = "LOGIN"
    )]
    administrators: Vec<String>,

    /// Client id for sign-ins, where the set-up page has not made the GitHub App
    #[arg(
        long,
        env = "GANTRY_GITHUB_CLIENT_ID",
        value_name = "ID",
        requires = "github_client_secret_file"
    )]
    github_client_id: Option<String>,

    /// File with the client's secret
    #[arg(
        long,
        env = "GANTRY_GITHUB_CLIENT_SECRET_FILE",
        value_name = "FILE",
        requires = "github_client_id"
    )]
    github_client_secret_file: Option<PathBuf>,
}

impl SignInArguments {
    pub(super) fn checked(&self) -> anyhow::Result<SignIn> {
        let client = match (&self.github_client_id, &self.github_client_secret_file) {
            (Some(id), Some(file)) => {
                Some(OAuthClient { id: id.clone(), secret: read_secret(file)? })
            }
            _ => None,
        };
        let names = |list: &[String]| {
            list.iter().map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect()
        };
        Ok(SignIn {
            client,
            logins: names(&self.logins),
            organizations: names(&self.organizations),
            administrators: names(&self.administrators),
        })
    }
}
