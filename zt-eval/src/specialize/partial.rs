//! A request of which a part is known.
//!
//! Every place is open or settled. What a document does not say is open; what it says, or leaves out where a complete
//! source speaks, is settled; and what is known to be missing is settled by naming it.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;

use serde_json::Value as Json;

use crate::graph::Policy;
use crate::id::ActionId;
use crate::request::{InvalidRequest, Request};
use crate::schema::text::member;
use crate::schema::{Attribute, Schema};
use crate::value::{Datum, EntityUid, Timestamp};

/// A request of which a part is not known yet.
///
/// ```no_run
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let policy = zt_eval::Policy::from_bytes(&[])?;
/// use zt_eval::specialize::{Missing, Partial};
///
/// let known = br#"{ "subject": { "type": "User", "id": "ann", "properties": { "clearance": "secret" } },
///                   "action": { "name": "read" },
///                   "context": { "mfa": true } }"#;
/// let partial = Partial::from_json(&policy, known)?.missing(&policy, "context.device")?;
/// let residual = policy.specialize(&partial, &zt_eval::Store::empty(), Missing::Kept)?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Debug)]
pub struct Partial {
    action: ActionId,
    subject: Option<EntityUid>,
    resource: Option<EntityUid>,
    context: Vec<Standing<Datum>>,
    entities: BTreeMap<EntityUid, About>,
    /// Whether entities that are not among them are known to be described by nobody.
    others_are_missing: bool,
    not_before: Option<Timestamp>,
    policy_digest: [u8; 32],
}

/// Whether more can be said of a place.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Standing<T> {
    /// It is not known yet.
    Open,
    /// What is known of it stays.
    Settled(T),
}

/// What stands of an entity.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct About {
    pub attributes: Vec<Standing<Datum>>,
    /// `None` for parents that are known to be missing.
    pub parents: Standing<Option<Vec<EntityUid>>>,
}

/// What a text names.
enum Part {
    Subject,
    Resource,
    Context,
    ContextAttribute(usize),
    Entities,
    Entity(EntityUid),
    Attribute(EntityUid, usize),
    Parents(EntityUid),
}

impl Partial {
    /// Reads what is known from a request document in which `subject`, `resource`, `context` and attributes may be left out:
    /// they are open then. The action is needed.
    ///
    /// # Errors
    ///
    /// As for whole requests. Where `evidence` is sorted by source and the action wants the subject vouched for, the subject
    /// cannot be left out.
    pub fn from_json(policy: &Policy, text: &[u8]) -> Result<Self, InvalidRequest> {
        let (filled, left_out) = filled(policy, text);
        let mut partial = Self::of(policy, &Request::from_json(policy, &filled)?);
        if left_out.contains(&"subject") {
            partial.subject = None;
        }
        if left_out.contains(&"resource") {
            partial.resource = None;
        }
        Ok(partial)
    }

    /// What a request says; all that is unknown in it is open.
    #[must_use]
    pub fn of(policy: &Policy, request: &Request) -> Self {
        let attributes = |data: &[Datum], declared: &[Attribute]| {
            let place = |at: usize| match data.get(at) {
                None | Some(Datum::Unknown) => Standing::Open,
                Some(known) => Standing::Settled(known.clone()),
            };
            (0..declared.len()).map(place).collect::<Vec<_>>()
        };
        let about = |described: &crate::request::Described| About {
            attributes: attributes(described.attributes(), attributes_of(&policy.schema, described.uid())),
            parents: described.parents().map_or(Standing::Open, |known| Standing::Settled(Some(known.to_vec()))),
        };
        Self {
            action: request.action(),
            subject: Some(request.subject().clone()),
            resource: Some(request.resource().clone()),
            context: attributes(request.context(), &policy.schema.context),
            entities: request.entities().iter().map(|entity| (entity.uid().clone(), about(entity))).collect(),
            others_are_missing: false,
            not_before: None,
            policy_digest: *request.policy_digest(),
        }
    }

