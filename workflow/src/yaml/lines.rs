//! The lines of a text, to find again what the grammar's parser does not tell: where a block scalar
//! starts. It reports the first line of content; GitHub means the `|` or `>` before it.

use std::cell::OnceCell;

use crate::diagnostic::Position;

#[derive(Debug)]
pub(super) struct Lines<'a> {
    text: &'a str,
    /// Cut when the first block scalar asks.
    lines: OnceCell<Vec<&'a str>>,
}

impl<'a> Lines<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        Self { text, lines: OnceCell::new() }
    }

    /// The indicator of the block scalar that is reported at `content`. Only blank lines and
    /// comments can be between, so the lines walked over belong to this scalar alone.
    pub(super) fn block_header(&self, content: Position) -> Position {
        if self.indicator(content.line) == Some(content) {
            return content; // An empty scalar at the end of the text.
        }
        let above = (1..content.line).rev().find_map(|line| self.indicator(line));
        above.unwrap_or(content)
    }

    fn indicator(&self, line: u32) -> Option<Position> {
        let lines = self.lines.get_or_init(|| self.text.lines().collect());
        let text = lines.get(usize::try_from(line).ok()?.checked_sub(1)?)?;
        let mut marks = text.bytes().enumerate().filter(|(_, byte)| matches!(byte, b'|' | b'>'));
        let (at, _) = marks.find(|(at, _)| opens_block(text, *at))?;
        let column = u32::try_from(text[..at].chars().count() + 1).ok()?;
        Some(Position::new(line, column))
    }
}

/// Whether the `|` or `>` at `at` ends its line but for at most two marks and a comment.
fn opens_block(line: &str, at: usize) -> bool {
    let rest = &line[at + 1..];
    let marks = rest.bytes().take(2).take_while(|b| matches!(b, b'-' | b'+' | b'0'..=b'9'));
    let rest = &rest[marks.count()..];
    let is_apart = |text: &str| text.starts_with(char::is_whitespace);
    let is_end = rest.trim().is_empty() || is_apart(rest) && rest.trim_start().starts_with('#');
    is_end && (at == 0 || line[..at].ends_with(char::is_whitespace))
}
