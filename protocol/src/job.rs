//! Everything a runner needs to run one job.

use std::collections::BTreeMap;
use std::fmt;

use gantry_workflow::expr::Value;
use gantry_workflow::model::{Access, Job, RunDefaults};
use gantry_workflow::plan::FileSource;
use gantry_workflow::template::Token;
use serde::{Deserialize, Serialize};

use crate::ids::{JobId, LeaseToken, RunId};

/// A leased job. Secrets are in it as plaintext: it is never logged and never stored.
#[derive(Clone, Serialize, Deserialize)]
pub struct JobMessage {
    pub job_id: JobId,
    pub run_id: RunId,
    pub run_attempt: u32,
    pub lease: LeaseToken,
    pub lease_expires_in_ms: u64,
    /// GitHub's display name: `test (3.11, linux)`.
    pub name: String,
    /// The labels of `runs-on`, evaluated.
    pub runs_on: Vec<String>,
    /// Minutes.
    pub timeout_minutes: u32,
    /// Minutes that steps with `if: always()` have after a cancellation.
    #[serde(default = "default_cancel_timeout_minutes")]
    pub cancel_timeout_minutes: u32,
    /// What the file says outside this job.
    pub workflow: WorkflowSettings,
    /// The job as in the file; its kind is `Steps`.
    pub job: Job,
    pub contexts: JobContexts,
    /// Only the secrets the job may see.
    pub secrets: BTreeMap<String, String>,
    /// What `github.token` may do, by scope; those without access are left out.
    #[serde(default)]
    pub permissions: Vec<(String, Access)>,
    /// `github.token`.
    pub github_token: String,
    pub repository: JobRepository,
    pub policy: JobPolicy,
    /// What actions (not scripts) find the server's artifacts and caches with; `None` while the server
    /// offers none.
    #[serde(default)]
    pub runtime: Option<ActionsRuntime>,
}

/// Where the clients within actions send their requests.
#[derive(Clone, Serialize, Deserialize)]
pub struct ActionsRuntime {
    /// `ACTIONS_RUNTIME_URL`
    pub url: String,
    /// `ACTIONS_RUNTIME_TOKEN`
    pub token: String,
    /// `ACTIONS_RESULTS_URL`
    pub results_url: String,
    /// `ACTIONS_CACHE_URL`, for old clients.
    pub cache_url: Option<String>,
    /// Only for a job with `id-token: write`.
    #[serde(default)]
    pub id_token: Option<IdTokenRequest>,
}

/// With which a job asks for identity tokens.
#[derive(Clone, Serialize, Deserialize)]
pub struct IdTokenRequest {
    /// `ACTIONS_ID_TOKEN_REQUEST_URL`; it has a query, to which clients append.
    pub url: String,
    /// `ACTIONS_ID_TOKEN_REQUEST_TOKEN`
    pub token: String,
}

/// GitHub's, for a message of a server that does not say.
fn default_cancel_timeout_minutes() -> u32 {
    5
}

/// Workflow-level keys that the runner evaluates.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WorkflowSettings {
    pub env: Option<Token>,
    pub defaults: RunDefaults,
    /// The file that declares the job; not that of its caller.
    #[serde(default)]
    pub source: Option<FileSource>,
    /// The file was called by a job of another one.
    #[serde(default)]
    pub is_called: bool,
}

/// The contexts as the server knows them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct JobContexts {
    /// Without `token`, `workspace`, `action*` and the other entries the runner adds. Its `event`
    /// is the payload.
    pub github: Value,
    pub inputs: Value,
    pub vars: Value,
    pub needs: Value,
    pub strategy: Value,
    pub matrix: Value,
}

/// Where the repository's files come from.
#[derive(Clone, Serialize, Deserialize)]
pub struct JobRepository {
    /// `owner/name`.
    pub full_name: String,
    /// Smart-HTTP URL.
    pub clone_url: String,
    /// Password for `clone_url` with user `x-access-token`; empty when none is needed.
    pub clone_token: String,
}

/// What the operator allows this job.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobPolicy {
    /// The engine's socket may be mounted into the job container.
    pub docker_socket: bool,
}

impl fmt::Debug for JobMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobMessage")
            .field("job_id", &self.job_id)
            .field("run_id", &self.run_id)
            .field("lease", &self.lease)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for ActionsRuntime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ActionsRuntime").field("url", &self.url).finish_non_exhaustive()
    }
}

impl fmt::Debug for IdTokenRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdTokenRequest").field("url", &self.url).finish_non_exhaustive()
    }
}

impl fmt::Debug for JobRepository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobRepository")
            .field("full_name", &self.full_name)
            .field("clone_url", &self.clone_url)
            .finish_non_exhaustive()
    }
}
