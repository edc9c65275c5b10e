//! Requests that a program puts together.
//!
//! They mean what the same request means as JSON, with one difference in favour of whoever writes the program: a name that
//! is not declared is an error, where JSON would pass over it.

use std::sync::Arc;

use super::Request;
use super::gather::{Gathered, Question, Speaker, attributes_of, check_fits, is_complete, takes_parents};
use super::invalid::{InvalidKind, InvalidRequest};
use super::part::{Given, Part, PartEntity};
use super::read::{Reader, push_known, set_of_known, settle};
use crate::graph::Policy;
use crate::id::{RecordId, SourceId};
use crate::schema::{Attribute, Schema, Type};
use crate::value::{Datum, EntityUid, Text, Value};

/// Puts a request together; [`build`](Self::build) reads it against the policy.
///
/// The builder's own part is the enforcement point's: without [`evidence`](Self::evidence) it vouches for all sources.
#[derive(Clone, Debug)]
#[must_use]
pub struct Builder<'p> {
    policy: &'p Policy,
    action: Option<Arc<str>>,
    subject: Option<(Arc<str>, Arc<str>)>,
    resource: Option<(Arc<str>, Arc<str>)>,
    part: Part,
    evidence: Vec<(Arc<str>, Part)>,
}

impl<'p> Builder<'p> {
    pub(super) fn new(policy: &'p Policy) -> Self {
        Self { policy, action: None, subject: None, resource: None, part: Part::new(), evidence: Vec::new() }
    }

    /// Who asks, by type and id.
    pub fn subject(mut self, ty: &str, id: &str) -> Self {
        self.subject = Some((ty.into(), id.into()));
        self
    }

    /// What is asked for.
    pub fn action(mut self, name: &str) -> Self {
        self.action = Some(name.into());
        self
    }

    /// What the action is to be done to, by type and id.
    pub fn resource(mut self, ty: &str, id: &str) -> Self {
        self.resource = Some((ty.into(), id.into()));
        self
    }

    /// Says an attribute of the context.
    pub fn context(mut self, attribute: &str, value: impl Into<Given>) -> Self {
        self.part = self.part.context(attribute, value);
        self
    }

    /// Says an attribute of an entity.
    pub fn attribute(mut self, ty: &str, id: &str, attribute: &str, value: impl Into<Given>) -> Self {
        self.part = self.part.attribute(ty, id, attribute, value);
        self
    }

    /// Says all the parents of an entity, by type and id.
    pub fn parents<'a>(mut self, ty: &str, id: &str, parents: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        self.part = self.part.parents(ty, id, parents);
        self
    }

    /// Says that nothing more is to be said of an entity: what is not, is absent, if its source is complete.
    pub fn describes(mut self, ty: &str, id: &str) -> Self {
        self.part = self.part.describes(ty, id);
        self
    }

    /// The same of the context.
    pub fn describes_context(mut self) -> Self {
        self.part = self.part.describes_context();
        self
    }

    /// Adds what a source says. From then on attributes count only in their own source's part, and the builder's own part
    /// is the source `pep`'s.
    pub fn evidence(mut self, source: &str, part: Part) -> Self {
        self.evidence.push((source.into(), part));
        self
    }

    /// Reads the request against the policy.
    ///
    /// # Errors
    ///
    /// As for JSON, and when a name is not declared.
    pub fn build(self) -> Result<Request, InvalidRequest> {
        let schema = &self.policy.schema;
        let binder = PartBinder::new(self.policy);
        let action = self.action.ok_or_else(|| invalid(InvalidKind::Missing("action")))?;
        let action = schema
            .find_action(&action)
            .ok_or_else(|| invalid(InvalidKind::UnknownAction(action.to_string())).under("action"))?;
        let subject = asked(&binder.reader, self.subject, "subject")?;
        let resource = asked(&binder.reader, self.resource, "resource")?;
        let question = Question { action, subject, resource };
        let declared = schema.action(action);
        if let Some(action) = declared {
            check_fits(schema, action, &question)?;
        }
        let subject_from = declared.map_or(Schema::PEP, |action| action.subject_from);
        binder.build(question, subject_from, self.part, self.evidence)
    }
}

fn asked(
    reader: &Reader,
    name: Option<(Arc<str>, Arc<str>)>,
    member: &'static str,
) -> Result<EntityUid, InvalidRequest> {
    let (ty, id) = name.ok_or_else(|| invalid(InvalidKind::Missing(member)))?;
    uid(reader, &ty, id).map_err(|error| error.under(member))
}

fn uid(reader: &Reader, ty: &str, id: Arc<str>) -> Result<EntityUid, InvalidRequest> {
    reader.check_string(&id, None).map_err(|error| error.under("id"))?;
    let ty =
        reader.schema.find_entity(ty).ok_or_else(|| invalid(InvalidKind::UnknownType(ty.to_owned())).under("type"))?;
    Ok(EntityUid { ty, id: id.into() })
}

