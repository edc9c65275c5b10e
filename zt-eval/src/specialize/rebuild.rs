//! A node made again over other children, in another builder.

use crate::graph::build::Builder;
use crate::graph::{Node, Policy};
use crate::id::NodeId;

/// The node over what `child` gives for its children; `None` where it gives nothing.
pub(super) fn rebuild(
    policy: &Policy,
    to: &mut Builder,
    node: &Node,
    child: impl Fn(NodeId) -> Option<NodeId>,
) -> Option<NodeId> {
    Some(match node {
        Node::Const(id) => to.constant(policy.constant(*id)?.clone()),
        Node::Param(id) => to.param(*id),
        Node::Subject => to.subject(),
        Node::Resource => to.resource(),
        Node::Context(at) => to.context(*at),
        Node::Attribute { of, ty, attribute } => to.attribute(child(*of)?, *ty, *attribute),
        Node::Field { of, record, field } => to.field(child(*of)?, *record, *field),
        Node::Element(level) => to.element(*level),
        Node::Key(level) => to.key(*level),
        Node::And(all) => {
            let all: Option<Vec<_>> = all.iter().map(|each| child(*each)).collect();
            to.and(all?)
        }
        Node::Or(all) => {
            let all: Option<Vec<_>> = all.iter().map(|each| child(*each)).collect();
            to.or(all?)
        }
        Node::Not(of) => to.not(child(*of)?),
        Node::If { condition, then, otherwise } => to.choose(child(*condition)?, child(*then)?, child(*otherwise)?),
        Node::Compare(op, a, b) => to.compare(*op, child(*a)?, child(*b)?),
        Node::Within(a, b) => to.within(child(*a)?, child(*b)?),
        Node::Contains(a, b) => to.contains(child(*a)?, child(*b)?),
        Node::ContainsAny(a, b) => to.contains_any(child(*a)?, child(*b)?),
        Node::ContainsAll(a, b) => to.contains_all(child(*a)?, child(*b)?),
        Node::StartsWith(a, b) => to.starts_with(child(*a)?, child(*b)?),
        Node::EndsWith(a, b) => to.ends_with(child(*a)?, child(*b)?),
        Node::Is(of, types) => to.is(child(*of)?, types.iter().copied()),
        Node::IsPresent(of) => to.is_present(child(*of)?),
        Node::IsEmpty(of) => to.is_empty(child(*of)?),
        Node::Matches(of, pattern) => to.matches(child(*of)?, policy.pattern(*pattern)?.clone()),
        Node::Capture { of, pattern, index } => to.capture(child(*of)?, policy.pattern(*pattern)?.clone(), *index),
        Node::Now(op, time) => to.now(*op, child(*time)?),
        Node::Weekday(zone, days) => to.weekday(policy.zone(*zone)?.clone(), *days),
        Node::TimeOfDay(zone, ranges) => to.time_of_day(policy.zone(*zone)?.clone(), ranges.clone()),
        Node::Quantified { quantifier, over, level, body } => {
            to.quantified(*quantifier, child(*over)?, *level, child(*body)?)
        }
        Node::Otherwise(a, b) => to.otherwise(child(*a)?, child(*b)?),
        Node::Arith(op, a, b) => to.arith(*op, child(*a)?, child(*b)?),
        Node::Negate(of) => to.negate(child(*of)?),
        Node::Lower(of) => to.lower(child(*of)?),
        Node::Size(of) => to.size(child(*of)?),
        Node::SetOperation(op, a, b) => to.set_operation(*op, child(*a)?, child(*b)?),
        Node::Index(map, key) => to.index(child(*map)?, child(*key)?),
        Node::Set(all) => {
            let all: Option<Vec<_>> = all.iter().map(|each| child(*each)).collect();
            to.set(all?)
        }
        Node::List(all) => {
            let all: Option<Vec<_>> = all.iter().map(|each| child(*each)).collect();
            to.list(all?)
        }
    })
}
