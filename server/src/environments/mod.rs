//! Environments, their rules, and the reviews of deployments.
