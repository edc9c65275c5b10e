//! What was known, put together with what is said later.
//!
//! Requests are made through their builder, so that whatever it checks is checked here too. Everything is said outright,
//! also that something is unknown: nothing then follows from what is left out.

use std::collections::BTreeMap;

use super::Residual;
use super::partial::{About, Partial, Standing, attributes_of};
use crate::graph::Policy;
use crate::id::ActionId;
use crate::request::{Given, InvalidKind, InvalidRequest, Request};
use crate::schema::Type;
use crate::value::{Datum, EntityUid, Value};

/// Attributes by position, and parents.
type Described = (Vec<Datum>, Option<Vec<EntityUid>>);

/// Everything that a request says.
struct Whole {
    action: ActionId,
    subject: EntityUid,
    resource: EntityUid,
    context: Vec<Datum>,
    entities: BTreeMap<EntityUid, Described>,
}

impl Residual {
    /// What was known together with the rest, as a request for the residual's policy. The rest is a request of its own, read
    /// for the residual's policy; it names subject and resource, and says what was open.
    ///
    /// ```
    /// # let text = "package papers  entity User  entity Paper { held: Bool }  action read: User -> Paper
    /// #             allow readers: read  deny held: read when resource.held";
    /// # let mut sources = zt_lang::Sources::new();
    /// # sources.add("papers.zt", text.as_bytes());
    /// # let policy = zt_lang::parse(sources, &zt_lang::Options::default()).typecheck()?.lower()?;
    /// use zt_eval::specialize::{Missing, Partial};
    /// use zt_eval::{Effect, Mode, Request, Snapshot, Store};
    ///
    /// let known = br#"{"subject": {"type": "User", "id": "ann"}, "action": {"name": "read"}}"#;
    /// let residual = policy.specialize(&Partial::from_json(&policy, known)?, &Store::empty(), Missing::Kept)?;
    /// let rest = Request::builder(residual.policy()).subject("User", "ann").action("read").resource("Paper", "p");
    /// let whole = residual.complete(&rest.attribute("Paper", "p", "held", false).build()?)?;
    /// let snapshot = Snapshot::new(residual.policy().clone(), Store::empty())?;
    /// assert_eq!(snapshot.decide(&whole, None, Mode::Full).effect, Effect::Allow);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When the rest says something else than what was known, asks for another action, or both together are not valid.
    pub fn complete(&self, rest: &Request) -> Result<Request, InvalidRequest> {
        if rest.policy_digest() != self.policy.digest() || rest.action() != self.partial.action() {
            return Err(InvalidRequest::other_policy());
        }
        let partial = &self.partial;
        agrees(partial.subject(), rest.subject()).map_err(|error| error.under("subject"))?;
        agrees(partial.resource(), rest.resource()).map_err(|error| error.under("resource"))?;
        let context = merged(partial.context(), rest.context()).map_err(|error| error.under("context"))?;
        let mut entities = BTreeMap::new();
        for (uid, about) in partial.entities() {
            let path = self.policy.schema.uid_text(uid);
            let described = rest.described(uid).map(|found| (found.attributes(), found.parents()));
            let described = self::described(about, described).map_err(|error| error.under(&path))?;
            entities.insert(uid.clone(), described);
        }
        for found in rest.entities().iter().filter(|found| !partial.entities().contains_key(found.uid())) {
            let described = (found.attributes().to_vec(), found.parents().map(<[_]>::to_vec));
            entities.insert(found.uid().clone(), described);
        }
        let (subject, resource) = (rest.subject().clone(), rest.resource().clone());
        assembled(&self.policy, Whole { action: rest.action(), subject, resource, context, entities })
    }
}

