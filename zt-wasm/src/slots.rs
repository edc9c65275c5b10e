//! Requests in slots: values by number, in a binary form without names, for hosts that have them typed and not as JSON.
//!
//! A slot is an attribute that the policy reads: what no rule can look at has no number. `ABI.md` says how bytes stand for a
//! request; here a program puts one together by names, which it looks up in what the module says of itself.
//!
//! ```
//! use zt_wasm::slots::Slots;
//!
//! # let json = r#"{"actions": ["open"], "entities": ["Person", "Door"],
//! #     "slots": [{"path": "context.ip", "type": "Ip", "source": "pep"}]}"#;
//! # let slots = Slots::from_json(&serde_json::from_str(json)?).unwrap();
//! // `slots` is in the description of a module that was built to take them.
//! let request = slots.request("open", ("Person", "ann"), ("Door", "front"))?.context("ip", "10.0.0.1")?.to_bytes();
//! assert_eq!(request.len(), 67);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::net::IpAddr;

use serde_json::{Value as Json, json};
use thiserror::Error;
use zt_eval::Policy;
use zt_eval::codegen::{Extent, member};
use zt_eval::graph;
use zt_eval::id::EntityTypeId;
use zt_eval::request::Given;
use zt_eval::schema::{Attribute, Schema};
use zt_eval::value::{Ip, Value};

use crate::tables::data::number;

/// What stands for what in a request in slots: each has its position in its list as its number.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Slots {
    /// The actions' names.
    pub actions: Vec<String>,
    /// The entity types' names.
    pub entities: Vec<String>,
    /// The attributes that the policy reads.
    pub slots: Vec<Slot>,
}

/// An attribute that a policy reads.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Slot {
    /// Where it is: `context.mfa`, `User.clearance`.
    pub path: String,
    /// Its type, as policies write it.
    pub ty: String,
    /// Who says it.
    pub source: String,
}

/// A request cannot be put together.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum SlotError {
    /// The policy has no action with this name.
    #[error("there is no action `{0}`")]
    UnknownAction(String),
    /// The policy has no type of entities with this name.
    #[error("there is no entity type `{0}`")]
    UnknownType(String),
    /// The policy has no such attribute, or no rule reads it.
    #[error("no rule reads `{0}`")]
    NotRead(String),
    /// A record or a member of an enum that is a value already: it has lost its names.
    #[error("the value of `{0}` is to be given by its names")]
    Nameless(String),
}

/// The slots of a policy, in the order of their numbers: of the context, and of the types of entities.
pub(crate) fn of(policy: &Policy) -> Vec<graph::Slot> {
    let schema = policy.schema();
    let read = |extent: &Extent| *extent != Extent::Nothing;
    let context = (0u32..).zip(0..schema.context.len()).filter(|(_, at)| read(policy.context_extent(*at)));
    let mut slots: Vec<graph::Slot> = context.map(|(number, _)| graph::Slot::Context(number)).collect();
    for (ty, entity) in schema.entities.iter().enumerate() {
        let ty = EntityTypeId::new(ty);
        let all = (0u32..).zip(0..entity.attributes.len()).filter(|(_, at)| read(policy.attribute_extent(ty, *at)));
        slots.extend(all.map(|(number, _)| graph::Slot::Attribute(ty, number)));
    }
    slots
}

/// A slot in the tables of a module: the type of the entity whose attribute it is, or -1 for the context, and the attribute.
pub(crate) fn words(slot: graph::Slot) -> [u32; 2] {
    match slot {
        graph::Slot::Attribute(ty, at) => [number(ty.index()), at],
        graph::Slot::Context(at) => [u32::MAX, at],
        graph::Slot::Parents(_) | graph::Slot::Now => [u32::MAX; 2],
    }
}

fn attribute(schema: &Schema, slot: graph::Slot) -> Option<&Attribute> {
    match slot {
        graph::Slot::Context(at) => schema.context.get(at as usize),
        graph::Slot::Attribute(ty, at) => schema.entity(ty)?.attributes.get(at as usize),
        graph::Slot::Parents(_) | graph::Slot::Now => None,
    }
}

