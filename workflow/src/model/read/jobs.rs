//! `jobs:` as a whole: ids, then each job, then their needs.

use super::keys::named;
use super::needs::{self, Written};
use super::{identifier, job};
use crate::diagnostic::Diagnostics;
use crate::model::{Job, JobId};
use crate::template::Token;

pub(super) fn read(diagnostics: &mut Diagnostics, token: Token) -> Vec<Job> {
    let position = token.position;
    let mut written = Vec::new();
    let mut jobs = Vec::new();
    for (name, key, body) in named(token) {
        identifier::check(diagnostics, &name, key.position);
        let id = JobId(name);
        written.push(Written::new(&id, body.get("needs")));
        jobs.push(job::read(diagnostics, (id, key.position), body));
    }
    let needs = needs::resolve(diagnostics, &written, position);
    let with_needs = |(job, needs): (Option<Job>, Vec<JobId>)| job.map(|job| Job { needs, ..job });
    jobs.into_iter().zip(needs).filter_map(with_needs).collect()
}
