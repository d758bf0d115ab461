//! The server's services for artifacts and caches, as a job's own actions call them
//! (`protocols` 3.3 to 3.7).
//!
//! Shows the job's token and no other, so it can do what the job's actions could. Invariant: goes to the
//! runner's own server, whatever the job is told of it.

use std::time::Duration;

use bytes::Bytes;
use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};
use tokio::time::sleep;
use url::Url;

use crate::execution::RunningJob;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Nothing comes for so long: the connection counts as broken.
const IDLE_TIMEOUT: Duration = Duration::from_secs(60);

/// Pauses between attempts of what the server's or the network's fault may be.
const PAUSES: [Duration; 3] =
    [Duration::from_millis(200), Duration::from_secs(2), Duration::from_secs(8)];

/// Why the store did not do what it was asked.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum StoreError {
    /// With the service's own words.
    #[error("{message}")]
    Refused { status: u16, message: String },
    #[error("the server cannot be reached: {0}")]
    Unreachable(String),
}

impl StoreError {
    pub(crate) fn status(&self) -> Option<u16> {
        match self {
            Self::Refused { status, .. } => Some(*status),
            Self::Unreachable(_) => None,
        }
    }
}

impl From<StoreError> for String {
    fn from(error: StoreError) -> Self {
        error.to_string()
    }
}

/// A job's way to the store.
#[derive(Clone, Debug)]
pub(crate) struct StoreClient {
    pub(super) http: reqwest::Client,
    /// Scheme and host of the server.
    origin: String,
    token: String,
    run: String,
    job: String,
}

