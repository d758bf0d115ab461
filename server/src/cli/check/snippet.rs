//! A diagnostic with the line it is about, as compilers show it.
//!
//! Pure. Invariant: the file cannot write anything to the terminal but printable characters, and a
//! diagnostic is at most a few short lines, however long the file's lines are.

use std::fmt::Write as _;
use std::io::IsTerminal as _;

use gantry_workflow::{Diagnostic, Position, Severity};

/// Characters of a line that are shown; of a longer one the part around the place.
const MAX_SHOWN: usize = 120;

/// Characters before the place when a line is too long to be shown as a whole.
const SHOWN_BEFORE: usize = 40;

/// Colours or none.
#[derive(Clone, Copy, Debug)]
pub(in crate::cli) struct Style {
    colours: bool,
}

impl Style {
    #[cfg(test)]
    pub(in crate::cli) const PLAIN: Self = Self { colours: false };

    /// Colours if a person looks at standard output.
    pub(in crate::cli) fn of_output() -> Self {
        Self { colours: std::io::stdout().is_terminal() }
    }

    /// Colours if a person looks at standard error.
    pub(in crate::cli) fn of_errors() -> Self {
        Self { colours: std::io::stderr().is_terminal() }
    }

    pub(in crate::cli) fn error(self, text: &str) -> String {
        self.paint("1;31", text)
    }

    pub(in crate::cli) fn warning(self, text: &str) -> String {
        self.paint("1;33", text)
    }

    pub(in crate::cli) fn good(self, text: &str) -> String {
        self.paint("1;32", text)
    }

    pub(in crate::cli) fn faint(self, text: &str) -> String {
        self.paint("90", text)
    }

    fn paint(self, codes: &str, text: &str) -> String {
        match self.colours {
            true => format!("\u{1b}[{codes}m{text}\u{1b}[0m"),
            false => text.to_owned(),
        }
    }
}

/// The diagnostic, its place in `text`, and an empty line.
pub(in crate::cli) fn render(diagnostic: &Diagnostic, text: &str, style: Style) -> String {
    let Diagnostic { file, position, severity, code, message } = diagnostic;
    let paint = |text: &str| match severity {
        Severity::Error => style.error(text),
        Severity::Warning => style.warning(text),
    };
    let word = match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let head = paint(&format!("{word}[{code}]"));
    let message = printable(message);
    let Some(position) = position else {
        return format!("{head}: {message}\n {} {file}\n\n", style.faint("-->"));
    };
    let Position { line, column } = position;
    let number = line.to_string();
    let margin = " ".repeat(number.len());
    let (arrow, bar) = (style.faint("-->"), style.faint("|"));
    let mut rendered = format!("{head}: {message}\n{margin}{arrow} {file}:{line}:{column}\n");
    if let Some(shown) = Shown::of(text, *position, expression_of(&diagnostic.message)) {
        let mark = paint(&format!("{}{}", " ".repeat(shown.before), "^".repeat(shown.width)));
        // Writing into a String cannot fail.
        let _ = write!(
            rendered,
            "{margin} {bar}\n{} {bar} {}\n{margin} {bar} {mark}\n",
            style.faint(&number),
            shown.line
        );
    }
    rendered.push('\n');
    rendered
}

/// The expression that a message is about. It is reported where its scalar begins.
fn expression_of(message: &str) -> Option<&str> {
    message.split_once(" within expression: ").map(|(_, expression)| expression)
}

/// The part of a line that is shown, and what is marked in it.
struct Shown {
    line: String,
    before: usize,
    width: usize,
}

impl Shown {
    fn of(text: &str, position: Position, expression: Option<&str>) -> Option<Self> {
        let index = usize::try_from(position.line).ok()?.checked_sub(1)?;
        let line: Vec<char> = text.lines().nth(index)?.chars().collect();
        let start = usize::try_from(position.column).ok()?.checked_sub(1)?.min(line.len());
        let word = (start, word_length(&line[start..]));
        let (at, width) = expression.and_then(|text| place_of(&line, text, start)).unwrap_or(word);
        let is_long = line.len() > MAX_SHOWN;
        let from = if is_long { at.saturating_sub(SHOWN_BEFORE) } else { 0 };
        let to = line.len().min(from + MAX_SHOWN);
        let (left, right) = (cut_mark(from > 0), cut_mark(to < line.len()));
        let part = printable(&line[from..to].iter().collect::<String>());
        Some(Self {
            line: format!("{left}{part}{right}").trim_end().to_owned(),
            before: left.chars().count() + columns(&line[from..at]),
            width: columns(&line[at..to.min(at + width)]).max(1),
        })
    }
}

/// Where `part` stands in a line, and its length.
fn place_of(line: &[char], part: &str, from: usize) -> Option<(usize, usize)> {
    let part: Vec<char> = part.chars().collect();
    let at = line[from..].windows(part.len().max(1)).position(|window| window == part)?;
    Some((from + at, part.len()))
}

fn cut_mark(is_cut: bool) -> &'static str {
    if is_cut { "..." } else { "" }
}

