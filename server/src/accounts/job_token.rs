//! The credential with which a job clones its repository.
//!
//! Signed, not stored. Does not know whether the job still runs: who verifies a token compares its
//! lease with the job's row, so the token dies with the lease.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gantry_protocol::{JobId, LeaseToken};

use super::access::JobIdentity;
use crate::secrets::Vault;

const PREFIX: &str = "gantry_job_";
const PURPOSE: &str = "job token v1";

/// A token that names the job and its lease.
#[must_use]
pub fn job_token(vault: &Vault, identity: JobIdentity) -> String {
    let claims = claims(identity);
    let code = URL_SAFE_NO_PAD.encode(vault.sign(PURPOSE, claims.as_bytes()));
    format!("{PREFIX}{claims}.{code}")
}

/// Whose token it is; `None` when we did not sign it.
#[must_use]
pub fn verify_job_token(vault: &Vault, token: &str) -> Option<JobIdentity> {
    let mut parts = token.strip_prefix(PREFIX)?.splitn(3, '.');
    let job: JobId = parts.next()?.parse().ok()?;
    let lease = LeaseToken(parts.next()?.parse().ok()?);
    let code = URL_SAFE_NO_PAD.decode(parts.next()?).ok()?;
    let identity = JobIdentity { job, lease };
    vault.verify(PURPOSE, claims(identity).as_bytes(), &code).then_some(identity)
}

fn claims(identity: JobIdentity) -> String {
    format!("{}.{}", identity.job, identity.lease)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_names_its_job_and_cannot_be_altered() {
        let dir = tempfile::tempdir().expect("a directory");
        let vault = Vault::open(dir.path()).expect("a vault");
        let identity = JobIdentity { job: JobId(100_001), lease: LeaseToken(2) };
        let token = job_token(&vault, identity);
        assert_eq!(verify_job_token(&vault, &token), Some(identity));
        let other_job = token.replace("100001", "100002");
        let other_lease = token.replace(".2.", ".3.");
        for forged in [&other_job, &other_lease, &token[..token.len() - 1], "", "gantry_job_1.1."] {
            assert_eq!(verify_job_token(&vault, forged), None, "{forged}");
        }
    }
}
