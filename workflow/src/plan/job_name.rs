//! Display names of jobs (`semantics` 4.1).
//!
//! A `name` with an expression is evaluated elsewhere and replaces what is built here.

use crate::model::Job;
use crate::template::TokenKind;

/// Longest name built here, in characters; a longer one ends in `...`.
const MAX_LENGTH: usize = 100;

/// The literal `name`, or the id when there is none or it is an expression.
#[must_use]
pub fn default_name(job: &Job) -> String {
    let literal = job.name.as_ref().and_then(|token| match &token.kind {
        TokenKind::String(text) => Some(text.clone()),
        TokenKind::Number(number) => {
            Some(crate::expr::Value::Number(*number).to_text().into_owned())
        }
        TokenKind::Bool(flag) => Some(flag.to_string()),
        _ => None,
    });
    literal.filter(|name| !name.is_empty()).unwrap_or_else(|| job.id.0.clone())
}

/// `test (linux, 3.11)`, cut to 100 characters.
#[must_use]
pub fn with_values(default_name: &str, values: &[String]) -> String {
    let name = if values.is_empty() {
        default_name.to_owned()
    } else {
        format!("{default_name} ({})", values.join(", "))
    };
    if name.chars().count() <= MAX_LENGTH {
        return name;
    }
    let mut cut: String = name.chars().take(MAX_LENGTH - 3).collect();
    cut.push_str("...");
    cut
}
