//! Conjuncts that all rules of a division have.
//!
//! Such a gate is looked at once, before anything else of the division is: where it is false, no rule of the division can
//! fire, and where it is true, none of them needs to look at it again. Only what is read and compared in a few steps is
//! made a gate, because it is looked at even where no rule would have come to it.

use super::{Index, PROVABLE_MAX};
use crate::graph::{Node, Policy};
use crate::id::{NodeId, RuleId};

/// The quick conjuncts that all of some rules have and that are not proven of the first, in its order.
pub(super) fn shared(policy: &Policy, index: &Index, mut rules: impl Iterator<Item = (RuleId, u16)>) -> Vec<NodeId> {
    let Some((first, proven)) = rules.next() else { return Vec::new() };
    let is_open = |(at, node): &(usize, &NodeId)| proven >> at & 1 == 0 && is_quick(policy, **node, true);
    let provable = index.conjuncts(first).iter().enumerate().take(PROVABLE_MAX);
    let mut gates: Vec<NodeId> = provable.filter(is_open).map(|(_, node)| *node).collect();
    for (rule, _) in rules {
        if gates.is_empty() {
            break;
        }
        let conjuncts = index.conjuncts(rule);
        let conjuncts = conjuncts.get(..PROVABLE_MAX).unwrap_or(conjuncts);
        gates.retain(|gate| conjuncts.contains(gate));
    }
    gates
}

/// Which of a rule's conjuncts are gates, as bits.
pub(super) fn bits(conjuncts: &[NodeId], gates: &[NodeId]) -> u16 {
    if gates.is_empty() {
        return 0;
    }
    let provable = conjuncts.iter().enumerate().take(PROVABLE_MAX);
    provable.filter(|(_, node)| gates.contains(node)).fold(0, |bits, (at, _)| bits | 1 << at)
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
