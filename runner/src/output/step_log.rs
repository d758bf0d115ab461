//! The log of one step: lines in, masked and time-stamped blocks out.
//!
//! Does not interpret lines ([`super::commands`]). Invariant: line numbers of a step have no gaps,
//! and every text that passes is masked.

use chrono::Utc;
use gantry_protocol::log::MAX_CHUNK_BYTES;
use gantry_protocol::{Annotation, AnnotationLevel};

use super::annotations::{Annotations, annotation, marker};
use super::block::{Block, stamp};
use super::masks::Masks;
use super::shipper::JobLog;

/// Bytes after which a block is sent on although more lines are at hand.
const BLOCK_BYTES: usize = 256 * 1024;

/// What the last lines of a block may take beyond that, as a rule.
const ROOM_BYTES: usize = 32 * 1024;

/// A longer line is cut into several, so that every line fits into a chunk.
const LONGEST_LINE_BYTES: usize = MAX_CHUNK_BYTES / 2;

/// Where a step prints.
#[derive(Debug)]
pub(crate) struct StepLog {
    log: JobLog,
    masks: Masks,
    number: u32,
    block: Block,
    stamp: String,
    annotations: Annotations,
}

impl StepLog {
    pub(crate) fn new(log: JobLog, masks: Masks, number: u32) -> Self {
        Self {
            log,
            masks,
            number,
            block: Block::new(number, 0),
            stamp: stamp(Utc::now()),
            annotations: Annotations::default(),
        }
    }

    /// Goes on after so many lines and annotations of an earlier runner.
    pub(crate) fn resumed(mut self, lines: u64, annotations: Vec<Annotation>) -> Self {
        self.block = Block::new(self.number, lines);
        self.annotations = Annotations::from_vec(annotations);
        self
    }

    /// How many lines there are, and the annotations, for [`Self::resumed`].
    pub(crate) fn position(&self) -> (u64, Vec<Annotation>) {
        (self.next_line(), self.annotations.clone().into_vec())
    }

    pub(crate) fn number(&self) -> u32 {
        self.number
    }

    pub(crate) fn masks(&self) -> &Masks {
        &self.masks
    }

    /// Adds a text of one or more lines; it is sent with the next [`Self::send`].
    pub(crate) fn line(&mut self, text: &str) {
        let block = &mut self.block;
        self.masks.with(|masker| {
            for line in text.split('\n') {
                let masked = masker.mask(line);
                // Most lines are one piece; an empty one is, too.
                let (mut piece, mut rest) = cut(&masked);
                block.push(&self.stamp, piece);
                while !rest.is_empty() {
                    (piece, rest) = cut(rest);
                    block.push(&self.stamp, piece);
                }
            }
        });
    }

    /// Adds lines, one per item.
    pub(crate) fn lines<'a>(&mut self, lines: impl IntoIterator<Item = &'a str>) {
        lines.into_iter().for_each(|line| self.line(line));
    }

    /// Prints `##[error]...` and annotates the step with it.
    pub(crate) fn error(&mut self, message: &str) {
        self.annotate(AnnotationLevel::Failure, message);
    }

    pub(crate) fn warning(&mut self, message: &str) {
        self.annotate(AnnotationLevel::Warning, message);
    }

    fn annotate(&mut self, level: AnnotationLevel, message: &str) {
        self.annotation(annotation(level, message.to_owned(), self.number));
    }

    /// Prints an annotation's message with its marker and keeps the annotation.
    pub(crate) fn annotation(&mut self, annotation: Annotation) {
        let text = annotation.message.clone();
        self.annotated_line(&text, annotation);
    }

    /// Whether one more annotation of this level would be kept.
    pub(super) fn keeps(&self, level: AnnotationLevel) -> bool {
        self.annotations.keeps(level)
    }

    /// Prints `text` with the marker of the annotation, which is kept.
    pub(super) fn annotated_line(&mut self, text: &str, mut annotation: Annotation) {
        annotation.log_line = Some(self.next_line());
        self.line(&format!("##[{}]{text}", marker(annotation.level)));
        annotation.message = self.masks.mask(&annotation.message);
        annotation.title = annotation.title.map(|title| self.masks.mask(&title));
        annotation.path = annotation.path.map(|path| self.masks.mask(&path));
        self.annotations.add(annotation);
    }

    fn next_line(&self) -> u64 {
        self.block.first_line + self.block.lines
    }

    /// Whether enough is waiting that it should be sent before more is read.
    pub(crate) fn is_full(&self) -> bool {
        self.block.text.len() >= BLOCK_BYTES
    }

    /// Hands the lines so far to the shipper; waits while the server is far behind.
    pub(crate) async fn send(&mut self) {
        let next = self.block.next(if self.is_full() { BLOCK_BYTES + ROOM_BYTES } else { 0 });
        self.log.add(std::mem::replace(&mut self.block, next)).await;
        self.stamp = stamp(Utc::now());
    }

    /// Sends the rest; answers the step's annotations.
    pub(crate) async fn finish(mut self) -> Vec<Annotation> {
        self.send().await;
        self.annotations.into_vec()
    }
}

/// As much as a line may have, and the rest.
fn cut(text: &str) -> (&str, &str) {
    text.split_at(text.floor_char_boundary(LONGEST_LINE_BYTES))
}
