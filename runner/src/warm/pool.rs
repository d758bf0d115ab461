//! The containers that are ready, and who gets them.
//!
//! Does not start or remove any. Invariant: a container leaves the pool with whoever takes it, in one
//! step.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use super::make::Warm;
use super::wanted::Uses;

/// What is ready.
#[derive(Debug, Default)]
pub(crate) struct WarmPool {
    contents: Mutex<Contents>,
    /// Something was taken.
    taken: Notify,
}

#[derive(Debug, Default)]
struct Contents {
    ready: Vec<Warm>,
    uses: Uses,
}

impl WarmPool {
    fn contents(&self) -> MutexGuard<'_, Contents> {
        self.contents.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A container of `image`, if one is ready; it now belongs to the caller. `image_id` is what the
    /// image is at this moment.
    pub(crate) fn take(&self, image: &str, image_id: &str) -> Option<Warm> {
        let mut contents = self.contents();
        let fits = |warm: &Warm| warm.is_of(image) && warm.image_id == image_id && warm.is_alive();
        let position = contents.ready.iter().position(fits)?;
        let warm = contents.ready.remove(position);
        self.taken.notify_one();
        Some(warm)
    }

    /// Whether taking one may succeed, so that nobody looks at an image in vain.
    pub(crate) fn has(&self, image: &str) -> bool {
        self.contents().ready.iter().any(|warm| warm.is_of(image))
    }

    /// Counts a job that used `image` and could have used a container of the pool.
    pub(crate) fn note_use(&self, image: &str) {
        self.contents().uses.note(image);
        self.taken.notify_one();
    }

    /// Until somebody has taken a container or used an image.
    pub(super) async fn until_taken(&self) {
        self.taken.notified().await;
    }

    pub(super) fn most_used(&self, n_images: usize) -> Vec<String> {
        self.contents().uses.most_used(n_images)
    }

    pub(super) fn count(&self, image: &str) -> usize {
        self.contents().ready.iter().filter(|warm| warm.is_of(image)).count()
    }

    pub(super) fn put(&self, warm: Warm) {
        self.contents().ready.push(warm);
    }

    /// Takes out what is dead, too old, or not of an image among `wanted`, as it is now.
    pub(super) fn take_unfit(&self, wanted: &[(String, String)], max_age: Duration) -> Vec<Warm> {
        let is_wanted = |warm: &Warm| {
            wanted.iter().any(|(image, id)| warm.is_of(image) && warm.image_id == *id)
        };
        let is_unfit =
            |warm: &mut Warm| !warm.is_alive() || warm.age() >= max_age || !is_wanted(warm);
        self.contents().ready.extract_if(.., is_unfit).collect()
    }

    /// How long until the oldest container is too old.
    pub(super) fn next_end(&self, max_age: Duration) -> Option<Duration> {
        let oldest = self.contents().ready.iter().map(Warm::age).max()?;
        Some(max_age.saturating_sub(oldest))
    }

    /// Takes out all there are.
    pub(super) fn take_all(&self) -> Vec<Warm> {
        std::mem::take(&mut self.contents().ready)
    }
}
