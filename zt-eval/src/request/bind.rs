//! Binds a request document in one pass: each part is read where it stands.
//!
//! That needs parts to come after what they depend on. The body of an entity that comes before its name is marked, and
//! read behind it. Where flat parts turn out not to be the word of all sources, because `evidence` follows, the pass begins
//! again knowing so. In every other case that this pass cannot take (`evidence` before what is asked, anything wrong)
//! [`parts`] binds the document; it is the one that says what is wrong. Both bind any document that they take alike.

use super::bits::Bits;
use super::describe::Describer;
use super::gather::{Question, Speaker, check_fits};
use super::invalid::{InvalidKind, InvalidRequest};
use super::read::{Reader, expect};
use super::{Request, parts};
use crate::graph::Policy;
use crate::id::{ActionId, EntityTypeId, SourceId};
use crate::json::{Kind, Scanner};
use crate::schema::Schema;
use crate::value::{EntityUid, Text};

pub(super) fn bind(request: &mut Request, policy: &Policy, text: &[u8]) -> Result<(), InvalidRequest> {
    let scanner = Reader::of(policy).scanner(text, "request_bytes_max", policy.limits.request_bytes_max)?;
    if in_one_pass(request, policy, &scanner) { Ok(()) } else { parts::bind(request, policy, scanner) }
}

/// Binds the document as it comes; tells whether that was possible.
pub(super) fn in_one_pass(request: &mut Request, policy: &Policy, scanner: &Scanner) -> bool {
    for speaker in [Speaker::All, Speaker::Source(Schema::PEP)] {
        let mut binder = Binder::new(request, policy, speaker);
        let passed = binder.document(scanner.clone());
        let is_sorted_after_all = binder.met_evidence && speaker == Speaker::All;
        if passed.is_ok() && binder.finish().is_ok() {
            return true;
        }
        if !is_sorted_after_all {
            break;
        }
    }
    false
}

/// Ends the pass; nobody sees this error.
fn give_up() -> InvalidRequest {
    InvalidRequest::new(InvalidKind::OtherPolicy, None)
}

struct Binder<'r, 'p> {
    describer: Describer<'r, 'p>,
    reader: Reader<'p>,
    /// Whose word the flat parts are.
    speaker: Speaker,
    met_evidence: bool,
    action: Option<ActionId>,
    subject: Option<EntityUid>,
    resource: Option<EntityUid>,
    /// Sources that have named the subject in full.
    naming: Bits,
}

/// Which member of the document something is.
#[derive(Clone, Copy)]
enum Member {
    Subject,
    Action,
    Resource,
    Context,
    Entities,
    Evidence,
}

impl Member {
    fn of(key: &str) -> Option<Self> {
        Some(match key {
            "subject" => Self::Subject,
            "action" => Self::Action,
            "resource" => Self::Resource,
            "context" => Self::Context,
            "entities" => Self::Entities,
            "evidence" => Self::Evidence,
            _ => return None,
        })
    }
}

impl<'r, 'p> Binder<'r, 'p> {
    fn new(request: &'r mut Request, policy: &'p Policy, speaker: Speaker) -> Self {
        let describer = Describer::new(request, policy);
        Self {
            reader: describer.reader,
            describer,
            speaker,
            met_evidence: false,
            action: None,
            subject: None,
            resource: None,
            naming: Bits::default(),
        }
    }

    fn document(&mut self, mut scanner: Scanner) -> Result<(), InvalidRequest> {
        let mut given = Bits::default();
        let speaker = self.speaker;
        expect(&mut scanner, Kind::Object)?;
        scanner.object(|scanner, key, _| {
            let Some(member) = Member::of(key) else {
                return Ok(scanner.skip().map(drop)?);
            };
            if !given.insert(member as usize) {
                return Err(give_up());
            }
            match member {
                Member::Subject => self.subject = Some(self.named(speaker, scanner)?),
                Member::Resource => self.resource = Some(self.named(speaker, scanner)?),
                Member::Action => self.action = Some(action(&self.reader, scanner)?),
                Member::Context => self.describer.context(speaker, scanner)?,
                Member::Entities => self.entities(speaker, scanner)?,
                Member::Evidence => self.evidence(scanner)?,
            }
            Ok::<_, InvalidRequest>(())
        })?;
        Ok(scanner.finish()?)
    }

