//! When a failed effect is tried again.
//!
//! Pure: does not look at clocks or rows.

use std::time::Duration;

/// Delay after the first failure; doubled with each further one.
const FIRST_DELAY: Duration = Duration::from_secs(1);

/// Longest delay between two attempts, so that an effect follows soon after an outage.
const LONGEST_DELAY: Duration = Duration::from_secs(300);

/// How long to wait after attempt number `n_attempts` (from 1) has failed. What the other side asks
/// for wins when it is longer.
#[must_use]
pub fn retry_delay(n_attempts: i32, asked_for: Option<Duration>) -> Duration {
    let doublings = u32::try_from(n_attempts.saturating_sub(1)).unwrap_or(0).min(16);
    let delay = FIRST_DELAY.saturating_mul(1 << doublings).min(LONGEST_DELAY);
    asked_for.map_or(delay, |asked| asked.max(delay))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_five_minutes_and_respect_what_is_asked_for() {
        let seconds = |n| retry_delay(n, None).as_secs();
        assert_eq!([1, 2, 3, 9, 10, 1000].map(seconds), [1, 2, 4, 256, 300, 300]);
        assert_eq!(retry_delay(1, Some(Duration::from_secs(60))).as_secs(), 60);
        assert_eq!(retry_delay(7, Some(Duration::from_secs(1))).as_secs(), 64);
    }
}