    /// Takes back what is known of a part, which is to be said later: `subject`, `resource` (who or what it is), `context`,
    /// `context.mfa`, `entities` (those that are not described), `User::"ann"`, `subject.level`, `User::"ann".level`,
    /// `subject parents`, `User::"ann" parents`.
    ///
    /// # Errors
    ///
    /// When the text names no part.
    pub fn open(mut self, policy: &Policy, part: &str) -> Result<Self, NoSuchPart> {
        match self.find(policy, part)? {
            Part::Subject => self.subject = None,
            Part::Resource => self.resource = None,
            Part::Entities => self.others_are_missing = false,
            Part::Context => self.context.fill(Standing::Open),
            Part::ContextAttribute(at) => set(&mut self.context, at, Standing::Open),
            Part::Entity(uid) => drop(self.entities.insert(uid.clone(), open_about(policy, &uid))),
            Part::Attribute(uid, at) => set(&mut self.entry(policy, uid).attributes, at, Standing::Open),
            Part::Parents(uid) => self.entry(policy, uid).parents = Standing::Open,
        }
        Ok(self)
    }

    /// Says that what is not known of a part never will be: it is missing, as in a whole request that does not say it. Parts
    /// are named as for [`open`](Self::open); `subject` stands for all that is not known of the subject.
    ///
    /// # Errors
    ///
    /// When the text names no part.
    pub fn missing(mut self, policy: &Policy, part: &str) -> Result<Self, NoSuchPart> {
        let part = match self.find(policy, part)? {
            Part::Subject => self.subject.clone().map(Part::Entity),
            Part::Resource => self.resource.clone().map(Part::Entity),
            other => Some(other),
        };
        match part {
            None | Some(Part::Subject | Part::Resource) => {
                return Err(NoSuchPart("nothing is missing of an entity that is not known".into()));
            }
            Some(Part::Entities) => self.others_are_missing = true,
            Some(Part::Context) => self.context.iter_mut().for_each(|place| place.settle(Datum::Unknown)),
            Some(Part::ContextAttribute(at)) => {
                self.context.iter_mut().skip(at).take(1).for_each(|place| place.settle(Datum::Unknown));
            }
            Some(Part::Entity(uid)) => {
                let about = self.entry(policy, uid);
                about.attributes.iter_mut().for_each(|place| place.settle(Datum::Unknown));
                about.parents.settle(None);
            }
            Some(Part::Attribute(uid, at)) => {
                let places = &mut self.entry(policy, uid).attributes;
                places.iter_mut().skip(at).take(1).for_each(|place| place.settle(Datum::Unknown));
            }
            Some(Part::Parents(uid)) => self.entry(policy, uid).parents.settle(None),
        }
        Ok(self)
    }

    /// Promises that every decision of the residual is made at an instant, and none before this one. What is stale by then
    /// stays so.
    #[must_use]
    pub fn not_before(mut self, instant: Timestamp) -> Self {
        self.not_before = Some(instant);
        self
    }

    /// What is asked for.
    #[must_use]
    pub fn action(&self) -> ActionId {
        self.action
    }

    /// Who asks, if that is known.
    #[must_use]
    pub fn subject(&self) -> Option<&EntityUid> {
        self.subject.as_ref()
    }

    /// What the action is to be done to, if that is known.
    #[must_use]
    pub fn resource(&self) -> Option<&EntityUid> {
        self.resource.as_ref()
    }

    pub(super) fn instant(&self) -> Option<Timestamp> {
        self.not_before
    }

    pub(super) fn is_for(&self, policy: &Policy) -> bool {
        self.policy_digest == *policy.digest()
    }

    pub(super) fn context(&self) -> &[Standing<Datum>] {
        &self.context
    }

    pub(super) fn entities(&self) -> &BTreeMap<EntityUid, About> {
        &self.entities
    }

    /// What stands of an attribute of an entity that no store speaks for.
    pub(super) fn attribute(&self, uid: &EntityUid, at: u32) -> Standing<Datum> {
        match self.entities.get(uid) {
            Some(about) => about.attributes.get(at as usize).cloned().unwrap_or(Standing::Open),
            None if self.others_are_missing => Standing::Settled(Datum::Unknown),
            None => Standing::Open,
        }
    }

    /// Whether more can be said of the parents of an entity that no store speaks for.
    pub(super) fn parents_are_open(&self, uid: &EntityUid) -> bool {
        self.entities.get(uid).map_or(!self.others_are_missing, |about| about.parents == Standing::Open)
    }

    fn entry(&mut self, policy: &Policy, uid: EntityUid) -> &mut About {
        let blank = open_about(policy, &uid);
        let others_are_missing = self.others_are_missing;
        self.entities.entry(uid).or_insert_with(|| {
            let mut about = blank;
            if others_are_missing {
                about.attributes.fill(Standing::Settled(Datum::Unknown));
                about.parents.settle(None);
            }
            about
        })
    }

