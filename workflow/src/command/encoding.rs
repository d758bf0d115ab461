//! The forms in which a secret may appear in output.
//!
//! Does not search ([`super::mask`]). Invariant: no form is empty, and each contains only characters
//! of the secret or of its encoding (`semantics` 5.9).

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};

use crate::expr::escape_json;

/// Secrets of fewer bytes have no hexadecimal form here, and no partial base64 forms: such short
/// text would star out much that is no secret.
const MIN_PARTIAL_BYTES: usize = 8;

/// Shortest secret in double quotes that is masked without them, too.
const MIN_QUOTED: usize = 9;

/// Shortest part of a secret, cut at `&`, that is masked by itself.
const MIN_AMPERSAND_PART: usize = 6;

/// All that has to be masked for one secret: the trimmed value, each line, and their encodings.
pub(super) fn forms_of(secret: &str) -> Vec<String> {
    let mut forms = Vec::new();
    let whole = secret.trim();
    let lines = secret.split(['\r', '\n']).map(str::trim);
    for value in std::iter::once(whole).chain(lines.filter(|line| *line != whole)) {
        if !value.is_empty() {
            push_forms(&mut forms, value);
        }
    }
    forms.sort_unstable();
    forms.dedup();
    forms.retain(|form| !form.is_empty());
    forms
}

fn push_forms(forms: &mut Vec<String>, value: &str) {
    forms.push(value.to_owned());
    push_base64(forms, value.as_bytes());
    forms.push(value.replace('"', "\\\""));
    forms.push(value.replace('\'', "''"));
    forms.push(escape_json(value));
    forms.push(escape_uri(value));
    forms.push(escape_xml(value));
    forms.extend(without_quotes(value));
    forms.extend(ampersand_parts(value));
    if value.len() >= MIN_PARTIAL_BYTES {
        forms.push(hex::encode(value));
        forms.push(hex::encode_upper(value));
    }
}

/// Base64 of the bytes and of the bytes without the first one and two: one of the three appears
/// wherever the secret is encoded within a longer text. As what follows the secret changes the last
/// characters, the part that no neighbour changes is a form of its own.
fn push_base64(forms: &mut Vec<String>, bytes: &[u8]) {
    for shift in 0..3 {
        let Some(rest) = bytes.get(shift..).filter(|rest| !rest.is_empty()) else { continue };
        forms.push(STANDARD.encode(rest));
        let stable = &rest[..rest.len() / 3 * 3];
        if stable.len() + 2 >= MIN_PARTIAL_BYTES {
            forms.push(STANDARD.encode(stable));
            forms.push(URL_SAFE.encode(stable));
        }
    }
}

fn escape_uri(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push('%');
            escaped.push_str(&hex::encode_upper([byte]));
        }
    }
    escaped
}

fn escape_xml(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    for c in value.chars() {
        match c {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            '&' => escaped.push_str("&amp;"),
            _ => escaped.push(c),
        }
    }
    escaped
}

fn without_quotes(value: &str) -> Option<String> {
    let inner = value.strip_prefix('"')?.strip_suffix('"')?;
    (value.chars().count() >= MIN_QUOTED).then(|| inner.to_owned())
}

/// PowerShell prints a command that failed in parts: up to `&` and after it. Where `&+` stands, it
/// colours the next character, so that the second part begins one character later.
fn ampersand_parts(value: &str) -> Vec<String> {
    let (before, after) = if let Some(at) = value.find("&+") {
        let (before, after) = value.split_at(at + 2);
        let mut characters = after.chars();
        characters.next();
        (before, characters.as_str())
    } else if let Some(at) = value.rfind('&') {
        value.split_at(at + 1)
    } else {
        return Vec::new();
    };
    let long_enough = |part: &&str| part.chars().count() >= MIN_AMPERSAND_PART;
    [before, after].into_iter().filter(long_enough).map(str::to_owned).collect()
}
