//! Requests: what is asked, and the evidence that comes with the question.
//!
//! A [`Request`] is bound to one policy: names are resolved, values have their declared types, each attribute was said by
//! its own source or is unknown. How it came about, from JSON or from a program, makes no difference: `bind` and
//! `builder` only find out who says what, and `gather` decides what is known.

mod bind;
mod builder;
pub(crate) mod cycle;
mod gather;
mod invalid;
mod part;
pub(crate) mod read;
mod scalar;

#[cfg(test)]
pub(crate) mod fixture;
#[cfg(test)]
mod property_tests;
#[cfg(test)]
mod tests;

use crate::graph::Policy;
use crate::id::ActionId;
use crate::schema::Schema;
use crate::store::Store;
use crate::value::{Datum, EntityUid, Value};

pub use builder::Builder;
pub use invalid::{InvalidKind, InvalidRequest, InvalidValue, StoreError};
pub use part::{Given, Part};
pub use read::parse_value;

/// A request, read against a policy.
#[derive(Clone, PartialEq, Debug)]
pub struct Request {
    action: ActionId,
    subject: EntityUid,
    resource: EntityUid,
    context: Box<[Datum]>,
    entities: Box<[Described]>,
    policy_digest: [u8; 32],
    /// The subject and the resource as values.
    asked: [Value; 2],
}

/// An entity as a request describes it.
#[derive(Clone, PartialEq, Debug)]
pub struct Described {
    uid: EntityUid,
    attributes: Box<[Datum]>,
    parents: Option<Box<[EntityUid]>>,
}

impl Request {
    /// Reads a request from JSON in the shape of an AuthZEN evaluation request, with two more members: `entities`
    /// describes further entities, `evidence` sorts what is said by source.
    ///
    /// # Errors
    ///
    /// When the document does not fit the policy; the request is then denied. Attributes that are missing or mistyped are
    /// no error: they are unknown.
    pub fn from_json(policy: &Policy, text: &[u8]) -> Result<Self, InvalidRequest> {
        bind::bind(policy, text)
    }

    /// Starts a request that a program puts together.
    pub fn builder(policy: &Policy) -> Builder<'_> {
        Builder::new(policy)
    }

    /// What is asked for.
    #[must_use]
    pub fn action(&self) -> ActionId {
        self.action
    }

    /// Who asks.
    #[must_use]
    pub fn subject(&self) -> &EntityUid {
        &self.subject
    }

    /// What the action is to be done to.
    #[must_use]
    pub fn resource(&self) -> &EntityUid {
        &self.resource
    }

    /// The context's attributes by position, as they were said: freshness is not yet looked at.
    #[must_use]
    pub fn context(&self) -> &[Datum] {
        &self.context
    }

    /// The entities that it describes, sorted.
    #[must_use]
    pub fn entities(&self) -> &[Described] {
        &self.entities
    }

    /// The description of an entity.
    #[must_use]
    pub fn described(&self, uid: &EntityUid) -> Option<&Described> {
        self.entities.get(self.position(uid)?)
    }

    /// Where the description of an entity stands among all.
    pub(crate) fn position(&self, uid: &EntityUid) -> Option<usize> {
        self.entities.binary_search_by(|entity| entity.uid.cmp(uid)).ok()
    }

    /// The subject as a value.
    pub(crate) fn subject_value(&self) -> &Value {
        &self.asked[0]
    }

    /// The resource as a value.
    pub(crate) fn resource_value(&self) -> &Value {
        &self.asked[1]
    }

    /// The digest of the policy that it was bound to.
    #[must_use]
    pub fn policy_digest(&self) -> &[u8; 32] {
        &self.policy_digest
    }

    /// Whether its parents, together with the store's, are free of cycles. The store alone speaks for its own entities.
    ///
    /// # Errors
    ///
    /// Names the cycle; the request is then to be denied.
    pub fn check_against(&self, schema: &Schema, store: &Store) -> Result<(), InvalidRequest> {
        cycle::check_against(self, schema, store)
    }
}

impl Described {
    /// The entity.
    #[must_use]
    pub fn uid(&self) -> &EntityUid {
        &self.uid
    }

    /// Its attributes by position, as they were said.
    #[must_use]
    pub fn attributes(&self) -> &[Datum] {
        &self.attributes
    }

    /// Its parents, sorted, if they are known.
    #[must_use]
    pub fn parents(&self) -> Option<&[EntityUid]> {
        self.parents.as_deref()
    }
}
