//! Requests that a program puts together.
//!
//! They mean what the same request means as JSON, with one difference in favour of whoever writes the program: a name that
//! is not declared is an error, where JSON would pass over it.

use std::sync::Arc;

use super::Request;
use super::gather::{Attributes, Gathered, Question, Speaker, check_fits, is_complete, takes_parents};
use super::invalid::{InvalidKind, InvalidRequest};
use super::part::{Given, Part, PartEntity};
use super::read::{Reader, settle};
use crate::graph::Policy;
use crate::graph::reads::Extent;
use crate::id::{RecordId, SourceId};
use crate::schema::{Schema, Type};
use crate::value::{Datum, EntityUid, Text, Value};

/// Puts a request together; [`build`](Self::build) reads it against the policy.
///
/// The builder's own part is the enforcement point's: without [`evidence`](Self::evidence) it vouches for all sources.
///
/// ```
/// # let text = "package papers  entity User  entity Paper { held: Bool }  action read: User -> Paper
/// #             allow readers: read  deny held: read when resource.held";
/// # let mut sources = zt_lang::Sources::new();
/// # sources.add("papers.zt", text.as_bytes());
/// # let policy = zt_lang::parse(sources, &zt_lang::Options::default()).typecheck()?.lower()?;
/// use zt_eval::{Effect, Mode, Request, Snapshot, Store};
///
/// let snapshot = Snapshot::new(policy, Store::empty())?;
/// let request = Request::builder(snapshot.policy())
///     .subject("User", "ann")
///     .action("read")
///     .resource("Paper", "p")
///     .attribute("Paper", "p", "held", false)
///     .build()?;
/// assert_eq!(snapshot.decide(&request, None, Mode::Full).effect, Effect::Allow);
///
/// let misspelt = Request::builder(snapshot.policy()).subject("User", "ann").action("raed").resource("Paper", "p");
/// assert_eq!(misspelt.build().unwrap_err().path(), "$.action");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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
        let mut request = Request::empty();
        let binder = PartBinder::new(&mut request, self.policy);
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
        binder.build(question, subject_from, self.part, self.evidence)?;
        Ok(request)
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

struct PartBinder<'r, 'p> {
    gathered: Gathered<'r, 'p>,
    reader: Reader<'p>,
}

impl<'r, 'p> PartBinder<'r, 'p> {
    fn new(request: &'r mut Request, policy: &'p Policy) -> Self {
        let gathered = Gathered::new(policy, request);
        Self { reader: gathered.reader(), gathered }
    }

    fn build(
        mut self,
        question: Question,
        subject_from: SourceId,
        own: Part,
        evidence: Vec<(Arc<str>, Part)>,
    ) -> Result<(), InvalidRequest> {
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
            let context = self.gathered.context();
            attributes(&self.reader, speaker, context, said).map_err(|error| error.under("context"))?;
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
            attributes(&self.reader, speaker, self.gathered.attributes(&uid)?, said)?;
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
        if !speaker.speaks_for(declared.parents_from) {
            return Ok(());
        }
        let uids = uids.filter(|_| self.gathered.reads_parents(of.ty));
        self.gathered.say_parents(of, None, |parents| {
            let is_known = uids.is_some();
            parents.extend(uids.into_iter().flatten());
            Ok(is_known)
        })
    }
}

fn attributes(
    reader: &Reader,
    speaker: Speaker,
    attributes: Attributes<'_, '_>,
    given: Vec<(Arc<str>, Given)>,
) -> Result<(), InvalidRequest> {
    let Attributes { declared, reads, said, .. } = attributes;
    said.begin();
    for (name, given) in given {
        let Some((at, attribute)) = declared.iter().enumerate().find(|(_, each)| each.name == name) else {
            return Err(invalid(InvalidKind::Undeclared(name.to_string())).under(&name));
        };
        if !said.give(at) {
            return Err(invalid(InvalidKind::DuplicateKey(name.to_string())).under(&name));
        }
        if !speaker.speaks_for(attribute.from) {
            continue;
        }
        let complete = is_complete(reader.schema, attribute.from);
        let datum = reader.given(&attribute.ty, given, complete, reads.extent(at));
        if !said.say(at, datum.map_err(|error| error.under(&name))?) {
            return Err(invalid(InvalidKind::SaidTwice).under(&name));
        }
    }
    said.end(declared, reads, speaker);
    Ok(())
}

