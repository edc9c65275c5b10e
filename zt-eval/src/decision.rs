//! The answer to a request.

mod json;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use crate::graph::Effect;
use crate::id::{ObligationId, RuleId};
use crate::request::InvalidRequest;
use crate::value::{Duration, EntityUid, Timestamp, Value};

pub use json::{uid_to_json, value_to_json};

/// How much of the decision is wanted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Mode {
    /// Effect and obligations; evaluation stops once they are settled. The other fields stay empty.
    Effect,
    /// Every field.
    #[default]
    Full,
}

/// The whole answer. Ids are of the policy that decided; [`Decision::to_json`] writes it with names.
#[derive(Clone, PartialEq, Debug)]
#[must_use]
pub struct Decision {
    /// Allow or deny.
    pub effect: Effect,
    /// Why, on deny.
    pub reason: Option<Reason>,
    /// The determining rules in source order: the allow rules that fired, or the deny rules.
    pub rules: Vec<RuleId>,
    /// Deny rules that fired and were overridden, in source order.
    pub overridden: Vec<RuleId>,
    /// `audit` rules that would have fired, in source order.
    pub audit: Vec<RuleId>,
    /// On deny: what was unknown and mattered, sorted. Empty when no knowledge could change the effect.
    pub unknown: Vec<Unknown>,
    /// Duties of the enforcement point, of all allow rules that fired, in source order. One that it does not know means deny.
    pub obligations: Vec<Duty>,
    /// The decision is the same at every instant from now until before this one; `None` when time does not matter.
    pub valid_until: Option<Timestamp>,
    /// Everything consulted, sorted; the action, the subject and the resource are always part of it.
    pub depends_on: Vec<Fact>,
    /// On deny: the step-ups that would lead to allow, in declared order.
    pub challenge: Vec<Challenge>,
}

impl Default for Decision {
    /// A denial of which nothing else is known, to be decided into.
    fn default() -> Self {
        Self {
            effect: Effect::Deny,
            reason: None,
            rules: Vec::new(),
            overridden: Vec::new(),
            audit: Vec::new(),
            unknown: Vec::new(),
            obligations: Vec::new(),
            valid_until: None,
            depends_on: Vec::new(),
            challenge: Vec::new(),
        }
    }
}

/// Why a request is denied; the first that applies.
#[derive(Clone, PartialEq, Debug)]
pub enum Reason {
    /// A deny rule's condition is true.
    Rule,
    /// A deny rule could not be ruled out.
    Unknown,
    /// No allow rule fires.
    NoRule,
    /// The request does not fit the policy.
    Invalid(InvalidRequest),
}

/// Something that a decision can depend on.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Fact {
    /// An attribute of the context, by position.
    Context(u32),
    /// An attribute of an entity, by position.
    Attribute(EntityUid, u32),
    /// The parents of an entity; for an entity of the store, all its ancestors there.
    Parents(EntityUid),
    /// The instant of the decision.
    Now,
}

/// Something that was unknown and mattered.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Unknown {
    /// What is to be found out; `None` when an operation on known values had no exact result.
    pub fact: Option<Fact>,
    /// As the policy's author would write it: `context.mfa`, `User::"ann".clearance`, `context.review.request.object[].image`.
    pub text: String,
}

/// An obligation with its arguments, in the order of its parameters.
#[derive(Clone, PartialEq, Debug)]
pub struct Duty {
    /// The obligation.
    pub obligation: ObligationId,
    /// Its arguments.
    pub args: Vec<Value>,
}

/// A step-up to ask the subject for (RFC 9470).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Challenge {
    /// Position of the context attribute that it renews.
    pub attribute: u32,
    /// Authentication context class reference.
    pub acr: Arc<str>,
    /// Greatest age of the authentication, if the attribute's freshness bounds it.
    pub max_age: Option<Duration>,
}