fn invalid(kind: InvalidKind) -> InvalidRequest {
    InvalidRequest::new(kind, None)
}

struct PartBinder<'p> {
    gathered: Gathered<'p>,
    reader: Reader<'p>,
}

impl<'p> PartBinder<'p> {
    fn new(policy: &'p Policy) -> Self {
        let gathered = Gathered::new(policy);
        Self { reader: gathered.reader(), gathered }
    }

    fn build(
        mut self,
        question: Question,
        subject_from: SourceId,
        own: Part,
        evidence: Vec<(Arc<str>, Part)>,
    ) -> Result<Request, InvalidRequest> {
        let own_speaker = if evidence.is_empty() { Speaker::All } else { Speaker::Source(Schema::PEP) };
        let mut is_vouched = evidence.is_empty() || subject_from == Schema::PEP;
        self.part(own_speaker, own)?;
        let mut seen = Vec::new();
        for (name, part) in evidence {
            let source =
                self.reader.schema.find_source(&name).ok_or_else(|| {
                    invalid(InvalidKind::UnknownSource(name.to_string())).under(&name).under("evidence")
                })?;
            if seen.contains(&source) {
                return Err(invalid(InvalidKind::DuplicateKey(name.to_string())).under(&name).under("evidence"));
            }
            seen.push(source);
            is_vouched |= part.names_subject && source == subject_from;
            self.part(Speaker::Source(source), part).map_err(|error| error.under(&name).under("evidence"))?;
        }
        if !is_vouched {
            let name = self.reader.schema.source(subject_from).map_or("?", |source| &source.name);
            let kind = InvalidKind::SubjectNotVouched(name.to_owned());
            return Err(invalid(kind).under("subject").under(name).under("evidence"));
        }
        self.gathered.finish(question)
    }

    fn part(&mut self, speaker: Speaker, part: Part) -> Result<(), InvalidRequest> {
        if let Some(said) = part.context {
            self.gathered.describe_context(speaker);
            let gathered = &mut self.gathered;
            attributes(&self.reader, speaker, &self.reader.schema.context, said, |attribute, datum| {
                gathered.say_context(attribute, datum, None)
            })
            .map_err(|error| error.under("context"))?;
        }
        for entity in part.entities {
            let path = format!("{}::{}", entity.ty, crate::schema::text::quoted(&entity.id));
            self.entity(speaker, entity).map_err(|error| error.under(&path))?;
        }
        Ok(())
    }

    fn entity(&mut self, speaker: Speaker, entity: PartEntity) -> Result<(), InvalidRequest> {
        let uid = uid(&self.reader, &entity.ty, entity.id)?;
        if let Some(said) = entity.attributes {
            self.gathered.describe(&uid, speaker)?;
            let gathered = &mut self.gathered;
            attributes(&self.reader, speaker, attributes_of(self.reader.schema, uid.ty), said, |attribute, datum| {
                gathered.say(&uid, attribute, datum, None)
            })?;
        }
        if entity.parents.len() > 1 {
            return Err(invalid(InvalidKind::DuplicateKey("parents".to_owned())).under("parents"));
        }
        for parents in entity.parents {
            self.parents(speaker, &uid, parents).map_err(|error| error.under("parents"))?;
        }
        Ok(())
    }

    fn parents(
        &mut self,
        speaker: Speaker,
        of: &EntityUid,
        parents: Vec<(Arc<str>, Arc<str>)>,
    ) -> Result<(), InvalidRequest> {
        let schema = self.reader.schema;
        let Some(declared) = schema.entity(of.ty).filter(|_| takes_parents(schema, of.ty)) else {
            return Ok(());
        };
        self.reader.check_elements(parents.len(), None)?;
        let mut uids = Some(Vec::new());
        for (at, (ty, id)) in parents.into_iter().enumerate() {
            let uid = uid(&self.reader, &ty, id).map_err(|error| error.at(at))?;
            match uids.as_mut().filter(|_| declared.parents.contains(&uid.ty)) {
                Some(uids) => uids.push(uid),
                None => uids = None,
            }
        }
        if speaker.speaks_for(declared.parents_from) {
            self.gathered.say_parents(of, uids, None)?;
        }
        Ok(())
    }
}

