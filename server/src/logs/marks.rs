//! Where the groups and the errors of a chunk stand.
//!
//! Pure. Lets a page lay a log out before it has its text. Invariant: the marks of a chunk depend on its
//! text alone, so they may be found when it is stored or when it is read.

use super::plain::text_start;

/// Marks of a chunk that are kept. A log with more in a megabyte was not written for people: what is
/// beyond shows as plain lines.
const MAX_MARKS: usize = 10_000;

const WORDS: [(&str, i32); 3] = [("##[group]", 0), ("##[endgroup]", 1), ("##[error]", 2)];

/// The marked lines in order: index within the chunk times 4, plus 0 for a line that begins a group, 1 for
/// one that ends it, 2 for an error.
pub(super) fn marks(text: &str) -> Vec<i32> {
    let mut marks = Vec::new();
    // Up to where line ends are counted, and how many there were.
    let (mut counted, mut line) = (0, 0_i32);
    for (at, _) in text.match_indices("##[") {
        let line_start = text[..at].rfind('\n').map_or(0, |end| end + 1);
        if line_start + text_start(&text[line_start..]) != at {
            continue;
        }
        let Some((_, kind)) = WORDS.iter().find(|(word, _)| text[at..].starts_with(word)) else {
            continue;
        };
        let ends = text[counted..at].bytes().filter(|byte| *byte == b'\n').count();
        line += i32::try_from(ends).unwrap_or_default();
        counted = at;
        if marks.len() == MAX_MARKS {
            break;
        }
        marks.push(line * 4 + kind);
    }
    marks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_and_errors_are_found_behind_the_time_and_nowhere_else() {
        let text = "##[group]a\nplain ##[error]no\n2026-08-17T09:03:12.1234567Z ##[error]b\n\
                    ##[endgroup]\n##[errors]\n##[warning]c\n2026-08-17T09:03:12Z\n##[error]";
        assert_eq!(marks(text), [0, 2 * 4 + 2, 3 * 4 + 1, 7 * 4 + 2]);
        assert_eq!(marks(""), [0_i32; 0]);
    }

    #[test]
    fn a_flood_of_marks_is_cut() {
        assert_eq!(marks(&"##[group]\n".repeat(MAX_MARKS + 5)).len(), MAX_MARKS);
    }
}
