//! The calls, over one connection pool.

use std::time::Duration;

use gantry_protocol::{
    CompleteJob, JobId, JobMessage, LeaseRequest, LogChunks, RegisterRequest, RegisterResponse,
    RenewRequest, RenewResponse, StepSummary, StepUpdates, routes,
};
use reqwest::header::CONTENT_TYPE;
use reqwest::{Method, Response};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::ClientError;

/// How long a call without waiting on the server's side may take.
const CALL_TIMEOUT: Duration = Duration::from_secs(30);

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// A registered runner's connection to its server.
#[derive(Clone, Debug)]
pub(crate) struct ServerClient {
    http: reqwest::Client,
    base: String,
    token: SecretString,
}

/// Makes a runner known with a registration token.
pub(crate) async fn register(
    server_url: &str,
    registration_token: &SecretString,
    request: &RegisterRequest,
) -> Result<RegisterResponse, ClientError> {
    let client = ServerClient::new(server_url, registration_token.clone())?;
    let call = client.send(Method::POST, routes::REGISTER, request, Duration::ZERO).await?;
    body(call).await
}

impl ServerClient {
    pub(crate) fn new(server_url: &str, token: SecretString) -> Result<Self, ClientError> {
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .tcp_nodelay(true)
            .user_agent(concat!("gantry-runner/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| ClientError::from_transport(&error))?;
        Ok(Self { http, base: server_url.trim_end_matches('/').to_owned(), token })
    }

    /// Waits for a job; `None` when none came up in time.
    pub(crate) async fn lease(
        &self,
        request: &LeaseRequest,
    ) -> Result<Option<JobMessage>, ClientError> {
        let wait = Duration::from_millis(request.wait_ms);
        let response = self.send(Method::POST, routes::LEASE, request, wait).await?;
        if response.status().as_u16() == 204 {
            return Ok(None);
        }
        body(response).await.map(Some)
    }

    pub(crate) async fn renew(
        &self,
        job: JobId,
        request: &RenewRequest,
    ) -> Result<RenewResponse, ClientError> {
        let wait = Duration::from_millis(request.wait_ms);
        body(self.send(Method::POST, &routes::renew(job), request, wait).await?).await
    }

    pub(crate) async fn put_steps(
        &self,
        job: JobId,
        updates: &StepUpdates,
    ) -> Result<(), ClientError> {
        self.send(Method::PUT, &routes::steps(job), updates, Duration::ZERO).await.map(drop)
    }

    pub(crate) async fn put_summary(
        &self,
        job: JobId,
        summary: &StepSummary,
    ) -> Result<(), ClientError> {
        self.send(Method::PUT, &routes::summary(job), summary, Duration::ZERO).await.map(drop)
    }

    pub(crate) async fn put_log(&self, job: JobId, chunks: &LogChunks) -> Result<(), ClientError> {
        let size = chunks.chunks.iter().map(|chunk| chunk.text.len()).sum::<usize>();
        // Line ends and colours take more room in JSON.
        let mut json = Vec::with_capacity(size + size / 8 + 1024);
        serde_json::to_writer(&mut json, chunks)
            .map_err(|error| ClientError::Unreachable(error.to_string()))?;
        self.send_json(Method::PUT, &routes::log(job), json, Duration::ZERO).await.map(drop)
    }

    pub(crate) async fn complete(&self, job: JobId, end: &CompleteJob) -> Result<(), ClientError> {
        self.send(Method::POST, &routes::complete(job), end, Duration::ZERO).await.map(drop)
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        json: &(impl Serialize + Sync),
        wait: Duration,
    ) -> Result<Response, ClientError> {
        let json = serde_json::to_vec(json)
            .map_err(|error| ClientError::Unreachable(error.to_string()))?;
        self.send_json(method, path, json, wait).await
    }

    async fn send_json(
        &self,
        method: Method,
        path: &str,
        json: Vec<u8>,
        wait: Duration,
    ) -> Result<Response, ClientError> {
        let response = self
            .http
            .request(method, format!("{}{path}", self.base))
            .bearer_auth(self.token.expose_secret())
            .header(CONTENT_TYPE, "application/json")
            .body(json)
            .timeout(wait + CALL_TIMEOUT)
            .send()
            .await
            .map_err(|error| ClientError::from_transport(&error))?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let text = response.text().await.unwrap_or_default();
        Err(ClientError::from_status(status.as_u16(), message(&text)))
    }
}

async fn body<T: DeserializeOwned>(response: Response) -> Result<T, ClientError> {
    let bytes = response.bytes().await.map_err(|error| ClientError::from_transport(&error))?;
    serde_json::from_slice(&bytes)
        .map_err(|error| ClientError::Rejected { status: 200, message: error.to_string() })
}

/// The `message` of GitHub's error shape, or the text itself, in short.
fn message(text: &str) -> String {
    let json: Option<serde_json::Value> = serde_json::from_str(text).ok();
    let found = json.as_ref().and_then(|json| json.get("message")?.as_str());
    found.unwrap_or(text).chars().take(300).collect()
}
