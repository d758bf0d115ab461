//! Room on the disk before a job is taken.
//!
//! Invariant: a runner without room leaves jobs to others and says why, once, until there is room again.

use std::time::Duration;

use nix::sys::statvfs::statvfs;
use tokio::time::sleep;

use crate::execution::Host;

/// Between two looks at a disk that is full.
const PAUSE: Duration = Duration::from_secs(2);

/// Makes room where the operator wants more of it, and waits as long as there is not enough for a job.
pub(super) async fn wait_for_room(host: &Host) {
    let disk = host.config.disk;
    let mut has_said = false;
    loop {
        let free = free_mib(host);
        if free < disk.low_mib {
            prune(host).await;
        }
        let free = free_mib(host);
        if free >= disk.least_mib {
            if has_said {
                tracing::info!(free_mib = free, "there is room again; jobs are taken");
            }
            return;
        }
        if !has_said {
            tracing::error!(
                free_mib = free,
                least_mib = disk.least_mib,
                directory = %host.config.work_directory.display(),
                "no jobs are taken: the disk of the work directory is nearly full; make room, or allow \
                 less with --disk-least-mib"
            );
            has_said = true;
        }
        sleep(PAUSE).await;
    }
}

/// What cannot be found out is no reason to stand still.
fn free_mib(host: &Host) -> u64 {
    statvfs(&host.config.work_directory)
        .map_or(u64::MAX, |disk| (disk.blocks_available() * disk.fragment_size()) >> 20)
}

/// Removes images that are kept for later jobs, the one that was not used for longest first.
async fn prune(host: &Host) {
    let kept = match host.backend.kept_images(&host.installation).await {
        Ok(kept) => kept,
        Err(error) => {
            tracing::warn!(%error, "images cannot be listed to make room");
            return;
        }
    };
    let mut images: Vec<_> = kept.into_iter().map(|name| (host.last_use(&name), name)).collect();
    images.sort();
    for (_, name) in images {
        if free_mib(host) >= host.config.disk.high_mib {
            return;
        }
        match host.backend.remove_image(&name).await {
            Ok(true) => tracing::info!(image = name, "image of an action removed to make room"),
            // A job uses it.
            Ok(false) => {}
            Err(error) => tracing::warn!(%error, image = name, "image not removed"),
        }
    }
}
