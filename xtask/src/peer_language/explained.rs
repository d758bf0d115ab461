//! The differences that `docs/compatibility.md` explains, as rows of a table.

use std::fs;

use anyhow::{Context, Result, bail};

use super::compare::{Difference, Side};
use crate::root;

/// The document with the table.
pub(super) const DOCUMENT: &str = "docs/compatibility.md";
/// The table follows this line.
const MARKER: &str = "<!-- peer-language: explained differences -->";

/// One row. In the case and in what is said `*` stands for any text.
#[derive(Debug)]
pub(super) struct Explanation {
    /// From 1.
    pub(super) line: usize,
    case: String,
    side: Side,
    says: String,
}

impl Explanation {
    pub(super) fn explains(&self, difference: &Difference) -> bool {
        self.side == difference.side
            && matches(&self.case, &difference.case)
            && matches(&self.says, &difference.says)
    }
}

/// The rows of the table.
pub(super) fn read() -> Result<Vec<Explanation>> {
    let text = fs::read_to_string(root().join(DOCUMENT)).context(DOCUMENT)?;
    let lines = text.lines().enumerate().skip_while(|(_, line)| *line != MARKER).skip(1);
    let table = lines.skip_while(|(_, line)| line.is_empty());
    // The first two rows are the heading and the rule below it.
    let rows = table.take_while(|(_, line)| line.starts_with('|')).skip(2);
    let explanations =
        rows.map(|(index, line)| row(index + 1, line)).collect::<Result<Vec<_>>>()?;
    if explanations.is_empty() {
        bail!("{DOCUMENT} has no table after `{MARKER}`");
    }
    Ok(explanations)
}

/// `| case | side | says | why |`; the first and the third in backticks.
fn row(line: usize, text: &str) -> Result<Explanation> {
    let cells: Vec<&str> = text.trim_matches('|').split(" | ").map(str::trim).collect();
    let [case, side, says, why] = cells[..] else {
        bail!("{DOCUMENT}:{line}: a row has four cells, separated by ` | `");
    };
    let side = match side {
        "Gantry" => Side::Gantry,
        "peer" => Side::Peer,
        other => bail!("{DOCUMENT}:{line}: `{other}` is neither `Gantry` nor `peer`"),
    };
    if why.is_empty() {
        bail!("{DOCUMENT}:{line}: the row explains nothing");
    }
    let code = |cell: &str| cell.trim_matches('`').to_owned();
    Ok(Explanation { line, case: code(case), side, says: code(says) })
}

/// Whether `text` is `pattern`, in which `*` stands for any text.
fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else {
        return false;
    };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_star_stands_for_any_text() {
        for (pattern, text) in [("a", "a"), ("*", ""), ("a*c", "abc"), ("*b*", "abc"), ("a**", "a")]
        {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("a", "ab"), ("a*c", "ab"), ("*a*a", "a"), ("b*", "ab")] {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }
}
