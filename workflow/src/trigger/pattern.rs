//! One filter pattern of `branches`, `tags` or `paths`, translated to a regular expression.
//!
//! Grammar: `semantics` 3.2. Does not know lists; see the filters. Invariant: a pattern matches the
//! whole value or nothing, and case matters.

use regex::Regex;

/// A compiled filter pattern.
#[derive(Clone, Debug)]
pub struct Pattern {
    text: String,
    negative: bool,
    regex: Regex,
}

/// Why a text is not a filter pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{pattern}` is not a valid filter pattern: {problem}")]
pub struct PatternError {
    pub pattern: String,
    pub problem: String,
}

impl Pattern {
    /// Compiles a pattern as written in the file, with a leading `!` for a negative one.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        let refuse = |problem: String| PatternError { pattern: text.to_owned(), problem };
        let (negative, body) = match text.strip_prefix('!') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        if body.is_empty() {
            return Err(refuse("it is empty".to_owned()));
        }
        let expression = translate(body).map_err(refuse)?;
        let regex = Regex::new(&expression).map_err(|_| refuse("it is too long".to_owned()))?;
        Ok(Self { text: text.to_owned(), negative, regex })
    }

    /// The pattern as written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether the pattern began with `!`.
    #[must_use]
    pub fn is_negative(&self) -> bool {
        self.negative
    }

    /// Whether the pattern, without its `!`, matches the whole of `value`.
    #[must_use]
    pub fn matches(&self, value: &str) -> bool {
        self.regex.is_match(value)
    }
}

/// The regular expression of a pattern without its `!`.
fn translate(body: &str) -> Result<String, String> {
    let characters: Vec<char> = body.chars().collect();
    let mut atoms: Vec<String> = Vec::new();
    let mut at = 0;
    while let Some(&character) = characters.get(at) {
        let rest = &characters[at + 1..];
        let (atom, used) = match character {
            '*' => star(rest),
            '?' | '+' if !atoms.is_empty() => {
                let repeated = atoms.pop().unwrap_or_default();
                (format!("(?:{repeated}){character}"), 1)
            }
            '[' => class(rest)?,
            '\\' => match rest.first() {
                Some(&escaped) => (literal(escaped), 2),
                None => (literal('\\'), 1),
            },
            other => (literal(other), 1),
        };
        atoms.push(atom);
        at += used;
    }
    Ok(format!(r"(?s)\A(?:{})\z", atoms.concat()))
}

/// `*`, `**` or `**/`, and how many characters it took. `rest` follows the first star.
fn star(rest: &[char]) -> (String, usize) {
    match rest {
        ['*', '/', ..] => ("(?:.+/)?".to_owned(), 3),
        ['*', ..] => (".*".to_owned(), 2),
        _ => ("[^/]*".to_owned(), 1),
    }
}

/// `[...]`, and how many characters it took. GitHub documents alphanumerics and ranges of them;
/// any other character stands for itself.
fn class(rest: &[char]) -> Result<(String, usize), String> {
    let end = rest.iter().position(|&c| c == ']').ok_or("`[` is not closed by `]`")?;
    let inside = &rest[..end];
    if inside.is_empty() {
        return Err("`[]` names no character".to_owned());
    }
    let mut class = String::from("[");
    let mut at = 0;
    while at < inside.len() {
        match inside[at..] {
            [low, '-', high, ..] => {
                class.push_str(&range(low, high)?);
                at += 3;
            }
            [single, ..] => {
                class.push_str(&literal(single));
                at += 1;
            }
            [] => break,
        }
    }
    class.push(']');
    Ok((class, end + 2))
}

fn range(low: char, high: char) -> Result<String, String> {
    let same_kind = (low.is_ascii_digit() && high.is_ascii_digit())
        || (low.is_ascii_lowercase() && high.is_ascii_lowercase())
        || (low.is_ascii_uppercase() && high.is_ascii_uppercase());
    if same_kind && low <= high {
        Ok(format!("{low}-{high}"))
    } else {
        Err(format!("`{low}-{high}` is not a range within a-z, A-Z or 0-9"))
    }
}

/// A character that stands for itself, also inside a class.
fn literal(character: char) -> String {
    regex::escape(character.encode_utf8(&mut [0; 4]))
}
