//! What the server has of a job's log, on disk, so that a restarted runner neither loses nor
//! repeats a line.
//!
//! Holds numbers only, never text. Invariant: before a chunk is sent its bounds are on disk, so a
//! chunk whose answer was lost is formed again from the same lines under the same number.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::block::Block;
use crate::infra_error::InfraError;

/// Bounds of one chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ChunkBounds {
    pub(crate) sequence: u64,
    pub(crate) step: u32,
    pub(crate) first_line: u64,
    pub(crate) lines: u64,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Record {
    next_sequence: u64,
    /// Lines the server has, by step.
    stored: BTreeMap<u32, u64>,
    /// Sent, and not known to be stored.
    in_flight: Option<ChunkBounds>,
}

/// The record and its file.
#[derive(Debug)]
pub(crate) struct Journal {
    path: PathBuf,
    record: Record,
}

impl Journal {
    /// Goes on from the file, or starts at nothing if there is none.
    pub(crate) fn open(path: PathBuf) -> Result<Self, InfraError> {
        let record = match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map_err(|error| InfraError::disk("reading", &path)(error.into()))?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Record::default(),
            Err(error) => return Err(InfraError::disk("reading", &path)(error)),
        };
        Ok(Self { path, record })
    }

    /// Lines the server has, by step.
    pub(crate) fn stored(&self) -> &BTreeMap<u32, u64> {
        &self.record.stored
    }

    pub(crate) fn in_flight(&self) -> Option<ChunkBounds> {
        self.record.in_flight
    }

    pub(crate) fn chunks(&self) -> u64 {
        self.record.next_sequence
    }

    /// Notes that the next chunk is about to be sent, and answers its number.
    pub(crate) fn begin(&mut self, block: &Block) -> Result<ChunkBounds, InfraError> {
        let bounds = ChunkBounds {
            sequence: self.record.next_sequence,
            step: block.step,
            first_line: block.first_line,
            lines: block.lines,
        };
        if self.record.in_flight != Some(bounds) {
            self.record.in_flight = Some(bounds);
            self.save()?;
        }
        Ok(bounds)
    }

    /// Notes that the server has the chunk. Goes to disk with the next one: until then a restart
    /// only sends it again.
    pub(crate) fn note_stored(&mut self, bounds: ChunkBounds) {
        self.record.in_flight = None;
        self.record.next_sequence = bounds.sequence + 1;
        self.record.stored.insert(bounds.step, bounds.first_line + bounds.lines);
    }

    fn save(&self) -> Result<(), InfraError> {
        let bytes = serde_json::to_vec(&self.record).unwrap_or_default();
        let new = self.path.with_extension("json-new");
        fs::write(&new, bytes).map_err(InfraError::disk("writing", &new))?;
        fs::rename(&new, &self.path).map_err(InfraError::disk("renaming", &new))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unanswered_chunk_keeps_its_bounds_over_a_restart() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log.json");
        let mut journal = Journal::open(path.clone()).unwrap();
        let mut block = Block::new(1, 0);
        (0..5).for_each(|_| block.push("T", "x"));
        let first = journal.begin(&block.take_lines(3)).unwrap();
        journal.note_stored(first);
        let second = journal.begin(&block).unwrap();
        assert_eq!((second.sequence, second.first_line), (1, 3));

        let reopened = Journal::open(path).unwrap();
        assert_eq!(reopened.in_flight(), Some(second));
        assert_eq!(reopened.stored().get(&1), Some(&3));
        assert_eq!(reopened.chunks(), 1);
    }
}
