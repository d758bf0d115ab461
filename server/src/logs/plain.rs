//! The text of a log's line as people read it: without its time, its marker and its escapes.
//!
//! Pure. Invariant: what is left is in the order of the line, and nothing is added.

use std::borrow::Cow;

/// Markers that the page draws as something else.
const MARKERS: [&str; 8] =
    ["group", "endgroup", "error", "warning", "notice", "debug", "command", "section"];

/// Of the time at the start of a line, in bytes.
const LONGEST_TIME: usize = 36;

/// `raw` as a chunk has it.
pub(super) fn plain(raw: &str) -> Cow<'_, str> {
    let text = after_return(without_marker(without_time(raw)));
    if text.contains('\u{1b}') { Cow::Owned(without_escapes(text)) } else { Cow::Borrowed(text) }
}

fn without_time(raw: &str) -> &str {
    &raw[text_start(raw)..]
}

/// Where the text begins, behind `2026-08-17T09:03:12.1234567Z `. What follows the line does not matter.
pub(super) fn text_start(raw: &str) -> usize {
    let bytes = raw.as_bytes();
    if bytes.get(4) != Some(&b'-') || bytes.get(10) != Some(&b'T') {
        return 0;
    }
    let head = &bytes[..bytes.len().min(LONGEST_TIME + 1)];
    let end = head.iter().position(|byte| matches!(byte, b' ' | b'\n')).unwrap_or(head.len());
    if end > LONGEST_TIME || bytes.get(end.wrapping_sub(1)) != Some(&b'Z') {
        return 0;
    }
    end + usize::from(bytes.get(end) == Some(&b' '))
}

fn without_marker(text: &str) -> &str {
    let marker = text.strip_prefix("##[").and_then(|rest| rest.split_once(']'));
    match marker {
        Some((word, rest)) if MARKERS.contains(&word) => rest,
        _ => text,
    }
}

/// A carriage return starts the line anew: progress bars leave only their last state, as on the page.
fn after_return(text: &str) -> &str {
    let text = text.strip_suffix('\r').unwrap_or(text);
    text.rsplit_once('\r').map_or(text, |(_, last)| last)
}

fn without_escapes(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut signs = text.chars();
    while let Some(sign) = signs.next() {
        match sign {
            '\u{1b}' => skip_escape(&mut signs),
            other => plain.push(other),
        }
    }
    plain
}

/// One control sequence, or one string that a terminal would take for itself.
fn skip_escape(signs: &mut std::str::Chars<'_>) {
    match signs.next() {
        Some('[') => {
            signs.find(|sign| ('@'..='~').contains(sign));
        }
        Some(']' | 'P' | '_' | '^' | 'X') => {
            while let Some(sign) = signs.next() {
                match sign {
                    '\u{7}' => break,
                    '\u{1b}' => {
                        signs.next();
                        break;
                    }
                    _ => {}
                }
            }
        }
        Some(_) | None => {}
    }
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn only_what_people_read_is_left() {
        for (raw, text) in [
            ("2026-08-17T09:03:12.1234567Z \u{1b}[1;31merror\u{1b}[0m: x", "error: x"),
            ("2026-08-17T09:03:12Z", ""),
            ("2026-08-17T09:03:12 no zone", "2026-08-17T09:03:12 no zone"),
            ("##[error]Process completed", "Process completed"),
            ("##[nothing]kept", "##[nothing]kept"),
            ("\u{1b}]0;title\u{7}after", "after"),
            ("\u{1b}]8;;https://x.test/\u{1b}\\link\u{1b}]8;;\u{1b}\\", "link"),
            ("10%\r20%", "20%"),
            ("windows\r", "windows"),
            ("never ends \u{1b}[31", "never ends "),
            ("größe ✓", "größe ✓"),
            ("", ""),
        ] {
            assert_eq!(plain(raw), text, "{raw:?}");
        }
    }
}
