//! What the server has of a job's log, on disk, so that a restarted runner neither loses nor
//! repeats a line.
//!
//! Invariant: before a chunk is sent it is on disk as a whole, so a chunk whose answer was lost is
//! sent again with the same number and the same lines.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::block::Block;
use crate::infra_error::InfraError;
use crate::replace_file::replace_file;
use crate::workspace::JobDirectory;

/// A chunk that is being sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Chunk {
    pub(crate) sequence: u64,
    pub(crate) block: Block,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Bounds {
    step: u32,
    first_line: u64,
    lines: u64,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Record {
    next_sequence: u64,
    /// Lines the server has or gets with the chunk that is being sent, by step.
    sent: BTreeMap<u32, u64>,
    in_flight: Option<Bounds>,
}

/// The record and its files.
#[derive(Debug)]
pub(crate) struct Journal {
    directory: PathBuf,
    record: Record,
}

impl Journal {
    /// Goes on from the files, or starts at nothing if there are none. Also answers the chunk that
    /// an earlier runner sent and got no answer for.
    pub(crate) fn open(directory: &JobDirectory) -> Result<(Self, Option<Chunk>), InfraError> {
        let mut journal =
            Self { directory: directory.root().to_owned(), record: Record::default() };
        let path = journal.record_path();
        match fs::read(&path) {
            Ok(bytes) => {
                journal.record = serde_json::from_slice(&bytes)
                    .map_err(|error| InfraError::disk("reading", &path)(error.into()))?;
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(InfraError::disk("reading", &path)(error)),
        }
        let chunk = journal.load_in_flight()?;
        Ok((journal, chunk))
    }

    fn load_in_flight(&self) -> Result<Option<Chunk>, InfraError> {
        let Some(Bounds { step, first_line, lines }) = self.record.in_flight else {
            return Ok(None);
        };
        let sequence = self.record.next_sequence;
        let path = self.text_path(sequence);
        let text = fs::read_to_string(&path).map_err(InfraError::disk("reading", &path))?;
        Ok(Some(Chunk { sequence, block: Block { step, first_line, lines, text } }))
    }

    fn record_path(&self) -> PathBuf {
        self.directory.join("log.json")
    }

    /// Two files take turns, so that writing the next text does not destroy the one on record.
    fn text_path(&self, sequence: u64) -> PathBuf {
        self.directory.join(format!("log-chunk-{}", sequence % 2))
    }

    /// Lines that need not be made again, by step.
    pub(crate) fn sent(&self) -> &BTreeMap<u32, u64> {
        &self.record.sent
    }

    pub(crate) fn chunks(&self) -> u64 {
        self.record.next_sequence
    }

    /// Notes that these lines are about to be sent.
    pub(crate) fn begin(&mut self, block: Block) -> Result<Chunk, InfraError> {
        let sequence = self.record.next_sequence;
        let path = self.text_path(sequence);
        fs::write(&path, &block.text).map_err(InfraError::disk("writing", &path))?;
        let Block { step, first_line, lines, .. } = block;
        self.record.in_flight = Some(Bounds { step, first_line, lines });
        self.record.sent.insert(step, first_line + lines);
        self.save()?;
        Ok(Chunk { sequence, block })
    }

    /// Notes that the server has the chunk. Goes to disk with the next one: until then a restart
    /// only sends it again.
    pub(crate) fn note_stored(&mut self, chunk: &Chunk) {
        self.record.in_flight = None;
        self.record.next_sequence = chunk.sequence + 1;
    }

    fn save(&self) -> Result<(), InfraError> {
        let path = self.record_path();
        let bytes = serde_json::to_vec(&self.record).unwrap_or_default();
        replace_file(&path, &bytes)
    }
}

#[cfg(test)]
mod tests {
    use gantry_protocol::JobId;

    use super::*;

    #[test]
    fn an_unanswered_chunk_is_the_same_after_a_restart() {
        let jobs = tempfile::tempdir().unwrap();
        let directory = JobDirectory::new(jobs.path(), JobId(1));
        directory.create_root().unwrap();
        let (mut journal, nothing) = Journal::open(&directory).unwrap();
        assert_eq!(nothing, None);
        let mut block = Block::new(1, 0);
        (0..5).for_each(|n| block.push("T", &n.to_string()));
        let first = journal.begin(block.take_lines(3)).unwrap();
        journal.note_stored(&first);
        let second = journal.begin(block).unwrap();
        assert_eq!((second.sequence, second.block.first_line), (1, 3));

        let (reopened, again) = Journal::open(&directory).unwrap();
        assert_eq!(again, Some(second));
        assert_eq!(reopened.sent().get(&1), Some(&5));
    }
}
