//! Promises of the YAML reader.

use gantry_workflow::yaml::{MAX_DEPTH, MAX_NODES, Node, NodeKind, parse};

/// A text gives a bounded tree or one error, at a place within the text.
pub fn yaml(text: &str) {
    // YAML also breaks lines at a lone carriage return.
    let n_lines = text.matches(['\n', '\r']).count() + 1;
    match parse(text) {
        Ok(root) => {
            let n_nodes = count(&root, 0, n_lines);
            assert!(n_nodes <= MAX_NODES, "{n_nodes} nodes");
            assert_eq!(parse(text).expect("a tree again"), root);
        }
        Err(error) => {
            assert!(!error.message.is_empty());
            if let Some(at) = error.position {
                check_line(at.line, n_lines);
            }
        }
    }
}

/// Nodes of a tree, keys included.
fn count(node: &Node, depth: usize, n_lines: usize) -> usize {
    check_line(node.position.line, n_lines);
    assert!(node.position.column >= 1);
    match &node.kind {
        NodeKind::Scalar(_) => 1,
        NodeKind::Sequence(items) => {
            assert!(depth < MAX_DEPTH, "deeper than {MAX_DEPTH}");
            1 + items.iter().map(|item| count(item, depth + 1, n_lines)).sum::<usize>()
        }
        NodeKind::Mapping(pairs) => {
            assert!(depth < MAX_DEPTH, "deeper than {MAX_DEPTH}");
            let pair = |(key, value): &(Node, Node)| {
                count(key, depth + 1, n_lines) + count(value, depth + 1, n_lines)
            };
            1 + pairs.iter().map(pair).sum::<usize>()
        }
    }
}

fn check_line(line: u32, n_lines: usize) {
    let line = usize::try_from(line).unwrap_or(usize::MAX);
    assert!(line >= 1 && line <= n_lines + 1, "line {line} of {n_lines}");
}
