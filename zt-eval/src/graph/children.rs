//! The edges of the graph: which nodes a node reads, in the order in which they are written.

use super::{Node, Quantifier};
use crate::id::NodeId;

impl Node {
    /// Visits the nodes that this one reads, in order.
    #[inline]
    pub fn each_child(&self, mut visit: impl FnMut(NodeId)) {
        match self {
            Self::Const(_)
            | Self::Param(_)
            | Self::Subject
            | Self::Resource
            | Self::Context(_)
            | Self::Element(_)
            | Self::Key(_)
            | Self::Weekday(..)
            | Self::TimeOfDay(..) => {}
            Self::Attribute { of, .. }
            | Self::Field { of, .. }
            | Self::Capture { of, .. }
            | Self::Not(of)
            | Self::Is(of, _)
            | Self::IsPresent(of)
            | Self::IsEmpty(of)
            | Self::Matches(of, _)
            | Self::Now(_, of)
            | Self::Negate(of)
            | Self::Lower(of)
            | Self::Size(of) => visit(*of),
            Self::Compare(_, left, right)
            | Self::Within(left, right)
            | Self::Contains(left, right)
            | Self::ContainsAny(left, right)
            | Self::ContainsAll(left, right)
            | Self::StartsWith(left, right)
            | Self::EndsWith(left, right)
            | Self::Otherwise(left, right)
            | Self::Arith(_, left, right)
            | Self::SetOperation(_, left, right)
            | Self::Index(left, right)
            | Self::Quantified { over: left, body: right, .. } => [*left, *right].into_iter().for_each(visit),
            Self::If { condition, then, otherwise } => [*condition, *then, *otherwise].into_iter().for_each(visit),
            Self::And(all) | Self::Or(all) | Self::Set(all) | Self::List(all) => all.iter().copied().for_each(visit),
        }
    }

    /// Visits the nodes that this one reads, with whether it takes what one gives as a whole, or merely as a way to a part of
    /// it: whatever is done to that is done by whoever reads this node.
    #[inline]
    pub(crate) fn each_use(&self, mut visit: impl FnMut(NodeId, bool)) {
        match self {
            // That what they read is there is read with the way to it.
            Self::Field { .. } | Self::IsPresent(_) | Self::IsEmpty(_) | Self::Size(_) | Self::Otherwise(..) => {
                self.each_child(|child| visit(child, false));
            }
            Self::If { condition, then, otherwise } => {
                visit(*condition, true);
                [*then, *otherwise].into_iter().for_each(|each| visit(each, false));
            }
            Self::Index(way, whole) | Self::Quantified { over: way, body: whole, .. } => {
                visit(*way, false);
                visit(*whole, true);
            }
            _ => self.each_child(|child| visit(child, true)),
        }
    }

    /// Whether it only reads what is kept elsewhere, so that doing it again costs as little as recalling it.
    pub(crate) fn only_reads(&self) -> bool {
        matches!(
            self,
            Self::Const(_)
                | Self::Param(_)
                | Self::Subject
                | Self::Resource
                | Self::Context(_)
                | Self::Attribute { .. }
                | Self::Field { .. }
                | Self::Element(_)
                | Self::Key(_)
        )
    }

    /// The nodes that this one reads, in order.
    #[must_use]
    pub fn children(&self) -> Vec<NodeId> {
        let mut children = Vec::new();
        self.each_child(|child| children.push(child));
        children
    }

    /// Whether it is a condition by its kind: what it gives is a truth.
    #[must_use]
    pub fn is_condition(&self) -> bool {
        match self {
            Self::And(_)
            | Self::Or(_)
            | Self::Not(_)
            | Self::Compare(..)
            | Self::Within(..)
            | Self::Contains(..)
            | Self::ContainsAny(..)
            | Self::ContainsAll(..)
            | Self::StartsWith(..)
            | Self::EndsWith(..)
            | Self::Is(..)
            | Self::IsPresent(_)
            | Self::IsEmpty(_)
            | Self::Matches(..)
            | Self::Now(..)
            | Self::Weekday(..)
            | Self::TimeOfDay(..) => true,
            Self::Quantified { quantifier, .. } => *quantifier != Quantifier::Count,
            _ => false,
        }
    }

    /// The same node over other children.
    #[cfg(feature = "build")]
    pub(crate) fn map_children(mut self, mut map: impl FnMut(NodeId) -> NodeId) -> Self {
        match &mut self {
            Self::Const(_)
            | Self::Param(_)
            | Self::Subject
            | Self::Resource
            | Self::Context(_)
            | Self::Element(_)
            | Self::Key(_)
            | Self::Weekday(..)
            | Self::TimeOfDay(..) => {}
            Self::Attribute { of, .. }
            | Self::Field { of, .. }
            | Self::Capture { of, .. }
            | Self::Not(of)
            | Self::Is(of, _)
            | Self::IsPresent(of)
            | Self::IsEmpty(of)
            | Self::Matches(of, _)
            | Self::Now(_, of)
            | Self::Negate(of)
            | Self::Lower(of)
            | Self::Size(of) => *of = map(*of),
            Self::Compare(_, left, right)
            | Self::Within(left, right)
            | Self::Contains(left, right)
            | Self::ContainsAny(left, right)
            | Self::ContainsAll(left, right)
            | Self::StartsWith(left, right)
            | Self::EndsWith(left, right)
            | Self::Otherwise(left, right)
            | Self::Arith(_, left, right)
            | Self::SetOperation(_, left, right)
            | Self::Index(left, right)
            | Self::Quantified { over: left, body: right, .. } => {
                *left = map(*left);
                *right = map(*right);
            }
            Self::If { condition, then, otherwise } => {
                *condition = map(*condition);
                *then = map(*then);
                *otherwise = map(*otherwise);
            }
            Self::And(all) | Self::Or(all) | Self::Set(all) | Self::List(all) => {
                all.iter_mut().for_each(|child| *child = map(*child));
            }
        }
        self
    }
}
