//! Trying again until it works or cannot work.

use std::future::Future;
use std::time::Duration;

use tokio::time::sleep;

use super::error::ClientError;

/// First pause; each next one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// Longest pause: a server that is back is used within that time.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Growing pauses with jitter, so that a thousand runners do not come back in the same moment.
#[derive(Debug)]
pub(crate) struct Backoff(Duration);

impl Backoff {
    pub(crate) fn new() -> Self {
        Self(FIRST_PAUSE)
    }

    pub(crate) async fn pause(&mut self) {
        let jitter = rand::random_range(0.5..1.0);
        sleep(self.0.mul_f64(jitter)).await;
        self.0 = (self.0 * 2).min(LONGEST_PAUSE);
    }
}

/// Repeats `call` as long as its error may pass. Whoever wants to bound it drops the future.
pub(crate) async fn persistently<T, F>(mut call: impl FnMut() -> F) -> Result<T, ClientError>
where
    F: Future<Output = Result<T, ClientError>>,
{
    let mut backoff = Backoff::new();
    loop {
        match call().await {
            Err(error) if error.may_pass() => {
                tracing::debug!(%error, "trying again");
                backoff.pause().await;
            }
            result => return result,
        }
    }
}
