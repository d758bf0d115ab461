//! What one side says and the other does not.
//!
//! Where in an expression a mistake is, is not compared: the packages mostly leave it out.

use std::fmt;

use serde_json::Value;

use super::corpus::Case;

/// Who says something that the other does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Gantry,
    Peer,
}

impl Side {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Gantry => "Gantry",
            Self::Peer => "peer",
        }
    }
}

/// A line of one side's answer that the other side's has not.
#[derive(Debug)]
pub(super) struct Difference {
    pub(super) case: String,
    pub(super) side: Side,
    pub(super) says: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} | {} | {}", self.case, self.side.word(), self.says)
    }
}

pub(super) fn differences(cases: &[Case], ours: &[Value], peers: &[Value]) -> Vec<Difference> {
    let mut differences = Vec::new();
    for (case, (ours, peers)) in cases.iter().zip(ours.iter().zip(peers)) {
        let (ours, peers) = (lines(ours), lines(peers));
        let mut add = |side, said: &[String], other: &[String]| {
            for says in said.iter().filter(|line| !other.contains(line)) {
                let case = case.name.clone();
                differences.push(Difference { case, side, says: says.clone() });
            }
        };
        add(Side::Gantry, &ours, &peers);
        add(Side::Peer, &peers, &ours);
    }
    differences
}

/// An answer as lines: a value in one, each message in one.
fn lines(answer: &Value) -> Vec<String> {
    let text = |key: &str| answer.get(key).and_then(Value::as_str).unwrap_or_default();
    match answer.get("errors").and_then(Value::as_array) {
        Some(errors) => errors.iter().filter_map(Value::as_str).map(message).collect(),
        None => {
            let json: Vec<&str> = text("json").split_whitespace().collect();
            vec![format!("{} {} {}", text("kind"), text("text"), json.join(" "))]
        }
    }
}

/// A message in one line, without the place in an expression.
fn message(text: &str) -> String {
    let text = text.split(". Located at position ").next().unwrap_or(text);
    text.lines().next().unwrap_or_default().to_owned()
}
