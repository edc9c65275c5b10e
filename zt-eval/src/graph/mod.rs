//! The decision graph: the waist between the compiler and the engines.
//!
//! Acyclic and flat: every node stands after the nodes it reads, no two nodes are equal, every node is reached from a rule.
//! Rules share their tests. What a node means is said once, here; [`eval`](crate::eval) and the code generators read it.
//!
//! *Unknown and absent.* Every node yields a [`Datum`](crate::value::Datum). An operator with an operand that is not a
//! value yields unknown, unless its documentation says otherwise. A condition that is not a Boolean value is
//! [`Truth::Unknown`](crate::Truth::Unknown).

#[cfg(feature = "build")]
pub mod build;
mod children;
mod cost;
#[cfg(feature = "build")]
pub mod draw;
mod operands;
mod place;
mod policy;
pub(crate) mod reads;
mod rule;
pub(crate) mod short;
mod slots;
pub mod text;
pub(crate) mod validate;
pub mod wire;

#[cfg(all(test, feature = "build"))]
mod tests;

pub use crate::index::{SlotStats, Stats};
pub use crate::schema::Annotation;
pub use cost::Cost;
pub use operands::Operands;
pub use place::Place;
pub(crate) use policy::Kept;
pub use policy::ParamError;
pub use rule::{DutyTemplate, Extras, Rule, RuleExtras};
pub use slots::Slot;
pub use wire::LoadError;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::id::{ConstId, EntityTypeId, NodeId, ParamId, PatternId, RecordId, RuleId, ZoneId};
use crate::index::{Index, Plan};
use crate::limits::Limits;
use crate::pattern::Pattern;
use crate::request::names::DeclaredNames;
use crate::schema::Schema;
use crate::value::{Arith, Duration, SetOp, Value};
use crate::zone::Zone;

