//! How often each node is computed in a run.
//!
//! Readers stand behind what they read, so going through the nodes from the last to the first gives of each how often it is
//! read before it is reached. A node whose datum is kept is computed no oftener than the variables that it depends on can
//! stand at different elements; any other one each time it is read.
//!
//! What is borrowed from evidence can turn out not to be borrowable, where a choice or an element of what was computed is
//! part of it. It is then computed instead, step by step, and each step tries again to borrow what it reads: a node is come
//! to once more for each borrowed node on the way to it.

use super::weigh::Weight;
use crate::graph::{Derived, Node, Policy};
use crate::id::NodeId;

/// Reads of one node by a visit that looks for what is unknown: of itself, of its operands, of where they come from.
const READS_OF_VISIT: u64 = 5;

/// Counts runs, each in the same memory.
pub(super) struct Tally<'p> {
    policy: &'p Policy,
    weights: &'p [Weight],
    nodes: Vec<Counts>,
    /// By node: whether borrowing it can fail.
    may_fail: Vec<bool>,
    /// Nodes that have been marked since the last mark was chosen.
    mark: u32,
}

#[derive(Clone, Copy, Default)]
struct Counts {
    reads: u64,
    /// At how many different elements its variable can stand while it is computed, and while it is visited.
    stands: u64,
    stands_visited: u64,
    /// Borrowed nodes on the longest way to it.
    tries: u64,
    mark: u32,
}

impl<'p> Tally<'p> {
    pub fn new(policy: &'p Policy, weights: &'p [Weight]) -> Self {
        let mut may_fail: Vec<bool> = Vec::with_capacity(policy.nodes.len());
        for node in &policy.nodes {
            let mut may = matches!(node, Node::If { .. } | Node::Element(_));
            node.each_child(|child| may |= may_fail.get(child.index()) == Some(&true));
            may_fail.push(may);
        }
        Self { policy, weights, nodes: vec![Counts::default(); policy.nodes.len()], may_fail, mark: 0 }
    }

    /// The steps of a run that reads these nodes so many times; with visits, if it then looks for what was unknown.
    pub fn steps(&mut self, roots: &[(NodeId, u64)], visits: bool) -> u64 {
        let reached = self.reach(roots.iter().map(|(root, _)| *root).collect(), 0);
        for id in &reached {
            let mark = self.mark;
            self.update(*id, |counts| *counts = Counts { mark, ..Counts::default() });
        }
        for (root, times) in roots {
            self.read(*root, *times);
        }
        let each = reached.iter().rev().map(|id| self.node_steps(*id, visits));
        each.fold(0, u64::saturating_add)
    }

    /// The nodes of this level or a deeper one that are read on the way from these through such nodes, in order.
    fn reach(&mut self, mut pending: Vec<NodeId>, level: u8) -> Vec<NodeId> {
        let mut reached = Vec::new();
        self.mark += 1;
        let mark = self.mark;
        while let Some(id) = pending.pop() {
            let Some(counts) = self.nodes.get_mut(id.index()) else { continue };
            if std::mem::replace(&mut counts.mark, mark) == mark || self.policy.level(id) < level {
                continue;
            }
            reached.push(id);
            self.policy.node(id).into_iter().for_each(|node| node.each_child(|child| pending.push(child)));
        }
        reached.sort_unstable();
        reached
    }

    fn update(&mut self, id: NodeId, change: impl FnOnce(&mut Counts)) {
        if let Some(counts) = self.nodes.get_mut(id.index()) {
            change(counts);
        }
    }

    fn read(&mut self, id: NodeId, times: u64) {
        self.update(id, |counts| counts.reads = counts.reads.saturating_add(times));
    }

    fn node_steps(&mut self, id: NodeId, visits: bool) -> u64 {
        let (policy, weight) = (self.policy, self.weights.get(id.index()).copied().unwrap_or_default());
        let counts = self.nodes.get(id.index()).copied().unwrap_or_default();
        let Some(node) = policy.node(id) else { return 0 };
        let is_fixed = policy.level(id) == 0;
        let visited = match (visits, is_fixed) {
            (false, _) => 0,
            (true, true) => 1,
            (true, false) => counts.stands_visited,
        };
        let is_kept = policy.derived.kept.get(id.index()).is_some_and(|place| *place < Derived::BORROWED);
        let may_fail = policy.derived.is_borrowed(id) && self.may_fail.get(id.index()) == Some(&true);
        let tries = if may_fail { counts.tries.saturating_add(1) } else { 0 };
        let stands = if is_fixed { 1 } else { counts.stands };
        let computed = if is_kept { counts.reads.min(stands) } else { counts.reads };
        let recalled = if is_kept { counts.reads } else { 0 };
        let within = self.inside(node, computed, visited, tries);
        let own = computed.saturating_mul(tries.saturating_add(1)).saturating_mul(weight.own);
        // A visit may go up the hierarchy anew, to say whose parents are unknown.
        let again = if matches!(node, Node::Within(..)) { weight.own.saturating_mul(2) } else { 0 };
        let visit = weight.trail.saturating_mul(2).saturating_add(again).saturating_add(1);
        own.saturating_add(recalled).saturating_add(within).saturating_add(visited.saturating_mul(visit))
    }

    /// Has a node read others; the elements that it goes through.
    fn inside(&mut self, node: &Node, computed: u64, visited: u64, tries: u64) -> u64 {
        if tries > 0 {
            node.each_child(|child| self.update(child, |counts| counts.tries = counts.tries.max(tries)));
        }
        if let Node::If { condition, .. } = node {
            // Every try asks which arm it is.
            self.read(*condition, computed.saturating_mul(tries));
        }
        let reads = visited.saturating_mul(READS_OF_VISIT).saturating_add(computed);
        let Node::Quantified { over, level, body, .. } = node else {
            node.each_child(|child| self.read(child, reads));
            return 0;
        };
        let elements = self.weights.get(over.index()).map_or(0, |weight| weight.size.elements);
        self.read(*over, reads);
        self.read(*body, reads.saturating_mul(elements));
        let visited = visited.saturating_mul(elements);
        let stands = computed.saturating_mul(elements).saturating_add(visited);
        for id in self.reach(vec![*body], *level) {
            if self.policy.level(id) == *level {
                self.update(id, |counts| {
                    counts.stands = counts.stands.saturating_add(stands);
                    counts.stands_visited = counts.stands_visited.saturating_add(visited);
                });
            }
        }
        stands
    }
}
