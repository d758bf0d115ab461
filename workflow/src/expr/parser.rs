//! From tokens to a tree, by operator precedence.
//!
//! Uses two stacks and no recursion: thousands of nested brackets are legal. Invariant: errors come
//! in the order of the text and with GitHub's words (`semantics` 2.2 and 2.11).

use smallvec::SmallVec;
use smol_str::SmolStr;

use super::environment::Allowed;
use super::expression::ParseError;
use super::functions::Function;
use super::lexer::Lexer;
use super::node::{Compared, Comparison, Key, MAX_DEPTH, Node, Path};
use super::token::{Token, TokenKind};
use super::value::Value;

/// UTF-16 code units an expression may have, as counted by GitHub.
pub(super) const MAX_LENGTH: usize = 21_000;

/// A part of the tree, or all of it, and how deep it is.
pub(super) struct Tree {
    pub(super) node: Node,
    pub(super) depth: usize,
}

/// Parses the whole of `text`.
pub(super) fn parse(text: &str, allowed: &Allowed) -> Result<Tree, ParseError> {
    // No text has more code units than bytes.
    if text.len() > MAX_LENGTH && text.encode_utf16().count() > MAX_LENGTH {
        return Err(without_token(format!("Exceeded max expression length {MAX_LENGTH}")));
    }
    let mut lexer = Lexer::new(text);
    let mut parser = Parser::new(text, allowed);
    parser.run(&mut lexer)
}

fn without_token(message: String) -> ParseError {
    ParseError { message, offset: 1 }
}

struct Parser<'a> {
    text: &'a str,
    allowed: &'a Allowed,
    operators: SmallVec<[Operator; N_AT_HAND]>,
    operands: SmallVec<[Tree; N_AT_HAND]>,
    last: Option<Token>,
    /// The function whose name was the last token.
    function: Option<Function>,
}

/// Operators and operands that wait at one time in what people write.
const N_AT_HAND: usize = 6;

/// What waits for its operands.
#[derive(Clone, Copy, Debug)]
enum Operator {
    Group,
    Index,
    /// A call and the number of operands below its arguments.
    Call {
        call: Call,
        below: usize,
    },
    Not,
    Compare(Comparison),
    And,
    Or,
}

/// A function with its name and its opening bracket, which errors point at.
#[derive(Clone, Copy, Debug)]
struct Call {
    function: Function,
    name: Token,
    bracket: Token,
}

impl Operator {
    /// Higher binds tighter. Open brackets bind nothing.
    fn precedence(self) -> u8 {
        match self {
            Self::Group | Self::Index | Self::Call { .. } => 0,
            Self::Or => 5,
            Self::And => 6,
            Self::Compare(Comparison::Equal | Comparison::NotEqual) => 10,
            Self::Compare(_) => 11,
            Self::Not => 16,
        }
    }
}

impl<'a> Parser<'a> {
    fn new(text: &'a str, allowed: &'a Allowed) -> Self {
        let (operators, operands) = (SmallVec::new(), SmallVec::new());
        Self { text, allowed, operators, operands, last: None, function: None }
    }

    fn run(&mut self, lexer: &mut Lexer<'a>) -> Result<Tree, ParseError> {
        while let Some((token, literal)) = lexer.next_token() {
            self.take(token, literal)?;
            self.last = Some(token);
        }
        let Some(last) = self.last else {
            return Err(without_token("An expression was expected".to_owned()));
        };
        if last.kind.wants_operand()
            || last.kind == TokenKind::Dereference
            || lexer.has_open_bracket()
        {
            return Err(self.error("Unexpected end of expression", last));
        }
        self.reduce_down_to(1)?;
        match self.operands.pop() {
            Some(tree) if tree.depth > MAX_DEPTH => {
                Err(without_token(format!("Exceeded max expression depth {MAX_DEPTH}")))
            }
            Some(tree) => Ok(tree),
            None => Err(self.error("Unexpected end of expression", last)),
        }
    }

