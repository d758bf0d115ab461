//! Groups of a directed graph's nodes that can reach each other.
//!
//! Kosaraju's method without recursion, so that a file with thousands of jobs in a row costs time
//! linear in its size and no stack. Knows nothing of jobs.

/// For each node the group it is in. Two nodes share a group if a path leads from each to the other.
pub(super) fn groups(edges: &[Vec<usize>]) -> Vec<usize> {
    const UNSEEN: usize = usize::MAX;
    let reversed = reverse(edges);
    let mut groups = vec![UNSEEN; edges.len()];
    for (group, start) in finishing_order(edges).into_iter().rev().enumerate() {
        let mut pending = vec![start];
        while let Some(node) = pending.pop() {
            if groups[node] == UNSEEN {
                groups[node] = group;
                pending.extend(&reversed[node]);
            }
        }
    }
    groups
}

fn reverse(edges: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let mut reversed = vec![Vec::new(); edges.len()];
    for (from, targets) in edges.iter().enumerate() {
        for to in targets {
            reversed[*to].push(from);
        }
    }
    reversed
}

/// All nodes, each after every node that a depth-first walk finds from it.
fn finishing_order(edges: &[Vec<usize>]) -> Vec<usize> {
    let mut order = Vec::with_capacity(edges.len());
    let mut is_seen = vec![false; edges.len()];
    for start in 0..edges.len() {
        if std::mem::replace(&mut is_seen[start], true) {
            continue;
        }
        let mut path = vec![(start, edges[start].iter())];
        while let Some((node, targets)) = path.last_mut() {
            match targets.next() {
                Some(to) if std::mem::replace(&mut is_seen[*to], true) => {}
                Some(to) => path.push((*to, edges[*to].iter())),
                None => {
                    order.push(*node);
                    path.pop();
                }
            }
        }
    }
    order
}

#[cfg(test)]
mod tests {
    use super::groups;

    #[test]
    fn nodes_share_a_group_only_if_each_reaches_the_other() {
        // 0 and 1 form a cycle, 2 follows it, 3 and 4 form another, 5 stands alone.
        let found = groups(&[vec![1], vec![0], vec![1], vec![4, 2], vec![3], vec![]]);
        assert_eq!(found[0], found[1]);
        assert_eq!(found[3], found[4]);
        let distinct: std::collections::HashSet<_> = found.iter().collect();
        assert_eq!(distinct.len(), 4);
    }

    #[test]
    fn a_chain_of_a_hundred_thousand_nodes_needs_no_stack() {
        let chain: Vec<Vec<usize>> =
            (0..100_000_usize).map(|node| node.checked_sub(1).into_iter().collect()).collect();
        assert_eq!(groups(&chain).len(), 100_000);
    }
}