    fn finish(self) -> Result<(), InvalidRequest> {
        let (Some(action), Some(subject), Some(resource)) = (self.action, self.subject, self.resource) else {
            return Err(give_up());
        };
        let question = Question { action, subject, resource };
        let declared = self.reader.schema.action(action).ok_or_else(give_up)?;
        check_fits(self.reader.schema, declared, &question)?;
        let from = declared.subject_from;
        if self.met_evidence && from != Schema::PEP && !self.naming.contains(from.index()) {
            return Err(give_up());
        }
        self.describer.gathered.finish(question)
    }

    /// Reads an entity whose name must be given.
    fn named(&mut self, speaker: Speaker, scanner: &mut Scanner) -> Result<EntityUid, InvalidRequest> {
        let read = self.entity(speaker, None, scanner)?;
        read.uid.ok_or_else(give_up)
    }

    /// Reads an entity that is known from elsewhere to be `uid`, or else must be named.
    fn entity(
        &mut self,
        speaker: Speaker,
        uid: Option<EntityUid>,
        scanner: &mut Scanner,
    ) -> Result<Entity, InvalidRequest> {
        let mut entity = Entity { uid, ..Entity::default() };
        let mut given = Bits::default();
        let (mut properties, mut parents) = (None, None);
        expect(scanner, Kind::Object)?;
        scanner.object(|scanner, key, _| {
            let (member, mark) = match key {
                "type" => (0, None),
                "id" => (1, None),
                "properties" => (2, Some(&mut properties)),
                "parents" => (3, Some(&mut parents)),
                _ => return Ok(scanner.skip().map(drop)?),
            };
            if !given.insert(member) {
                return Err(give_up());
            }
            match (member, mark, &entity.uid) {
                (0, ..) => entity.name_type(&self.reader, scanner),
                (1, ..) => entity.name_id(&self.reader, scanner),
                (2, _, Some(uid)) => self.describer.properties(speaker, uid, scanner),
                (_, _, Some(uid)) => self.describer.parents(speaker, uid, scanner),
                (_, mark, None) => {
                    scanner.peek()?;
                    if let Some(mark) = mark {
                        *mark = Some(scanner.clone());
                    }
                    Ok(scanner.skip().map(drop)?)
                }
            }
        })?;
        self.read_behind(speaker, &entity, properties, parents)?;
        Ok(entity)
    }

    /// Reads the body of an entity that came before its name.
    fn read_behind(
        &mut self,
        speaker: Speaker,
        entity: &Entity,
        properties: Option<Scanner>,
        parents: Option<Scanner>,
    ) -> Result<(), InvalidRequest> {
        let Some(uid) = &entity.uid else {
            return Err(give_up());
        };
        if let Some(mut properties) = properties {
            self.describer.properties(speaker, uid, &mut properties)?;
        }
        match parents {
            Some(mut parents) => self.describer.parents(speaker, uid, &mut parents),
            None => Ok(()),
        }
    }

    fn entities(&mut self, speaker: Speaker, scanner: &mut Scanner) -> Result<(), InvalidRequest> {
        let max = self.reader.limits.request_entities_max as usize;
        let mut listed = std::mem::take(&mut self.describer.gathered.request.workspace.listed);
        listed.clear();
        expect(scanner, Kind::Array)?;
        scanner.array(|scanner| {
            if listed.len() >= max {
                return Err(give_up());
            }
            listed.push(self.named(speaker, scanner)?);
            Ok(())
        })?;
        listed.sort_unstable();
        let is_distinct = listed.is_sorted_by(|a, b| a < b);
        self.describer.gathered.request.workspace.listed = listed;
        if is_distinct { Ok(()) } else { Err(give_up()) }
    }

