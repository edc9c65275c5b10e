//! Requests: what is asked, and the evidence that comes with the question.
//!
//! A [`Request`] is bound to one policy: names are resolved, values have their declared types, each attribute was said by
//! its own source or is unknown, and what no rule of the policy reads is unknown too. How it came about, from JSON or from
//! a program, makes no difference: `bind` and `builder` only find out who says what, and `gather` decides what is known.
//!
//! A request can be bound again; it keeps its memory, so that binding one after the other allocates nothing where they have
//! the same shape. In that memory stand values of earlier documents, which nobody sees and which go with the request.

mod bind;
mod bits;
mod builder;
pub(crate) mod cycle;
mod describe;
mod gather;
mod invalid;
pub(crate) mod names;
mod part;
mod parts;
pub(crate) mod read;
mod record;
mod said;
mod scalar;

#[cfg(test)]
pub(crate) mod fixture;
#[cfg(test)]
mod property_tests;
#[cfg(test)]
mod tests;

use crate::graph::Policy;
use crate::id::{ActionId, EntityTypeId};
use crate::schema::Schema;
use crate::store::Store;
use crate::value::{Datum, EntityUid, Text, Value};

use gather::Workspace;
use said::Said;

pub(crate) use bits::Bits;
pub use builder::Builder;
pub(crate) use cycle::Cycles;
pub use invalid::{InvalidKind, InvalidRequest, InvalidValue, StoreError};
pub use part::{Given, Part};
pub use read::parse_value;

/// More entities than this are searched in order of their ids.
const SCANNED_MAX: usize = 8;

/// A request, read against a policy.
#[derive(Clone, PartialEq, Debug)]
pub struct Request {
    action: ActionId,
    /// Always an entity, as is the resource: kept as values so that evaluation can borrow them.
    subject: Asked,
    resource: Asked,
    context: Said,
    /// Sorted by id.
    entities: Vec<Described>,
    policy_digest: [u8; 32],
    workspace: Workspace,
}

/// The request's subject or resource.
#[derive(Clone, PartialEq, Debug)]
struct Asked {
    uid: EntityUid,
    value: Value,
    /// Where its description stands among the entities, if there is one.
    described: Option<usize>,
}

/// An entity as a request describes it.
#[derive(Clone, PartialEq, Debug)]
pub struct Described {
    uid: EntityUid,
    attributes: Said,
    parents: Vec<EntityUid>,
    parents_known: bool,
    /// Whether its own source has said its parents, if only in a way that cannot be read.
    parents_said: bool,
}

impl Request {
    /// A request that asks for nothing, to be [bound](Self::bind_json). Deciding it is refused as if it were bound for
    /// another policy.
    #[must_use]
    pub fn empty() -> Self {
        Self {
            action: ActionId::new(usize::MAX),
            subject: Asked::nobody(),
            resource: Asked::nobody(),
            context: Said::default(),
            entities: Vec::new(),
            policy_digest: [0; 32],
            workspace: Workspace::default(),
        }
    }

    /// Reads a request from JSON in the shape of an AuthZEN evaluation request, with two more members: `entities`
    /// describes further entities, `evidence` sorts what is said by source.
    ///
    /// # Errors
    ///
    /// When the document does not fit the policy; the request is then denied. Attributes that are missing or mistyped are
    /// no error: they are unknown.
    pub fn from_json(policy: &Policy, text: &[u8]) -> Result<Self, InvalidRequest> {
        let mut request = Self::empty();
        request.bind_json(policy, text)?;
        Ok(request)
    }

    /// As [`from_json`](Self::from_json), in place of whatever this request was before, whose memory is used again.
    ///
    /// # Errors
    ///
    /// As for [`from_json`](Self::from_json). The request is then as if [empty](Self::empty).
    pub fn bind_json(&mut self, policy: &Policy, text: &[u8]) -> Result<(), InvalidRequest> {
        let result = bind::bind(self, policy, text);
        if result.is_err() {
            self.reset();
            self.subject = Asked::nobody();
            self.resource = Asked::nobody();
        }
        result
    }

    /// Forgets what is said in it and for which policy, and keeps its memory.
    fn reset(&mut self) {
        self.action = ActionId::new(usize::MAX);
        self.context.reset(0);
        self.workspace.keep(&mut self.entities);
        self.policy_digest = [0; 32];
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
        &self.subject.uid
    }

    /// The same as a value.
    #[must_use]
    pub fn subject_value(&self) -> &Value {
        &self.subject.value
    }

    /// The description of the subject.
    #[must_use]
    pub fn subject_described(&self) -> Option<&Described> {
        self.entities.get(self.subject.described?)
    }

    /// What the action is to be done to.
    #[must_use]
    pub fn resource(&self) -> &EntityUid {
        &self.resource.uid
    }

    /// The same as a value.
    #[must_use]
    pub fn resource_value(&self) -> &Value {
        &self.resource.value
    }

    /// The description of the resource.
    #[must_use]
    pub fn resource_described(&self) -> Option<&Described> {
        self.entities.get(self.resource.described?)
    }

    /// The context's attributes by position, as they were said: freshness is not yet looked at.
    #[must_use]
    pub fn context(&self) -> &[Datum] {
        self.context.data()
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
        if self.entities.len() <= SCANNED_MAX {
            return self.entities.iter().position(|entity| entity.uid == *uid);
        }
        self.entities.binary_search_by(|entity| entity.uid.cmp(uid)).ok()
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
        Cycles::default().check_against(self, schema, store)
    }
}

impl Asked {
    fn new(uid: EntityUid, described: Option<usize>) -> Self {
        Self { value: Value::Entity(uid.clone()), uid, described }
    }

    /// An entity of a type that no policy declares.
    fn nobody() -> Self {
        Self::new(EntityUid { ty: EntityTypeId::new(usize::MAX), id: Text::default() }, None)
    }
}

impl Described {
    /// A description of nobody, to be made one of somebody.
    fn nothing() -> Self {
        let uid = EntityUid { ty: EntityTypeId::new(usize::MAX), id: Text::default() };
        Self { uid, attributes: Said::default(), parents: Vec::new(), parents_known: false, parents_said: false }
    }

    /// The entity.
    #[must_use]
    pub fn uid(&self) -> &EntityUid {
        &self.uid
    }

    /// Its attributes by position, as they were said.
    #[must_use]
    pub fn attributes(&self) -> &[Datum] {
        self.attributes.data()
    }

    /// Its parents, sorted, if they are known.
    #[must_use]
    pub fn parents(&self) -> Option<&[EntityUid]> {
        self.parents_known.then_some(&*self.parents)
    }
}
