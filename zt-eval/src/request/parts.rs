//! Binds a request document part by part: the careful way, for documents that [`bind`](super::bind) cannot take as they
//! come, or that are to be refused.
//!
//! The document is first read once for its form, keeping the places of its parts; then each part is read when what it
//! needs is known. So the mistake that is reported does not depend on the order of members, but on what is wrong.

use std::borrow::Cow;
use std::collections::HashSet;

use super::Request;
use super::describe::Describer;
use super::gather::{Question, Speaker, check_fits};
use super::invalid::{InvalidKind, InvalidRequest};
use super::read::{Reader, duplicate, expect};
use crate::graph::Policy;
use crate::id::{ActionId, EntityTypeId, SourceId};
use crate::json::{Kind, Scanner};
use crate::schema::Schema;
use crate::value::EntityUid;

pub(super) fn bind(request: &mut Request, policy: &Policy, mut scanner: Scanner) -> Result<(), InvalidRequest> {
    let describer = Describer::new(request, policy);
    let reader = describer.reader;
    let [subject, action, resource, context, entities, evidence] =
        members(&mut scanner, ["subject", "action", "resource", "context", "entities", "evidence"])?;
    scanner.finish()?;

    let action = action_id(&policy.schema, action.ok_or_else(|| missing("action"))?).map_err(|e| e.under("action"))?;
    let subject = required(&reader, subject, "subject")?;
    let resource = required(&reader, resource, "resource")?;
    let question = Question { action, subject: subject.uid.clone(), resource: resource.uid.clone() };
    if let Some(action) = policy.schema.action(action) {
        check_fits(&policy.schema, action, &question)?;
    }

    let mut binder = Binder { describer, reader, question, subject_vouched: false };
    let speaker = if evidence.is_some() { Speaker::Source(Schema::PEP) } else { Speaker::All };
    binder.describe(speaker, &subject.uid, subject.body).map_err(|e| e.under("subject"))?;
    binder.describe(speaker, &resource.uid, resource.body).map_err(|e| e.under("resource"))?;
    binder.context(speaker, context)?;
    binder.entities(speaker, entities)?;
    if let Some(evidence) = evidence {
        binder.evidence(evidence).map_err(|e| e.under("evidence"))?;
        binder.check_vouched()?;
    }
    binder.describer.gathered.finish(binder.question)
}

/// The place of a value in the document, with the depth it stands at.
type Mark<'a> = Scanner<'a>;

/// Reads an object for its form and gives the places of these members.
fn members<'a, const N: usize>(
    scanner: &mut Scanner<'a>,
    names: [&str; N],
) -> Result<[Option<Mark<'a>>; N], InvalidRequest> {
    expect(scanner, Kind::Object)?;
    let mut marks = [const { None }; N];
    scanner.object(|scanner, key, offset| {
        if let Some((_, mark)) = names.iter().zip(&mut marks).find(|(name, _)| ***name == *key) {
            if mark.is_some() {
                return Err(duplicate(key, offset));
            }
            scanner.peek()?;
            *mark = Some(scanner.clone());
        }
        Ok(scanner.skip().map(drop)?)
    })?;
    Ok(marks)
}

fn missing(name: &'static str) -> InvalidRequest {
    InvalidRequest::new(InvalidKind::Missing(name), None)
}

fn action_id(schema: &Schema, mut scanner: Mark) -> Result<ActionId, InvalidRequest> {
    let [name] = members(&mut scanner, ["name"])?;
    let mut name = name.ok_or_else(|| missing("name"))?;
    let offset = name.offset();
    expect(&mut name, Kind::String).map_err(|e| e.under("name"))?;
    let name = name.string()?;
    schema
        .find_action(&name)
        .ok_or_else(|| InvalidRequest::new(InvalidKind::UnknownAction(name.into_owned()), Some(offset)).under("name"))
}

/// An entity that is named, and what is said of it.
struct Named<'a> {
    uid: EntityUid,
    body: Body<'a>,
}

/// What is said of an entity.
struct Body<'a> {
    properties: Option<Mark<'a>>,
    parents: Option<Mark<'a>>,
}

/// The name of an entity, where it is given.
struct Name<'a> {
    ty: Option<EntityTypeId>,
    id: Option<Cow<'a, str>>,
    offset: usize,
}

fn required<'a>(reader: &Reader, mark: Option<Mark<'a>>, member: &'static str) -> Result<Named<'a>, InvalidRequest> {
    named(reader, mark.ok_or_else(|| missing(member))?).map_err(|e| e.under(member))
}

/// Reads an entity whose name must be given.
fn named<'a>(reader: &Reader, mark: Mark<'a>) -> Result<Named<'a>, InvalidRequest> {
    let (name, body) = entity(reader, mark)?;
    let uid =
        EntityUid { ty: name.ty.ok_or_else(|| missing("type"))?, id: name.id.ok_or_else(|| missing("id"))?.into() };
    Ok(Named { uid, body })
}

fn entity<'a>(reader: &Reader, mut scanner: Mark<'a>) -> Result<(Name<'a>, Body<'a>), InvalidRequest> {
    let offset = scanner.offset();
    let [ty, id, properties, parents] = members(&mut scanner, ["type", "id", "properties", "parents"])?;
    let ty = ty.map(|mark| type_id(reader, mark).map_err(|e| e.under("type"))).transpose()?;
    let id = id.map(|mark| text(reader, mark).map_err(|e| e.under("id"))).transpose()?;
    Ok((Name { ty, id, offset }, Body { properties, parents }))
}

