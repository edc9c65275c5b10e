//! A rule, and the parts that few rules have.
//!
//! A policy can have a hundred thousand rules, which are read one after the other when it is loaded. So what most of them do
//! not have takes them a word, and not the size of all of it.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use super::{Annotation, Effect, Place};
use crate::id::{NodeId, ObligationId, RuleId};
use crate::value::Text;

/// A rule, in the order of the source.
#[derive(Clone, PartialEq, Debug)]
pub struct Rule {
    /// Its name, with its package unless that is the root.
    pub name: Text,
    /// Where it stands.
    pub place: Place,
    /// What it does when it fires.
    pub effect: Effect,
    /// Reported and never deciding.
    pub audit: bool,
    /// Its whole condition: scope, `for` and `when`. An allow rule fires when this is true, a deny rule when it is true or
    /// unknown.
    pub condition: NodeId,
    /// What only some rules have.
    pub extras: Extras,
}

/// What only some rules have.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct RuleExtras {
    /// Why it denies, for the person who is denied.
    pub because: Option<Arc<str>>,
    /// Deny rules that an allow rule overrides when it fires.
    pub overrides: Vec<RuleId>,
    /// What an allow rule obliges the enforcement point to; it fires only if every argument is a value in which
    /// nothing is unknown.
    pub duties: Vec<DutyTemplate>,
    /// Controls of compliance frameworks that it serves.
    pub controls: Vec<Arc<str>>,
    /// Annotations, in order.
    pub annotations: Vec<Annotation>,
}

/// An obligation with the nodes that compute its arguments.
#[derive(Clone, PartialEq, Debug)]
pub struct DutyTemplate {
    /// The obligation.
    pub obligation: ObligationId,
    /// Its arguments, in the order of its parameters.
    pub args: Box<[NodeId]>,
}

/// [`RuleExtras`] that take no memory where there are none.
#[derive(Clone, Default, Debug)]
pub struct Extras(Option<Box<RuleExtras>>);

static NONE: RuleExtras = RuleExtras {
    because: None,
    overrides: Vec::new(),
    duties: Vec::new(),
    controls: Vec::new(),
    annotations: Vec::new(),
};

impl Deref for Extras {
    type Target = RuleExtras;

    #[inline]
    fn deref(&self) -> &RuleExtras {
        self.0.as_deref().unwrap_or(&NONE)
    }
}

impl DerefMut for Extras {
    fn deref_mut(&mut self) -> &mut RuleExtras {
        self.0.get_or_insert_default()
    }
}

impl PartialEq for Extras {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl From<RuleExtras> for Extras {
    fn from(extras: RuleExtras) -> Self {
        Self((extras != NONE).then(|| extras.into()))
    }
}
