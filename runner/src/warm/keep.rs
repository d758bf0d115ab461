//! Keeps the pool as full as the operator wants it.
//!
//! Invariant: when this ends, no container waits for a job any more.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::make::Maker;
use super::pool::WarmPool;
use crate::infra_error::InfraError;

/// A job that has just got a container has the machine for itself this long, before another
/// container is started beside it.
const REFILL_PAUSE: Duration = Duration::from_secs(1);

/// How often what nobody tells is looked at: dead containers, new images, memory that is free again.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Makes, replaces and removes containers until `shutdown`, and then removes them all.
pub(crate) async fn keep(maker: Arc<Maker>, pool: Arc<WarmPool>, shutdown: CancellationToken) {
    if let Some(image) = maker.config.image_for(&[]) {
        pool.note_use(image);
    }
    // A container that is being made is finished first, or nobody would know of it.
    while !shutdown.is_cancelled() {
        if let Err(error) = fill(&maker, &pool, &shutdown).await {
            tracing::warn!(%error, "no container made ready for the next job");
        }
        let next_end = pool.next_end(maker.config.warm.max_age).unwrap_or(LONGEST_PAUSE);
        tokio::select! {
            () = pool.until_taken() => {
                tokio::select! { () = sleep(REFILL_PAUSE) => {}, () = shutdown.cancelled() => {} }
            }
            () = sleep(next_end.min(LONGEST_PAUSE)) => {}
            () = shutdown.cancelled() => {}
        }
    }
    for warm in pool.take_all() {
        maker.discard(warm).await;
    }
}

/// Removes what is not fit any more, and makes what is missing.
async fn fill(
    maker: &Maker,
    pool: &WarmPool,
    shutdown: &CancellationToken,
) -> Result<(), InfraError> {
    let policy = &maker.config.warm;
    let mut wanted = Vec::new();
    for image in pool.most_used(policy.images) {
        // An image that is not here is fetched by the first job that needs it.
        if let Some(id) = maker.backend.image_id(&image).await? {
            wanted.push((image, id));
        }
    }
    for warm in pool.take_unfit(&wanted, policy.max_age) {
        maker.discard(warm).await;
    }
    for (image, _) in &wanted {
        while pool.count(image) < policy.per_image(maker.config.slots) {
            if shutdown.is_cancelled() || !maker.has_free_memory() {
                return Ok(());
            }
            pool.put(maker.make(image).await?);
        }
    }
    Ok(())
}
