//! The blob store, through `object_store`.
//!
//! Knows no domain: keys are chosen by the callers. Today a folder of the data directory.

use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use object_store::ObjectStore;
use object_store::local::LocalFileSystem;

/// Opens `<data_dir>/objects`, which is created when missing.
pub fn open(data_dir: &Path) -> anyhow::Result<Arc<dyn ObjectStore>> {
    let directory = data_dir.join("objects");
    // Logs are nobody else's business, and others may pass through the data directory.
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&directory)
        .with_context(|| format!("creating `{}`", directory.display()))?;
    let store = LocalFileSystem::new_with_prefix(&directory)
        .with_context(|| format!("opening `{}`", directory.display()))?
        .with_automatic_cleanup(false);
    Ok(Arc::new(store))
}
