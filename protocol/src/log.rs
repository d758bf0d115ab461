//! Pieces of a job's log.

use serde::{Deserialize, Serialize};

use crate::ids::LeaseToken;

/// `PUT` [`crate::routes::log`]. Chunks that follow each other; all are stored or none is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogChunks {
    pub lease: LeaseToken,
    pub chunks: Vec<LogChunk>,
}

/// Whole lines of one step, masked and time-stamped by the runner. Sequence numbers of a job start
/// at 0 and have no gaps; a chunk that is already stored is accepted and ignored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogChunk {
    pub sequence: u64,
    /// As in the jobs API; 1 is "Set up job".
    pub step_number: u32,
    /// Index within the step of the chunk's first line, from 0.
    pub first_line: u64,
    /// Lines `2026-08-17T09:03:12.1234567Z text`, each ended by `\n`.
    pub text: String,
}

/// Largest `text` of all chunks that a runner sends at once, in bytes. The server refuses more than
/// four times this with 413.
pub const MAX_CHUNK_BYTES: usize = 1024 * 1024;
