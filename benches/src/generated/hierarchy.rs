//! Hierarchies of three levels: a tenth at the top, three tenths in the middle, the rest below.

use fastrand::Rng;

use crate::world::{World, uid};

/// Nodes by number, each with at most one parent, which has a smaller number.
pub(super) struct Hierarchy {
    parents: Vec<Option<usize>>,
    children: Vec<Vec<usize>>,
    /// Where the lowest level begins.
    leaves: usize,
}

impl Hierarchy {
    pub(super) fn new(size: usize, rng: &mut Rng) -> Self {
        let (top, middle) = (size.div_ceil(10), size.div_ceil(10) + size * 3 / 10);
        let parent = |node| match node {
            node if node < top => None,
            node if node < middle => Some(rng.usize(..top)),
            _ => Some(rng.usize(top..middle)),
        };
        let parents: Vec<Option<usize>> = (0..size).map(parent).collect();
        let mut children = vec![Vec::new(); size];
        for (node, parent) in parents.iter().enumerate() {
            if let Some(parent) = parent {
                children[*parent].push(node);
            }
        }
        Self { parents, children, leaves: middle }
    }

    /// Adds its nodes to a world.
    pub(super) fn describe(&self, ty: &'static str, world: &mut World) {
        for (node, parent) in self.parents.iter().enumerate() {
            world.add(uid(ty, node), vec![], parent.iter().map(|parent| uid(ty, parent)).collect());
        }
    }

    /// Any of the lowest level.
    pub(super) fn leaf(&self, rng: &mut Rng) -> usize {
        rng.usize(self.leaves..self.parents.len())
    }

    /// A node without children that is in a node, or is it.
    pub(super) fn below(&self, mut node: usize, rng: &mut Rng) -> usize {
        while let Some(child) = rng.choice(&self.children[node]) {
            node = *child;
        }
        node
    }
}
