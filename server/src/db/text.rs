//! Text that came from outside (a workflow file, a runner), made fit for a text column.

/// PostgreSQL's text has no zero character; longer text than `max_bytes` is cut at a character.
#[must_use]
pub fn clean(text: &str, max_bytes: usize) -> String {
    let end = (0..=max_bytes.min(text.len())).rev().find(|at| text.is_char_boundary(*at));
    text[..end.unwrap_or(0)].replace('\0', "\u{fffd}")
}

#[cfg(test)]
mod tests {
    use super::clean;

    #[test]
    fn zero_characters_are_replaced_and_long_text_is_cut_between_characters() {
        assert_eq!(clean("a\0b", 10), "a\u{fffd}b");
        assert_eq!(clean("ab\u{e4}", 3), "ab");
        assert_eq!(clean("", 3), "");
    }
}
