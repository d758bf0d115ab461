//! Paths of the runner protocol, relative to the server's URL.
//!
//! Every request but the registration carries `Authorization: Bearer <runner token>`; the
//! registration carries the registration token. Errors have GitHub's shape `{"message": "..."}`:
//! 401 unknown token, 403 not this runner's job, 404 unknown job, 409 stale lease (stop the job,
//! send nothing more), 413 too large, 429 and 5xx try again. A completion whose log chunks have not
//! all arrived is answered 429: send the missing ones, then complete again.

use crate::ids::JobId;

pub const REGISTER: &str = "/runner/v1/register";
pub const LEASE: &str = "/runner/v1/lease";

#[must_use]
pub fn renew(job: JobId) -> String {
    format!("/runner/v1/jobs/{job}/renew")
}

#[must_use]
pub fn steps(job: JobId) -> String {
    format!("/runner/v1/jobs/{job}/steps")
}

#[must_use]
pub fn log(job: JobId) -> String {
    format!("/runner/v1/jobs/{job}/log")
}

#[must_use]
pub fn summary(job: JobId) -> String {
    format!("/runner/v1/jobs/{job}/summary")
}

#[must_use]
pub fn complete(job: JobId) -> String {
    format!("/runner/v1/jobs/{job}/complete")
}
