//! What an expression refers to, found without evaluating it.
//!
//! Does not know what exists. Invariant: it never reports less than an evaluation could read.

use super::functions::Function;
use super::node::{Key, Node};

/// Whether a status function is called anywhere, be it in a branch that is never taken.
pub(super) fn calls_status_function(node: &Node) -> bool {
    let here = matches!(
        node,
        Node::Call {
            function: Function::Always
                | Function::Cancelled
                | Function::Failure
                | Function::Success,
            ..
        }
    );
    here || node.children().into_iter().any(calls_status_function)
}

/// Whether more than the results of `needs` may be read: only `needs.X.result` is not.
pub(super) fn reads_outputs_of_needs(node: &Node) -> bool {
    match node {
        // `needs.X.result`, and what is behind it.
        Node::Path(path) => {
            path.context == "needs" && !path.names.get(1).is_some_and(|name| is_result(name))
        }
        Node::Index { target, key: Key::Name(name) } if is_result(name) => match &**target {
            Node::Index { target, key } if is_needs(target) => {
                matches!(key, Key::Computed(key) if reads_outputs_of_needs(key))
            }
            other => reads_outputs_of_needs(other),
        },
        node => node.children().into_iter().any(reads_outputs_of_needs),
    }
}

fn is_result(name: &str) -> bool {
    name.eq_ignore_ascii_case("result")
}

/// Whether the node is the whole context `needs`.
fn is_needs(node: &Node) -> bool {
    matches!(node, Node::Path(path) if path.context == "needs" && path.names.is_empty())
}

/// The properties of `context` that are read by name; `None` if any property may be read.
pub(super) fn properties_of(context: &str, node: &Node) -> Option<Vec<String>> {
    let mut names = Vec::new();
    collect(context, node, &mut names).then_some(names)
}

/// Whether all uses of the context below `node` are by name.
fn collect(context: &str, node: &Node, names: &mut Vec<String>) -> bool {
    match node {
        Node::Path(path) if path.context.eq_ignore_ascii_case(context) => {
            let Some(name) = path.names.first() else { return false };
            if !names.iter().any(|known| known == name.as_str()) {
                names.push(name.to_string());
            }
            true
        }
        node => node.children().into_iter().all(|child| collect(context, child, names)),
    }
}
