//! Bytes to lines.
//!
//! Splits at `\n` and `\r\n` (a lone `\r` stays, `semantics` 5.4) and decodes UTF-8, a broken
//! sequence becoming U+FFFD. Invariant: the lines depend on the bytes alone and not on how they
//! arrived, so a spool that is read again gives the same lines.

/// A line longer than this is handed on in pieces of at most this many bytes, so that a job that
/// never ends its line does not fill the runner's memory.
const LONGEST_LINE_BYTES: usize = 256 * 1024;

/// Collects bytes until a line is complete.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    pending: Vec<u8>,
}

impl Lines {
    /// Hands every line that `bytes` completes to `each`.
    pub(crate) fn push(&mut self, bytes: &[u8], mut each: impl FnMut(&str)) {
        let mut rest = bytes;
        while let Some(end) = rest.iter().position(|&byte| byte == b'\n') {
            if self.pending.is_empty() {
                each(&decode(&rest[..end]));
            } else {
                self.pending.extend_from_slice(&rest[..end]);
                each(&decode(&std::mem::take(&mut self.pending)));
            }
            rest = &rest[end + 1..];
        }
        for piece in rest.chunks(LONGEST_LINE_BYTES) {
            self.pending.extend_from_slice(piece);
            self.cut_long_line(&mut each);
        }
    }

    /// Hands out what has no end yet; call it once, when no more bytes come.
    pub(crate) fn finish(&mut self, mut each: impl FnMut(&str)) {
        if !self.pending.is_empty() {
            each(&decode(&std::mem::take(&mut self.pending)));
        }
    }

    fn cut_long_line(&mut self, each: &mut impl FnMut(&str)) {
        while self.pending.len() > LONGEST_LINE_BYTES {
            // Not within a character.
            let start = |byte: u8| byte & 0xc0 != 0x80;
            let cut = (LONGEST_LINE_BYTES - 3..=LONGEST_LINE_BYTES)
                .rev()
                .find(|&cut| start(self.pending[cut]))
                .unwrap_or(LONGEST_LINE_BYTES);
            let tail = self.pending.split_off(cut);
            each(&decode(&std::mem::replace(&mut self.pending, tail)));
        }
    }
}

fn decode(line: &[u8]) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(pieces: &[&[u8]]) -> Vec<String> {
        let mut splitter = Lines::default();
        let mut lines = Vec::new();
        for piece in pieces {
            splitter.push(piece, |line| lines.push(line.to_owned()));
        }
        splitter.finish(|line| lines.push(line.to_owned()));
        lines
    }

    #[test]
    fn crlf_ends_a_line_and_a_lone_cr_does_not() {
        assert_eq!(lines(&[b"a\r\nb\rc\n\nd"]), ["a", "b\rc", "", "d"]);
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
    fn a_line_without_an_end_comes_in_bounded_pieces() {
        let long = "ü".repeat(LONGEST_LINE_BYTES);
        let once = lines(&[long.as_bytes()]);
        assert!(once.iter().all(|piece| piece.len() <= LONGEST_LINE_BYTES));
        assert_eq!(once.concat(), long);
        let (a, b) = long.as_bytes().split_at(100_001);
        assert_eq!(lines(&[a, b]), once);
    }
}
