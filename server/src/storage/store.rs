//! Where objects lie: a folder of the data directory, or a store that a URL names.

use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use object_store::prefix::PrefixStore;

use crate::config;

/// Opens the store at `url`, with the credentials that its own environment variables name (`AWS_...`);
/// else `<data_dir>/objects`, which is created when missing.
pub fn open(data_dir: &Path, url: Option<&str>) -> anyhow::Result<Arc<dyn ObjectStore>> {
    match url {
        Some(url) => open_url(url).with_context(|| format!("opening the store `{url}`")),
        None => open_folder(data_dir),
    }
}

fn open_url(url: &str) -> anyhow::Result<Arc<dyn ObjectStore>> {
    let url = url::Url::parse(url)?;
    let (store, prefix) = object_store::parse_url_opts(&url, config::storage_variables())?;
    Ok(Arc::new(PrefixStore::new(store, prefix)))
}

fn open_folder(data_dir: &Path) -> anyhow::Result<Arc<dyn ObjectStore>> {
    let directory = data_dir.join("objects");
    // What jobs wrote is nobody else's business, and others may pass through the data directory.
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