    fn take(&mut self, token: Token, literal: Option<Value>) -> Result<(), ParseError> {
        match token.kind {
            TokenKind::Unexpected => return Err(self.error("Unexpected symbol", token)),
            TokenKind::Literal => self.push(Node::Literal(literal.unwrap_or_default()), 1),
            // Nothing binds tighter than an index: what is before it is complete.
            TokenKind::Dereference => {}
            TokenKind::Property => self.index(Key::Name(SmolStr::new(self.raw(token))), 1)?,
            TokenKind::Wildcard if self.follows(TokenKind::Dereference) => {
                self.index(Key::Wildcard, 1)?;
            }
            TokenKind::Wildcard => self.push(Node::Wildcard, 1),
            TokenKind::Context => self.push_context(token)?,
            // The call begins with the bracket; an unknown name is an error before that.
            TokenKind::Function => self.function = Some(self.function(token)?),
            TokenKind::StartParameters => self.open_call(token)?,
            TokenKind::StartGroup => self.operators.push(Operator::Group),
            TokenKind::Not => self.operators.push(Operator::Not),
            TokenKind::StartIndex => self.operators.push(Operator::Index),
            TokenKind::And => self.push_operator(Operator::And)?,
            TokenKind::Or => self.push_operator(Operator::Or)?,
            TokenKind::Compare(comparison) => self.push_operator(Operator::Compare(comparison))?,
            TokenKind::Separator => self.reduce_down_to(1)?,
            TokenKind::EndGroup | TokenKind::EndIndex | TokenKind::EndParameters => self.close()?,
        }
        Ok(())
    }

    fn push(&mut self, node: Node, depth: usize) {
        // A tree that is too deep is an error in any case. Its depth is kept and the tree is not,
        // so that neither building nor dropping it recurses without bound.
        let node = if depth > MAX_DEPTH { Node::Wildcard } else { node };
        self.operands.push(Tree { node, depth });
    }

    fn push_context(&mut self, token: Token) -> Result<(), ParseError> {
        match self.allowed.context(self.raw(token)) {
            Some(context) => {
                self.push(Node::Path(Box::new(Path { context, names: SmallVec::new() })), 1);
            }
            None => return Err(self.error("Unrecognized named-value", token)),
        }
        Ok(())
    }

    fn follows(&self, kind: TokenKind) -> bool {
        self.last.is_some_and(|last| last.kind == kind)
    }

    fn function(&self, token: Token) -> Result<Function, ParseError> {
        Function::named(self.raw(token))
            .filter(|function| function.is_allowed(self.allowed))
            .ok_or_else(|| self.error("Unrecognized function", token))
    }

    fn open_call(&mut self, bracket: Token) -> Result<(), ParseError> {
        let name = self.last.unwrap_or(bracket);
        // The lexer lets no other bracket of a call through.
        let Some(function) = self.function.take() else {
            return Err(self.error("Unexpected symbol", bracket));
        };
        let call = Call { function, name, bracket };
        self.operators.push(Operator::Call { call, below: self.operands.len() });
        Ok(())
    }

    fn push_operator(&mut self, operator: Operator) -> Result<(), ParseError> {
        self.reduce_down_to(operator.precedence())?;
        self.operators.push(operator);
        Ok(())
    }

    /// Finishes all operators on top that bind at least as tight as `precedence`.
    fn reduce_down_to(&mut self, precedence: u8) -> Result<(), ParseError> {
        while let Some(&operator) = self.operators.last() {
            if operator.precedence() < precedence {
                break;
            }
            self.operators.pop();
            self.reduce(operator)?;
        }
        Ok(())
    }

    fn reduce(&mut self, operator: Operator) -> Result<(), ParseError> {
        let right = self.pop()?;
        match operator {
            Operator::Not => self.push(Node::Not(Box::new(right.node)), right.depth + 1),
            Operator::Compare(comparison) => {
                let left = self.pop()?;
                let depth = left.depth.max(right.depth) + 1;
                let compared = Compared { comparison, left: left.node, right: right.node };
                self.push(Node::Compare(Box::new(compared)), depth);
            }
            Operator::And => {
                let tree = self.pop()?.joined(right, Chain::And);
                self.push(tree.node, tree.depth);
            }
            Operator::Or => {
                let tree = self.pop()?.joined(right, Chain::Or);
                self.push(tree.node, tree.depth);
            }
            // Open brackets have a precedence of 0 and are closed in `close` only.
            Operator::Group | Operator::Index | Operator::Call { .. } => self.operands.push(right),
        }
        Ok(())
    }

