//! Asking for work, keeping it, and being told to stop.

use serde::{Deserialize, Serialize};

use crate::ids::{ClaimId, LeaseToken};

/// `POST` [`crate::routes::LEASE`]. Answered 200 with a [`crate::JobMessage`], or 204 when nothing
/// came up within `wait_ms`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LeaseRequest {
    pub claim: ClaimId,
    /// How long the server may hold the request. The server caps it at 50 s.
    pub wait_ms: u64,
}

/// `POST` [`crate::routes::renew`]. Held by the server until a cancellation is asked for that the
/// runner does not know of, or `wait_ms` have passed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RenewRequest {
    pub lease: LeaseToken,
    pub wait_ms: u64,
    /// The runner has seen the cancel request already.
    pub cancel_seen: bool,
}

/// The lease is good for another `expires_in_ms` from when the server answered.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RenewResponse {
    pub expires_in_ms: u64,
    pub cancel: Option<CancelRequest>,
}

/// The server asks the runner to end the job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CancelRequest {
    /// For people: "the run was cancelled by alice", "the job exceeded 360 minutes".
    pub reason: String,
    /// The job ran into its time limit, so it concludes as `timed_out` instead of `cancelled`.
    pub timed_out: bool,
}
