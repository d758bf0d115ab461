//! The lines of a text, to find again what the grammar's parser does not tell: where a block scalar
//! starts. It reports the first line of content; GitHub means the `|` or `>` before it.

use std::sync::LazyLock;

use regex::Regex;

use crate::diagnostic::Position;

/// The end of a line that opens a block scalar; the first group is the indicator.
static HEADER: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?:^|\s)([|>])[-+0-9]{0,2}\s*(?:\s#.*)?$").ok());

#[derive(Debug)]
pub(super) struct Lines<'a> {
    lines: Vec<&'a str>,
}

impl<'a> Lines<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        Self { lines: text.lines().collect() }
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
        let text = self.lines.get(usize::try_from(line).ok()?.checked_sub(1)?)?;
        let at = HEADER.as_ref()?.captures(text)?.get(1)?.start();
        let column = u32::try_from(text[..at].chars().count() + 1).ok()?;
        Some(Position::new(line, column))
    }
}
