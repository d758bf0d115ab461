//! The engine's errors as sentences.

use bollard::errors::Error;

use crate::infra_error::InfraError;

/// The engine's own words, without the client library's frame around them.
pub(super) fn reason(error: &Error) -> String {
    match error {
        Error::DockerResponseServerError { message, .. } => message.trim().to_owned(),
        Error::DockerStreamError { error } => error.clone(),
        other => other.to_string(),
    }
}

/// Names the operation that was refused.
pub(super) fn refused(operation: impl Into<String>) -> impl FnOnce(Error) -> InfraError {
    let operation = operation.into();
    move |error| InfraError::Engine { operation, reason: reason(&error) }
}

pub(super) fn is_conflict(error: &Error) -> bool {
    matches!(error, Error::DockerResponseServerError { status_code: 409, .. })
}

pub(super) fn is_missing(error: &Error) -> bool {
    matches!(error, Error::DockerResponseServerError { status_code: 404, .. })
}
