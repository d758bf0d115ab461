//! Bytes to lines.
//!
//! Splits at `\n` and `\r\n` (a lone `\r` stays, `semantics` 5.4) and decodes UTF-8, a broken
//! sequence becoming U+FFFD. Invariant: the lines depend on the bytes and the masks alone and not on
//! how the bytes arrived, so a spool that is read again gives the same lines.

use std::ops::ControlFlow;

use super::masks::Masks;

/// A line longer than this and [`LOOK_AHEAD_BYTES`] is handed on in pieces, so that a job that never
/// ends its line does not fill the runner's memory.
const LONGEST_PIECE_BYTES: usize = 256 * 1024;

/// More than any form of a secret has (48 KB, in base64), so a cut can be seen to be in none.
const LOOK_AHEAD_BYTES: usize = 128 * 1024;

/// How far apart the places are that are tried for a cut, and how many are.
const CUT_DISTANCE_BYTES: usize = 8 * 1024;
const MOST_CUTS: usize = 16;

/// Collects bytes until a line is complete.
#[derive(Debug)]
pub(crate) struct Lines {
    pending: Vec<u8>,
    masks: Masks,
}

impl Lines {
    pub(crate) fn new(masks: Masks) -> Self {
        Self { pending: Vec::new(), masks }
    }

    /// Hands lines that `bytes` completes to `each`, until that says to stop; answers the bytes that
    /// are left.
    pub(crate) fn push<'a>(
        &mut self,
        bytes: &'a [u8],
        mut each: impl FnMut(&str) -> ControlFlow<()>,
    ) -> &'a [u8] {
        let mut rest = bytes;
        while let Some(end) = memchr::memchr(b'\n', rest) {
            let flow = if self.pending.is_empty() && end <= LONGEST_PIECE_BYTES {
                each(&decode(&rest[..end]))
            } else {
                self.extend(&rest[..end], &mut each);
                each(&decode(&std::mem::take(&mut self.pending)))
            };
            rest = &rest[end + 1..];
            if flow.is_break() {
                return rest;
            }
        }
        self.extend(rest, &mut each);
        &[]
    }

    /// Hands out what has no end yet; call it once, when no more bytes come.
    pub(crate) fn finish(&mut self, mut each: impl FnMut(&str) -> ControlFlow<()>) {
        if !self.pending.is_empty() {
            // There is nothing after it that could be left.
            let _ = each(&decode(&std::mem::take(&mut self.pending)));
        }
    }

    fn extend(&mut self, bytes: &[u8], each: &mut impl FnMut(&str) -> ControlFlow<()>) {
        self.pending.extend_from_slice(bytes);
        while self.pending.len() > LONGEST_PIECE_BYTES + LOOK_AHEAD_BYTES {
            let cut = self.cut();
            let tail = self.pending.split_off(cut);
            // A piece this long is no command that would stop anything.
            let _ = each(&String::from_utf8_lossy(&std::mem::replace(&mut self.pending, tail)));
        }
    }

    /// Where the line may be cut: between characters, and not within a secret.
    fn cut(&self) -> usize {
        let window = &self.pending[..LONGEST_PIECE_BYTES + LOOK_AHEAD_BYTES];
        let start_of_character = |at: usize| {
            (at.saturating_sub(3)..=at).rev().find(|&at| window[at] & 0xc0 != 0x80).unwrap_or(at)
        };
        let candidates = (0..MOST_CUTS)
            .map(|n| start_of_character(LONGEST_PIECE_BYTES - n * CUT_DISTANCE_BYTES));
        let is_safe = |cut: &usize| {
            let (head, tail) = window.split_at(*cut);
            let (head, tail) = (String::from_utf8_lossy(head), String::from_utf8_lossy(tail));
            let apart = self.masks.mask(&head) + &self.masks.mask(&tail);
            apart == self.masks.mask(&format!("{head}{tail}"))
        };
        // With no safe place everything around all of them is a secret, and so is shown as stars.
        candidates.clone().find(is_safe).unwrap_or(LONGEST_PIECE_BYTES)
    }
}

fn decode(line: &[u8]) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked_lines(masks: &Masks, pieces: &[&[u8]]) -> Vec<String> {
        let mut splitter = Lines::new(masks.clone());
        let mut lines = Vec::new();
        let mut each = |line: &str| {
            lines.push(masks.mask(line));
            ControlFlow::Continue(())
        };
        for piece in pieces {
            splitter.push(piece, &mut each);
        }
        splitter.finish(each);
        lines
    }

    fn lines(pieces: &[&[u8]]) -> Vec<String> {
        masked_lines(&Masks::default(), pieces)
    }

    #[test]
    fn crlf_ends_a_line_and_a_lone_cr_does_not() {
        assert_eq!(lines(&[b"a\r\nb\rc\n\nd"]), ["a", "b\rc", "", "d"]);
    }

    #[test]
    fn whoever_reads_may_stop_after_a_line_and_go_on_with_the_rest() {
        let mut splitter = Lines::new(Masks::default());
        let mut found = Vec::new();
        let mut rest: &[u8] = b"a\nb\nc";
        while !rest.is_empty() {
            rest = splitter.push(rest, |line| {
                found.push(line.to_owned());
                ControlFlow::Break(())
            });
        }
        assert_eq!(found, ["a", "b"]);
        splitter.finish(|line| {
            assert_eq!(line, "c");
            ControlFlow::Continue(())
        });
    }

    #[test]
    fn a_character_split_over_two_reads_is_whole() {
        let text = "grün\n".as_bytes();
        for cut in 0..text.len() {
            assert_eq!(lines(&[&text[..cut], &text[cut..]]), ["grün"], "cut at {cut}");
        }
    }

    #[test]
    fn invalid_bytes_become_replacement_characters() {
        assert_eq!(lines(&[b"a\xffb\n"]), ["a\u{fffd}b"]);
    }

    #[test]
    fn a_line_without_an_end_comes_in_bounded_pieces_however_it_arrives() {
        let long = "ü".repeat(3 * LONGEST_PIECE_BYTES) + "\nnext\n";
        let once = lines(&[long.as_bytes()]);
        assert!(once.iter().all(|piece| piece.len() <= LONGEST_PIECE_BYTES + LOOK_AHEAD_BYTES));
        assert_eq!(once.concat() + "\n", long.replacen('\n', "", 1));
        for size in [65_536, 100_001] {
            let pieces: Vec<&[u8]> = long.as_bytes().chunks(size).collect();
            assert_eq!(lines(&pieces), once, "arriving in pieces of {size} bytes");
        }
    }

    #[test]
    fn a_secret_is_never_cut() {
        let masks = Masks::new(["sesame-open"]).unwrap();
        for shift in 0..12 {
            let before = "x".repeat(LONGEST_PIECE_BYTES - shift);
            let long = format!("{before}sesame-open{}", "y".repeat(2 * LOOK_AHEAD_BYTES));
            let joined = masked_lines(&masks, &[long.as_bytes()]).concat();
            assert_eq!(joined, long.replace("sesame-open", "***"), "shift {shift}");
        }
    }
}