    fn find(&self, policy: &Policy, text: &str) -> Result<Part, NoSuchPart> {
        let schema = &policy.schema;
        let found = match text {
            "subject" => Some(Part::Subject),
            "resource" => Some(Part::Resource),
            "context" => Some(Part::Context),
            "entities" => Some(Part::Entities),
            _ => match text.strip_prefix("context.") {
                Some(name) => attribute_named(&schema.context, name).map(Part::ContextAttribute),
                None => self.entity_part(schema, text),
            },
        };
        found.ok_or_else(|| NoSuchPart(format!("nothing that could be known is called `{text}`")))
    }

    fn entity_part(&self, schema: &Schema, text: &str) -> Option<Part> {
        let (uid, rest) = match (text.strip_prefix("subject"), text.strip_prefix("resource")) {
            (Some(rest), _) => (self.subject.clone()?, rest),
            (_, Some(rest)) => (self.resource.clone()?, rest),
            _ => uid_at_start(schema, text)?,
        };
        if rest.is_empty() {
            return Some(Part::Entity(uid));
        }
        if rest == " parents" {
            return Some(Part::Parents(uid));
        }
        let at = attribute_named(attributes_of(schema, &uid), rest.strip_prefix('.')?)?;
        Some(Part::Attribute(uid, at))
    }
}

impl<T> Standing<T> {
    fn settle(&mut self, known: T) {
        if matches!(self, Self::Open) {
            *self = Self::Settled(known);
        }
    }
}

fn set<T>(places: &mut [T], at: usize, with: T) {
    if let Some(place) = places.get_mut(at) {
        *place = with;
    }
}

fn open_about(policy: &Policy, uid: &EntityUid) -> About {
    let count = attributes_of(&policy.schema, uid).len();
    let takes_parents = policy.schema.entity(uid.ty).is_some_and(|entity| !entity.parents.is_empty());
    let parents = if takes_parents { Standing::Open } else { Standing::Settled(Some(Vec::new())) };
    About { attributes: vec![Standing::Open; count], parents }
}

pub(super) fn attributes_of<'s>(schema: &'s Schema, uid: &EntityUid) -> &'s [Attribute] {
    schema.entity(uid.ty).map_or(&[], |entity| &entity.attributes)
}

fn attribute_named(declared: &[Attribute], name: &str) -> Option<usize> {
    declared.iter().position(|attribute| member(&attribute.name) == name || &*attribute.name == name)
}

/// The entity that a text begins with, as policies write it, and what follows.
fn uid_at_start<'t>(schema: &Schema, text: &'t str) -> Option<(EntityUid, &'t str)> {
    let (name, rest) = text.split_once("::\"")?;
    let ty = schema.find_entity(name.trim_matches('`'))?;
    let mut id = String::new();
    let mut chars = rest.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((EntityUid { ty, id: id.as_str().into() }, rest.get(at + 1..)?)),
            '\\' => id.push(chars.next()?.1),
            plain => id.push(plain),
        }
    }
    None
}

/// The document with stand-ins for a subject and a resource that are left out, and which of them are. A document that is
/// none, or names no action, stays as it is: reading it says what is wrong.
fn filled(policy: &Policy, text: &[u8]) -> (Vec<u8>, Vec<&'static str>) {
    let Ok(Json::Object(members)) = serde_json::from_slice(text) else {
        return (text.to_vec(), Vec::new());
    };
    let name = members.get("action").and_then(|action| action.get("name")).and_then(Json::as_str);
    let action = name.and_then(|name| policy.schema.find_action(name)).and_then(|id| policy.schema.action(id));
    let (Some(action), Some(start)) = (action, text.iter().position(|byte| *byte == b'{')) else {
        return (text.to_vec(), Vec::new());
    };
    let mut filled = text.get(..=start).unwrap_or_default().to_vec();
    let mut left_out = Vec::new();
    for (role, types) in [("subject", &action.subjects), ("resource", &action.resources)] {
        if members.contains_key(role) {
            continue;
        }
        let ty = types.first().and_then(|ty| policy.schema.entity(*ty)).map_or("", |entity| &*entity.name);
        let stand_in = format!("\"{role}\":{},", serde_json::json!({ "type": ty, "id": "" }));
        filled.extend_from_slice(stand_in.as_bytes());
        left_out.push(role);
    }
    filled.extend_from_slice(text.get(start + 1..).unwrap_or_default());
    (filled, left_out)
}

/// A text names no part of a request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NoSuchPart(String);

impl fmt::Display for NoSuchPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for NoSuchPart {}
