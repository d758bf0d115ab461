//! Lines that the server does not have yet.
//!
//! Shared by the steps, which add, and the shipper, which takes. Invariant: a line stays here until
//! the server has stored it, so a checkpoint holds exactly what is missing there.

use std::collections::{BTreeMap, VecDeque};
use std::fs;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use gantry_protocol::log::MAX_CHUNK_BYTES;
use tokio::sync::Notify;

use super::block::Block;
use crate::infra_error::InfraError;
use crate::replace_file::replace_file;

/// Bytes that may wait; whoever adds more waits, so a slow server slows the reading of the spool
/// and not the job.
const LIMIT_BYTES: usize = 4 * 1024 * 1024;

/// Blocks that are sent at once.
const MOST_BLOCKS: usize = 100;

#[derive(Debug, Default)]
struct Contents {
    blocks: VecDeque<Block>,
    bytes: usize,
    /// Lines accepted so far, by step, including those the server has.
    accepted: BTreeMap<u32, u64>,
    closed: bool,
    /// Somebody waits until everything is sent.
    flushing: bool,
}

/// The queue; see the module.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    contents: Mutex<Contents>,
    /// There is something to send, or the queue was closed.
    filled: Notify,
    /// Something was sent, or the queue was closed.
    drained: Notify,
}

impl Queue {
    fn contents(&self) -> MutexGuard<'_, Contents> {
        self.contents.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A queue that goes on where an earlier runner's checkpoint ended. `sent` says how many lines
    /// of a step need not be made again.
    pub(crate) fn restore(path: &Path, sent: &BTreeMap<u32, u64>) -> Result<Self, InfraError> {
        let blocks: Vec<Block> = match fs::read(path) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map_err(|error| InfraError::disk("reading", path)(error.into()))?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(InfraError::disk("reading", path)(error)),
        };
        let queue = Self::default();
        queue.contents().accepted = sent.clone();
        for block in blocks {
            queue.contents().accept(block);
        }
        Ok(queue)
    }

    /// Adds lines; those that were added before (by an earlier runner) are dropped.
    pub(crate) async fn add(&self, block: Block) {
        loop {
            let drained = self.drained.notified();
            {
                let mut contents = self.contents();
                if contents.bytes < LIMIT_BYTES || contents.closed {
                    contents.accept(block);
                    break;
                }
            }
            drained.await;
        }
        self.filled.notify_one();
    }

    /// Writes what the server does not have to `path`.
    pub(crate) fn checkpoint(&self, path: &Path) -> Result<(), InfraError> {
        let bytes = serde_json::to_vec(&self.contents().blocks).unwrap_or_default();
        replace_file(path, &bytes)
    }

    /// Waits until there are lines; false when there will not be any more.
    pub(crate) async fn wait_for_lines(&self) -> bool {
        loop {
            let filled = self.filled.notified();
            {
                let contents = self.contents();
                if !contents.blocks.is_empty() || contents.closed {
                    return !contents.blocks.is_empty();
                }
            }
            filled.await;
        }
    }

    pub(crate) async fn wait_until_empty(&self) {
        loop {
            let drained = self.drained.notified();
            {
                let mut contents = self.contents();
                contents.flushing = !contents.blocks.is_empty() && !contents.closed;
                if !contents.flushing {
                    return;
                }
            }
            self.filled.notify_one();
            drained.await;
        }
    }

    /// Waits until it makes no sense to wait for more lines: there are enough for a full chunk,
    /// or somebody waits for the last ones.
    pub(crate) async fn urgent(&self, full_bytes: usize) {
        loop {
            let filled = self.filled.notified();
            {
                let c = self.contents();
                if c.bytes >= full_bytes || c.closed || c.flushing {
                    return;
                }
            }
            filled.await;
        }
    }

    /// A copy of the oldest lines, as many as fit into `bytes`, a block per step.
    pub(crate) fn front(&self, bytes: usize) -> Vec<Block> {
        let contents = self.contents();
        let Some(oldest) = contents.blocks.front() else { return Vec::new() };
        let mut oldest = oldest.clone();
        let mut front = vec![oldest.take_lines(oldest.lines_within(bytes))];
        if oldest.is_empty() {
            let mut left = bytes.saturating_sub(front[0].text.len());
            let fit = contents.blocks.iter().skip(1).take(MOST_BLOCKS - 1).take_while(|block| {
                let fits = block.text.len() <= left;
                left = left.saturating_sub(block.text.len());
                fits
            });
            front.extend(fit.cloned());
        }
        front
    }

    /// The server has these lines of the front now.
    pub(crate) fn remove(&self, blocks: &[Block]) {
        let mut contents = self.contents();
        for block in blocks {
            let Some(front) = contents.blocks.front_mut() else { break };
            let gone = front.take_lines(block.lines).text.len();
            if front.is_empty() {
                contents.blocks.pop_front();
            }
            contents.bytes = contents.bytes.saturating_sub(gone);
        }
        drop(contents);
        self.drained.notify_waiters();
    }

    /// Nothing will be added any more, or nothing will be sent any more.
    pub(crate) fn close(&self) {
        self.contents().closed = true;
        self.filled.notify_one();
        self.drained.notify_waiters();
    }
}

impl Contents {
    fn accept(&mut self, mut block: Block) {
        let accepted = self.accepted.entry(block.step).or_default();
        block.take_lines(accepted.saturating_sub(block.first_line));
        if block.is_empty() || self.closed {
            return;
        }
        *accepted = block.first_line + block.lines;
        self.bytes += block.text.len();
        match self.blocks.back_mut() {
            // What is to be sent is copied, and what was sent is cut off: with blocks that grow further,
            // each time the rest of a long one would be moved.
            Some(last)
                if last.step == block.step
                    && last.text.len() + block.text.len() <= MAX_CHUNK_BYTES =>
            {
                last.append(&block);
            }
            _ => self.blocks.push_back(block),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(first_line: u64, lines: &[&str]) -> Block {
        let mut block = Block::new(1, first_line);
        lines.iter().for_each(|line| block.push("T", line));
        block
    }

    #[tokio::test]
    async fn a_checkpoint_holds_what_the_server_does_not_have() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("pending.json");
        let queue = Queue::default();
        queue.add(block(0, &["a", "b", "c"])).await;
        queue.remove(&[block(0, &["a"])]);
        queue.checkpoint(&path).unwrap();

        let restored = Queue::restore(&path, &BTreeMap::from([(1, 2)])).unwrap();
        assert_eq!(restored.front(100), [block(2, &["c"])]);
    }

    #[tokio::test]
    async fn lines_made_again_after_a_restart_are_dropped() {
        let none = Path::new("/nonexistent/pending.json");
        let queue = Queue::restore(none, &BTreeMap::from([(1, 2)])).unwrap();
        queue.add(block(0, &["a", "b", "c"])).await;
        queue.add(block(3, &["d"])).await;
        assert_eq!(queue.front(100), [block(2, &["c", "d"])]);
    }

    #[tokio::test]
    async fn lines_of_several_steps_are_taken_together_as_far_as_they_fit() {
        let queue = Queue::default();
        let of_step = |step| Block { step, ..block(0, &["a", "b"]) };
        for step in 1..=3 {
            queue.add(of_step(step)).await;
        }
        assert_eq!(queue.front(4), [block(0, &["a"])], "a line has four bytes");
        let two = queue.front(17);
        assert_eq!(two, [of_step(1), of_step(2)]);
        queue.remove(&two);
        assert_eq!(queue.front(100), [of_step(3)]);
    }
}