impl Slots {
    /// Those of a policy.
    #[must_use]
    pub fn of(policy: &Policy) -> Self {
        let schema = policy.schema();
        let slots = of(policy).into_iter().filter_map(|slot| {
            let declared = attribute(schema, slot)?;
            let source = schema.source(declared.from).map_or("?", |source| &source.name);
            Some(Slot { path: policy.slot_text(slot), ty: schema.type_text(&declared.ty), source: source.to_owned() })
        });
        Self {
            actions: schema.actions.iter().map(|action| action.name.to_string()).collect(),
            entities: schema.entities.iter().map(|entity| entity.name.to_string()).collect(),
            slots: slots.collect(),
        }
    }

    pub(crate) fn to_json(&self) -> Json {
        let slot = |slot: &Slot| json!({"path": slot.path, "source": slot.source, "type": slot.ty});
        let slots: Vec<Json> = self.slots.iter().map(slot).collect();
        json!({"actions": self.actions, "entities": self.entities, "slots": slots})
    }

    /// From the member `slots` of a module's description; `None` when it is not understood.
    #[must_use]
    pub fn from_json(json: &Json) -> Option<Self> {
        let text = |json: &Json| json.as_str().map(str::to_owned);
        let texts = |name: &str| json.get(name)?.as_array()?.iter().map(text).collect::<Option<Vec<_>>>();
        let slot = |json: &Json| {
            let [path, ty, source] = ["path", "type", "source"].map(|name| json.get(name).and_then(text));
            Some(Slot { path: path?, ty: ty?, source: source? })
        };
        let slots = json.get("slots")?.as_array()?.iter().map(slot).collect::<Option<Vec<_>>>()?;
        Some(Self { actions: texts("actions")?, entities: texts("entities")?, slots })
    }

    /// The number of the slot at a path.
    #[must_use]
    pub fn find(&self, path: &str) -> Option<u32> {
        position(&self.slots, |slot| slot.path == path)
    }

    /// Begins a request: who wants to do what with which entity, both by type and id.
    ///
    /// # Errors
    ///
    /// When a name is not one of the policy.
    pub fn request(
        &self,
        action: &str,
        subject: (&str, &str),
        resource: (&str, &str),
    ) -> Result<SlotRequest<'_>, SlotError> {
        let number = position(&self.actions, |name| name == action);
        Ok(SlotRequest {
            slots: self,
            action: number.ok_or_else(|| SlotError::UnknownAction(action.to_owned()))?,
            entities: vec![self.entity(subject)?, self.entity(resource)?],
            context: None,
        })
    }

    fn entity(&self, (ty, id): (&str, &str)) -> Result<Said, SlotError> {
        Ok(Said { ty: self.entity_type(ty)?, id: id.to_owned(), attributes: None, parents: None })
    }

    fn entity_type(&self, name: &str) -> Result<u32, SlotError> {
        position(&self.entities, |known| known == name).ok_or_else(|| SlotError::UnknownType(name.to_owned()))
    }

    /// The slot of an attribute, and the bytes of its value.
    fn attribute(&self, of: &str, name: &str, value: &Given) -> Result<Bytes, SlotError> {
        let path = format!("{of}.{}", member(name));
        let number = self.find(&path).ok_or_else(|| SlotError::NotRead(path.clone()))?;
        let mut bytes = Bytes::default();
        bytes.number(number);
        bytes.value(self, value, &path)?;
        Ok(bytes)
    }
}

fn position<T>(all: &[T], is_it: impl Fn(&T) -> bool) -> Option<u32> {
    all.iter().position(is_it).and_then(|at| u32::try_from(at).ok())
}

/// Puts a request in slots together. It means what the flat document in JSON means that says the same: the enforcement point
/// vouches for all of it.
#[derive(Clone, Debug)]
#[must_use]
pub struct SlotRequest<'s> {
    slots: &'s Slots,
    action: u32,
    context: Option<Vec<Bytes>>,
    /// The subject, the resource, and others that are described.
    entities: Vec<Said>,
}