/// `None` where the job has no store, as in `gantry run`.
pub(crate) fn store_client(job: &RunningJob) -> Result<Option<StoreClient>, String> {
    let Some(runtime) = &job.state.message.runtime else { return Ok(None) };
    let server = Url::parse(&job.host.config.server_url).map_err(|error| error.to_string())?;
    let http = reqwest::Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .read_timeout(IDLE_TIMEOUT)
        .tcp_nodelay(true)
        .user_agent(concat!("gantry-runner/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| error.to_string())?;
    Ok(Some(StoreClient {
        http,
        origin: server.origin().ascii_serialization(),
        token: runtime.token.clone(),
        run: job.state.message.run_id.to_string(),
        job: job.state.message.job_id.to_string(),
    }))
}

impl StoreClient {
    /// The number of the run.
    pub(super) fn run(&self) -> &str {
        &self.run
    }

    /// Where people find the server: as the job is told, unless that is a way which only the job has.
    pub(crate) fn public_origin(&self, job: &RunningJob) -> String {
        let told = job.state.message.runtime.as_ref().and_then(|it| Url::parse(&it.url).ok());
        let is_door = |url: &Url| url.host_str().is_some_and(|host| host == "127.0.0.1");
        let public = told.filter(|url| !is_door(url));
        public.map_or_else(|| self.origin.clone(), |url| url.origin().ascii_serialization())
    }

    /// Calls a method of `ArtifactService`; the ids of run and job are added.
    pub(crate) async fn artifacts(
        &self,
        method: &str,
        mut message: Value,
    ) -> Result<Value, StoreError> {
        message["workflow_run_backend_id"] = json!(self.run);
        message["workflow_job_run_backend_id"] = json!(self.job);
        self.call("ArtifactService", method, &message).await
    }

    /// Calls a method of `CacheService`.
    pub(crate) async fn caches(&self, method: &str, message: Value) -> Result<Value, StoreError> {
        self.call("CacheService", method, &message).await
    }

    async fn call(
        &self,
        service: &str,
        method: &str,
        message: &Value,
    ) -> Result<Value, StoreError> {
        let url = format!("{}/twirp/github.actions.results.api.v1.{service}/{method}", self.origin);
        let request = || self.http.post(&url).bearer_auth(&self.token).json(message);
        json_of(self.send(request).await?).await
    }

    /// A call of the protocol of old clients.
    pub(crate) async fn legacy(
        &self,
        method: Method,
        path: &str,
        message: &Value,
    ) -> Result<Value, StoreError> {
        let url = format!("{}/toolkit/{path}", self.origin);
        let request =
            || self.http.request(method.clone(), &url).bearer_auth(&self.token).json(message);
        json_of(self.send(request).await?).await
    }

    /// Part of a file, by the protocol of old clients: bytes `first` to its end of `total`.
    pub(super) async fn put_legacy(
        &self,
        (url, item_path): (&str, &str),
        (first, total): (u64, u64),
        bytes: Bytes,
    ) -> Result<(), StoreError> {
        let last = (first + bytes.len() as u64).cast_signed() - 1;
        let range = format!("bytes {first}-{last}/{total}");
        let request = || {
            let request = self.http.put(url).query(&[("itemPath", item_path)]);
            request.bearer_auth(&self.token).header("content-range", &range).body(bytes.clone())
        };
        self.send(request).await.map(drop)
    }

    /// GitHub's API as our server answers it, with a token of its own.
    pub(crate) async fn rest(&self, path: &str, token: &str) -> Result<Value, StoreError> {
        let url = format!("{}/api/v3{path}", self.origin);
        json_of(self.send(|| self.http.get(&url).bearer_auth(token)).await?).await
    }

    /// Where the bytes of an artifact are, by the API.
    pub(crate) async fn rest_link(&self, path: &str, token: &str) -> Result<String, StoreError> {
        let unreachable = |error: reqwest::Error| StoreError::Unreachable(causes(&error));
        let no_redirects = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
        let http = no_redirects.build().map_err(unreachable)?;
        let url = format!("{}/api/v3{path}", self.origin);
        let response = self.send(|| http.get(&url).bearer_auth(token)).await?;
        let location = response.headers().get("location").and_then(|it| it.to_str().ok());
        location.map(str::to_owned).ok_or_else(|| StoreError::Refused {
            status: response.status().as_u16(),
            message: "the server does not say where the artifact is".to_owned(),
        })
    }

    /// A block of a blob, or, without a name, the whole blob.
    pub(super) async fn put_block(
        &self,
        url: &str,
        name: Option<&str>,
        bytes: Bytes,
    ) -> Result<(), StoreError> {
        let request = || {
            let request = self.http.put(url).header("x-ms-blob-type", "BlockBlob");
            let request = match name {
                Some(name) => request.query(&[("comp", "block"), ("blockid", name)]),
                None => request,
            };
            request.body(bytes.clone())
        };
        self.send(request).await.map(drop)
    }

    /// Makes a blob of its blocks, in this order.
    pub(super) async fn commit(
        &self,
        url: &str,
        names: &[String],
        content_type: &str,
    ) -> Result<(), StoreError> {
        let names: String = names.iter().map(|name| format!("<Latest>{name}</Latest>")).collect();
        let list =
            format!("<?xml version=\"1.0\" encoding=\"utf-8\"?><BlockList>{names}</BlockList>");
        let request = || {
            let request = self.http.put(url).query(&[("comp", "blocklist")]);
            request
                .header("content-type", "application/xml")
                .header("x-ms-blob-content-type", content_type)
                .body(list.clone())
        };
        self.send(request).await.map(drop)
    }

    /// Sends a request, again after what may pass.
    pub(super) async fn send(
        &self,
        request: impl Fn() -> RequestBuilder,
    ) -> Result<Response, StoreError> {
        let mut pauses = PAUSES.iter();
        loop {
            let error = match request().send().await {
                Ok(response) if response.status().as_u16() < 400 => return Ok(response),
                Ok(response) => refusal(response).await,
                Err(error) => StoreError::Unreachable(causes(&error)),
            };
            let may_pass = match error.status() {
                None => true,
                Some(status) => matches!(status, 429 | 500 | 502 | 503 | 504),
            };
            match pauses.next().filter(|_| may_pass) {
                Some(pause) => sleep(*pause).await,
                None => return Err(error),
            }
        }
    }
}

/// The error and what is behind it, without the URL, which opens what it leads to.
pub(super) fn causes(error: &reqwest::Error) -> String {
    let mut text = match error.is_timeout() {
        true => "the server did not answer in time".to_owned(),
        false => "the request failed".to_owned(),
    };
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text = cause.to_string();
        source = cause.source();
    }
    text
}

async fn json_of(response: Response) -> Result<Value, StoreError> {
    let status = response.status().as_u16();
    let text = response.text().await.map_err(|error| StoreError::Unreachable(causes(&error)))?;
    serde_json::from_str(&text).map_err(|error| StoreError::Refused {
        status,
        message: format!("the server's answer cannot be read: {error}"),
    })
}

/// In the words of Twirp, of Azure's blobs, or of GitHub's API.
async fn refusal(response: Response) -> StoreError {
    let status = response.status().as_u16();
    let text = response.text().await.unwrap_or_default();
    let json: Option<Value> = serde_json::from_str(&text).ok();
    let message = json.as_ref().and_then(|it| it["msg"].as_str().or(it["message"].as_str()));
    let xml = text.split_once("<Message>").and_then(|(_, rest)| rest.split_once("</Message>"));
    let message = message.or(xml.map(|(message, _)| message)).map(str::to_owned);
    let message = message.unwrap_or_else(|| format!("the server answered {status}"));
    StoreError::Refused { status, message }
}

/// A field of an answer that must be there.
pub(crate) fn text_of<'a>(answer: &'a Value, name: &str) -> Result<&'a str, String> {
    let missing = || format!("the server's answer has no `{name}`");
    answer[name].as_str().ok_or_else(missing)
}