/// What is known as a request in which everything open is unknown. An open subject or resource is an entity of a permitted
/// type with an empty id, of which nothing is said.
pub(super) fn known_alone(policy: &Policy, partial: &Partial) -> Result<Request, InvalidRequest> {
    let action = policy.schema.action(partial.action()).ok_or_else(InvalidRequest::other_policy)?;
    let someone = |known: Option<&EntityUid>, types: &[crate::id::EntityTypeId]| {
        let stand_in = || types.first().map(|ty| EntityUid { ty: *ty, id: "".into() });
        known.cloned().or_else(stand_in).ok_or_else(InvalidRequest::other_policy)
    };
    let settled = |places: &[Standing<Datum>]| places.iter().map(known).collect::<Vec<_>>();
    let about = |about: &About| match &about.parents {
        Standing::Settled(parents) => (settled(&about.attributes), parents.clone()),
        Standing::Open => (settled(&about.attributes), None),
    };
    let whole = Whole {
        action: partial.action(),
        subject: someone(partial.subject(), &action.subjects)?,
        resource: someone(partial.resource(), &action.resources)?,
        context: settled(partial.context()),
        entities: partial.entities().iter().map(|(uid, known)| (uid.clone(), about(known))).collect(),
    };
    assembled(policy, whole)
}

fn known(place: &Standing<Datum>) -> Datum {
    match place {
        Standing::Settled(datum) => datum.clone(),
        Standing::Open => Datum::Unknown,
    }
}

fn contradiction() -> InvalidRequest {
    InvalidRequest::new(InvalidKind::SaidTwice, None)
}

fn agrees(known: Option<&EntityUid>, said: &EntityUid) -> Result<(), InvalidRequest> {
    if known.is_none_or(|known| known == said) { Ok(()) } else { Err(contradiction()) }
}

/// What is known of each place. That the rest leaves out what is known is no contradiction, even where its speaker is
/// complete.
fn merged(places: &[Standing<Datum>], rest: &[Datum]) -> Result<Vec<Datum>, InvalidRequest> {
    let one = |(at, place): (usize, &Standing<Datum>)| {
        let said = rest.get(at).unwrap_or(&Datum::Unknown);
        match place {
            Standing::Open => Ok(said.clone()),
            Standing::Settled(known) if said.value().is_none() || said == known => Ok(known.clone()),
            Standing::Settled(_) => Err(contradiction()),
        }
    };
    places.iter().enumerate().map(one).collect()
}

fn described(about: &About, rest: Option<(&[Datum], Option<&[EntityUid]>)>) -> Result<Described, InvalidRequest> {
    let (attributes, parents) = rest.unwrap_or((&[], None));
    let parents = match (&about.parents, parents) {
        (Standing::Open, said) => said.map(<[_]>::to_vec),
        (Standing::Settled(known), None) => known.clone(),
        (Standing::Settled(known), Some(said)) if known.as_deref() == Some(said) => known.clone(),
        (Standing::Settled(_), Some(_)) => return Err(contradiction()),
    };
    Ok((merged(&about.attributes, attributes)?, parents))
}

fn assembled(policy: &Policy, whole: Whole) -> Result<Request, InvalidRequest> {
    let schema = &policy.schema;
    let name = |uid: &EntityUid| schema.entity(uid.ty).map_or("", |entity| &*entity.name);
    let mut builder = Request::builder(policy)
        .action(schema.action(whole.action).map_or("", |action| &action.name))
        .subject(name(&whole.subject), &whole.subject.id)
        .resource(name(&whole.resource), &whole.resource.id);
    for (attribute, datum) in schema.context.iter().zip(&whole.context) {
        builder = builder.context(&attribute.name, given(&attribute.ty, datum));
    }
    for (uid, (attributes, parents)) in &whole.entities {
        for (attribute, datum) in attributes_of(schema, uid).iter().zip(attributes) {
            builder = builder.attribute(name(uid), &uid.id, &attribute.name, given(&attribute.ty, datum));
        }
        if let Some(parents) = parents {
            let names = parents.iter().map(|parent| (name(parent), &*parent.id));
            builder = builder.parents(name(uid), &uid.id, names);
        }
    }
    builder.build()
}

fn given(ty: &Type, datum: &Datum) -> Given {
    match (datum, ty.present()) {
        (Datum::Value(value), _) => Given::Known(value.clone()),
        (Datum::Absent, _) => Given::Null,
        // A value that is not of the type is unknown, also where to say nothing would mean that it is absent.
        (Datum::Unknown, Type::Bool) => Given::Known(Value::Int(0)),
        (Datum::Unknown, _) => Given::Known(Value::Bool(false)),
    }
}
