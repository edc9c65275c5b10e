//! Who said what, and what is known from it.
//!
//! An attribute is taken only from its own source. What a source says twice makes a request invalid; what nobody says is
//! unknown, or absent where the one who would know described the thing and is complete.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::invalid::{InvalidKind, InvalidRequest};
use super::names::Names;
use super::read::{Pool, Reader};
use super::said::Said;
use super::{Asked, Described, Request, cycle};
use crate::graph::Policy;
use crate::graph::reads::AttributeReads;
use crate::id::{ActionId, EntityTypeId, SourceId};
use crate::schema::{Action, Attribute, Schema};
use crate::value::EntityUid;

/// More entities than this are found by a table.
const SCANNED_MAX: usize = 16;

/// So many descriptions are looked at for one of the type that is wanted.
const SPARES_SEEN: usize = 8;

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

/// Memory that binding uses and that means nothing afterwards.
#[derive(Debug, Default)]
pub(super) struct Workspace {
    pub pool: Pool,
    /// The entities of a list that is being read.
    pub listed: Vec<EntityUid>,
    /// Descriptions whose memory is free.
    spare: Vec<Described>,
    /// Where entities stand, once they are many.
    positions: HashMap<EntityUid, usize, RandomState>,
}

impl Clone for Workspace {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl PartialEq for Workspace {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Workspace {
    /// Takes the memory of descriptions that are not needed any more.
    pub fn keep(&mut self, entities: &mut Vec<Described>) {
        self.pool.clear();
        self.positions.clear();
        self.spare.append(entities);
    }

    /// The memory of a description, if there is any; rather that of one whose attributes were of the same types.
    fn spare(&mut self, ty: EntityTypeId) -> Option<Described> {
        let last = self.spare.len().checked_sub(1)?;
        let mut latest = self.spare.iter().enumerate().rev().take(SPARES_SEEN);
        let at = latest.find(|(_, spare)| spare.uid.ty == ty).map_or(last, |(at, _)| at);
        Some(self.spare.swap_remove(at))
    }
}

/// The attributes of one thing, with what is declared and read of them, and what it takes to read them.
pub(super) struct Attributes<'g, 'p> {
    pub declared: &'p [Attribute],
    pub reads: &'p AttributeReads,
    pub names: Option<&'p Names>,
    pub said: &'g mut Said,
    pub pool: &'g mut Pool,
}

/// Collects what a request says.
pub(super) struct Gathered<'r, 'p> {
    policy: &'p Policy,
    pub request: &'r mut Request,
}

/// What a request asks.
#[derive(Clone, Debug)]
pub(super) struct Question {
    pub action: ActionId,
    pub subject: EntityUid,
    pub resource: EntityUid,
}

impl<'r, 'p> Gathered<'r, 'p> {
    /// Begins anew, whatever the request was before.
    pub fn new(policy: &'p Policy, request: &'r mut Request) -> Self {
        request.reset();
        request.context.reset(policy.schema.context.len());
        Self { policy, request }
    }

    /// How values of a request are read.
    pub fn reader(&self) -> Reader<'p> {
        Reader::of(self.policy)
    }

    pub fn context(&mut self) -> Attributes<'_, 'p> {
        let Request { context, workspace, .. } = &mut *self.request;
        Attributes {
            declared: &self.policy.schema.context,
            reads: &self.policy.derived.reads.context,
            names: Some(self.policy.derived.names.context()),
            said: context,
            pool: &mut workspace.pool,
        }
    }

    /// The attributes of an entity, which is described from now on.
    pub fn attributes(&mut self, uid: &EntityUid) -> Result<Attributes<'_, 'p>, InvalidRequest> {
        let at = self.entry(uid)?;
        let policy = self.policy;
        let Request { entities, workspace, .. } = &mut *self.request;
        let entity = entities.get_mut(at).ok_or_else(|| too_many(policy, at))?;
        Ok(Attributes {
            declared: attributes_of(&policy.schema, uid.ty),
            reads: &policy.derived.reads.entity(uid.ty).attributes,
            names: policy.derived.names.entity(uid.ty),
            said: &mut entity.attributes,
            pool: &mut workspace.pool,
        })
    }

    /// Whether any rule can need the parents of entities of a type.
    pub fn reads_parents(&self, ty: EntityTypeId) -> bool {
        self.policy.derived.reads.entity(ty).parents
    }

    /// The own source of an entity's parents says them: `fill` adds them and tells whether they are known.
    pub fn say_parents(
        &mut self,
        uid: &EntityUid,
        offset: Option<usize>,
        fill: impl FnOnce(&mut Vec<EntityUid>) -> Result<bool, InvalidRequest>,
    ) -> Result<(), InvalidRequest> {
        let at = self.entry(uid)?;
        let Some(entity) = self.request.entities.get_mut(at) else {
            return Ok(());
        };
        if std::mem::replace(&mut entity.parents_said, true) {
            return Err(InvalidRequest::new(InvalidKind::SaidTwice, offset));
        }
        entity.parents_known = fill(&mut entity.parents)?;
        if !entity.parents_known {
            entity.parents.clear();
        }
        entity.parents.sort_unstable();
        entity.parents.dedup();
        Ok(())
    }

    /// Where an entity stands, which is put in if it is not yet.
    fn entry(&mut self, uid: &EntityUid) -> Result<usize, InvalidRequest> {
        if let Some(at) = self.position(uid) {
            return Ok(at);
        }
        let at = self.request.entities.len();
        if at >= self.policy.limits.request_entities_max as usize {
            return Err(too_many(self.policy, at));
        }
        let schema = &self.policy.schema;
        let mut entity = self.request.workspace.spare(uid.ty).unwrap_or_else(Described::nothing);
        entity.uid.clone_from(uid);
        entity.attributes.reset(attributes_of(schema, uid.ty).len());
        entity.parents.clear();
        entity.parents_known = !takes_parents(schema, uid.ty);
        entity.parents_said = false;
        self.request.entities.push(entity);
        Ok(at)
    }

    fn position(&mut self, uid: &EntityUid) -> Option<usize> {
        let Request { entities, workspace, .. } = &mut *self.request;
        if entities.len() <= SCANNED_MAX {
            return entities.iter().position(|entity| entity.uid == *uid);
        }
        for (at, entity) in entities.iter().enumerate().skip(workspace.positions.len()) {
            workspace.positions.insert(entity.uid.clone(), at);
        }
        workspace.positions.get(uid).copied()
    }

    /// What is known from all that was said.
    pub fn finish(self, question: Question) -> Result<(), InvalidRequest> {
        let request = self.request;
        request.entities.sort_unstable_by(|a, b| a.uid.cmp(&b.uid));
        let (subject, resource) = (request.position(&question.subject), request.position(&question.resource));
        request.action = question.action;
        request.subject = Asked::new(question.subject, subject);
        request.resource = Asked::new(question.resource, resource);
        cycle::check(request, &self.policy.schema)?;
        request.policy_digest = self.policy.derived.digest;
        Ok(())
    }
}

fn too_many(policy: &Policy, described: usize) -> InvalidRequest {
    InvalidRequest::limit("request_entities_max", policy.limits.request_entities_max, described + 1, None)
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
