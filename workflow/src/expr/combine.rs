//! Expressions that are made of others, without writing them down and parsing that again.
//!
//! Does not find expressions in a text; [`crate::template`] does. Invariant: the result is what its
//! text would be parsed to, and so is the error.

use super::environment::Allowed;
use super::expression::{Expression, ParseError};
use super::functions::Function;
use super::node::{MAX_DEPTH, Node};
use super::parser::{self, Chain, MAX_LENGTH, Tree};
use super::value::Value;

/// Condition of what has none.
const SUCCESS: &str = "success()";

/// Arguments that `format` takes behind its pattern.
const MAX_ARGUMENTS: usize = 254;

/// A piece of a text with expressions.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Part<'a> {
    Text(&'a str),
    /// Without `${{` and `}}`.
    Expression(&'a str),
}

impl Expression {
    /// One call of `format` that gives the whole text.
    pub(crate) fn of_parts(parts: &[Part<'_>], allowed: &Allowed) -> Result<Self, ParseError> {
        let (mut pattern, mut arguments) = (String::new(), Vec::new());
        let mut depth = 1;
        let mut sources = String::new();
        for part in parts {
            match part {
                Part::Text(text) => push_pattern(&mut pattern, text),
                Part::Expression(text) => {
                    let argument = parser::parse(text, allowed)?;
                    pattern.push_str(&format!("{{{}}}", arguments.len()));
                    sources.push_str(", ");
                    sources.push_str(text);
                    depth = depth.max(argument.depth);
                    arguments.push(argument.node);
                }
            }
        }
        let text = format!("format('{}'{sources})", pattern.replace('\'', "''"));
        if arguments.len() > MAX_ARGUMENTS || depth >= MAX_DEPTH || text.len() > MAX_LENGTH {
            // Too much in sum; this finds the words for it.
            return Self::parse(&text, allowed);
        }
        arguments.insert(0, Node::Literal(Value::string(pattern)));
        let node = Node::Call { function: Function::Format, arguments };
        Ok(Self::new(text, Tree { node, depth: depth + 1 }))
    }

    /// `success() && (...)`.
    pub(crate) fn if_successful(self, allowed: &Allowed) -> Result<Self, ParseError> {
        let text = format!("{SUCCESS} && ({self})");
        let is_fine = self.depth() < MAX_DEPTH
            && text.len() <= MAX_LENGTH
            && Function::Success.is_allowed(allowed);
        let Some(tree) = self.into_tree().filter(|_| is_fine) else {
            return Self::parse(&text, allowed);
        };
        let success = Node::Call { function: Function::Success, arguments: Vec::new() };
        Ok(Self::new(text, Tree { node: success, depth: 1 }.joined(tree, Chain::And)))
    }
}

/// Braces of a pattern are doubled.
fn push_pattern(pattern: &mut String, text: &str) {
    if text.contains(['{', '}']) {
        pattern.push_str(&text.replace('{', "{{").replace('}', "}}"));
    } else {
        pattern.push_str(text);
    }
}
