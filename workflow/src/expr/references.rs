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
        Node::Context(name) => **name == *"needs",
        Node::Index { target, key: Key::Name(name) } if name.eq_ignore_ascii_case("result") => {
            match &**target {
                Node::Index { target, key } if is_needs(target) => {
                    matches!(key, Key::Computed(key) if reads_outputs_of_needs(key))
                }
                other => reads_outputs_of_needs(other),
            }
        }
        node => node.children().into_iter().any(reads_outputs_of_needs),
    }
}

fn is_needs(node: &Node) -> bool {
    matches!(node, Node::Context(name) if **name == *"needs")
}

/// The properties of `context` that are read by name; `None` if any property may be read.
pub(super) fn properties_of(context: &str, node: &Node) -> Option<Vec<String>> {
    let mut names = Vec::new();
    collect(context, node, &mut names).then_some(names)
}

/// Whether all uses of the context below `node` are by name.
fn collect(context: &str, node: &Node, names: &mut Vec<String>) -> bool {
    let is_context =
        |node: &Node| matches!(node, Node::Context(name) if name.eq_ignore_ascii_case(context));
    match node {
        Node::Index { target, key: Key::Name(name) } if is_context(target) => {
            if !names.iter().any(|known| known == &**name) {
                names.push(name.to_string());
            }
            true
        }
        node if is_context(node) => false,
        node => node.children().into_iter().all(|child| collect(context, child, names)),
    }
}
