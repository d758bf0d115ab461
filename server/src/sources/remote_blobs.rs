//! Blobs of GitHub that were read, by repository and id, in bounded memory.
//!
//! Most pushes change no workflow file, and then nothing but the list of files is asked for.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

/// Most that is kept, in bytes; when it is reached, all of it goes. Workflow files are some
/// kilobytes, so that hardly ever happens.
const MAX_BYTES: usize = 32 * 1024 * 1024;

#[derive(Default)]
struct Kept {
    blobs: HashMap<(String, String), Vec<u8>>,
    n_bytes: usize,
}

static KEPT: LazyLock<Mutex<Kept>> = LazyLock::new(Mutex::default);

/// `place` is part of the key, so that nobody reads another repository's blob by its id.
pub(super) fn get(place: &str, sha: &str) -> Option<Vec<u8>> {
    let kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    kept.blobs.get(&(place.to_owned(), sha.to_owned())).cloned()
}

pub(super) fn put(place: &str, sha: &str, bytes: &[u8]) {
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    if kept.n_bytes + bytes.len() > MAX_BYTES {
        *kept = Kept::default();
    }
    kept.n_bytes += bytes.len();
    kept.blobs.insert((place.to_owned(), sha.to_owned()), bytes.to_vec());
}