    /// Applies an index to the last operand.
    fn index(&mut self, key: Key, key_depth: usize) -> Result<(), ParseError> {
        let target = self.pop()?;
        let depth = target.depth.max(key_depth) + 1;
        let node = match (target.node, key) {
            (Node::Path(mut path), Key::Name(name)) => {
                path.names.push(name);
                Node::Path(path)
            }
            (target, key) => Node::Index { target: Box::new(target), key },
        };
        self.push(node, depth);
        Ok(())
    }

    fn close(&mut self) -> Result<(), ParseError> {
        self.reduce_down_to(1)?;
        match self.operators.pop() {
            Some(Operator::Index) => {
                let key = self.pop()?;
                let depth = key.depth;
                let key = match key.node {
                    Node::Wildcard => Key::Wildcard,
                    Node::Literal(Value::String(name)) => Key::Name(SmolStr::new(&*name)),
                    node => Key::Computed(Box::new(node)),
                };
                self.index(key, depth)
            }
            Some(Operator::Call { call, below }) => {
                let below = below.min(self.operands.len());
                self.check_count(call, self.operands.len() - below)?;
                let function = call.function;
                let depths = self.operands[below..].iter().map(|argument| argument.depth);
                let depth = depths.max().unwrap_or(0) + 1;
                let arguments = self.operands.drain(below..).map(|argument| argument.node);
                let arguments = arguments.collect();
                self.push(Node::Call { function, arguments }, depth);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// GitHub names the bracket where the number is wrong, and the function where it is even.
    fn check_count(&self, call: Call, count: usize) -> Result<(), ParseError> {
        let (least, most) = call.function.arity(self.allowed);
        if count < least {
            return Err(self.error("Too few parameters supplied", call.bracket));
        }
        if count > most {
            return Err(self.error("Too many parameters supplied", call.bracket));
        }
        if call.function == Function::Case && count.is_multiple_of(2) {
            let what = "Even number of parameters supplied, requires an odd number of parameters";
            return Err(self.error(what, call.name));
        }
        Ok(())
    }

    /// The lexer lets no operator through without its operands, so this does not fail.
    fn pop(&mut self) -> Result<Tree, ParseError> {
        self.operands.pop().ok_or_else(|| without_token("Unexpected end of expression".to_owned()))
    }

    fn raw(&self, token: Token) -> &'a str {
        &self.text[token.start..token.end]
    }

    fn error(&self, what: &str, token: Token) -> ParseError {
        let offset = self.text[..token.start].chars().count() + 1;
        let (raw, text) = (self.raw(token), self.text);
        ParseError {
            message: format!(
                "{what}: '{raw}'. Located at position {offset} within expression: {text}"
            ),
            offset,
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Chain {
    And,
    Or,
}

impl Tree {
    /// This and `right` as operands of one chain.
    pub(super) fn joined(self, right: Self, chain: Chain) -> Self {
        let depth = self.depth_in(chain).max(right.depth_in(chain)) + 1;
        let mut nodes = match (self.node, chain) {
            (Node::And(nodes), Chain::And) | (Node::Or(nodes), Chain::Or) => nodes,
            (node, _) => {
                let mut nodes = Vec::with_capacity(2);
                nodes.push(node);
                nodes
            }
        };
        match (right.node, chain) {
            (Node::And(others), Chain::And) | (Node::Or(others), Chain::Or) => nodes.extend(others),
            (node, _) => nodes.push(node),
        }
        let node = match chain {
            Chain::And => Node::And(nodes),
            Chain::Or => Node::Or(nodes),
        };
        Self { node, depth }
    }

    /// How deep this is as an operand of a chain; a chain of the same operator becomes part of it.
    fn depth_in(&self, chain: Chain) -> usize {
        match (&self.node, chain) {
            (Node::And(_), Chain::And) | (Node::Or(_), Chain::Or) => self.depth - 1,
            _ => self.depth,
        }
    }
}