/// What is said of an entity.
#[derive(Clone, Debug)]
struct Said {
    ty: u32,
    id: String,
    attributes: Option<Vec<Bytes>>,
    parents: Option<Vec<(u32, String)>>,
}

impl SlotRequest<'_> {
    /// Says an attribute of the context.
    ///
    /// # Errors
    ///
    /// When no rule reads it, or its value has a name that is not known.
    pub fn context(mut self, attribute: &str, value: impl Into<Given>) -> Result<Self, SlotError> {
        let said = self.slots.attribute("context", attribute, &value.into())?;
        self.context.get_or_insert_default().push(said);
        Ok(self)
    }

    /// Says an attribute of an entity.
    ///
    /// # Errors
    ///
    /// As of [`context`](Self::context).
    pub fn attribute(
        mut self,
        ty: &str,
        id: &str,
        attribute: &str,
        value: impl Into<Given>,
    ) -> Result<Self, SlotError> {
        let said = self.slots.attribute(ty, attribute, &value.into())?;
        self.said(ty, id, |entity| entity.attributes.get_or_insert_default().push(said))?;
        Ok(self)
    }

    /// Says all the parents of an entity, by type and id.
    ///
    /// # Errors
    ///
    /// When a type is not one of the policy.
    pub fn parents<'a>(
        mut self,
        ty: &str,
        id: &str,
        parents: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, SlotError> {
        let number = |(ty, id): (&str, &str)| Ok((self.slots.entity_type(ty)?, id.to_owned()));
        let parents = parents.into_iter().map(number).collect::<Result<Vec<_>, _>>()?;
        self.said(ty, id, |entity| entity.parents = Some(parents))?;
        Ok(self)
    }

    /// Says that nothing more is to be said of an entity: what is not, is absent, if its source is complete.
    ///
    /// # Errors
    ///
    /// When its type is not one of the policy.
    pub fn describes(mut self, ty: &str, id: &str) -> Result<Self, SlotError> {
        self.said(ty, id, |entity| {
            entity.attributes.get_or_insert_default();
        })?;
        Ok(self)
    }

    /// The same of the context.
    pub fn describes_context(mut self) -> Self {
        self.context.get_or_insert_default();
        self
    }

    fn said(&mut self, ty: &str, id: &str, say: impl FnOnce(&mut Said)) -> Result<(), SlotError> {
        let entity = self.slots.entity((ty, id))?;
        match self.entities.iter_mut().find(|known| known.ty == entity.ty && known.id == entity.id) {
            Some(known) => say(known),
            None => {
                let mut entity = entity;
                say(&mut entity);
                self.entities.push(entity);
            }
        }
        Ok(())
    }

    /// The request as modules take it.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Bytes::default();
        bytes.number(FORM);
        bytes.number(self.action);
        let (asked, others) = self.entities.split_at(self.entities.len().min(2));
        asked.iter().for_each(|entity| bytes.entity(entity));
        bytes.said(self.context.as_deref());
        bytes.count(others.len());
        others.iter().for_each(|entity| bytes.entity(entity));
        bytes.0
    }
}

/// The version of the form.
const FORM: u32 = 1;
/// A count that says that nothing is said.
const UNSAID: u32 = u32::MAX;

// What begins a value; true is behind false.
const NOTHING: u8 = 0;
const NULL: u8 = 1;
const FALSE: u8 = 2;
const INT: u8 = 4;
const TEXT: u8 = 5;
const TIME: u8 = 6;
const IPV4: u8 = 7;
const IPV6: u8 = 8;
const ENTITY: u8 = 9;
const LIST: u8 = 10;
const OBJECT: u8 = 11;

/// A part of a request.
#[derive(Clone, Debug, Default)]
struct Bytes(Vec<u8>);

impl Bytes {
    fn number(&mut self, number: u32) {
        self.0.extend(number.to_le_bytes());
    }

    /// More than a number can say are more than any request may have.
    fn count(&mut self, count: usize) {
        self.number(u32::try_from(count).unwrap_or(UNSAID - 1));
    }

    fn text(&mut self, text: &str) {
        self.count(text.len());
        self.0.extend(text.as_bytes());
    }

