//! The nodes that a node with any number of children reads.
//!
//! A hundred thousand rules have as many conjunctions, and most of these are short. Short lists stand in the node itself, so
//! that reading a policy asks for no memory for them, and deciding follows no pointer.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::{Deref, DerefMut};

use crate::id::NodeId;

/// As many stand in the node itself.
const FEW: usize = 5;

/// A list of nodes, compared as a slice.
///
/// ```
/// use zt_eval::graph::Operands;
/// use zt_eval::id::NodeId;
///
/// let both = Operands::from([NodeId::new(3), NodeId::new(7)]);
/// assert_eq!(both.iter().map(|node| node.index()).sum::<usize>(), 10);
/// ```
#[derive(Clone)]
pub struct Operands(Inner);

#[derive(Clone)]
enum Inner {
    /// So many of the array.
    Few(u8, [NodeId; FEW]),
    Many(Box<[NodeId]>),
}

impl Operands {
    /// So many nodes, each as `make` gives it, unless that fails.
    #[inline]
    pub(crate) fn try_of<E>(count: usize, mut make: impl FnMut() -> Result<NodeId, E>) -> Result<Self, E> {
        let mut few = [NodeId::new(0); FEW];
        let Some(first) = few.get_mut(..count) else {
            // What is not there yet is not reserved: the count may be false.
            return (0..count).map(|_| make()).collect::<Result<Vec<_>, E>>().map(Self::from);
        };
        for node in first {
            *node = make()?;
        }
        Ok(Self(Inner::Few(u8::try_from(count).unwrap_or(0), few)))
    }
}

impl From<&[NodeId]> for Operands {
    fn from(nodes: &[NodeId]) -> Self {
        let mut few = [NodeId::new(0); FEW];
        match few.get_mut(..nodes.len()) {
            Some(first) => {
                first.copy_from_slice(nodes);
                Self(Inner::Few(u8::try_from(nodes.len()).unwrap_or(0), few))
            }
            None => Self(Inner::Many(nodes.into())),
        }
    }
}

impl From<Vec<NodeId>> for Operands {
    fn from(nodes: Vec<NodeId>) -> Self {
        if nodes.len() > FEW { Self(Inner::Many(nodes.into())) } else { Self::from(&*nodes) }
    }
}

impl<const N: usize> From<[NodeId; N]> for Operands {
    fn from(nodes: [NodeId; N]) -> Self {
        Self::from(&nodes[..])
    }
}

impl FromIterator<NodeId> for Operands {
    fn from_iter<I: IntoIterator<Item = NodeId>>(nodes: I) -> Self {
        Self::from(Vec::from_iter(nodes))
    }
}

impl Deref for Operands {
    type Target = [NodeId];

    #[inline]
    fn deref(&self) -> &[NodeId] {
        match &self.0 {
            Inner::Few(count, few) => few.get(..usize::from(*count)).unwrap_or_default(),
            Inner::Many(all) => all,
        }
    }
}

impl DerefMut for Operands {
    fn deref_mut(&mut self) -> &mut [NodeId] {
        match &mut self.0 {
            Inner::Few(count, few) => few.get_mut(..usize::from(*count)).unwrap_or_default(),
            Inner::Many(all) => all,
        }
    }
}

impl<'a> IntoIterator for &'a Operands {
    type Item = &'a NodeId;
    type IntoIter = std::slice::Iter<'a, NodeId>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl PartialEq for Operands {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Operands {}

impl Hash for Operands {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (**self).hash(state);
    }
}

impl fmt::Debug for Operands {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Node;

    #[test]
    fn short_and_long_lists_are_what_they_were_made_of() {
        for count in 0..2 * FEW {
            let nodes: Vec<NodeId> = (0..count).map(|at| NodeId::new(at + 7)).collect();
            let mut next = nodes.iter();
            let read = Operands::try_of(count, || next.next().copied().ok_or(())).unwrap();
            for operands in [Operands::from(nodes.clone()), Operands::from(&*nodes), nodes.iter().copied().collect()] {
                assert_eq!((&*operands, &operands), (&*nodes, &read));
            }
            assert!(Operands::try_of(count + 1, || Err::<NodeId, _>(())).is_err());
        }
        assert_eq!(size_of::<Node>(), 32);
    }
}
