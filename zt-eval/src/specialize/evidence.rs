//! What is settled of the evidence: the same for every rest, at every instant that can come, whatever the subject renews.
//!
//! Evidence is read through [`World`] alone. Here it is only told which readings last.

use super::join;
use super::partial::{Partial, Standing};
use crate::Truth;
use crate::facts::{Reading, World};
use crate::graph::{NowOp, Policy};
use crate::request::{InvalidRequest, Request};
use crate::schema::Attribute;
use crate::store::Store;
use crate::value::{Datum, EntityUid, Timestamp, Value};

/// The evidence of a partial request and a store.
pub(super) struct Evidence<'a> {
    policy: &'a Policy,
    store: &'a Store,
    partial: &'a Partial,
    /// What is known as a request in which everything open is unknown.
    request: Request,
}

impl<'a> Evidence<'a> {
    pub fn new(policy: &'a Policy, store: &'a Store, partial: &'a Partial) -> Result<Self, InvalidRequest> {
        let request = join::known_alone(policy, partial)?;
        let evidence = Self { policy, store, partial, request };
        evidence.world().check()?;
        Ok(evidence)
    }

    pub fn policy(&self) -> &'a Policy {
        self.policy
    }

    pub fn partial(&self) -> &'a Partial {
        self.partial
    }

    fn world(&self) -> World<'_> {
        World {
            policy: self.policy,
            store: self.store,
            request: &self.request,
            now: self.partial.instant(),
            granted: &[],
        }
    }

    /// The context's attribute at a position, if it is settled.
    pub fn context(&self, at: u32) -> Option<Datum> {
        let declared = self.policy.schema.context.get(at as usize)?;
        let standing = |at: u32| self.partial.context().get(at as usize).cloned().unwrap_or(Standing::Open);
        let datum = self.lasting(declared, at, standing, || self.world().context(at))?;
        match &declared.step_up {
            // What the subject can renew is settled only where renewing changes nothing.
            Some(step_up) => (declared.freshness.is_empty() && datum.value() == Some(&step_up.gives)).then_some(datum),
            None => Some(datum),
        }
    }

    /// An entity's attribute at a position, if it is settled.
    pub fn attribute(&self, uid: &EntityUid, at: u32) -> Option<Datum> {
        let declared = self.policy.schema.entity(uid.ty)?.attributes.get(at as usize)?;
        let stored = self.store.get(uid);
        let standing = |at: u32| match stored {
            Some(stored) => Standing::Settled(stored.attributes().get(at as usize).cloned().unwrap_or(Datum::Unknown)),
            None => self.partial.attribute(uid, at),
        };
        self.lasting(declared, at, standing, || self.world().attribute(uid, at))
    }

    fn lasting<'r>(
        &self,
        declared: &Attribute,
        at: u32,
        standing: impl Fn(u32) -> Standing<Datum>,
        read: impl FnOnce() -> Reading<'r>,
    ) -> Option<Datum> {
        // A residual can be read, so that nothing sensitive may be in it.
        if declared.sensitive {
            return None;
        }
        let Standing::Settled(raw) = standing(at) else { return None };
        if declared.freshness.is_empty() || raw == Datum::Unknown {
            return Some(raw);
        }
        if declared.freshness.iter().any(|bound| standing(bound.clock().attribute) == Standing::Open) {
            return None;
        }
        let reading = read();
        let is_the_same_later = self.partial.instant().is_some() && reading.until.is_none();
        (!reading.used_now || is_the_same_later).then(|| reading.datum.to_datum())
    }

    /// Whether an entity lies within another or any of several, if that is settled.
    pub fn within(&self, inner: &EntityUid, outer: &Value) -> Option<Truth> {
        let (Value::Set(all) | Value::List(all)) = outer else {
            return self.within_one(inner, outer);
        };
        let mut settled = Some(Truth::False);
        for outer in all.iter() {
            match self.within_one(inner, outer) {
                Some(Truth::True) => return Some(Truth::True),
                truth => settled = settled.zip(truth).map(|(before, truth)| before.or(truth)),
            }
        }
        settled
    }

    fn within_one(&self, inner: &EntityUid, outer: &Value) -> Option<Truth> {
        let Value::Entity(outer) = outer else {
            return Some(Truth::Unknown);
        };
        let mut consulted = Vec::new();
        let truth = self.world().within(inner, outer, &mut |uid| consulted.push(uid.clone()));
        // A path that is known stays, and so does it that there is none once all parents are known.
        let is_open = |uid: &EntityUid| self.world().parents(uid).is_none() && self.partial.parents_are_open(uid);
        let is_settled = truth != Truth::Unknown || !consulted.iter().any(is_open);
        is_settled.then_some(truth)
    }

    /// A comparison of every later instant with a time, if it is the same for all.
    pub fn now(&self, op: NowOp, time: Timestamp) -> Option<bool> {
        let earliest = self.partial.instant()?;
        let is_past = match op {
            NowOp::Before => earliest >= time,
            NowOp::AtOrBefore | NowOp::At => earliest > time,
        };
        is_past.then_some(false)
    }
}
