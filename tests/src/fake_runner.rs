//! A runner that speaks the real protocol and plays a script instead of running containers.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use chrono::Utc;
use gantry_protocol::{
    ClaimId, CompleteJob, Conclusion, JobMessage, LeaseRequest, LogChunk, LogChunks,
    RegisterRequest, RegisterResponse, StepStatus, StepUpdate, StepUpdates, routes,
};
use reqwest::StatusCode;
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use crate::server::TestServer;

/// What each job does, by its key in the workflow file or by its display name. A job that is not
/// listed succeeds with one step.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    #[serde(default)]
    pub jobs: BTreeMap<String, JobScript>,
}

/// What one job does.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JobScript {
    /// `success` when absent.
    pub conclusion: Option<Conclusion>,
    #[serde(default)]
    pub outputs: BTreeMap<String, String>,
    #[serde(default)]
    pub log: Vec<String>,
}

/// A registered runner.
#[derive(Debug)]
pub struct FakeRunner {
    client: reqwest::Client,
    url: String,
    token: String,
}

impl FakeRunner {
    /// Registers with `server` under `name`.
    pub async fn register(server: &TestServer, name: &str, labels: &[&str]) -> Result<Self> {
        let (status, answer) =
            server.post("/api/gantry/runners/registration-token", &json!({})).await?;
        if status != StatusCode::CREATED {
            bail!("no registration token: {status} {answer}");
        }
        let answer: serde_json::Value = serde_json::from_str(&answer)?;
        let registration = answer["token"].as_str().context("no token")?;
        let client = reqwest::Client::new();
        let request = RegisterRequest {
            name: name.to_owned(),
            labels: labels.iter().map(|label| (*label).to_owned()).collect(),
            version: "0.0.0-fake".to_owned(),
        };
        let response = client
            .post(format!("{}{}", server.url(), routes::REGISTER))
            .bearer_auth(registration)
            .json(&request)
            .send()
            .await?
            .error_for_status()?;
        let registered: RegisterResponse = response.json().await?;
        Ok(Self { client, url: server.url().to_owned(), token: registered.token })
    }

    /// The next job, or `None` when none came up within `wait_ms`.
    pub async fn lease(&self, wait_ms: u64) -> Result<Option<JobMessage>> {
        self.lease_as(ClaimId(Uuid::new_v4()), wait_ms).await
    }

    /// As [`FakeRunner::lease`], with a claim of the caller's, so that it can be repeated.
    pub async fn lease_as(&self, claim: ClaimId, wait_ms: u64) -> Result<Option<JobMessage>> {
        let request = LeaseRequest { claim, wait_ms };
        let response = self
            .client
            .post(format!("{}{}", self.url, routes::LEASE))
            .bearer_auth(&self.token)
            .json(&request)
            .send()
            .await?
            .error_for_status()?;
        if response.status() == StatusCode::NO_CONTENT {
            return Ok(None);
        }
        Ok(Some(response.json().await?))
    }

    /// Leases and plays jobs until none comes up for `wait_ms`. Returns their names in order.
    pub async fn play(&self, script: &Script, wait_ms: u64) -> Result<Vec<String>> {
        let played = self.play_messages(script, wait_ms).await?;
        Ok(played.into_iter().map(|job| job.name).collect())
    }

    /// As [`FakeRunner::play`]; returns what the server said about each job.
    pub async fn play_messages(&self, script: &Script, wait_ms: u64) -> Result<Vec<JobMessage>> {
        let mut played = Vec::new();
        while let Some(job) = self.lease(wait_ms).await? {
            let key = job.job.id.as_str();
            let fallback = JobScript::default();
            let steps =
                script.jobs.get(&job.name).or_else(|| script.jobs.get(key)).unwrap_or(&fallback);
            self.play_job(&job, steps).await?;
            played.push(job);
        }
        Ok(played)
    }

    /// Plays one leased job from its first step to its completion.
    pub async fn play_job(&self, job: &JobMessage, script: &JobScript) -> Result<()> {
        let conclusion = script.conclusion.unwrap_or(Conclusion::Success);
        self.send_step(job, StepStatus::InProgress, None).await?;
        let mut log_chunks = 0;
        if !script.log.is_empty() {
            self.send_log(job, 0, &script.log).await?;
            log_chunks = 1;
        }
        self.send_step(job, StepStatus::Completed, Some(conclusion)).await?;
        let complete = CompleteJob {
            lease: job.lease,
            conclusion,
            outputs: script.outputs.clone(),
            annotations: Vec::new(),
            environment_url: None,
            infrastructure_error: None,
            log_chunks,
        };
        let status = self.complete(job, &complete).await?;
        if !status.is_success() {
            bail!("completing `{}`: {status}", job.name);
        }
        Ok(())
    }

    /// Reports the state of step 1.
    pub async fn send_step(
        &self,
        job: &JobMessage,
        status: StepStatus,
        conclusion: Option<Conclusion>,
    ) -> Result<StatusCode> {
        let update = StepUpdate {
            number: 1,
            revision: if conclusion.is_some() { 2 } else { 1 },
            name: "Play the script".to_owned(),
            status,
            conclusion,
            outcome: conclusion,
            started_at: Some(Utc::now()),
            completed_at: conclusion.map(|_| Utc::now()),
        };
        let updates = StepUpdates { lease: job.lease, updates: vec![update] };
        self.send(reqwest::Method::PUT, &routes::steps(job.job_id), &updates).await
    }

    /// Sends `lines` of step 1 as the chunk `sequence`.
    pub async fn send_log(
        &self,
        job: &JobMessage,
        sequence: u64,
        lines: &[String],
    ) -> Result<StatusCode> {
        let chunk = LogChunk {
            sequence,
            step_number: 1,
            first_line: 0,
            text: lines.iter().map(|l| format!("2026-01-01T00:00:00.0000000Z {l}\n")).collect(),
        };
        self.send_chunk(job, chunk).await
    }

    /// Sends a chunk as it is.
    pub async fn send_chunk(&self, job: &JobMessage, chunk: LogChunk) -> Result<StatusCode> {
        let chunks = LogChunks { lease: job.lease, chunks: vec![chunk] };
        self.send(reqwest::Method::PUT, &routes::log(job.job_id), &chunks).await
    }

    pub async fn complete(&self, job: &JobMessage, complete: &CompleteJob) -> Result<StatusCode> {
        self.send(reqwest::Method::POST, &routes::complete(job.job_id), complete).await
    }

    async fn send(
        &self,
        method: reqwest::Method,
        path: &str,
        body: &(impl serde::Serialize + Sync),
    ) -> Result<StatusCode> {
        let request = self.client.request(method, format!("{}{path}", self.url));
        Ok(request.bearer_auth(&self.token).json(body).send().await?.status())
    }
}