/// A condition or a value that is computed at most once for a request.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Node {
    /// A constant.
    Const(ConstId),
    /// A parameter's value.
    Param(ParamId),
    /// The request's subject, an entity.
    Subject,
    /// The request's resource, an entity.
    Resource,
    /// An attribute of the context, subject to its freshness.
    Context(u32),
    /// An attribute of the entity `of`, subject to its freshness; absent when `of` is absent, unknown when `of` is of
    /// another type than `ty`.
    Attribute {
        /// The entity.
        of: NodeId,
        /// The type that declares the attribute.
        ty: EntityTypeId,
        /// The attribute's position.
        attribute: u32,
    },
    /// A record's field; absent when `of` is absent.
    Field {
        /// The record.
        of: NodeId,
        /// Its type.
        record: RecordId,
        /// The field's position.
        field: u32,
    },
    /// The element that the quantifier at this level (1 = outermost) is at; over a map, the value.
    Element(u8),
    /// The key that the quantifier over a map at this level is at.
    Key(u8),
    /// Kleene's conjunction of two or more conditions.
    And(Operands),
    /// Kleene's disjunction of two or more conditions.
    Or(Operands),
    /// Kleene's negation.
    Not(NodeId),
    /// `then` or `otherwise` as the condition says; when it is unknown, what both [agree](crate::value::agreement) on.
    If {
        /// The condition.
        condition: NodeId,
        /// Taken when it holds.
        then: NodeId,
        /// Taken when it does not.
        otherwise: NodeId,
    },
    /// Whether two values compare so.
    Compare(CompareOp, NodeId, NodeId),
    /// Whether the first entity is, or lies below, the second; or any of a set or list of entities.
    Within(NodeId, NodeId),
    /// Whether a collection has an element, a range or any of several ranges an address, a text another text.
    Contains(NodeId, NodeId),
    /// Whether a collection has any element of another.
    ContainsAny(NodeId, NodeId),
    /// Whether a collection has all elements of another.
    ContainsAll(NodeId, NodeId),
    /// Whether a text, or a path by whole segments, starts with another.
    StartsWith(NodeId, NodeId),
    /// Whether a text ends with another.
    EndsWith(NodeId, NodeId),
    /// Whether the entity is of one of these types (sorted).
    Is(NodeId, Box<[EntityTypeId]>),
    /// Whether an optional has a value: true for a value, false when absent, else unknown.
    IsPresent(NodeId),
    /// Whether a text or a collection is empty.
    IsEmpty(NodeId),
    /// Whether a text, path or host matches a pattern.
    Matches(NodeId, PatternId),
    /// What a route pattern captured, as a string; unknown unless it matches.
    Capture {
        /// The path.
        of: NodeId,
        /// The route.
        pattern: PatternId,
        /// Position among the route's captures.
        index: u32,
    },
    /// `now OP t`: how the instant of the decision compares with a timestamp.
    Now(NowOp, NodeId),
    /// Whether it is one of these weekdays in a zone.
    Weekday(ZoneId, Weekdays),
    /// Whether the time of day in a zone is in one of these ranges of milliseconds from midnight, half-open; a range that
    /// ends before it starts crosses midnight.
    TimeOfDay(ZoneId, Box<[(u32, u32)]>),
    /// A quantifier over a set, list or map. `All` is false if the body is false for one element, else unknown if it is
    /// unknown for one, else true; `Any` dually. `Count` is the number for which it holds, unknown if it is unknown for one.
    /// Over a collection that is not a value, unknown. (`none` is `Not` of `Any`.)
    Quantified {
        /// Which.
        quantifier: Quantifier,
        /// The collection.
        over: NodeId,
        /// Nesting level of the variable, from 1.
        level: u8,
        /// The condition on each element.
        body: NodeId,
    },
    /// The first datum unless it is absent, else the second; unknown when the first is.
    Otherwise(NodeId, NodeId),
    /// Arithmetic; unknown on overflow.
    Arith(Arith, NodeId, NodeId),
    /// Negation of a number or a duration; unknown on overflow.
    Negate(NodeId),
    /// A text with ASCII letters in lower case.
    Lower(NodeId),
    /// Number of characters (Unicode scalar values) of a text, of elements of a collection.
    Size(NodeId),
    /// Union, intersection, difference of two sets.
    SetOperation(SetOp, NodeId, NodeId),
    /// A map's value at a key: absent when the map is, or has no such key.
    Index(NodeId, NodeId),
    /// A set of these elements; unknown when one is not a value, or not one of which everything is known.
    Set(Operands),
    /// A list of these elements; unknown when one is not a value.
    List(Operands),
}

/// Comparisons that the others are made of: `a > b` is `b < a`, `a != b` is `not a == b`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub enum CompareOp {
    /// Equal.
    Equal,
    /// Less.
    Less,
    /// Less or equal.
    LessOrEqual,
}

/// Comparisons of the decision's instant with a timestamp.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub enum NowOp {
    /// `now < t`; flips at t.
    Before,
    /// `now <= t`; flips one millisecond after t.
    AtOrBefore,
    /// `now == t`; flips at t and one millisecond after it.
    At,
}

/// Weekdays as a set of bits, bit 0 for Monday.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub struct Weekdays(pub u8);

/// Quantifiers.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
#[expect(missing_docs, reason = "`Node::Quantified` says what they mean")]
pub enum Quantifier {
    All,
    Any,
    Count,
}

/// What a rule does when it fires.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// Access is granted.
    Allow,
    /// Access is refused.
    Deny,
}

/// The rules that can apply to an action, each kind in source order. Actions with equal lists share them.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ActionRules {
    /// Deny rules that decide.
    pub denies: Arc<[RuleId]>,
    /// Allow rules that decide.
    pub allows: Arc<[RuleId]>,
    /// Rules of either kind that are only reported.
    pub audits: Arc<[RuleId]>,
}

