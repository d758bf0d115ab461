//! A runner that speaks the protocol and runs nothing.

use std::collections::BTreeMap;

use chrono::{TimeDelta, Utc};
use gantry_protocol::{
    ClaimId, CompleteJob, Conclusion, JobMessage, LeaseRequest, LogChunk, LogChunks,
    RegisterRequest, RegisterResponse, StepStatus, StepSummary, StepUpdate, StepUpdates, routes,
};
use gantry_server::runners;
use reqwest::{Method, RequestBuilder, StatusCode};
use uuid::Uuid;

use super::server::TestServer;

/// A registered runner.
pub(crate) struct FakeRunner<'a> {
    server: &'a TestServer,
    pub(crate) token: String,
}

impl<'a> FakeRunner<'a> {
    /// Registers with the label `ubuntu-latest`.
    pub(crate) async fn register(server: &'a TestServer, name: &str) -> Self {
        let mut db = server.app.db.acquire().await.expect("a connection");
        let expires_at = Utc::now() + TimeDelta::hours(1);
        let registration = runners::issue_registration_token(&mut db, expires_at)
            .await
            .expect("a registration token");
        let request = RegisterRequest {
            name: name.to_owned(),
            labels: vec!["ubuntu-latest".to_owned()],
            version: "1".to_owned(),
        };
        let answer = server
            .anonymous(Method::POST, routes::REGISTER)
            .bearer_auth(registration)
            .json(&request)
            .send()
            .await
            .expect("an answer");
        let response: RegisterResponse = answer.json().await.expect("a registration");
        Self { server, token: response.token }
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.server.anonymous(method, path).bearer_auth(&self.token)
    }

    /// Asks for a job without waiting.
    pub(crate) async fn lease(&self) -> Option<JobMessage> {
        self.lease_as(ClaimId(Uuid::now_v7())).await
    }

    pub(crate) async fn lease_as(&self, claim: ClaimId) -> Option<JobMessage> {
        let answer = self
            .request(Method::POST, routes::LEASE)
            .json(&LeaseRequest { claim, wait_ms: 0 })
            .send()
            .await
            .expect("an answer");
        match answer.status() {
            StatusCode::NO_CONTENT => None,
            status => {
                assert_eq!(status, StatusCode::OK);
                Some(answer.json().await.expect("a job"))
            }
        }
    }

    /// Reports that the first step runs.
    pub(crate) async fn start_step(&self, job: &JobMessage) -> StatusCode {
        let update = StepUpdate {
            number: 1,
            revision: 1,
            name: "Set up job".to_owned(),
            status: StepStatus::InProgress,
            conclusion: None,
            outcome: None,
            started_at: Some(Utc::now()),
            completed_at: None,
        };
        let updates = StepUpdates { lease: job.lease, updates: vec![update] };
        self.status(self.request(Method::PUT, &routes::steps(job.job_id)).json(&updates)).await
    }

    pub(crate) async fn log(&self, job: &JobMessage, sequence: u64, text: &str) -> StatusCode {
        let chunk =
            LogChunk { sequence, step_number: 1, first_line: sequence, text: text.to_owned() };
        let chunks = LogChunks { lease: job.lease, chunks: vec![chunk] };
        self.status(self.request(Method::PUT, &routes::log(job.job_id)).json(&chunks)).await
    }

    /// Sends the summary of the first step.
    pub(crate) async fn summary(&self, job: &JobMessage, markdown: &str) -> StatusCode {
        let markdown = markdown.to_owned();
        let summary = StepSummary { lease: job.lease, step_number: 1, markdown };
        self.status(self.request(Method::PUT, &routes::summary(job.job_id)).json(&summary)).await
    }

    pub(crate) async fn complete(&self, job: &JobMessage, end: End<'_>) -> StatusCode {
        let outputs: BTreeMap<String, String> =
            end.outputs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let completion = CompleteJob {
            lease: job.lease,
            conclusion: end.conclusion,
            outputs,
            annotations: Vec::new(),
            environment_url: None,
            infrastructure_error: None,
            log_chunks: end.log_chunks,
        };
        let path = routes::complete(job.job_id);
        self.status(self.request(Method::POST, &path).json(&completion)).await
    }

    async fn status(&self, request: RequestBuilder) -> StatusCode {
        request.send().await.expect("an answer").status()
    }
}

/// How a job ends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct End<'a> {
    pub(crate) conclusion: Conclusion,
    pub(crate) outputs: &'a [(&'a str, &'a str)],
    pub(crate) log_chunks: u64,
}

impl End<'_> {
    pub(crate) const SUCCESS: End<'static> =
        End { conclusion: Conclusion::Success, outputs: &[], log_chunks: 0 };
}
