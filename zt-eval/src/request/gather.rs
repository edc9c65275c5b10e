//! Who said what, and what is known from it.
//!
//! An attribute is taken only from its own source. What a source says twice makes a request invalid; what nobody says is
//! unknown, or absent where the one who would know described the thing and is complete.

use std::collections::BTreeMap;

use super::invalid::{InvalidKind, InvalidRequest};
use super::read::{OnMistyped, Reader, settle};
use super::{Described, Request, cycle};
use crate::graph::Policy;
use crate::id::{ActionId, EntityTypeId, SourceId};
use crate::schema::{Action, Attribute, Schema};
use crate::value::{Datum, EntityUid, Value};

/// Who speaks in a part of a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Speaker {
    /// The enforcement point, which vouches for every source.
    All,
    /// One source.
    Source(SourceId),
}

impl Speaker {
    /// Whether what is said here counts as said by the source.
    pub fn speaks_for(self, source: SourceId) -> bool {
        match self {
            Self::All => true,
            Self::Source(speaker) => speaker == source,
        }
    }
}

/// The attributes of one thing, as far as they were said.
#[derive(Clone, Debug, Default)]
struct Said {
    /// By position; `None` where nothing was said. Empty until something is.
    data: Vec<Option<Datum>>,
    /// Who described the thing, if only by an empty object.
    speakers: Vec<Speaker>,
}

#[derive(Clone, Debug, Default)]
struct Entity {
    attributes: Said,
    /// Outer: whether they were said; inner: whether they could be read.
    parents: Option<Option<Vec<EntityUid>>>,
}

/// Collects what a request says.
#[derive(Clone, Debug)]
pub(super) struct Gathered<'p> {
    policy: &'p Policy,
    context: Said,
    entities: BTreeMap<EntityUid, Entity>,
}

/// What a request asks.
#[derive(Clone, Debug)]
pub(super) struct Question {
    pub action: ActionId,
    pub subject: EntityUid,
    pub resource: EntityUid,
}

impl<'p> Gathered<'p> {
    pub fn new(policy: &'p Policy) -> Self {
        Self { policy, context: Said::default(), entities: BTreeMap::new() }
    }

    /// How values of a request are read.
    pub fn reader(&self) -> Reader<'p> {
        Reader { schema: &self.policy.schema, limits: &self.policy.limits, on_mistyped: OnMistyped::Unknown }
    }

    /// The source's word on all of its context attributes begins.
    pub fn describe_context(&mut self, speaker: Speaker) {
        self.context.speakers.push(speaker);
    }

    /// The source's word on all of its attributes of the entity begins.
    pub fn describe(&mut self, uid: &EntityUid, speaker: Speaker) -> Result<(), InvalidRequest> {
        self.entry(uid)?.attributes.speakers.push(speaker);
        Ok(())
    }

    pub fn say_context(&mut self, attribute: usize, datum: Datum, offset: Option<usize>) -> Result<(), InvalidRequest> {
        let count = self.policy.schema.context.len();
        self.context.say(count, attribute, datum, offset)
    }

    pub fn say(
        &mut self,
        uid: &EntityUid,
        attribute: usize,
        datum: Datum,
        offset: Option<usize>,
    ) -> Result<(), InvalidRequest> {
        let count = attributes_of(&self.policy.schema, uid.ty).len();
        self.entry(uid)?.attributes.say(count, attribute, datum, offset)
    }

    /// `None` for parents that could not be read.
    pub fn say_parents(
        &mut self,
        uid: &EntityUid,
        parents: Option<Vec<EntityUid>>,
        offset: Option<usize>,
    ) -> Result<(), InvalidRequest> {
        match self.entry(uid)?.parents.replace(parents) {
            None => Ok(()),
            Some(_) => Err(InvalidRequest::new(InvalidKind::SaidTwice, offset)),
        }
    }

    fn entry(&mut self, uid: &EntityUid) -> Result<&mut Entity, InvalidRequest> {
        let max = self.policy.limits.request_entities_max;
        if self.entities.len() >= max as usize && !self.entities.contains_key(uid) {
            return Err(InvalidRequest::limit("request_entities_max", max, self.entities.len() + 1, None));
        }
        Ok(self.entities.entry(uid.clone()).or_default())
    }

    /// What is known from all that was said.
    pub fn finish(self, question: Question) -> Result<Request, InvalidRequest> {
        let schema = &self.policy.schema;
        let request = Request {
            asked: [Value::Entity(question.subject.clone()), Value::Entity(question.resource.clone())],
            action: question.action,
            subject: question.subject,
            resource: question.resource,
            context: self.context.settle(schema, &schema.context),
            entities: self.entities.into_iter().map(|(uid, entity)| entity.settle(schema, uid)).collect(),
            policy_digest: self.policy.derived.digest,
        };
        cycle::check(&request, schema)?;
        Ok(request)
    }
}

impl Said {
    fn say(
        &mut self,
        count: usize,
        attribute: usize,
        datum: Datum,
        offset: Option<usize>,
    ) -> Result<(), InvalidRequest> {
        self.data.resize(count, None);
        match self.data.get_mut(attribute) {
            Some(Some(_)) => Err(InvalidRequest::new(InvalidKind::SaidTwice, offset)),
            Some(place) => {
                *place = Some(datum);
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn settle(mut self, schema: &Schema, declared: &[Attribute]) -> Box<[Datum]> {
        self.data.resize(declared.len(), None);
        let speakers = &self.speakers;
        let is_complete =
            |source: SourceId| is_complete(schema, source) && speakers.iter().any(|speaker| speaker.speaks_for(source));
        let settled = declared.iter().zip(self.data).map(|(each, said)| settle(&each.ty, said, is_complete(each.from)));
        settled.collect()
    }
}

impl Entity {
    fn settle(self, schema: &Schema, uid: EntityUid) -> Described {
        let parents = if takes_parents(schema, uid.ty) { self.parents.flatten() } else { Some(Vec::new()) };
        Described {
            attributes: self.attributes.settle(schema, attributes_of(schema, uid.ty)),
            parents: parents.map(|mut parents| {
                parents.sort_unstable();
                parents.dedup();
                parents.into()
            }),
            uid,
        }
    }
}

pub(crate) fn attributes_of(schema: &Schema, ty: EntityTypeId) -> &[Attribute] {
    schema.entity(ty).map_or(&[], |entity| &entity.attributes)
}

pub(super) fn takes_parents(schema: &Schema, ty: EntityTypeId) -> bool {
    schema.entity(ty).is_some_and(|entity| !entity.parents.is_empty())
}

pub(super) fn is_complete(schema: &Schema, source: SourceId) -> bool {
    schema.source(source).is_some_and(|source| source.complete)
}

/// Checks that the action takes such a subject and such a resource.
pub(super) fn check_fits(schema: &Schema, action: &Action, question: &Question) -> Result<(), InvalidRequest> {
    let name = |ty: EntityTypeId| schema.types_text(&[ty]);
    if !action.subjects.contains(&question.subject.ty) {
        let kind = InvalidKind::SubjectType(name(question.subject.ty));
        return Err(InvalidRequest::new(kind, None).under("type").under("subject"));
    }
    if !action.resources.contains(&question.resource.ty) {
        let kind = InvalidKind::ResourceType(name(question.resource.ty));
        return Err(InvalidRequest::new(kind, None).under("type").under("resource"));
    }
    Ok(())
}
