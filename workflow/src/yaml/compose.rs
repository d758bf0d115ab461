//! Events of the YAML grammar to one tree of nodes.
//!
//! Does not type scalars ([`super::tag`]) and does not judge keys. Invariant: an alias counts
//! against every limit as if the text stood there again.

use std::collections::HashMap;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError, Span, StrInput};

use super::error::YamlError;
use super::limits::{Cost, MAX_CHARACTERS, Meter, too_deep};
use super::lines::Lines;
use super::node::{Node, NodeKind, Scalar};
use super::tag;
use crate::diagnostic::Position;

/// Bytes of a character in UTF-8, at most.
const LONGEST_CHARACTER: usize = 4;

/// Reads the one document of `text`. An empty text is a null.
///
/// # Errors
/// The first thing that is wrong, in GitHub's words where GitHub has some.
pub fn parse(text: &str) -> Result<Node, YamlError> {
    Composer::new(text)?.document()
}

/// As [`parse`], where the file may name no anchor (`action.yml`).
///
/// # Errors
/// As [`parse`], and the first anchor.
pub fn parse_without_anchors(text: &str) -> Result<Node, YamlError> {
    Composer { allows_anchors: false, ..Composer::new(text)? }.document()
}

/// A finished node, and what it counts against the limits wherever it stands.
#[derive(Clone)]
struct Built {
    node: Node,
    cost: Cost,
}

struct Composer<'a> {
    text: &'a str,
    lines: Lines<'a>,
    events: Parser<'a, StrInput<'a>>,
    allows_anchors: bool,
    /// By the parser's anchor number, which a redefinition renews.
    anchors: HashMap<usize, Built>,
    meter: Meter,
}

impl<'a> Composer<'a> {
    fn new(text: &'a str) -> Result<Self, YamlError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        // A text of that many bytes is too long whatever is in it, so it is not looked at.
        let is_huge = text.len() > MAX_CHARACTERS * LONGEST_CHARACTER;
        if is_huge || text.chars().count() > MAX_CHARACTERS {
            let message =
                format!("The maximum file size of {MAX_CHARACTERS} characters has been exceeded");
            return Err(YamlError { position: None, code: "max-file-size", message });
        }
        Ok(Self {
            text,
            lines: Lines::of(text),
            events: Parser::new_from_str(text),
            allows_anchors: true,
            anchors: HashMap::new(),
            meter: Meter::default(),
        })
    }

    fn document(mut self) -> Result<Node, YamlError> {
        loop {
            match self.next()? {
                (Event::StreamStart | Event::DocumentStart(_), _) => {}
                (Event::StreamEnd, _) => {
                    let kind = NodeKind::Scalar(Scalar::Null);
                    return Ok(Node { position: Position::START, kind });
                }
                (event, span) => {
                    let root = self.node(event, span)?.node;
                    self.expect_end()?;
                    return Ok(root);
                }
            }
        }
    }

    fn expect_end(&mut self) -> Result<(), YamlError> {
        loop {
            match self.next()? {
                (Event::StreamEnd, _) => return Ok(()),
                (Event::DocumentStart(_), span) => {
                    let message = "The file must be a single YAML document";
                    return Err(YamlError::new(position(span.start), "second-document", message));
                }
                _ => {}
            }
        }
    }