impl Reader<'_> {
    /// What is known of a place of type `ty` for which a program gives this.
    fn given(&self, ty: &Type, given: Given, complete: bool, extent: &Extent) -> Result<Datum, InvalidRequest> {
        if *extent == Extent::Nothing {
            return Ok(Datum::Unknown);
        }
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
            (Type::Set(of), Given::List(given)) => self
                .given_elements(of, given, complete, &Extent::Whole)?
                .filter(|elements| elements.iter().all(Value::is_wholly_known))
                .map(Value::set),
            (Type::List(of), Given::List(given)) => {
                self.given_elements(of, given, complete, extent.element())?.map(|elements| Value::List(elements.into()))
            }
            (Type::Map(of), Given::Record(given)) => self.given_map(of, given, complete, extent.element())?,
            (Type::Record(id), Given::Record(given)) => Some(self.given_record(*id, given, complete, extent)?),
            (ty, Given::Known(value)) => {
                Some(value).filter(|value| self.schema.accepts(ty, value)).map(|value| read_part(value, extent))
            }
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
        extent: &Extent,
    ) -> Result<Option<Vec<Value>>, InvalidRequest> {
        self.check_elements(given.len(), None)?;
        let mut elements = Some(Vec::with_capacity(given.len()));
        for (at, given) in given.into_iter().enumerate() {
            push_known(&mut elements, self.given(of, given, complete, extent).map_err(|error| error.at(at))?);
        }
        Ok(elements)
    }

    fn given_map(
        &self,
        of: &Type,
        given: Vec<(Arc<str>, Given)>,
        complete: bool,
        extent: &Extent,
    ) -> Result<Option<Value>, InvalidRequest> {
        self.check_elements(given.len(), None)?;
        let mut keys: Vec<Arc<str>> = Vec::with_capacity(given.len());
        let mut values = Some(Vec::with_capacity(given.len()));
        for (key, given) in given {
            self.check_string(&key, None).map_err(|error| error.under(&key))?;
            push_known(&mut values, self.given(of, given, complete, extent).map_err(|error| error.under(&key))?);
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
        extent: &Extent,
    ) -> Result<Value, InvalidRequest> {
        let fields = self.schema.record(id).map_or(&[][..], |record| &record.fields);
        let mut data: Vec<Option<Datum>> = vec![None; fields.len()];
        for (name, given) in given {
            let places = fields.iter().zip(&mut data).enumerate();
            let Some((at, (field, datum))) = places.into_iter().find(|(_, (field, _))| field.name == name) else {
                return Err(invalid(InvalidKind::Undeclared(name.to_string())).under(&name));
            };
            if datum.is_some() {
                return Err(invalid(InvalidKind::DuplicateKey(name.to_string())).under(&name));
            }
            *datum = {
                let given = self.given(&field.ty, given, complete, extent.field(at));
                Some(given.map_err(|error| error.under(&name))?)
            };
        }
        let settled = fields.iter().zip(data).enumerate().map(|(at, (field, datum))| match extent.field(at) {
            Extent::Nothing => Datum::Unknown,
            _ => settle(&field.ty, datum, complete),
        });
        Ok(Value::Record(settled.collect()))
    }
}

/// Adds a value; anything else makes the whole unknown.
fn push_known(values: &mut Option<Vec<Value>>, datum: Datum) {
    match (datum, values.as_mut()) {
        (Datum::Value(value), Some(values)) => values.push(value),
        _ => *values = None,
    }
}

/// So much of a value as is read; the rest of it is unknown.
fn read_part(value: Value, extent: &Extent) -> Value {
    match (value, extent) {
        (Value::Record(data), Extent::Fields(_)) => {
            let part = |(at, datum): (usize, &Datum)| match (extent.field(at), datum) {
                (Extent::Nothing, _) => Datum::Unknown,
                (extent, Datum::Value(value)) => Datum::Value(read_part(value.clone(), extent)),
                (_, known) => known.clone(),
            };
            Value::Record(data.iter().enumerate().map(part).collect())
        }
        (Value::List(all), Extent::Elements(of)) => {
            Value::List(all.iter().map(|value| read_part(value.clone(), of)).collect())
        }
        (Value::Map(entries), Extent::Elements(of)) => {
            Value::Map(entries.iter().map(|(key, value)| (key.clone(), read_part(value.clone(), of))).collect())
        }
        (value, _) => value,
    }
}