    fn evidence(&mut self, scanner: &mut Scanner) -> Result<(), InvalidRequest> {
        self.met_evidence = true;
        if self.speaker == Speaker::All {
            return Err(give_up());
        }
        let mut given = Bits::default();
        expect(scanner, Kind::Object)?;
        scanner.object(|scanner, key, _| {
            let source = self.reader.schema.find_source(key).ok_or_else(give_up)?;
            if given.insert(source.index()) { self.part(source, scanner) } else { Err(give_up()) }
        })
    }

    /// Reads what one source says.
    fn part(&mut self, source: SourceId, scanner: &mut Scanner) -> Result<(), InvalidRequest> {
        let speaker = Speaker::Source(source);
        let mut given = Bits::default();
        expect(scanner, Kind::Object)?;
        scanner.object(|scanner, key, _| {
            let member = match Member::of(key) {
                None | Some(Member::Action | Member::Evidence) => return Ok(scanner.skip().map(drop)?),
                Some(member) => member,
            };
            if !given.insert(member as usize) {
                return Err(give_up());
            }
            match member {
                Member::Subject => {
                    if self.asked(speaker, self.subject.clone(), scanner)? {
                        self.naming.insert(source.index());
                    }
                }
                Member::Resource => drop(self.asked(speaker, self.resource.clone(), scanner)?),
                Member::Context => self.describer.context(speaker, scanner)?,
                _ => self.entities(speaker, scanner)?,
            }
            Ok(())
        })
    }

    /// Reads what a source says of the request's subject or resource; tells whether it names it in full.
    fn asked(
        &mut self,
        speaker: Speaker,
        uid: Option<EntityUid>,
        scanner: &mut Scanner,
    ) -> Result<bool, InvalidRequest> {
        let uid = uid.ok_or_else(give_up)?;
        let entity = self.entity(speaker, Some(uid), scanner)?;
        let is = |uid: &EntityUid| {
            entity.ty.is_none_or(|ty| ty == uid.ty) && entity.id.as_ref().is_none_or(|id| *id == uid.id)
        };
        if !entity.uid.as_ref().is_some_and(is) {
            return Err(give_up());
        }
        Ok(entity.ty.is_some() && entity.id.is_some())
    }
}

/// An entity, as far as it is named.
#[derive(Default)]
struct Entity {
    ty: Option<EntityTypeId>,
    id: Option<Text>,
    uid: Option<EntityUid>,
}

impl Entity {
    fn name_type(&mut self, reader: &Reader, scanner: &mut Scanner) -> Result<(), InvalidRequest> {
        expect(scanner, Kind::String)?;
        let name = reader.string(scanner)?;
        self.ty = Some(reader.find_entity(&name).ok_or_else(give_up)?);
        self.name();
        Ok(())
    }

    fn name_id(&mut self, reader: &Reader, scanner: &mut Scanner) -> Result<(), InvalidRequest> {
        expect(scanner, Kind::String)?;
        self.id = Some(reader.string(scanner)?.into());
        self.name();
        Ok(())
    }

    fn name(&mut self) {
        if let (None, Some(ty), Some(id)) = (&self.uid, self.ty, &self.id) {
            self.uid = Some(EntityUid { ty, id: id.clone() });
        }
    }
}

fn action(reader: &Reader, scanner: &mut Scanner) -> Result<ActionId, InvalidRequest> {
    let mut action = None;
    expect(scanner, Kind::Object)?;
    scanner.object(|scanner, key, _| {
        if key != "name" {
            return Ok(scanner.skip().map(drop)?);
        }
        if action.is_some() {
            return Err(give_up());
        }
        expect(scanner, Kind::String)?;
        action = Some(reader.find_action(&scanner.string()?).ok_or_else(give_up)?);
        Ok::<_, InvalidRequest>(())
    })?;
    action.ok_or_else(give_up)
}