    fn next(&mut self) -> Result<(Event<'a>, Span), YamlError> {
        match self.events.next_event() {
            Some(Ok(event)) => Ok(event),
            Some(Err(error)) => Err(self.refusal(&error)),
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    /// The parser's error in our words. It resolves anchor names itself and reports an unknown one
    /// without its name; it looks ahead, so it may meet brackets beyond its own depth limit first.
    fn refusal(&self, error: &ScanError) -> YamlError {
        let at = position(*error.marker());
        match error.info() {
            info if info.contains("unknown anchor") => {
                let name = self.alias_at(*error.marker());
                YamlError::new(at, "unknown-anchor", format!("Unknown anchor '{name}'"))
            }
            info if info.contains("recursion limit") => too_deep(at),
            info => YamlError::syntax(at, info),
        }
    }

    /// The name after the `*` at `marker`.
    fn alias_at(&self, marker: Marker) -> String {
        self.text.chars().skip(marker.index() + 1).take_while(|c| !ends_name(*c)).collect()
    }

    /// Refuses an anchor where there may be none. Anchor 0 is no anchor.
    fn check_anchor(&self, anchor: usize, start: Marker) -> Result<(), YamlError> {
        if anchor == 0 || self.allows_anchors {
            return Ok(());
        }
        let name = self.anchor_before(start);
        let message = format!("Anchors are not currently supported. Remove the anchor '{name}'");
        Err(YamlError::new(position(start), "anchor", message))
    }

    /// The name after the last `&` up to `marker`, which is where an anchored node starts.
    fn anchor_before(&self, marker: Marker) -> String {
        let up_to: Vec<char> = self.text.chars().take(marker.index() + 1).collect();
        let start = up_to.iter().rposition(|c| *c == '&').map_or(0, |at| at + 1);
        self.text.chars().skip(start).take_while(|c| !ends_name(*c)).collect()
    }

    /// Builds the node that `event` starts.
    fn node(&mut self, event: Event<'a>, span: Span) -> Result<Built, YamlError> {
        let at = position(span.start);
        if let Event::Scalar(_, _, anchor, _)
        | Event::SequenceStart(anchor, _)
        | Event::MappingStart(anchor, _) = &event
        {
            self.check_anchor(*anchor, span.start)?;
        }
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let at = match style {
                    ScalarStyle::Literal | ScalarStyle::Folded if anchor == 0 && tag.is_none() => {
                        self.lines.block_header(at)
                    }
                    _ => at,
                };
                let cost = Cost::scalar(&text);
                let scalar = tag::type_scalar(text, style, tag.as_deref(), at)?;
                let built = self.scalar(scalar, at, cost)?;
                Ok(self.remember(anchor, built))
            }
            Event::SequenceStart(anchor, tag) => {
                tag::check_collection(tag.as_deref(), "seq", at)?;
                let built = self.sequence(at)?;
                Ok(self.remember(anchor, built))
            }
            Event::MappingStart(anchor, tag) => {
                tag::check_collection(tag.as_deref(), "map", at)?;
                let built = self.mapping(at)?;
                Ok(self.remember(anchor, built))
            }
            Event::Alias(anchor) => self.replay(anchor, span),
            other => Err(YamlError::syntax(at, &format!("unexpected {other:?}"))),
        }
    }

    fn scalar(&mut self, scalar: Scalar, at: Position, cost: Cost) -> Result<Built, YamlError> {
        self.meter.spend(cost, at)?;
        Ok(Built { node: Node { position: at, kind: NodeKind::Scalar(scalar) }, cost })
    }

    fn sequence(&mut self, at: Position) -> Result<Built, YamlError> {
        let mut cost = Cost::collection();
        self.meter.spend(cost, at)?;
        self.meter.enter();
        let mut items = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if event == Event::SequenceEnd {
                break;
            }
            let item = self.node(event, span)?;
            cost = cost.containing(item.cost);
            items.push(item.node);
        }
        self.meter.leave();
        Ok(Built { node: Node { position: at, kind: NodeKind::Sequence(items.into()) }, cost })
    }

    fn mapping(&mut self, at: Position) -> Result<Built, YamlError> {
        let mut cost = Cost::collection();
        self.meter.spend(cost, at)?;
        self.meter.enter();
        let mut pairs = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if event == Event::MappingEnd {
                break;
            }
            let key = self.node(event, span)?;
            let (event, span) = self.next()?;
            let is_missing = is_missing(&event);
            let mut value = self.node(event, span)?;
            if is_missing {
                // The parser puts it on the colon, GitHub behind.
                value.node.position.column += 1;
            }
            cost = cost.containing(key.cost).containing(value.cost);
            pairs.push((key.node, value.node));
        }
        self.meter.leave();
        Ok(Built { node: Node { position: at, kind: NodeKind::Mapping(pairs.into()) }, cost })
    }

    /// Keeps an anchored node for its aliases.
    fn remember(&mut self, anchor: usize, built: Built) -> Built {
        if anchor != 0 {
            self.anchors.insert(anchor, built.clone());
        }
        built
    }

    fn replay(&mut self, anchor: usize, span: Span) -> Result<Built, YamlError> {
        let at = position(span.start);
        let Some(anchored) = self.anchors.get(&anchor) else {
            let name = self.alias_at(span.start);
            let message = format!("The anchor '{name}' contains itself");
            return Err(YamlError::new(at, "recursive-anchor", message));
        };
        self.meter.spend(anchored.cost, at)?;
        Ok(anchored.clone())
    }
}

/// Whether `c` cannot be part of an anchor's name.
fn ends_name(c: char) -> bool {
    c.is_whitespace() || matches!(c, ',' | '[' | ']' | '{' | '}')
}

/// Whether the text has nothing where a value could be.
fn is_missing(event: &Event<'_>) -> bool {
    matches!(event, Event::Scalar(text, ScalarStyle::Plain, 0, None) if text.is_empty())
}

/// The parser counts columns from 0.
fn position(marker: Marker) -> Position {
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    Position::new(count(marker.line()), count(marker.col() + 1))
}