fn attributes(
    reader: &Reader,
    speaker: Speaker,
    declared: &[Attribute],
    said: Vec<(Arc<str>, Given)>,
    mut say: impl FnMut(usize, Datum) -> Result<(), InvalidRequest>,
) -> Result<(), InvalidRequest> {
    let mut seen = vec![false; declared.len()];
    for (name, given) in said {
        let place = declared.iter().zip(&mut seen).enumerate().find(|(_, (each, _))| each.name == name);
        let Some((position, (attribute, seen))) = place else {
            return Err(invalid(InvalidKind::Undeclared(name.to_string())).under(&name));
        };
        if std::mem::replace(seen, true) {
            return Err(invalid(InvalidKind::DuplicateKey(name.to_string())).under(&name));
        }
        if speaker.speaks_for(attribute.from) {
            let complete = is_complete(reader.schema, attribute.from);
            reader
                .given(&attribute.ty, given, complete)
                .and_then(|datum| say(position, datum))
                .map_err(|error| error.under(&name))?;
        }
    }
    Ok(())
}

impl Reader<'_> {
    /// What is known of a place of type `ty` for which a program gives this.
    fn given(&self, ty: &Type, given: Given, complete: bool) -> Result<Datum, InvalidRequest> {
        let value = match (ty.present(), given) {
            (_, Given::Null) if ty.is_optional() => return Ok(Datum::Absent),
            (_, Given::Null) => None,
            (scalar, Given::Bool(given)) => self.schema.value_of_bool(scalar, given),
            (Type::Int, Given::Int(given)) => Some(Value::Int(given)),
            (scalar, Given::Int(given)) => self.schema.value_of_number(scalar, &given.to_string()),
            (scalar, Given::Text(text)) => self.given_text(scalar, &text)?,
            (Type::Entity(types), Given::Entity { ty, id }) => {
                Some(uid(self, &ty, id)?).filter(|uid| types.contains(&uid.ty)).map(Value::Entity)
            }
            (Type::Set(of), Given::List(given)) => self.given_elements(of, given, complete)?.and_then(set_of_known),
            (Type::List(of), Given::List(given)) => {
                self.given_elements(of, given, complete)?.map(|elements| Value::List(elements.into()))
            }
            (Type::Map(of), Given::Record(given)) => self.given_map(of, given, complete)?,
            (Type::Record(id), Given::Record(given)) => Some(self.given_record(*id, given, complete)?),
            (ty, Given::Known(value)) => Some(value).filter(|value| self.schema.accepts(ty, value)),
            (_, Given::Entity { .. } | Given::List(_) | Given::Record(_)) => None,
        };
        Ok(value.into())
    }

    fn given_text(&self, ty: &Type, text: &str) -> Result<Option<Value>, InvalidRequest> {
        if super::read::is_scalar(ty) {
            self.check_string(text, None)?;
        }
        Ok(self.schema.value_of_text(ty, text))
    }

    fn given_elements(
        &self,
        of: &Type,
        given: Vec<Given>,
        complete: bool,
    ) -> Result<Option<Vec<Value>>, InvalidRequest> {
        self.check_elements(given.len(), None)?;
        let mut elements = Some(Vec::with_capacity(given.len()));
        for (at, given) in given.into_iter().enumerate() {
            push_known(&mut elements, self.given(of, given, complete).map_err(|error| error.at(at))?);
        }
        Ok(elements)
    }

    fn given_map(
        &self,
        of: &Type,
        given: Vec<(Arc<str>, Given)>,
        complete: bool,
    ) -> Result<Option<Value>, InvalidRequest> {
        self.check_elements(given.len(), None)?;
        let mut keys: Vec<Arc<str>> = Vec::with_capacity(given.len());
        let mut values = Some(Vec::with_capacity(given.len()));
        for (key, given) in given {
            self.check_string(&key, None).map_err(|error| error.under(&key))?;
            push_known(&mut values, self.given(of, given, complete).map_err(|error| error.under(&key))?);
            keys.push(key);
        }
        let mut sorted = keys.clone();
        sorted.sort_unstable();
        if let Some([key, _]) = sorted.windows(2).find(|pair| matches!(pair, [a, b] if a == b)) {
            return Err(invalid(InvalidKind::DuplicateKey(key.to_string())).under(key));
        }
        Ok(values.and_then(|values| Value::map(keys.into_iter().map(Text::from).zip(values).collect())))
    }

    fn given_record(
        &self,
        id: RecordId,
        given: Vec<(Arc<str>, Given)>,
        complete: bool,
    ) -> Result<Value, InvalidRequest> {
        let fields = self.schema.record(id).map_or(&[][..], |record| &record.fields);
        let mut data: Vec<Option<Datum>> = vec![None; fields.len()];
        for (name, given) in given {
            let Some((field, datum)) = fields.iter().zip(&mut data).find(|(field, _)| field.name == name) else {
                return Err(invalid(InvalidKind::Undeclared(name.to_string())).under(&name));
            };
            if datum.is_some() {
                return Err(invalid(InvalidKind::DuplicateKey(name.to_string())).under(&name));
            }
            *datum = Some(self.given(&field.ty, given, complete).map_err(|error| error.under(&name))?);
        }
        Ok(Value::Record(fields.iter().zip(data).map(|(field, datum)| settle(&field.ty, datum, complete)).collect()))
    }
}
