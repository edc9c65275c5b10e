//! What is known at an instant: the only reader of evidence.
//!
//! Store, request, clock and step-ups come together here, and nowhere else is it decided who speaks for an entity or
//! whether evidence is fresh. The engines read the world through [`World`] alone, so they cannot disagree about it.

use crate::Truth;
use crate::graph::Policy;
use crate::id::EntityTypeId;
use crate::request::{Cycles, Described, InvalidRequest, Request};
use crate::schema::{Attribute, Clock, Freshness, Schema};
use crate::store::{Store, Stored};
use crate::value::{Datum, EntityUid, Timestamp, Value};

#[cfg(test)]
mod tests;

/// Everything that a decision is made from.
#[derive(Clone, Copy, Debug)]
pub struct World<'a> {
    /// The policy, which says what is declared and how far clocks may differ.
    pub policy: &'a Policy,
    /// Entities that the store speaks for.
    pub store: &'a Store,
    /// The request.
    pub request: &'a Request,
    /// The instant of the decision, if the host gives one.
    pub now: Option<Timestamp>,
    /// By context attribute: whether its step-up is taken as done just now. Shorter or empty means the rest is not.
    pub granted: &'a [bool],
}

/// A datum that is borrowed from where it is kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Known<'a> {
    /// Nothing is known.
    Unknown,
    /// Known not to be there.
    Absent,
    /// Known.
    Value(&'a Value),
}

impl<'a> Known<'a> {
    /// The value, when there is one.
    #[must_use]
    pub fn value(self) -> Option<&'a Value> {
        match self {
            Self::Value(value) => Some(value),
            Self::Unknown | Self::Absent => None,
        }
    }

    /// A condition's truth; whatever is not a Boolean value is unknown.
    #[inline]
    pub(crate) fn truth(self) -> Truth {
        match self {
            Self::Value(Value::Bool(known)) => (*known).into(),
            _ => Truth::Unknown,
        }
    }

    /// The same as a datum of one's own.
    #[must_use]
    pub fn to_datum(self) -> Datum {
        match self {
            Self::Unknown => Datum::Unknown,
            Self::Absent => Datum::Absent,
            Self::Value(value) => Datum::Value(value.clone()),
        }
    }
}

impl<'a> From<&'a Datum> for Known<'a> {
    fn from(datum: &'a Datum) -> Self {
        match datum {
            Datum::Unknown => Self::Unknown,
            Datum::Absent => Self::Absent,
            Datum::Value(value) => Self::Value(value),
        }
    }
}

/// An attribute as it is known at the instant of the decision.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Reading<'a> {
    /// What is known.
    pub datum: Known<'a>,
    /// The earliest later instant at which freshness makes it another; `None` when it stays so.
    pub until: Option<Timestamp>,
    /// Whether the instant was consulted.
    pub used_now: bool,
    /// The bounds that were applied; each consulted the sibling attribute of its clock.
    pub freshness: &'a [Freshness],
}

impl<'a> Reading<'a> {
    const UNKNOWN: Self = Reading { datum: Known::Unknown, until: None, used_now: false, freshness: &[] };

    fn lasting(datum: Known<'a>) -> Self {
        Reading { datum, ..Self::UNKNOWN }
    }

    /// Positions of the sibling attributes that were consulted as clocks.
    pub fn clocks(&self) -> impl Iterator<Item = u32> + use<'a> {
        self.freshness.iter().map(|bound| bound.clock().attribute)
    }
}

/// Who speaks for an entity.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Speaker<'a> {
    Store(&'a Stored),
    Request(&'a Described),
    Nobody,
}

impl<'a> Speaker<'a> {
    /// By position.
    pub fn attributes(self) -> &'a [Datum] {
        match self {
            Self::Store(stored) => stored.attributes(),
            Self::Request(described) => described.attributes(),
            Self::Nobody => &[],
        }
    }
}

/// What lies above an entity.
#[derive(Clone, Copy)]
pub(crate) enum Above<'a> {
    /// All ancestors that the store has of one of its entities.
    Stored(&'a Stored),
    /// A parent that the request says.
    Said(&'a EntityUid),
}

/// Memory for the way up through parents that a request describes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Climb {
    /// Described entities whose parents are gone through, by position, with the next parent.
    pending: Vec<(u32, u32)>,
    /// By position: whether the described entity was taken down already.
    seen: Vec<bool>,
}

impl Climb {
    fn start(&mut self, described: usize) {
        self.pending.clear();
        self.seen.clear();
        self.seen.resize(described, false);
    }
}

impl Freshness {
    /// The time that the bound reads.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        match self {
            Self::Since { clock, .. } | Self::Until { clock } => clock,
        }
    }
}

