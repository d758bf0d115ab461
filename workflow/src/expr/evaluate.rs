//! From a tree and an environment to a value.
//!
//! Does not index ([`super::index`]) or implement functions ([`super::functions`]). Invariant:
//! evaluation of one expression produces at most [`MAX_PRODUCED_BYTES`] of new data.

use std::borrow::Cow;
use std::cell::Cell;

use super::environment::Environment;
use super::expression::EvalError;
use super::functions;
use super::index::{self, Selector};
use super::node::{Compared, Key, Node, Path};
use super::value::Value;

/// Bytes one evaluation may produce in all. GitHub bounds what is held at one time (10 MiB); this
/// bounds the sum, so it is wider. Beyond it the evaluation is an error.
const MAX_PRODUCED_BYTES: usize = 50 * 1024 * 1024;

static NULL: Value = Value::Null;

pub(super) struct Evaluator<'a> {
    pub(super) environment: Environment<'a>,
    text: &'a str,
    produced_bytes: Cell<usize>,
}

/// The result of a node: a value, borrowed from the environment where possible, or the items that
/// a `*` selected, to each of which a following index applies.
pub(super) enum Evaluated<'a> {
    Value(Cow<'a, Value>),
    Filtered(Vec<Cow<'a, Value>>),
}

impl<'a> Evaluated<'a> {
    pub(super) const NULL: Self = Self::Value(Cow::Owned(Value::Null));

    pub(super) fn owned(value: Value) -> Self {
        Self::Value(Cow::Owned(value))
    }

    fn truthy(&self) -> bool {
        match self {
            Self::Value(value) => value.truthy(),
            Self::Filtered(_) => true,
        }
    }

    /// The value; selected items become an ordinary array.
    pub(super) fn into_value(self) -> Cow<'a, Value> {
        match self {
            Self::Value(value) => value,
            Self::Filtered(items) => {
                Cow::Owned(Value::array(items.into_iter().map(Cow::into_owned).collect()))
            }
        }
    }
}

impl<'a> Evaluator<'a> {
    pub(super) fn new(environment: Environment<'a>, text: &'a str) -> Self {
        Self { environment, text, produced_bytes: Cell::new(0) }
    }

    pub(super) fn value(&self, node: &'a Node) -> Result<Cow<'a, Value>, EvalError> {
        match self.at_hand(node) {
            Some(value) => Ok(Cow::Borrowed(value)),
            None => self.evaluate(node).map(Evaluated::into_value),
        }
    }

    /// The value of a literal or a path, which nothing has to be done for.
    pub(super) fn at_hand(&self, node: &'a Node) -> Option<&'a Value> {
        match node {
            Node::Literal(value) => Some(value),
            Node::Path(path) => Some(self.follow(path)),
            _ => None,
        }
    }

    fn follow(&self, path: &Path) -> &'a Value {
        let mut value = self.environment.contexts.get(&path.context);
        for name in &path.names {
            value = value.and_then(|value| index::property(value, name));
        }
        value.unwrap_or(&NULL)
    }

    /// Shows `visit` each item that the `*` in `node` selects, and says whether it did: it does not
    /// if a part of the node has to be evaluated.
    pub(super) fn visit_selected(&self, node: &'a Node, visit: &mut dyn FnMut(&'a Value)) -> bool {
        match node {
            Node::Index { target, key: Key::Wildcard } => match self.at_hand(target) {
                Some(value) => {
                    index::visit_all(value, visit);
                    true
                }
                None => self.visit_selected(target, &mut |value| index::visit_all(value, visit)),
            },
            Node::Index { target, key: Key::Name(name) } => {
                self.visit_selected(target, &mut |value| {
                    index::property(value, name).into_iter().for_each(&mut *visit);
                })
            }
            _ => false,
        }
    }

    pub(super) fn evaluate(&self, node: &'a Node) -> Result<Evaluated<'a>, EvalError> {
        Ok(match node {
            Node::Literal(value) => Evaluated::Value(Cow::Borrowed(value)),
            Node::Path(path) => Evaluated::Value(Cow::Borrowed(self.follow(path))),
            Node::Wildcard => Evaluated::owned(Value::string("*")),
            Node::Index { target, key } => return self.index(target, key),
            Node::Not(operand) => boolean(!self.evaluate(operand)?.truthy()),
            Node::And(operands) => return self.chain(operands, false),
            Node::Or(operands) => return self.chain(operands, true),
            Node::Compare(compared) => boolean(self.compare(compared)?),
            Node::Call { function, arguments } => {
                return functions::call(self, *function, arguments);
            }
        })
    }

    fn compare(&self, compared: &'a Compared) -> Result<bool, EvalError> {
        let Compared { comparison, left, right } = compared;
        if let (Some(left), Some(right)) = (self.at_hand(left), self.at_hand(right)) {
            return Ok(comparison.holds(left, right));
        }
        Ok(comparison.holds(&*self.value(left)?, &*self.value(right)?))
    }

    /// The first operand whose truth is `stop_at`, or else the last.
    fn chain(&self, operands: &'a [Node], stop_at: bool) -> Result<Evaluated<'a>, EvalError> {
        let Some((last, others)) = operands.split_last() else { return Ok(Evaluated::NULL) };
        for operand in others {
            let result = self.evaluate(operand)?;
            if result.truthy() == stop_at {
                return Ok(result);
            }
        }
        self.evaluate(last)
    }

    fn index(&self, target: &'a Node, key: &'a Key) -> Result<Evaluated<'a>, EvalError> {
        let target = self.evaluate(target)?;
        let result = match key {
            Key::Name(name) => index::select(target, &Selector::Name(name)),
            Key::Wildcard => index::select(target, &Selector::All),
            Key::Computed(key) => index::select(target, &Selector::Key(&*self.value(key)?)),
        };
        if let Evaluated::Filtered(items) = &result {
            self.count(items.len() * size_of::<Value>())?;
        }
        Ok(result)
    }

    /// Notes that `n_bytes` were produced.
    pub(super) fn count(&self, n_bytes: usize) -> Result<(), EvalError> {
        let produced = self.produced_bytes.get().saturating_add(n_bytes);
        self.produced_bytes.set(produced);
        if produced <= MAX_PRODUCED_BYTES {
            return Ok(());
        }
        Err(EvalError {
            message: format!(
                "The maximum allowed memory size was exceeded while evaluating the following expression: {}",
                self.text
            ),
        })
    }
}

pub(super) fn boolean<'a>(value: bool) -> Evaluated<'a> {
    Evaluated::owned(Value::Bool(value))
}