/// A compiled policy: everything that deciding needs.
#[derive(Clone, PartialEq, Debug)]
pub struct Policy {
    pub(crate) name: Arc<str>,
    pub(crate) compiler: Arc<str>,
    pub(crate) schema: Schema,
    pub(crate) limits: Limits,
    pub(crate) clock_skew: Duration,
    pub(crate) consts: Vec<Value>,
    pub(crate) patterns: Vec<Pattern>,
    pub(crate) zones: Vec<Zone>,
    pub(crate) nodes: Vec<Node>,
    pub(crate) rules: Vec<Rule>,
    /// By [`ActionId`](crate::id::ActionId).
    pub(crate) actions: Vec<ActionRules>,
    /// Where the index has each rule: chosen when the policy is built.
    pub(crate) plan: Plan,
    /// What is derived from the above when the policy is built or loaded.
    pub(crate) derived: Derived,
}

/// What is computed once from a policy's parts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Derived {
    /// By [`NodeId`]: the deepest quantifier level whose variable the node depends on; 0 for none.
    pub levels: Box<[u8]>,
    /// By [`NodeId`]: where decisions keep its datum, or [`Derived::NOT_KEPT`] or [`Derived::BORROWED`].
    pub kept: Box<[u32]>,
    /// How many places for data decisions need.
    pub kept_count: u32,
    /// By [`NodeId`], for the first few that are worth it: where a decision keeps what it borrowed, and one more; else zero.
    pub held: Box<[u8]>,
    /// What most conditions are made of, for short.
    pub short: short::Short,
    /// Row by [`EntityTypeId`]: the types that parents can lead to, reflexively.
    pub leads_to: Vec<Box<[bool]>>,
    /// The same rows in one, but for a type that parents do not lead to itself.
    pub leads_on: Box<[bool]>,
    /// By [`RuleId`]: the deciding allow rules that override it, in source order; empty when no rule overrides any.
    pub overriders: Vec<Box<[RuleId]>>,
    /// By [`ActionId`](crate::id::ActionId): whether its rules read an attribute that the subject can renew.
    pub steps_up: Box<[bool]>,
    /// From evidence to the rules that could apply.
    pub index: Index,
    /// What its rules read of the evidence.
    pub reads: reads::Reads,
    /// Where the names stand that keys of requests are looked up among.
    pub names: DeclaredNames,
    /// SHA-256 of the wire form's body: all but the parameters' values.
    pub body_digest: [u8; 32],
    /// The policy's digest, which covers both.
    pub digest: [u8; 32],
}

impl PartialEq for Derived {
    /// What follows from equal parts is equal.
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Derived {
    /// In [`Derived::kept`]: computed anew each time, since only one node reads it or computing it costs nothing.
    pub const NOT_KEPT: u32 = u32::MAX;
    /// How many borrowed data a decision keeps, if any.
    pub const HELD_MAX: usize = 64;
    /// In [`Derived::kept`]: only reads evidence, and what is inside of it, so that it can be borrowed from there.
    pub const BORROWED: u32 = u32::MAX - 1;

    /// Whether a path of one step or more can lead from an entity of one type to an entity of another.
    #[inline]
    pub fn parents_lead_to(&self, from: EntityTypeId, to: EntityTypeId) -> bool {
        let (from, to, types) = (from.index(), to.index(), self.leads_to.len());
        from < types && to < types && self.leads_on.get(from * types + to) == Some(&true)
    }

    /// Where a decision keeps what it borrowed for a node, if it does.
    #[inline]
    pub fn held_at(&self, node: NodeId) -> Option<usize> {
        self.held.get(node.index()).and_then(|place| usize::from(*place).checked_sub(1))
    }

    /// Whether what a node gives can be borrowed from evidence or constants, unless a quantifier goes through what is computed.
    #[inline]
    pub fn is_borrowed(&self, node: NodeId) -> bool {
        self.kept.get(node.index()) == Some(&Self::BORROWED)
    }

    /// The deepest quantifier level whose variable a node depends on; 0 for none.
    #[inline]
    pub fn level(&self, node: NodeId) -> u8 {
        self.levels.get(node.index()).copied().unwrap_or(0)
    }
}
