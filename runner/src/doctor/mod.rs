//! What is missing or unsafe on a machine that is to run jobs.
//!
//! Looks and changes nothing. Invariant: a check that could not be made is a finding of its own,
//! never silence.

mod engine;
mod finding;
mod machine;

pub use finding::{Finding, Severity};

use crate::config::RunnerConfig;

/// Looks at the machine as a runner with this configuration would use it.
pub async fn examine(config: &RunnerConfig) -> Vec<Finding> {
    let mut findings = machine::examine(config);
    findings.extend(engine::examine(config).await);
    findings
}
