//! What the built-in actions for artifacts and caches are made of: the job's files, archives of them, and
//! the server's store.
//!
//! Does not know steps and their inputs ([`crate::steps`]). Invariant: an archive is a stream from the
//! job's container to the server, or back: no copy of it is kept on this machine.

mod client;
mod connection;
mod downloads;
mod glob;
mod remote_file;
mod tar_stream;
mod uploads;
mod zip_stream;

pub(crate) use client::{StoreClient, store_client, text_of};
pub(crate) use connection::{JobFiles, open_files};
pub(crate) use downloads::{unpack_artifact, unpack_cache};
pub(crate) use glob::{Search, has_wildcards, name_matches};
pub(crate) use uploads::{Uploaded, upload_cache, upload_file, upload_legacy, upload_zip};