/// How many characters the thing that begins here has: a quoted text, an expression, or all up to
/// the next space or the colon that ends a key.
fn word_length(rest: &[char]) -> usize {
    let until = |closing: char| rest.iter().skip(1).position(|c| *c == closing).map(|at| at + 2);
    let quoted = match rest.first() {
        Some(quote @ ('\'' | '"')) => until(*quote),
        Some('$') if rest.starts_with(&['$', '{', '{']) => {
            rest.windows(2).position(|pair| pair == ['}', '}']).map(|at| at + 2)
        }
        _ => None,
    };
    quoted.unwrap_or_else(|| {
        let word = rest.iter().take_while(|c| !c.is_whitespace()).count();
        match word > 1 && rest.get(word - 1) == Some(&':') {
            true => word - 1,
            false => word,
        }
    })
}

/// Columns of a terminal; characters of East Asia take two.
fn columns(characters: &[char]) -> usize {
    let is_wide = |c: &&char| {
        matches!(u32::from(**c), 0x1100..=0x115f | 0x2e80..=0xa4cf | 0xac00..=0xd7a3
            | 0xf900..=0xfaff | 0xfe30..=0xfe6f | 0xff00..=0xff60 | 0x1f300..=0x1faff
            | 0x20000..=0x3fffd)
    };
    characters.len() + characters.iter().filter(is_wide).count()
}

/// The text without control characters, which a terminal would obey.
fn printable(text: &str) -> String {
    let replaced = |c: char| match c {
        '\t' => ' ',
        c if c.is_control() => '\u{fffd}',
        c => c,
    };
    text.chars().map(replaced).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(text: &str, line: u32, column: u32) -> String {
        let diagnostic = Diagnostic {
            file: "ci.yml".into(),
            position: Some(Position::new(line, column)),
            severity: Severity::Error,
            code: "code".into(),
            message: "What is wrong".into(),
        };
        render(&diagnostic, text, Style::PLAIN)
    }

    /// The shown line and the line of marks below it.
    fn marked(text: &str, line: u32, column: u32) -> (String, String) {
        let rendered = rendered(text, line, column);
        let after_bar = |line: &str| line.split_once("| ").expect("a bar").1.to_owned();
        let lines: Vec<&str> = rendered.lines().collect();
        (after_bar(lines[3]), after_bar(lines[4]))
    }

    #[test]
    fn the_line_is_shown_with_a_mark_below_the_word() {
        let text = "on: push\njobs:\n  a:\n    runs_on: x\n";
        let expected = "error[code]: What is wrong\n --> ci.yml:4:5\n  |\n4 |     runs_on: x\n  |     ^^^^^^^\n\n";
        assert_eq!(rendered(text, 4, 5), expected);
    }

    #[test]
    fn quoted_texts_and_expressions_are_marked_as_a_whole() {
        assert_eq!(marked("a: 'b c' # d", 1, 4).1, "   ^^^^^");
        assert_eq!(marked("a: ${{ b c }} d", 1, 4).1, "   ^^^^^^^^^^");
        assert_eq!(marked("a: 'b c", 1, 4).1, "   ^^");
    }

    #[test]
    fn an_expression_within_text_is_what_is_marked() {
        let diagnostic = Diagnostic {
            file: "ci.yml".into(),
            position: Some(Position::new(1, 4)),
            severity: Severity::Error,
            code: "expression".into(),
            message: "Unexpected symbol: '+'. Located at position 3 within expression: a + b"
                .into(),
        };
        let rendered = render(&diagnostic, "a: text ${{ a + b }}", Style::PLAIN);
        assert!(
            rendered.contains("\n1 | a: text ${{ a + b }}\n  |             ^^^^^\n"),
            "{rendered}"
        );
    }

    #[test]
    fn a_place_behind_the_line_or_the_file_is_no_problem() {
        assert_eq!(marked("a:", 1, 9), ("a:".into(), "  ^".into()));
        assert_eq!(
            rendered("a:", 7, 1),
            "error[code]: What is wrong\n --> ci.yml:7:1\n\n",
            "only the place"
        );
    }

    #[test]
    fn a_long_line_is_cut_around_the_place() {
        let text = format!("{}bad {}", "x".repeat(1000), "y".repeat(1000));
        let (line, mark) = marked(&text, 1, 1001);
        assert!(line.starts_with("...xxx") && line.ends_with("yyy..."), "{line}");
        assert_eq!(line.chars().count(), MAX_SHOWN + 6);
        assert_eq!(line.find("bad"), mark.find("^^^"));
    }

    #[test]
    fn a_file_does_not_speak_to_the_terminal() {
        let (line, mark) = marked("a: \u{1b}[31m\tb", 1, 9);
        assert_eq!(line, "a: \u{fffd}[31m b");
        assert_eq!(mark, "         ^".get(1..).expect("a mark"));
    }

    #[test]
    fn wide_characters_take_two_columns() {
        assert_eq!(marked("日本: x", 1, 5).1, "      ^");
    }

    #[test]
    fn a_file_as_a_whole_has_no_line() {
        let diagnostic = Diagnostic {
            file: "ci.yml".into(),
            position: None,
            severity: Severity::Warning,
            code: "code".into(),
            message: "Too long".into(),
        };
        let expected = "warning[code]: Too long\n --> ci.yml\n\n";
        assert_eq!(render(&diagnostic, "", Style::PLAIN), expected);
    }
}
