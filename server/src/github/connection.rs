//! Who we are at GitHub, and a client for each of our identities.
//!
//! Invariant: an installation's token is asked for once and shared until shortly before its end.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use anyhow::Context as _;
use octocrab::models::AppId;
use octocrab::service::middleware::retry::RetryConfig;
use octocrab::{EncodingKey, Octocrab};
use secrecy::{ExposeSecret as _, SecretString};

use super::answer::GitHubError;
use super::client::Client;
use crate::config::{GitHubAccess, GitHubCredentials, OAuthClient};

/// Longest a call may take before it counts as failed.
const CALL_TIMEOUT: Duration = Duration::from_secs(20);

/// The GitHub of this server, if there is one. It may be connected while the server runs.
#[derive(Debug, Default)]
pub struct GitHub {
    connection: RwLock<Option<Arc<Connection>>>,
    /// Of an App that was made by the set-up page.
    webhook_secret: RwLock<Option<SecretString>>,
    /// Of that App, too.
    oauth_client: RwLock<Option<OAuthClient>>,
    /// By the number of the person that is asked about.
    turns: Mutex<HashMap<i64, Arc<tokio::sync::Mutex<()>>>>,
}

/// One set of credentials.
#[derive(Debug)]
struct Connection {
    access: GitHubAccess,
    own: Client,
    installations: Mutex<HashMap<i64, Client>>,
    slug: tokio::sync::OnceCell<String>,
}

impl GitHub {
    /// Calls nobody; wrong credentials show at the first call.
    pub fn new(access: Option<&GitHubAccess>) -> anyhow::Result<Self> {
        let github = Self::default();
        if let Some(access) = access {
            github.connect(access)?;
        }
        Ok(github)
    }

    /// Replaces whatever this server was connected to.
    pub fn connect(&self, access: &GitHubAccess) -> anyhow::Result<()> {
        let connection = Arc::new(Connection::new(access)?);
        *self.connection.write().unwrap_or_else(PoisonError::into_inner) = Some(connection);
        Ok(())
    }

    /// What deliveries of an App that was made by the set-up page are signed with.
    #[must_use]
    pub fn webhook_secret(&self) -> Option<SecretString> {
        self.webhook_secret.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn set_webhook_secret(&self, secret: Option<SecretString>) {
        *self.webhook_secret.write().unwrap_or_else(PoisonError::into_inner) = secret;
    }

    /// What GitHub knows an App by that was made by the set-up page, when people sign in.
    #[must_use]
    pub fn oauth_client(&self) -> Option<OAuthClient> {
        self.oauth_client.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn set_oauth_client(&self, client: Option<OAuthClient>) {
        *self.oauth_client.write().unwrap_or_else(PoisonError::into_inner) = client;
    }

    /// To be held while GitHub is asked many things about one person.
    #[must_use]
    pub fn turn_of(&self, github_id: i64) -> Arc<tokio::sync::Mutex<()>> {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(turns.entry(github_id).or_default())
    }

    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.connection().is_some()
    }

    /// Whether the server is an App there, and not just somebody with a token.
    #[must_use]
    pub fn is_app(&self) -> bool {
        self.connection()
            .is_some_and(|it| matches!(it.access.credentials, GitHubCredentials::App { .. }))
    }

    /// What clients call: `https://api.github.com`.
    #[must_use]
    pub fn api_url(&self) -> Option<String> {
        self.connection().map(|it| it.access.api_url.clone())
    }

    /// Where people and git go: `https://github.com`.
    #[must_use]
    pub fn server_url(&self) -> Option<String> {
        self.connection().map(|it| it.access.server_url().to_owned())
    }

    /// Calls as the App itself.
    pub fn as_app(&self) -> Result<Client, GitHubError> {
        let connection = self.connected()?;
        match connection.access.credentials {
            GitHubCredentials::App { .. } => Ok(connection.own.clone()),
            GitHubCredentials::Token(_) => {
                Err(GitHubError::NotConnected("the server is not a GitHub App".to_owned()))
            }
        }
    }

    /// Calls for a repository. A server with a token of its own uses that one for all of them.
    pub fn for_installation(&self, installation: Option<i64>) -> Result<Client, GitHubError> {
        let connection = self.connected()?;
        if let GitHubCredentials::Token(_) = connection.access.credentials {
            return Ok(connection.own.clone());
        }
        let Some(id) = installation else {
            let reason = "the GitHub App is not installed in the repository";
            return Err(GitHubError::NotConnected(reason.to_owned()));
        };
        connection.installation(id)
    }

    /// The App's name in addresses, asked for once; its bot is `<slug>[bot]`.
    pub async fn app_slug(&self) -> Result<String, GitHubError> {
        let connection = self.connected()?;
        let slug = connection.slug.get_or_try_init(|| async {
            let app: serde_json::Value = self.as_app()?.get("/app").await?;
            let slug = app["slug"].as_str().map(str::to_owned);
            slug.ok_or_else(|| GitHubError::later("GitHub does not say the App's slug".to_owned()))
        });
        slug.await.cloned()
    }

    pub(super) fn bare_client(&self, token: &str) -> Result<Client, GitHubError> {
        let connection = self.connected()?;
        let credentials = GitHubCredentials::Token(token.to_owned().into());
        build(&connection.access.api_url, &credentials)
            .map_err(|error| GitHubError::NotConnected(format!("{error:#}")))
    }

    fn connected(&self) -> Result<Arc<Connection>, GitHubError> {
        let missing =
            || GitHubError::NotConnected("the server is not connected to GitHub".to_owned());
        self.connection().ok_or_else(missing)
    }

    fn connection(&self) -> Option<Arc<Connection>> {
        self.connection.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Connection {
    fn new(access: &GitHubAccess) -> anyhow::Result<Self> {
        Ok(Self {
            access: access.clone(),
            own: build(&access.api_url, &access.credentials)?,
            installations: Mutex::default(),
            slug: tokio::sync::OnceCell::new(),
        })
    }

    fn installation(&self, id: i64) -> Result<Client, GitHubError> {
        let mut known = self.installations.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = known.get(&id) {
            return Ok(client.clone());
        }
        let number = u64::try_from(id).unwrap_or_default();
        let client = self.own.of_installation(number)?;
        known.insert(id, client.clone());
        Ok(client)
    }
}

fn build(api_url: &str, credentials: &GitHubCredentials) -> anyhow::Result<Client> {
    let builder = Octocrab::builder()
        .base_uri(api_url)
        .context("the configured URL of GitHub's API")?
        .add_retry_config(RetryConfig::None)
        .set_connect_timeout(Some(CALL_TIMEOUT))
        .set_read_timeout(Some(CALL_TIMEOUT))
        .set_write_timeout(Some(CALL_TIMEOUT));
    let builder = match credentials {
        GitHubCredentials::Token(token) => builder.personal_token(token.expose_secret().to_owned()),
        GitHubCredentials::App { app_id, private_key } => {
            let key = EncodingKey::from_rsa_pem(private_key.expose_secret().as_bytes())
                .context("the private key of the GitHub App is not an RSA key in PEM form")?;
            builder.app(AppId(*app_id), key)
        }
    };
    let octocrab = builder.build().context("building a client for GitHub's API")?;
    Ok(Client::new(octocrab))
}
