//! Explicit tags: which there are and what they make of a scalar (`semantics` 1.1).
//!
//! Does not type untagged scalars; see [`super::scalar`].

use std::borrow::Cow;

use saphyr_parser::{ScalarStyle, Tag};

use super::error::YamlError;
use super::node::Scalar;
use super::scalar::{OutOfRange, as_bool, as_float, as_integer, is_null, resolve};
use crate::diagnostic::Position;

const CORE: &str = "tag:yaml.org,2002:";

/// Types a scalar by its tag, or by its spelling when it is plain and has none.
pub(super) fn type_scalar(
    text: Cow<'_, str>,
    style: ScalarStyle,
    tag: Option<&Tag>,
    position: Position,
) -> Result<Scalar, YamlError> {
    let Some(tag) = tag else {
        return match style {
            ScalarStyle::Plain => match resolve(&text) {
                Ok(typed) => Ok(typed.unwrap_or_else(|| Scalar::String(text.into_owned()))),
                Err(OutOfRange) => Err(invalid(&text, &core("int"), position)),
            },
            _ => Ok(Scalar::String(text.into_owned())),
        };
    };
    let name = full_name(tag);
    let kind = name.strip_prefix(CORE).unwrap_or_default();
    match kind {
        "str" => return Ok(Scalar::String(text.into_owned())),
        "null" | "bool" | "int" | "float" if style != ScalarStyle::Plain => {
            return Err(wrong_style(style, &name, position));
        }
        _ => {}
    }
    let typed = match kind {
        "null" => is_null(&text).then_some(Scalar::Null),
        "bool" => as_bool(&text).map(Scalar::Bool),
        "int" => as_integer(&text).unwrap_or(None).map(Scalar::Number),
        "float" => as_float(&text).map(Scalar::Number),
        _ => return Err(unexpected(&name, position)),
    };
    typed.ok_or_else(|| invalid(&text, &name, position))
}

/// A collection may only carry the tag it has anyway.
pub(super) fn check_collection(
    tag: Option<&Tag>,
    own: &str,
    position: Position,
) -> Result<(), YamlError> {
    match tag.map(full_name) {
        Some(name) if name != core(own) => Err(unexpected(&name, position)),
        _ => Ok(()),
    }
}

fn core(kind: &str) -> String {
    format!("{CORE}{kind}")
}

fn full_name(tag: &Tag) -> String {
    format!("{}{}", tag.handle, tag.suffix)
}

fn unexpected(name: &str, position: Position) -> YamlError {
    YamlError::new(position, "unexpected-tag", format!("Unexpected tag '{name}'"))
}

fn invalid(text: &str, name: &str, position: Position) -> YamlError {
    let Position { line, column } = position;
    let message = format!(
        "The value '{text}' on line {line} and column {column} is invalid for the type '{name}'"
    );
    YamlError::new(position, "invalid-scalar", message)
}

fn wrong_style(style: ScalarStyle, name: &str, position: Position) -> YamlError {
    let Position { line, column } = position;
    let message = format!(
        "The scalar style '{style:?}' on line {line} and column {column} is not valid with the tag '{name}'"
    );
    YamlError::new(position, "invalid-scalar-style", message)
}
