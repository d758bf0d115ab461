//! Event to workflows to run; cron; manual dispatch.

use crate::App;
use crate::repositories::Repository;

#[derive(Clone, Debug)]
pub struct Dispatch {
    pub repository: Repository,
    pub workflow: String,
    pub git_ref: String,
    pub inputs: serde_json::Map<String, serde_json::Value>,
    pub actor: String,
}

#[derive(Debug, thiserror::Error)]
pub enum DispatchError {
    #[error("there is no such workflow")]
    NotFound,
    #[error("{0}")]
    Invalid(String),
    #[error(transparent)]
    Other(#[from] anyhow::Error),
}

pub async fn dispatch(app: &App, request: Dispatch) -> Result<(), DispatchError> {
    let _ = (app, request);
    Err(DispatchError::NotFound)
}
