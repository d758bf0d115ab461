//! Why a call to the server failed, by what the runner has to do about it.

/// A failed call.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClientError {
    /// Nobody listens there, or a proxy says that nobody does: the server is down, so nobody else
    /// gets the job meanwhile.
    #[error("the server is down: {0}")]
    Down(String),
    /// No answer, or one that does not say anything about our lease.
    #[error("the server does not answer: {0}")]
    Unreachable(String),
    /// 401: the runner's token is unknown.
    #[error("the server does not know this runner: {0}")]
    Unauthorized(String),
    /// 403, 404, 409: the job is not ours any more.
    #[error("the server refused the job's lease: {0}")]
    LeaseRefused(String),
    /// Another answer that trying again would not change.
    #[error("the server refused the request with {status}: {message}")]
    Rejected { status: u16, message: String },
}

impl ClientError {
    pub(crate) fn may_pass(&self) -> bool {
        matches!(self, Self::Down(_) | Self::Unreachable(_))
    }

    pub(super) fn from_transport(error: &reqwest::Error) -> Self {
        let text = full_text(error);
        if error.is_connect() && was_refused(error) {
            Self::Down(text)
        } else {
            Self::Unreachable(text)
        }
    }

    pub(super) fn from_status(status: u16, message: String) -> Self {
        match status {
            401 => Self::Unauthorized(message),
            403 | 404 | 409 => Self::LeaseRefused(message),
            502..=504 => Self::Down(format!("{status} {message}")),
            408 | 429 | 500.. => Self::Unreachable(format!("{status} {message}")),
            _ => Self::Rejected { status, message },
        }
    }
}

fn was_refused(error: &reqwest::Error) -> bool {
    causes(error).any(|cause| {
        cause
            .downcast_ref::<std::io::Error>()
            .is_some_and(|io| io.kind() == std::io::ErrorKind::ConnectionRefused)
    })
}

/// reqwest's own text is "error sending request"; the reason is in its causes.
fn full_text(error: &reqwest::Error) -> String {
    causes(error).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

fn causes<'a>(
    error: &'a reqwest::Error,
) -> impl Iterator<Item = &'a (dyn std::error::Error + 'static)> {
    std::iter::successors(Some(error as &(dyn std::error::Error + 'static)), |error| error.source())
}
