//! From tokens to a tree, by operator precedence.
//!
//! Uses two stacks and no recursion: thousands of nested brackets are legal. Invariant: errors come
//! in the order of the text and with GitHub's words (`semantics` 2.2 and 2.11).

use super::environment::Allowed;
use super::expression::ParseError;
use super::functions::Function;
use super::lexer::Lexer;
use super::node::{Comparison, Key, MAX_DEPTH, Node};
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
    let parser = Parser { text, allowed, operators: Vec::new(), operands: Vec::new(), last: None };
    parser.run(&mut lexer)
}

fn without_token(message: String) -> ParseError {
    ParseError { message, offset: 1 }
}

struct Parser<'a> {
    text: &'a str,
    allowed: &'a Allowed,
    operators: Vec<Operator>,
    operands: Vec<Tree>,
    last: Option<Token>,
}

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
    Dereference,
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
            Self::Dereference => 19,
        }
    }
}

/// Precedence of `[`, which ends a property name before it as `.` does.
const INDEX_PRECEDENCE: u8 = 19;

impl<'a> Parser<'a> {
    fn run(mut self, lexer: &mut Lexer<'a>) -> Result<Tree, ParseError> {
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
            TokenKind::Property => {
                let name = Value::string(self.raw(token));
                self.push(Node::Literal(name), 1);
            }
            TokenKind::Wildcard => self.push(Node::Wildcard, 1),
            TokenKind::Context => self.push_context(token)?,
            // The call begins with the bracket; an unknown name is an error before that.
            TokenKind::Function => self.function(token).map(|_| ())?,
            TokenKind::StartParameters => self.open_call(token)?,
            TokenKind::StartGroup => self.operators.push(Operator::Group),
            TokenKind::Not => self.operators.push(Operator::Not),
            TokenKind::StartIndex => {
                self.reduce_down_to(INDEX_PRECEDENCE)?;
                self.operators.push(Operator::Index);
            }
            TokenKind::Dereference => self.push_operator(Operator::Dereference)?,
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
            Some(name) => self.push(Node::Context(name), 1),
            None => return Err(self.error("Unrecognized named-value", token)),
        }
        Ok(())
    }

    fn function(&self, token: Token) -> Result<Function, ParseError> {
        Function::named(self.raw(token))
            .filter(|function| function.is_allowed(self.allowed))
            .ok_or_else(|| self.error("Unrecognized function", token))
    }

    fn open_call(&mut self, bracket: Token) -> Result<(), ParseError> {
        let name = self.last.unwrap_or(bracket);
        let call = Call { function: self.function(name)?, name, bracket };
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
            Operator::Dereference | Operator::Index => self.push_index(right)?,
            Operator::Compare(comparison) => {
                let left = self.pop()?;
                let depth = left.depth.max(right.depth) + 1;
                let (left, right) = (Box::new(left.node), Box::new(right.node));
                self.push(Node::Compare { comparison, left, right }, depth);
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
            Operator::Group | Operator::Call { .. } => self.operands.push(right),
        }
        Ok(())
    }

    fn push_index(&mut self, key: Tree) -> Result<(), ParseError> {
        let target = self.pop()?;
        let depth = target.depth.max(key.depth) + 1;
        let key = match key.node {
            Node::Wildcard => Key::Wildcard,
            Node::Literal(Value::String(name)) => Key::Name(name),
            node => Key::Computed(Box::new(node)),
        };
        self.push(Node::Index { target: Box::new(target.node), key }, depth);
        Ok(())
    }

    fn close(&mut self) -> Result<(), ParseError> {
        self.reduce_down_to(1)?;
        match self.operators.pop() {
            Some(Operator::Index) => {
                let key = self.pop()?;
                self.push_index(key)
            }
            Some(Operator::Call { call, below }) => {
                let arguments = self.operands.split_off(below.min(self.operands.len()));
                self.check_count(call, arguments.len())?;
                let function = call.function;
                let depth = arguments.iter().map(|argument| argument.depth).max().unwrap_or(0) + 1;
                let arguments = arguments.into_iter().map(|argument| argument.node).collect();
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
        let ((mut nodes, left_depth), (others, right_depth)) =
            (self.chain(chain), right.chain(chain));
        nodes.extend(others);
        let node = match chain {
            Chain::And => Node::And(nodes),
            Chain::Or => Node::Or(nodes),
        };
        Self { node, depth: left_depth.max(right_depth) + 1 }
    }

    /// The operands of a chain of the same operator, or this one alone, and the deepest of them.
    fn chain(self, chain: Chain) -> (Vec<Node>, usize) {
        match (self.node, chain) {
            (Node::And(nodes), Chain::And) | (Node::Or(nodes), Chain::Or) => {
                (nodes, self.depth - 1)
            }
            (node, _) => (vec![node], self.depth),
        }
    }
}
