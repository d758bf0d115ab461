//! A runner becomes known to a server.

use serde::{Deserialize, Serialize};

use crate::ids::RunnerId;

/// `POST` [`crate::routes::REGISTER`], authorized by a registration token.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RegisterRequest {
    /// Unique per server; registering an existing name again replaces its token.
    pub name: String,
    /// What `runs-on` may ask for: `ubuntu-latest`, `self-hosted`, `linux`, `x64`, ...
    pub labels: Vec<String>,
    /// Version of the runner program.
    pub version: String,
}

/// The runner's identity. `token` authorizes every later call.
#[derive(Clone, Serialize, Deserialize)]
pub struct RegisterResponse {
    pub runner_id: RunnerId,
    pub token: String,
}

impl std::fmt::Debug for RegisterResponse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RegisterResponse")
            .field("runner_id", &self.runner_id)
            .finish_non_exhaustive()
    }
}
