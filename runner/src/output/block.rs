//! Finished lines of one step on their way to the server.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Lines of one step: masked, time-stamped, each ended by `\n`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Block {
    pub(crate) step: u32,
    /// Index within the step of the first line, from 0.
    pub(crate) first_line: u64,
    pub(crate) lines: u64,
    pub(crate) text: String,
}

impl Block {
    pub(crate) fn new(step: u32, first_line: u64) -> Self {
        Self { step, first_line, lines: 0, text: String::new() }
    }

    /// An empty one for the lines after these, with room for so many bytes.
    pub(crate) fn next(&self, bytes: usize) -> Self {
        let text = String::with_capacity(bytes);
        Self { step: self.step, first_line: self.first_line + self.lines, lines: 0, text }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.lines == 0
    }

    /// Adds one line; `text` has no line end.
    pub(crate) fn push(&mut self, stamp: &str, text: &str) {
        self.text.reserve(stamp.len() + text.len() + 2);
        self.text.push_str(stamp);
        self.text.push(' ');
        self.text.push_str(text);
        self.text.push('\n');
        self.lines += 1;
    }

    /// Takes the first `lines` lines (or all, if there are fewer) off the front.
    pub(crate) fn take_lines(&mut self, lines: u64) -> Self {
        if lines >= self.lines {
            let rest = Self::new(self.step, self.first_line + self.lines);
            return std::mem::replace(self, rest);
        }
        let Some(last) = lines.checked_sub(1) else {
            return Self::new(self.step, self.first_line);
        };
        let end = self
            .text
            .match_indices('\n')
            .nth(usize::try_from(last).unwrap_or(usize::MAX))
            .map_or(self.text.len(), |(at, _)| at + 1);
        let tail = self.text.split_off(end);
        let text = std::mem::replace(&mut self.text, tail);
        let first_line = self.first_line;
        self.first_line += lines;
        self.lines -= lines;
        Self { step: self.step, first_line, lines, text }
    }

    /// How many lines fit into `bytes`, but at least one.
    pub(crate) fn lines_within(&self, bytes: usize) -> u64 {
        if self.text.len() <= bytes {
            return self.lines;
        }
        let end = self.text.as_bytes()[..bytes].iter().rposition(|&byte| byte == b'\n');
        end.map_or(1, |end| self.text[..=end].matches('\n').count() as u64)
    }

    /// Adds the lines of `next`, which must follow directly.
    pub(crate) fn append(&mut self, next: &Self) {
        self.text.push_str(&next.text);
        self.lines += next.lines;
    }
}

/// A time as the log has it: UTC with seven fractional digits (`semantics` 5.17).
pub(crate) fn stamp(time: DateTime<Utc>) -> String {
    let ticks = time.timestamp_subsec_nanos() / 100;
    format!("{}.{ticks:07}Z", time.format("%Y-%m-%dT%H:%M:%S"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_has_seven_fractional_digits() {
        let time = DateTime::from_timestamp(1_786_957_392, 12_345_678).unwrap();
        assert_eq!(stamp(time), "2026-08-17T09:03:12.0123456Z");
    }

    fn block(first_line: u64, lines: &[&str]) -> Block {
        let mut block = Block::new(1, first_line);
        lines.iter().for_each(|line| block.push("T", line));
        block
    }

    #[test]
    fn lines_are_taken_off_the_front_and_keep_their_numbers() {
        let mut rest = block(7, &["a", "b", "c"]);
        assert_eq!(rest.take_lines(2), block(7, &["a", "b"]));
        assert_eq!(rest, block(9, &["c"]));
        assert_eq!(rest.take_lines(5), block(9, &["c"]));
        assert!(rest.is_empty());
    }

    #[test]
    fn a_limit_in_bytes_is_kept_except_by_a_single_longer_line() {
        assert_eq!(block(0, &["a", "b", "longer"]).lines_within(9), 2);
        assert_eq!(block(0, &["longer", "b"]).lines_within(2), 1);
    }
}
