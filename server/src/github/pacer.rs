//! One change at GitHub per second, in the long run.
//!
//! GitHub allows 80 requests a minute that create content, and slows everybody down who exceeds that.
//! Invariant: turns are given in the order in which they were asked for.

use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

/// The pause between two changes, once the first ones are used up.
const PAUSE: Duration = Duration::from_secs(1);

/// So many changes go at once after a quiet time: a run with some jobs shows at once.
const AT_ONCE: u32 = 10;

/// Gives turns.
#[derive(Debug)]
pub(super) struct Pacer {
    /// When everything that was allowed so far would have been paid for by waiting.
    paid_at: Mutex<Instant>,
}

impl Default for Pacer {
    fn default() -> Self {
        Self { paid_at: Mutex::new(Instant::now()) }
    }
}

impl Pacer {
    /// Returns when a change may be made.
    pub(super) async fn turn(&self) {
        let mut paid_at = self.paid_at.lock().await;
        let (turn_at, now_paid_at) = next_turn(*paid_at, Instant::now());
        *paid_at = now_paid_at;
        tokio::time::sleep_until(turn_at).await;
    }
}

/// When the next change may be made, and when it will be paid for.
fn next_turn(paid_at: Instant, now: Instant) -> (Instant, Instant) {
    let paid_at = paid_at.max(now) + PAUSE;
    (now.max(paid_at.checked_sub(PAUSE * AT_ONCE).unwrap_or(now)), paid_at)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::next_turn;

    #[test]
    fn after_the_first_ten_there_is_one_turn_a_second() {
        let started = Instant::now();
        let (mut now, mut paid_at) = (started, started);
        let mut take = |now: &mut Instant, n_turns: u32| {
            for _ in 0..n_turns {
                (*now, paid_at) = next_turn(paid_at, *now);
            }
            now.duration_since(started).as_secs()
        };
        assert_eq!(take(&mut now, 10), 0);
        assert_eq!(take(&mut now, 20), 20);
        // A rest of three seconds is worth three turns.
        now += Duration::from_secs(3);
        assert_eq!(take(&mut now, 3), 23);
        assert_eq!(take(&mut now, 1), 24);
    }
}
