//! The credential with which a job clones its repository.
//!
//! Signed, not stored. Does not know whether the job still runs: who verifies a token compares its
//! lease with the job's row, so the token dies with the lease.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gantry_protocol::{JobId, LeaseToken};

use super::access::JobIdentity;
use crate::App;

const PREFIX: &str = "gantry_job_";
const PURPOSE: &str = "job token v1";

/// A token that names the job and its lease.
#[must_use]
pub fn job_token(app: &App, identity: JobIdentity) -> String {
    let claims = claims(identity);
    let code = URL_SAFE_NO_PAD.encode(app.vault.sign(PURPOSE, claims.as_bytes()));
    format!("{PREFIX}{claims}.{code}")
}

/// Whose token it is; `None` when we did not sign it.
#[must_use]
pub fn verify_job_token(app: &App, token: &str) -> Option<JobIdentity> {
    let mut parts = token.strip_prefix(PREFIX)?.splitn(3, '.');
    let job: JobId = parts.next()?.parse().ok()?;
    let lease = LeaseToken(parts.next()?.parse().ok()?);
    let code = URL_SAFE_NO_PAD.decode(parts.next()?).ok()?;
    let identity = JobIdentity { job, lease };
    app.vault.verify(PURPOSE, claims(identity).as_bytes(), &code).then_some(identity)
}

fn claims(identity: JobIdentity) -> String {
    format!("{}.{}", identity.job, identity.lease)
}
