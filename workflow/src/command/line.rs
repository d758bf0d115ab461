//! One line of output to the workflow command in it.
//!
//! Knows the two spellings and their escapes, not what commands do. Invariant: only names that the
//! caller knows are commands; every other line is plain output (`semantics` 5.7).

/// A command as it was written: `::name key=value,...::data` or `##[name key=value;...]data`.
#[derive(Clone, PartialEq, Eq)]
pub struct RawCommand {
    /// In the spelling of the line; names are compared without regard to case.
    pub name: String,
    /// In order of the line; a later value of the same key has replaced an earlier one.
    pub properties: Vec<(String, String)>,
    pub data: String,
}

impl RawCommand {
    /// The value of a property, whose name ignores case.
    #[must_use]
    pub fn property(&self, key: &str) -> Option<&str> {
        let found = self.properties.iter().find(|(known, _)| known.eq_ignore_ascii_case(key));
        found.map(|(_, value)| value.as_str())
    }
}

impl std::fmt::Debug for RawCommand {
    /// Shows the name only; the rest may be a secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RawCommand").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Escapes, in the order in which they are undone. The percent sign comes last.
type Escapes = [(&'static str, &'static str)];

const DATA_ESCAPES: &Escapes = &[("%0D", "\r"), ("%0A", "\n"), ("%25", "%")];
const PROPERTY_ESCAPES: &Escapes =
    &[("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")];
const LEGACY_ESCAPES: &Escapes =
    &[("%3B", ";"), ("%0D", "\r"), ("%0A", "\n"), ("%5D", "]"), ("%25", "%")];

const MARK: &str = "::";
const LEGACY_MARK: &str = "##[";

/// The command in `line`, if there is one and `is_known` answers yes to its name.
pub fn parse_line(line: &str, is_known: impl Fn(&str) -> bool) -> Option<RawCommand> {
    // Nearly all lines end here, without any work.
    if !line.contains(MARK) && !line.contains(LEGACY_MARK) {
        return None;
    }
    parse_current(line, &is_known).or_else(|| parse_legacy(line, &is_known))
}

/// `::name key=value,key=value::data`, at the start of the line but for white space.
fn parse_current(line: &str, is_known: &impl Fn(&str) -> bool) -> Option<RawCommand> {
    let (head, data) = line.trim_start().strip_prefix(MARK)?.split_once(MARK)?;
    let (name, properties) = split_head(head);
    is_known(name).then(|| RawCommand {
        name: name.to_owned(),
        properties: read_properties(properties.trim(), ',', PROPERTY_ESCAPES),
        data: unescape(data, DATA_ESCAPES),
    })
}

/// `##[name key=value;key=value]data`, anywhere in the line.
fn parse_legacy(line: &str, is_known: &impl Fn(&str) -> bool) -> Option<RawCommand> {
    let (_, command) = line.split_once(LEGACY_MARK)?;
    let (head, data) = command.split_once(']')?;
    let (name, properties) = split_head(head);
    is_known(name).then(|| RawCommand {
        name: name.to_owned(),
        properties: read_properties(properties, ';', LEGACY_ESCAPES),
        data: unescape(data, LEGACY_ESCAPES),
    })
}

fn split_head(head: &str) -> (&str, &str) {
    head.split_once(' ').unwrap_or((head, ""))
}

/// Properties without a key or without a value are left out.
fn read_properties(text: &str, separator: char, escapes: &Escapes) -> Vec<(String, String)> {
    let mut properties: Vec<(String, String)> = Vec::new();
    for property in text.split(separator) {
        let Some((key, value)) = property.trim_start_matches('=').split_once('=') else { continue };
        let value = value.trim_start_matches('=');
        if value.is_empty() {
            continue;
        }
        let value = unescape(value, escapes);
        match properties.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(key)) {
            Some(known) => known.1 = value,
            None => properties.push((key.to_owned(), value)),
        }
    }
    properties
}

fn unescape(text: &str, escapes: &Escapes) -> String {
    let mut text = text.to_owned();
    for (escaped, plain) in escapes {
        if text.contains(escaped) {
            text = text.replace(escaped, plain);
        }
    }
    text
}
