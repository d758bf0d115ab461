//! Repeats a unit of work that met a database that was restarting.
//!
//! Invariant: only for work that may happen twice without harm.

use std::future::Future;
use std::time::Duration;

use tokio::time::Instant;

/// GitHub waits 10 s for an answer and does not try again by itself.
const PATIENCE: Duration = Duration::from_secs(7);

/// A restart takes 50 ms, recovery after a crash a few hundred.
const PAUSE: Duration = Duration::from_millis(100);

/// Runs `work` until it succeeds, fails for a reason that stays, or seven seconds have passed.
pub async fn retry_idempotent<T, F>(mut work: impl FnMut() -> F) -> sqlx::Result<T>
where
    F: Future<Output = sqlx::Result<T>>,
{
    let deadline = Instant::now() + PATIENCE;
    loop {
        match work().await {
            Err(error) if is_passing(&error) && Instant::now() < deadline => {
                tokio::time::sleep(PAUSE).await;
            }
            done => return done,
        }
    }
}

/// The connection is gone, the server starts or stops (57P), has no resources (53), has become
/// read-only (25006), or two transactions were in each other's way (40).
#[must_use]
pub fn is_passing(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut => true,
        sqlx::Error::Database(error) => error.code().is_some_and(|code| {
            ["57P", "53", "08", "40"].iter().any(|class| code.starts_with(class)) || code == "25006"
        }),
        _ => false,
    }
}