fn type_id(reader: &Reader, mark: Mark) -> Result<EntityTypeId, InvalidRequest> {
    let offset = mark.offset();
    let name = text(reader, mark)?;
    reader
        .schema
        .find_entity(&name)
        .ok_or_else(|| InvalidRequest::new(InvalidKind::UnknownType(name.into_owned()), Some(offset)))
}

fn text<'a>(reader: &Reader, mut mark: Mark<'a>) -> Result<Cow<'a, str>, InvalidRequest> {
    expect(&mut mark, Kind::String)?;
    reader.string(&mut mark)
}

struct Binder<'r, 'p> {
    describer: Describer<'r, 'p>,
    reader: Reader<'p>,
    question: Question,
    /// Whether the action's source of the subject has named it.
    subject_vouched: bool,
}

impl Binder<'_, '_> {
    fn describe(&mut self, speaker: Speaker, uid: &EntityUid, body: Body) -> Result<(), InvalidRequest> {
        if let Some(mut mark) = body.properties {
            self.describer.properties(speaker, uid, &mut mark).map_err(|e| e.under("properties"))?;
        }
        if let Some(mut mark) = body.parents {
            self.describer.parents(speaker, uid, &mut mark).map_err(|e| e.under("parents"))?;
        }
        Ok(())
    }

    fn context(&mut self, speaker: Speaker, mark: Option<Mark>) -> Result<(), InvalidRequest> {
        match mark {
            Some(mut mark) => self.describer.context(speaker, &mut mark).map_err(|e| e.under("context")),
            None => Ok(()),
        }
    }

    fn entities(&mut self, speaker: Speaker, mark: Option<Mark>) -> Result<(), InvalidRequest> {
        let Some(mut mark) = mark else {
            return Ok(());
        };
        expect(&mut mark, Kind::Array).map_err(|e| e.under("entities"))?;
        let mut seen = HashSet::new();
        let mut count = 0;
        mark.array(|scanner| {
            let result = self.listed(speaker, scanner, &mut seen);
            count += 1;
            result.map_err(|e| e.at(count - 1).under("entities"))
        })
    }

    /// Reads an element of a list of entities.
    fn listed(
        &mut self,
        speaker: Speaker,
        scanner: &mut Scanner,
        seen: &mut HashSet<EntityUid>,
    ) -> Result<(), InvalidRequest> {
        scanner.peek()?;
        let offset = Some(scanner.offset());
        let mark = scanner.clone();
        scanner.skip()?;
        let max = self.reader.limits.request_entities_max;
        if seen.len() >= max as usize {
            return Err(InvalidRequest::limit("request_entities_max", max, seen.len() + 1, offset));
        }
        let Named { uid, body } = named(&self.reader, mark)?;
        if !seen.insert(uid.clone()) {
            let kind = InvalidKind::DuplicateEntity(self.reader.schema.uid_text(&uid));
            return Err(InvalidRequest::new(kind, offset));
        }
        self.describe(speaker, &uid, body)
    }

    fn evidence(&mut self, mut mark: Mark) -> Result<(), InvalidRequest> {
        expect(&mut mark, Kind::Object)?;
        let mut seen = vec![false; self.reader.schema.sources.len()];
        mark.object(|scanner, key, offset| {
            let Some(source) = self.reader.schema.find_source(key) else {
                let kind = InvalidKind::UnknownSource(key.to_owned());
                return Err(InvalidRequest::new(kind, Some(offset)).under(key));
            };
            if seen.get_mut(source.index()).is_some_and(|seen| std::mem::replace(seen, true)) {
                return Err(duplicate(key, offset));
            }
            self.part(source, scanner).map_err(|e| e.under(key))
        })
    }

    /// Reads what one source says.
    fn part(&mut self, source: SourceId, scanner: &mut Scanner) -> Result<(), InvalidRequest> {
        let [subject, resource, context, entities] = members(scanner, ["subject", "resource", "context", "entities"])?;
        let speaker = Speaker::Source(source);
        if let Some(mark) = subject {
            let uid = self.question.subject.clone();
            let is_named = self.asked(speaker, &uid, mark).map_err(|e| e.under("subject"))?;
            self.subject_vouched |= is_named && self.subject_source() == Some(source);
        }
        if let Some(mark) = resource {
            let uid = self.question.resource.clone();
            self.asked(speaker, &uid, mark).map_err(|e| e.under("resource"))?;
        }
        self.context(speaker, context)?;
        self.entities(speaker, entities)
    }

    /// Reads what a source says of the request's subject or resource; tells whether it names it in full.
    fn asked(&mut self, speaker: Speaker, uid: &EntityUid, mark: Mark) -> Result<bool, InvalidRequest> {
        let (name, body) = entity(&self.reader, mark)?;
        let is_other = name.ty.is_some_and(|ty| ty != uid.ty) || name.id.as_ref().is_some_and(|id| **id != *uid.id);
        if is_other {
            let kind = InvalidKind::OtherEntity(self.reader.schema.uid_text(uid));
            return Err(InvalidRequest::new(kind, Some(name.offset)));
        }
        self.describe(speaker, uid, body)?;
        Ok(name.ty.is_some() && name.id.is_some())
    }

    fn subject_source(&self) -> Option<SourceId> {
        self.reader.schema.action(self.question.action).map(|action| action.subject_from)
    }

    /// Where evidence is sorted, the flat subject is the enforcement point's word alone.
    fn check_vouched(&self) -> Result<(), InvalidRequest> {
        match self.subject_source() {
            Some(source) if source != Schema::PEP && !self.subject_vouched => {
                let name = self.reader.schema.source(source).map_or("?", |source| &source.name);
                let kind = InvalidKind::SubjectNotVouched(name.to_owned());
                Err(InvalidRequest::new(kind, None).under("subject").under(name).under("evidence"))
            }
            _ => Ok(()),
        }
    }
}
