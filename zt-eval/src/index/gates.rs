//! Conjuncts that all rules of a division have.
//!
//! Such a gate is looked at once, before anything else of the division is: where it is false, no rule of the division can
//! fire, and where it is true, none of them needs to look at it again. Only what is read and compared in a few steps is
//! made a gate, because it is looked at even where no rule would have come to it.

use super::PROVABLE_MAX;
use crate::graph::{Node, Policy};
use crate::id::NodeId;

/// What is looked at first of a division.
pub(super) struct Gates {
    pub all: Vec<Gate>,
    /// Those that all rules have where the first has them, as bits.
    same: u16,
}

/// A conjunct that all rules of a division share, and where the first has it: that is where most have it.
pub(super) struct Gate {
    pub node: NodeId,
    at: usize,
}

impl Gate {
    #[inline]
    fn is_same(&self, conjuncts: &[NodeId]) -> bool {
        conjuncts.get(self.at) == Some(&self.node)
    }

    /// Where a rule has it among the conjuncts that can be proven.
    fn position(&self, conjuncts: &[NodeId]) -> Option<usize> {
        if self.is_same(conjuncts) {
            return Some(self.at);
        }
        conjuncts.iter().take(PROVABLE_MAX).position(|node| *node == self.node)
    }
}

impl Gates {
    /// The quick conjuncts that all of some rules have and that are not proven of the first, in its order; given the conjuncts
    /// of each.
    pub fn shared<'p, I: Iterator<Item = &'p [NodeId]>>(policy: &Policy, proven: u16, rules: impl Fn() -> I) -> Self {
        let first = rules().next().unwrap_or_default();
        let (mut all, mut same) = (Vec::new(), 0);
        for (at, node) in first.iter().copied().enumerate().take(PROVABLE_MAX) {
            if proven >> at & 1 == 1 || !is_quick(policy, node, true) {
                continue;
            }
            let gate = Gate { node, at };
            if rules().all(|conjuncts| gate.is_same(conjuncts)) {
                same |= 1 << at;
                all.push(gate);
            } else if rules().all(|conjuncts| gate.position(conjuncts).is_some()) {
                all.push(gate);
            }
        }
        Self { all, same }
    }

    /// Which of a rule's conjuncts are gates, as bits.
    #[inline]
    pub fn bits(&self, conjuncts: &[NodeId]) -> u16 {
        if self.same.count_ones() as usize == self.all.len() { self.same } else { self.bits_apart(conjuncts) }
    }

    fn bits_apart(&self, conjuncts: &[NodeId]) -> u16 {
        self.all.iter().filter_map(|gate| gate.position(conjuncts)).fold(0, |bits, at| bits | 1 << at)
    }
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