    fn entity(&mut self, entity: &Said) {
        self.number(entity.ty);
        self.text(&entity.id);
        self.said(entity.attributes.as_deref());
        match &entity.parents {
            None => self.0.push(NOTHING),
            Some(parents) => {
                self.0.push(LIST);
                self.count(parents.len());
                parents.iter().for_each(|(ty, id)| self.reference(*ty, id));
            }
        }
    }

    fn said(&mut self, attributes: Option<&[Bytes]>) {
        let Some(attributes) = attributes else {
            return self.number(UNSAID);
        };
        self.count(attributes.len());
        attributes.iter().for_each(|said| self.0.extend(&said.0));
    }

    fn reference(&mut self, ty: u32, id: &str) {
        self.0.push(ENTITY);
        self.number(ty);
        self.text(id);
    }

    fn tagged_text(&mut self, text: &str) {
        self.0.push(TEXT);
        self.text(text);
    }

    fn tagged_number(&mut self, tag: u8, number: i64) {
        self.0.push(tag);
        self.0.extend(number.to_le_bytes());
    }

    fn ip(&mut self, ip: Ip) {
        match ip.addr() {
            IpAddr::V4(addr) => {
                self.0.push(IPV4);
                self.0.extend(addr.octets());
            }
            IpAddr::V6(addr) => {
                self.0.push(IPV6);
                self.0.extend(addr.octets());
            }
        }
    }

    /// A value. Goes as deep as the program that gives it made it.
    fn value(&mut self, slots: &Slots, given: &Given, path: &str) -> Result<(), SlotError> {
        match given {
            Given::Null => self.0.push(NULL),
            Given::Bool(value) => self.0.push(FALSE + u8::from(*value)),
            Given::Int(value) => self.tagged_number(INT, *value),
            Given::Text(text) => self.tagged_text(text),
            Given::Entity { ty, id } => self.reference(slots.entity_type(ty)?, id),
            Given::List(all) => {
                self.0.push(LIST);
                self.count(all.len());
                all.iter().try_for_each(|given| self.value(slots, given, path))?;
            }
            Given::Record(entries) => {
                self.0.push(OBJECT);
                self.count(entries.len());
                for (key, given) in entries {
                    self.text(key);
                    self.value(slots, given, path)?;
                }
            }
            Given::Known(value) => self.known(value, path)?,
        }
        Ok(())
    }

    fn known(&mut self, value: &Value, path: &str) -> Result<(), SlotError> {
        match value {
            Value::Bool(value) => self.0.push(FALSE + u8::from(*value)),
            Value::Int(value) => self.tagged_number(INT, *value),
            Value::String(text) => self.tagged_text(text.as_str()),
            Value::Timestamp(time) => self.tagged_number(TIME, time.millis()),
            Value::Duration(span) => self.tagged_number(TIME, span.millis()),
            Value::Ip(ip) => self.ip(*ip),
            Value::Decimal(value) => self.tagged_text(&value.to_string()),
            Value::IpRange(range) => self.tagged_text(&range.to_string()),
            Value::Version(version) => self.tagged_text(&version.to_string()),
            Value::Quantity(amount) => self.tagged_text(&amount.to_string()),
            Value::Path(path) => self.tagged_text(path.as_str()),
            Value::Host(host) => self.tagged_text(host.as_str()),
            Value::Entity(uid) => {
                let ty = u32::try_from(uid.ty.index()).unwrap_or(u32::MAX);
                self.reference(ty, uid.id.as_str());
            }
            Value::Set(all) | Value::List(all) => {
                self.0.push(LIST);
                self.count(all.len());
                all.iter().try_for_each(|value| self.known(value, path))?;
            }
            Value::Map(entries) => {
                self.0.push(OBJECT);
                self.count(entries.len());
                for (key, value) in entries.iter() {
                    self.text(key.as_str());
                    self.known(value, path)?;
                }
            }
            Value::Enum(_) | Value::Record(_) => return Err(SlotError::Nameless(path.to_owned())),
        }
        Ok(())
    }
}
