//! Finding the server and talking to it.
//!
//! Does not know any command. Invariant: the token is sent only to the server it belongs to.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;
use gantry_server::accounts::ADMIN_TOKEN_FILE;
use gantry_server::config::{SERVER_FILE, default_data_dir};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::Value;

/// Which server to talk to, and as whom.
#[derive(Debug, Args)]
pub(super) struct Connection {
    /// URL of the server; without it, that of the server which runs on the data directory.
    #[arg(long, env = "GANTRY_URL", value_name = "URL")]
    server: Option<String>,
    /// Access token; without it, the administrator's token in the data directory.
    #[arg(long, env = "GANTRY_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    token: Option<SecretString>,
    /// Where the server keeps its data.
    #[arg(long, env = "GANTRY_DATA_DIR", value_name = "DIRECTORY")]
    data_dir: Option<PathBuf>,
}

/// A server, and the right to talk to it.
#[derive(Debug)]
pub(super) struct Client {
    http: reqwest::Client,
    pub(super) url: String,
    token: SecretString,
}

#[derive(Deserialize)]
struct ServerFile {
    url: String,
}

#[derive(Deserialize)]
struct Problem {
    message: String,
}

impl Connection {
    pub(super) fn client(&self) -> anyhow::Result<Client> {
        let http = reqwest::Client::builder()
            .user_agent(concat!("gantry/", env!("CARGO_PKG_VERSION")))
            .build()
            .context("preparing to talk to the server")?;
        Ok(Client { http, url: self.url()?, token: self.token()? })
    }

    pub(super) fn data_dir(&self) -> PathBuf {
        self.data_dir.clone().unwrap_or_else(default_data_dir)
    }

    fn url(&self) -> anyhow::Result<String> {
        if let Some(url) = &self.server {
            return Ok(url.trim_end_matches('/').to_owned());
        }
        let path = self.data_dir().join(SERVER_FILE);
        let text = std::fs::read_to_string(&path).with_context(|| {
            format!(
                "no server has been started on {}; start one with `gantry serve`, or name one \
                 with --server or GANTRY_URL",
                self.data_dir().display()
            )
        })?;
        let file: ServerFile = serde_json::from_str(&text)
            .with_context(|| format!("{} is damaged; restart the server", path.display()))?;
        Ok(file.url)
    }

    fn token(&self) -> anyhow::Result<SecretString> {
        match &self.token {
            Some(token) => Ok(token.clone()),
            None => read_token(&self.data_dir().join(ADMIN_TOKEN_FILE)),
        }
    }
}

fn read_token(path: &Path) -> anyhow::Result<SecretString> {
    let text = std::fs::read_to_string(path).with_context(|| {
        format!(
            "{} cannot be read; run the command as the user who runs the server, or give a token \
             with --token or GANTRY_TOKEN",
            path.display()
        )
    })?;
    Ok(text.trim().to_owned().into())
}

/// A name as one part of a path.
pub(super) fn segment(name: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    name.bytes()
        .map(|byte| match is_plain(byte) {
            true => char::from(byte).to_string(),
            false => format!("%{byte:02X}"),
        })
        .collect()
}

impl Client {
    /// A request with the token.
    pub(super) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http
            .request(method, format!("{}{path}", self.url))
            .bearer_auth(self.token.expose_secret())
    }

    /// A request without it.
    pub(super) fn anonymous(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.url))
    }

    pub(super) async fn get(&self, path: &str) -> anyhow::Result<Value> {
        self.json(self.request(Method::GET, path)).await
    }

    pub(super) async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        self.json(self.request(Method::POST, path).json(body)).await
    }

    /// Sends, and reads the JSON of a successful answer; null when there is none.
    pub(super) async fn json(&self, request: RequestBuilder) -> anyhow::Result<Value> {
        let text = self.send(request).await?.text().await.context("reading the server's answer")?;
        if text.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_str(&text)
            .context("the server's answer is not JSON; is it a Gantry server?")
    }

    /// Sends; an answer that is not a success is an error in the server's words.
    pub(super) async fn send(&self, request: RequestBuilder) -> anyhow::Result<Response> {
        let response = request.send().await.with_context(|| {
            format!("no server answers at {}; is `gantry serve` running?", self.url)
        })?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let text = response.text().await.unwrap_or_default();
        let message = serde_json::from_str::<Problem>(&text).map_or(text, |it| it.message);
        match status {
            StatusCode::UNAUTHORIZED => bail!(
                "the server at {} does not accept the token ({message}); check --token, \
                 GANTRY_TOKEN and --data-dir",
                self.url
            ),
            StatusCode::NOT_FOUND => bail!("not found; check the names and numbers you gave"),
            _ => bail!("the server refused ({}): {message}", status.as_u16()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::segment;

    #[test]
    fn a_name_stays_one_part_of_a_path() {
        assert_eq!(segment("ci-cd.yml"), "ci-cd.yml");
        assert_eq!(segment("a/../b c?é"), "a%2F..%2Fb%20c%3F%C3%A9");
    }
}