impl<'a> World<'a> {
    fn schema(&self) -> &'a Schema {
        &self.policy.schema
    }

    /// The context's attribute at this position, if it has no bound of freshness and no step-up: what the request says.
    #[inline]
    pub(crate) fn lasting_context(&self, attribute: u32) -> Option<Known<'a>> {
        let declared = self.schema().context.get(attribute as usize)?;
        if !declared.freshness.is_empty() || declared.step_up.is_some() {
            return None;
        }
        Some(self.request.context().get(attribute as usize).map_or(Known::Unknown, Known::from))
    }

    /// The same of an attribute of an entity of this type, of which this is said.
    #[inline]
    pub(crate) fn lasting_attribute(&self, ty: EntityTypeId, said: &'a [Datum], attribute: u32) -> Option<Known<'a>> {
        let declared = self.schema().entity(ty)?.attributes.get(attribute as usize)?;
        if !declared.freshness.is_empty() {
            return None;
        }
        Some(said.get(attribute as usize).map_or(Known::Unknown, Known::from))
    }

    /// The context's attribute at this position.
    #[must_use]
    pub fn context(&self, attribute: u32) -> Reading<'a> {
        let Some(declared) = self.schema().context.get(attribute as usize) else {
            return Reading::UNKNOWN;
        };
        if let Some(step_up) = &declared.step_up
            && self.granted.get(attribute as usize) == Some(&true)
        {
            return Reading::lasting(Known::Value(&step_up.gives));
        }
        self.fresh(declared, self.request.context(), attribute)
    }

    /// The attribute of an entity at this position of its type's declaration.
    #[must_use]
    pub fn attribute(&self, uid: &EntityUid, attribute: u32) -> Reading<'a> {
        self.attribute_said(uid.ty, self.speaker(uid).attributes(), attribute)
    }

    /// The same, of an entity of this type of which this is said.
    pub(crate) fn attribute_said(&self, ty: EntityTypeId, said: &'a [Datum], attribute: u32) -> Reading<'a> {
        let Some(ty) = self.schema().entity(ty) else {
            return Reading::UNKNOWN;
        };
        let Some(declared) = ty.attributes.get(attribute as usize) else {
            return Reading::UNKNOWN;
        };
        self.fresh(declared, said, attribute)
    }

    /// Who speaks for an entity: the store, if it holds it, else the request.
    pub(crate) fn speaker(&self, uid: &EntityUid) -> Speaker<'a> {
        match self.store.get(uid) {
            Some(stored) => Speaker::Store(stored),
            None => self.request.described(uid).map_or(Speaker::Nobody, Speaker::Request),
        }
    }

    fn fresh(&self, declared: &'a Attribute, data: &'a [Datum], at: u32) -> Reading<'a> {
        let raw = data.get(at as usize).map_or(Known::Unknown, Known::from);
        if declared.freshness.is_empty() {
            return Reading::lasting(raw);
        }
        let reading = Reading { freshness: &declared.freshness, ..Reading::UNKNOWN };
        let Some(span) = self.span(&declared.freshness, data) else {
            return reading;
        };
        if raw == Known::Unknown || span.is_empty() {
            return reading;
        }
        let Some(now) = self.now.map(Timestamp::millis) else {
            return Reading { used_now: true, ..reading };
        };
        let datum = if span.contains(now) { raw } else { Known::Unknown };
        Reading { datum, until: span.flip_after(now).and_then(Timestamp::from_millis), used_now: true, ..reading }
    }

    /// When all bounds hold; `None` when a clock is not known.
    fn span(&self, bounds: &[Freshness], data: &[Datum]) -> Option<Span> {
        let skew = self.policy.clock_skew.millis();
        let mut span = Span { from: i64::MIN, until: i64::MAX };
        for bound in bounds {
            let clock = read_clock(data, bound.clock())?.millis();
            match bound {
                Freshness::Since { age, .. } => {
                    span.from = span.from.max(clock.saturating_sub(skew));
                    span.until = span.until.min(clock.saturating_add(age.millis()).saturating_add(1));
                }
                Freshness::Until { .. } => span.until = span.until.min(clock),
            }
        }
        Some(span)
    }

    /// The parents of an entity, if they are known. An entity of a type that declares none has none.
    #[must_use]
    pub fn parents(&self, uid: &EntityUid) -> Option<&'a [EntityUid]> {
        if self.schema().entity(uid.ty)?.parents.is_empty() {
            return Some(&[]);
        }
        match self.store.get(uid) {
            Some(stored) => Some(stored.parents()),
            None => self.request.described(uid)?.parents(),
        }
    }

    /// Whether `inner` is, or lies below, `outer`. Calls `consulted` for each entity whose parents were looked at; for one
    /// of the store that means all its ancestors there.
    pub fn within(&self, inner: &EntityUid, outer: &EntityUid, consulted: &mut impl FnMut(&EntityUid)) -> Truth {
        self.within_using(inner, outer, &mut Climb::default(), consulted)
    }

    /// The same in memory that is reused.
    pub(crate) fn within_using(
        &self,
        inner: &EntityUid,
        outer: &EntityUid,
        climb: &mut Climb,
        consulted: &mut impl FnMut(&EntityUid),
    ) -> Truth {
        if inner == outer {
            return Truth::True;
        }
        let leads = |ty| self.parents_lead_to(ty, outer.ty);
        let found = |above: Above<'_>| match above {
            Above::Stored(stored) => self.store.has_ancestor(stored, outer),
            Above::Said(parent) => parent == outer,
        };
        self.climb(inner, climb, leads, consulted, found)
    }

    /// Goes up from an entity through those whose type `leads` on, and gives `found` what lies directly above each of them,
    /// until it says that this is what was looked for: true. Otherwise unknown if any parents were, else false.
    pub(crate) fn climb(
        &self,
        from: &EntityUid,
        climb: &mut Climb,
        leads: impl Fn(EntityTypeId) -> bool,
        consulted: &mut impl FnMut(&EntityUid),
        mut found: impl FnMut(Above<'_>) -> bool,
    ) -> Truth {
        let mut truth = Truth::False;
        climb.start(self.request.entities().len());
        let mut next = Some(from);
        loop {
            if let Some(uid) = next.filter(|uid| leads(uid.ty)) {
                if let Some(stored) = self.store.get(uid) {
                    consulted(uid);
                    if found(Above::Stored(stored)) {
                        return Truth::True;
                    }
                    for open in self.store.open(stored).filter(|open| leads(open.ty)) {
                        truth = truth.or(self.put_off(open, climb, consulted));
                    }
                } else {
                    truth = truth.or(self.put_off(uid, climb, consulted));
                }
            }
            next = None;
            let Some((at, parent)) = climb.pending.pop() else {
                return truth;
            };
            let parents = self.request.entities().get(at as usize).and_then(Described::parents).unwrap_or_default();
            if let Some(uid) = parents.get(parent as usize) {
                climb.pending.push((at, parent + 1));
                if found(Above::Said(uid)) {
                    return Truth::True;
                }
                next = Some(uid);
            }
        }
    }

    /// Takes down an entity that the store does not hold, to go up from it. Unknown if nobody says where to.
    fn put_off(&self, uid: &EntityUid, climb: &mut Climb, consulted: &mut impl FnMut(&EntityUid)) -> Truth {
        let Some(at) = self.request.position(uid) else {
            consulted(uid);
            return Truth::Unknown;
        };
        if climb.seen.get_mut(at).is_some_and(|seen| std::mem::replace(seen, true)) {
            return Truth::False;
        }
        consulted(uid);
        let known = self.request.entities().get(at).is_some_and(|entity| entity.parents().is_some());
        climb.pending.push((u32::try_from(at).unwrap_or(u32::MAX), 0));
        if known { Truth::False } else { Truth::Unknown }
    }

    /// Whether a path of one step or more can lead from an entity of this type to an anchor of the policy.
    pub(crate) fn leads_to_anchor(&self, from: EntityTypeId, anchor: u32) -> bool {
        let anchor = self.policy.derived.index.anchors.uid(anchor);
        anchor.is_some_and(|anchor| self.parents_lead_to(from, anchor.ty))
    }

    /// Whether a path of one step or more can lead from an entity of one type to an entity of another.
    #[inline]
    pub(crate) fn parents_lead_to(&self, from: EntityTypeId, to: EntityTypeId) -> bool {
        self.policy.derived.parents_lead_to(from, to)
    }

    /// What makes the request invalid beside this policy and this store: it was bound for another policy, or its parents
    /// close a cycle together with the store's.
    ///
    /// # Errors
    ///
    /// Names the reason; the request is then denied.
    pub fn check(&self) -> Result<(), InvalidRequest> {
        self.check_using(&mut Cycles::default())
    }

    /// The same in memory that is reused.
    pub(crate) fn check_using(&self, cycles: &mut Cycles) -> Result<(), InvalidRequest> {
        if self.request.policy_digest() != &self.policy.derived.digest {
            return Err(InvalidRequest::other_policy());
        }
        cycles.check_against(self.request, self.schema(), self.store)
    }
}

/// A half-open span of milliseconds since the epoch.
#[derive(Clone, Copy)]
struct Span {
    from: i64,
    until: i64,
}

impl Span {
    fn is_empty(self) -> bool {
        self.from >= self.until
    }

    fn contains(self, now: i64) -> bool {
        self.from <= now && now < self.until
    }

    fn flip_after(self, now: i64) -> Option<i64> {
        [self.from, self.until].into_iter().find(|flip| *flip > now)
    }
}

/// The time at a clock, read raw: a bound on evidence is not itself bounded.
fn read_clock(data: &[Datum], clock: &Clock) -> Option<Timestamp> {
    let mut value = data.get(clock.attribute as usize)?.value()?;
    for field in &clock.fields {
        let Value::Record(fields) = value else {
            return None;
        };
        value = fields.get(*field as usize)?.value()?;
    }
    match value {
        Value::Timestamp(time) => Some(*time),
        _ => None,
    }
}
