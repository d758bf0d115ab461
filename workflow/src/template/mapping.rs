//! Mappings: which of several kinds a mapping is, its keys, and what is missing.
//!
//! Invariant (`semantics` 1.2 and 1.5): keys are matched by case and distinct without regard to
//! case; each known key rules out the kinds that do not know it.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use foldhash::fast::RandomState;

use super::reader::{Place, Reader};
use super::token::{Token, TokenKind};
use crate::diagnostic::Position;
use crate::schema::{ANY, Definition, Mapping, OtherKeys, Support};
use crate::yaml::{Node, NodeKind, Scalar};

/// A place and the mappings that may stand there.
type Candidates = (Place, Vec<&'static Mapping>);

/// What is known of a mapping while its keys are read.
struct Open {
    place: Place,
    /// Never empty.
    candidates: Vec<&'static Mapping>,
    /// Keys seen, in upper case.
    seen: HashSet<String, RandomState>,
    has_expression_key: bool,
    pairs: Vec<(Token, Token)>,
}

impl Reader<'_> {
    pub(super) fn mapping(
        &mut self,
        position: Position,
        pairs: Arc<Vec<(Node, Node)>>,
        (place, candidates): Candidates,
    ) -> Token {
        let mut open = Open {
            place,
            candidates,
            seen: HashSet::with_capacity_and_hasher(pairs.len(), RandomState::default()),
            has_expression_key: false,
            pairs: Vec::with_capacity(pairs.len()),
        };
        for (key, value) in Arc::unwrap_or_clone(pairs) {
            self.pair(key, value, &mut open);
        }
        self.check_complete(position, &open);
        Token::new(position, TokenKind::Mapping(open.pairs))
    }

    fn pair(&mut self, key: Node, value: Node, open: &mut Open) {
        let NodeKind::Scalar(scalar) = key.kind else {
            return self.error(key.position, "unexpected-shape", "Expected a scalar value");
        };
        let key = self.scalar(key.position, scalar, open.place.allowed);
        if key.is_expression() {
            return self.expression_pair(key, value, open);
        }
        let Token { position, .. } = key;
        let text = key.into_text();
        if !open.seen.insert(upper_case(&text)) {
            let message = format!("'{text}' is already defined");
            return self.error(position, "duplicate-key", &message);
        }
        if let Some((definition, support)) = self.value_definition(&text, position, open) {
            self.warn_of_support(&text, position, (&value, support));
            let value = self.read(value, open.place.inner(definition));
            open.pairs.push((Token::new(position, TokenKind::String(text)), value));
        }
    }

    /// What a key says about its value, if it is a key here; otherwise that is reported.
    fn value_definition(
        &mut self,
        key: &str,
        position: Position,
        open: &mut Open,
    ) -> Option<(&'static Definition, Support)> {
        if let Some(property) = open.candidates.iter().find_map(|mapping| mapping.property(key)) {
            if open.candidates.len() > 1 {
                open.candidates.retain(|mapping| mapping.property(key).is_some());
            }
            return Some((property.value, property.support));
        }
        match open.candidates.first().map(|mapping| mapping.other_keys) {
            Some(OtherKeys::Names(value)) if !key.is_empty() => {
                return Some((value, Support::Honoured));
            }
            Some(OtherKeys::Ignored) => self.warn_ignored(position, key),
            _ => self.unexpected_value(position, key),
        }
        None
    }

    /// Says of a key that GitHub has what it does here. A literal `false` asks for nothing.
    fn warn_of_support(&mut self, key: &str, at: Position, (value, support): (&Node, Support)) {
        let message = match support {
            Support::Honoured => return,
            _ if value.kind == NodeKind::Scalar(Scalar::Bool(false)) => return,
            Support::Ignored(why) => format!("`{key}` has no effect: {why}"),
            Support::Fails(when) => format!("`{key}` is not supported yet: the job fails {when}"),
        };
        self.diagnostics.warn(at, "not-supported-yet", message);
    }

    /// A key that is known after evaluation only. What stands under it cannot be judged yet, unless
    /// all values of the mapping are of one kind.
    fn expression_pair(&mut self, key: Token, value: Node, open: &mut Open) {
        open.has_expression_key = true;
        if open.place.allowed.is_none() {
            let message = "A template expression is not allowed in this context";
            return self.error(key.position, "expression-not-allowed", message);
        }
        let definition = match (open.candidates.as_slice(), &key.kind) {
            ([Mapping { properties: [], other_keys: OtherKeys::Names(value) }], kind)
                if !matches!(kind, TokenKind::Insert) =>
            {
                value
            }
            _ => &ANY,
        };
        let value = self.read(value, open.place.inner(definition));
        open.pairs.push((key, value));
    }

    fn check_complete(&mut self, position: Position, open: &Open) {
        match open.candidates.as_slice() {
            [only] if !open.has_expression_key => {
                let missing = |key: &str| !open.seen.contains(&upper_case(key));
                for property in only.properties.iter().filter(|p| p.required && missing(p.key)) {
                    let message = format!("Required property is missing: {}", property.key);
                    self.error(position, "missing-property", &message);
                }
            }
            [_] | [] => {}
            several => {
                let message = format!(
                    "There's not enough info to determine what you meant. Add one of these \
                     properties: {}",
                    telling_keys(several).join(", ")
                );
                self.error(position, "not-enough-info", &message);
            }
        }
    }
}

fn upper_case(key: &str) -> String {
    if key.is_ascii() { key.to_ascii_uppercase() } else { key.to_uppercase() }
}

/// The keys that only one of the candidates has, in alphabetical order.
fn telling_keys(candidates: &[&Mapping]) -> Vec<&'static str> {
    let mut counts = BTreeMap::new();
    for property in candidates.iter().flat_map(|mapping| mapping.properties) {
        *counts.entry(property.key).or_insert(0) += 1;
    }
    counts.into_iter().filter(|(_, count)| *count == 1).map(|(key, _)| key).collect()
}
