//! Drawing a badge.
//!
//! Pure. Invariant: the name of a workflow is text in the drawing, whatever signs it has.

/// Width of an average letter at 11 px, in px; measured over the sans-serif faces that browsers have.
const LETTER_PX: usize = 7;

/// Room left and right of a text, in px.
const PADDING_PX: usize = 10;

/// Longer names are cut.
const MAX_LETTERS: usize = 60;

/// What a badge says.
pub(super) struct Badge {
    name: String,
    word: &'static str,
    colour: &'static str,
}

impl Badge {
    /// `conclusion` is that of the last run that ended, if there is one.
    pub(super) fn of(name: &str, conclusion: Option<&str>) -> Self {
        // GitHub's words; its badge knows no others.
        let (word, colour) = match conclusion {
            Some("success") => ("passing", "#17703f"),
            Some("failure" | "timed_out" | "startup_failure") => ("failing", "#b3261e"),
            _ => ("no status", "#5c6875"),
        };
        let mut shown: String =
            name.chars().filter(|c| !c.is_control()).take(MAX_LETTERS).collect();
        if shown.len() < name.len() && shown.chars().count() == MAX_LETTERS {
            shown.push('…');
        }
        Self { name: shown, word, colour }
    }
}

pub(super) fn draw(badge: &Badge) -> String {
    let width = |text: &str| text.chars().count() * LETTER_PX + 2 * PADDING_PX;
    let (left, right) = (width(&badge.name), width(badge.word));
    let (name, word, colour) = (escape(&badge.name), badge.word, badge.colour);
    let whole = left + right;
    let (name_at, word_at) = (left / 2, left + right / 2);
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" width="{whole}" height="20" role="img" aria-label="{name}: {word}"><title>{name}: {word}</title><clipPath id="r"><rect width="{whole}" height="20" rx="4"/></clipPath><g clip-path="url(#r)"><rect width="{left}" height="20" fill="#24303d"/><rect x="{left}" width="{right}" height="20" fill="{colour}"/></g><g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11"><text x="{name_at}" y="14">{name}</text><text x="{word_at}" y="14">{word}</text></g></svg>
"##
    )
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for sign in text.chars() {
        match sign {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::{Badge, draw};

    #[test]
    fn a_conclusion_becomes_githubs_word() {
        let table = [
            (Some("success"), ">passing<"),
            (Some("failure"), ">failing<"),
            (Some("startup_failure"), ">failing<"),
            (Some("cancelled"), ">no status<"),
            (None, ">no status<"),
        ];
        for (conclusion, word) in table {
            assert!(draw(&Badge::of("CI", conclusion)).contains(word), "{conclusion:?}");
        }
    }

    #[test]
    fn a_name_stays_text_and_has_an_end() {
        let svg = draw(&Badge::of("\"><script>alert(1)</script>\u{7}", None));
        assert!(!svg.contains("<script") && !svg.contains('\u{7}'), "{svg}");
        assert!(draw(&Badge::of(&"n".repeat(5000), None)).len() < 2000);
    }
}
