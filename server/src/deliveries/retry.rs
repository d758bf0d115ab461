//! When a delivery that failed is tried again, and when it is given up.

use std::time::Duration;

/// A delivery that failed this often ends as `failed`. With the pauses below that is after about a
/// quarter of an hour, long enough for a repository that lags behind its webhook.
pub(super) const MAX_ATTEMPTS: i32 = 10;

/// The longest pause between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_mins(5);

/// The pauses after the first attempt, the second, and so on, in seconds.
pub(super) fn pauses_seconds() -> Vec<f64> {
    (1..=MAX_ATTEMPTS).map(|n_attempts| pause(n_attempts).as_secs_f64()).collect()
}

/// The pause after attempt `n_attempts`: 1 s, 2 s, 4 s, ... 5 min.
fn pause(n_attempts: i32) -> Duration {
    let doublings = u32::try_from(n_attempts.saturating_sub(1)).unwrap_or(0).min(16);
    Duration::from_secs(1 << doublings).min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_five_minutes() {
        let seconds: Vec<u64> = (1..=10).map(|n| pause(n).as_secs()).collect();
        assert_eq!(seconds, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300]);
        assert_eq!(pause(i32::MAX), LONGEST_PAUSE);
    }
}
