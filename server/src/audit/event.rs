//! An event of the audit log, before and after it is sealed.

use chrono::{DateTime, Utc};
use gantry_protocol::JobId;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Who does something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// A person or a program, by login.
    Account(String),
    /// A job that is being run.
    Job(JobId),
    /// Gantry itself.
    Server,
    /// Somebody without a credential that we know.
    Anonymous,
}

impl Actor {
    /// The word that is stored.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Account(_) => "account",
            Self::Job(_) => "job",
            Self::Server => "server",
            Self::Anonymous => "anonymous",
        }
    }

    /// Login or number; empty where there is none.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Account(login) => login.clone(),
            Self::Job(job) => job.0.to_string(),
            Self::Server | Self::Anonymous => String::new(),
        }
    }
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// As asked for.
    Done,
    /// The request was not acceptable, or failed on our side.
    Failed,
    /// The actor is not entitled.
    Refused,
}

impl Outcome {
    /// The word that is stored. `unknown`, for a server that ended in between, is never written by
    /// a request.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Refused => "refused",
        }
    }
}

/// The number of an event that has no outcome yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventId(pub(super) i64);

/// What is about to be done.
#[derive(Clone, Debug)]
pub struct NewEvent {
    pub actor: Actor,
    pub address: Option<String>,
    /// `noun.verb`, for example `secret.write`.
    pub action: &'static str,
    /// `owner/name`.
    pub repository: Option<String>,
    /// What it is done to, for example `run=10001`.
    pub target: Option<String>,
}

/// A sealed event, as exported: one line of JSON each, with the fields in this order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditEntry {
    /// From 1, without gaps.
    pub sequence: i64,
    pub at: DateTime<Utc>,
    pub actor_kind: String,
    pub actor: String,
    pub address: Option<String>,
    pub action: String,
    pub repository: Option<String>,
    pub target: Option<String>,
    /// `done`, `failed`, `refused` or `unknown`.
    pub outcome: String,
    /// What the action adds; never a secret's value.
    pub detail: Value,
    /// The `hash` of the entry before this one in hexadecimal digits; 64 zeros for the first.
    pub previous_hash: String,
    /// SHA-256 of this entry as JSON without this field, in hexadecimal digits.
    pub hash: String,
}
