//! What the server has of a job's log, on disk, so that a restarted runner neither loses nor
//! repeats a line.
//!
//! Invariant: before chunks are sent they are on disk as a whole, so those whose answer was lost are
//! sent again with the same numbers and the same lines.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::block::Block;
use crate::infra_error::InfraError;
use crate::replace_file::{overwrite_file, replace_file};
use crate::workspace::JobDirectory;

/// Chunks that are being sent, a block each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Batch {
    /// Of the first block; the others follow.
    pub(crate) sequence: u64,
    pub(crate) blocks: Vec<Block>,
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
    /// Which of the two text files is the newest.
    #[serde(default)]
    turn: u64,
    /// Lines the server has or gets with the chunks that are being sent, by step.
    sent: BTreeMap<u32, u64>,
    #[serde(default)]
    under_way: Vec<Bounds>,
}

/// The record and its files.
#[derive(Debug)]
pub(crate) struct Journal {
    directory: PathBuf,
    record: Record,
}

impl Journal {
    /// Goes on from the files, or starts at nothing if there are none. Also answers the chunks
    /// that an earlier runner sent and got no answer for.
    pub(crate) fn open(directory: &JobDirectory) -> Result<(Self, Option<Batch>), InfraError> {
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
        let batch = journal.load_under_way()?;
        Ok((journal, batch))
    }

    fn load_under_way(&self) -> Result<Option<Batch>, InfraError> {
        let bounds = &self.record.under_way;
        if bounds.is_empty() {
            return Ok(None);
        }
        let path = self.text_path();
        let text = fs::read_to_string(&path).map_err(InfraError::disk("reading", &path))?;
        let lines = bounds.iter().map(|bounds| bounds.lines).sum();
        let mut all = Block { step: 0, first_line: 0, lines, text };
        let blocks = bounds.iter().map(|&Bounds { step, first_line, lines }| {
            let text = all.take_lines(lines).text;
            Block { step, first_line, lines, text }
        });
        Ok(Some(Batch { sequence: self.record.next_sequence, blocks: blocks.collect() }))
    }

    fn record_path(&self) -> PathBuf {
        self.directory.join("log.json")
    }

    /// Two files take turns, so that writing the next text does not destroy the one on record.
    fn text_path(&self) -> PathBuf {
        self.directory.join(format!("log-text-{}", self.record.turn % 2))
    }

    /// Lines that need not be made again, by step.
    pub(crate) fn sent(&self) -> &BTreeMap<u32, u64> {
        &self.record.sent
    }

    pub(crate) fn chunks(&self) -> u64 {
        self.record.next_sequence
    }

    /// Notes that these lines are about to be sent.
    pub(crate) fn begin(&mut self, blocks: Vec<Block>) -> Result<Batch, InfraError> {
        self.record.turn += 1;
        let text: String = blocks.iter().map(|block| block.text.as_str()).collect();
        overwrite_file(&self.text_path(), text.as_bytes())?;
        self.record.under_way.clear();
        for &Block { step, first_line, lines, .. } in &blocks {
            self.record.under_way.push(Bounds { step, first_line, lines });
            self.record.sent.insert(step, first_line + lines);
        }
        self.save()?;
        Ok(Batch { sequence: self.record.next_sequence, blocks })
    }

    /// Notes that the server has the chunks. Goes to disk with the next ones: until then a restart
    /// only sends them again.
    pub(crate) fn note_stored(&mut self, batch: &Batch) {
        self.record.under_way.clear();
        self.record.next_sequence = batch.sequence + batch.blocks.len() as u64;
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
    fn unanswered_chunks_are_the_same_after_a_restart() {
        let jobs = tempfile::tempdir().unwrap();
        let directory = JobDirectory::new(jobs.path(), JobId(1));
        directory.create_root().unwrap();
        let (mut journal, nothing) = Journal::open(&directory).unwrap();
        assert_eq!(nothing, None);
        let mut block = Block::new(1, 0);
        (0..5).for_each(|n| block.push("T", &n.to_string()));
        let first = journal.begin(vec![block.take_lines(3)]).unwrap();
        journal.note_stored(&first);
        let mut other = Block::new(2, 0);
        other.push("T", "of the next step");
        let second = journal.begin(vec![block, other]).unwrap();
        assert_eq!((second.sequence, second.blocks[0].first_line), (1, 3));

        let (mut reopened, again) = Journal::open(&directory).unwrap();
        assert_eq!(again.as_ref(), Some(&second));
        assert_eq!(reopened.sent(), &BTreeMap::from([(1, 5), (2, 1)]));
        reopened.note_stored(&second);
        assert_eq!(reopened.chunks(), 3);
    }
}
