//! Conjuncts that all rules of a division have.
//!
//! Such a gate is looked at once, before anything else of the division is: where it is false, no rule of the division can
//! fire, and where it is true, none of them needs to look at it again. Only what is read and compared in a few steps is
//! made a gate, because it is looked at even where no rule would have come to it.

use super::PROVABLE_MAX;
use crate::graph::{Node, Policy};
use crate::id::NodeId;

/// A conjunct that all rules of a division share, and where the first has it: that is where most have it.
pub(super) struct Gate {
    pub node: NodeId,
    at: usize,
}

impl Gate {
    /// Where a rule has it among the conjuncts that can be proven.
    #[inline]
    fn position(&self, conjuncts: &[NodeId]) -> Option<usize> {
        if conjuncts.get(self.at) == Some(&self.node) {
            return Some(self.at);
        }
        conjuncts.iter().take(PROVABLE_MAX).position(|node| *node == self.node)
    }
}

/// The quick conjuncts that all of some rules have and that are not proven of the first, in its order; given the conjuncts of
/// each.
pub(super) fn shared<'p>(policy: &Policy, proven: u16, mut rules: impl Iterator<Item = &'p [NodeId]>) -> Vec<Gate> {
    let Some(first) = rules.next() else { return Vec::new() };
    let is_open = |(at, node): &(usize, NodeId)| proven >> at & 1 == 0 && is_quick(policy, *node, true);
    let provable = first.iter().copied().enumerate().take(PROVABLE_MAX);
    let mut gates: Vec<Gate> = provable.filter(is_open).map(|(at, node)| Gate { node, at }).collect();
    for conjuncts in rules {
        if gates.is_empty() {
            break;
        }
        gates.retain(|gate| gate.position(conjuncts).is_some());
    }
    gates
}

/// Which of a rule's conjuncts are gates, as bits.
pub(super) fn bits(conjuncts: &[NodeId], gates: &[Gate]) -> u16 {
    gates.iter().filter_map(|gate| gate.position(conjuncts)).fold(0, |bits, at| bits | 1 << at)
}

/// Whether a condition takes a few steps.
fn is_quick(policy: &Policy, node: NodeId, may_negate: bool) -> bool {
    let reads = |id: &NodeId| match policy.node(*id) {
        Some(Node::Attribute { of, .. }) => policy.node(*of).is_some_and(is_root),
        Some(node) => is_root(node),
        None => false,
    };
    match policy.node(node) {
        Some(Node::Context(_)) => true,
        Some(Node::Attribute { of, .. }) => policy.node(*of).is_some_and(is_root),
        Some(Node::Compare(_, left, right)) => reads(left) && reads(right),
        Some(Node::Is(of, _) | Node::IsPresent(of)) => reads(of),
        Some(Node::Not(of)) => may_negate && is_quick(policy, *of, false),
        Some(Node::Within(inner, outer)) => {
            let is_asked = matches!(policy.node(*inner), Some(Node::Subject | Node::Resource));
            is_asked && matches!(policy.constant_of(*outer), Some(crate::value::Value::Entity(_)))
        }
        _ => false,
    }
}

/// Whether a node reads one thing of the request or the policy.
fn is_root(node: &Node) -> bool {
    matches!(node, Node::Const(_) | Node::Param(_) | Node::Subject | Node::Resource | Node::Context(_))
}
