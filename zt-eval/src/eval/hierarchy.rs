//! Whether one entity lies within another.

use super::asked::{Asked, Whole};
use super::evaluator::Evaluator;
use super::operand::Operand;
use crate::Truth;
use crate::decision::Fact;
use crate::facts::Known;
use crate::graph::short::Form;
use crate::id::NodeId;
use crate::value::{EntityUid, Value};

impl<'a> Evaluator<'a, '_> {
    pub fn within(&mut self, inner: NodeId, outer: NodeId) -> Truth {
        let asked = self.asked(inner);
        if let Some(asked) = asked
            && let Some(truth) = self.within_anchor(asked, outer)
        {
            return truth;
        }
        let inner = asked.map_or_else(|| self.value(inner), |asked| Operand::Ref(asked.uid));
        let Some(Value::Entity(inner)) = inner.value() else {
            return Truth::Unknown;
        };
        let above = match asked {
            Some(asked) => asked.above,
            None => self.whole(inner),
        };
        // Most often it stands somewhere as it is; explanations want to see it.
        let borrowed = if self.scratch.keeps_all() { None } else { self.borrow(outer) };
        match borrowed {
            Some(Known::Value(outer)) => self.within_any(inner, above, outer),
            Some(Known::Absent | Known::Unknown) => Truth::Unknown,
            None => match self.value(outer).value() {
                Some(outer) => self.within_any(inner, above, outer),
                None => Truth::Unknown,
            },
        }
    }

    /// The same for the subject or the resource, when the store knows all that lies above it and the outer one is an anchor.
    #[inline]
    fn within_anchor(&mut self, asked: &Asked<'a>, outer: NodeId) -> Option<Truth> {
        let Form::Const(outer) = self.derived.short.form(outer) else {
            return None;
        };
        let anchor = self.derived.index.anchor_of_const(outer)?;
        let (Value::Entity(uid), Some(above)) = (asked.uid, asked.above) else {
            return None;
        };
        if self.derived.index.anchors.uid(anchor) == Some(uid) {
            return Some(Truth::True);
        }
        if self.notes && self.world.leads_to_anchor(uid.ty, anchor) {
            self.note_parents(uid);
        }
        Some(above.anchors.contains(&anchor).into())
    }

    /// All that lies above an entity, if the store holds it and all of that.
    pub fn whole(&self, inner: &EntityUid) -> Option<Whole<'a>> {
        Whole::of(self.world.store, self.join, self.world.store.get(inner)?)
    }

    /// Given what lies above the inner entity, if the store holds all of it.
    #[inline]
    pub fn within_any(&mut self, inner: &EntityUid, above: Option<Whole<'a>>, outer: &Value) -> Truth {
        match outer {
            Value::Set(all) | Value::List(all) => self.within_any_of(inner, above, all),
            one => self.within_one(inner, above, one),
        }
    }

    #[inline(never)]
    fn within_any_of(&mut self, inner: &EntityUid, above: Option<Whole<'a>>, all: &[Value]) -> Truth {
        let mut truth = Truth::False;
        for outer in all {
            truth = truth.or(self.within_one(inner, above, outer));
            if truth == Truth::True {
                break;
            }
        }
        truth
    }

    #[inline]
    fn within_one(&mut self, inner: &EntityUid, above: Option<Whole<'a>>, outer: &Value) -> Truth {
        let Value::Entity(outer) = outer else {
            return Truth::Unknown;
        };
        if inner == outer {
            return Truth::True;
        }
        if !self.world.parents_lead_to(inner.ty, outer.ty) {
            return Truth::False;
        }
        let Some(above) = above else {
            return self.climb_to(inner, outer);
        };
        if self.notes {
            self.note_parents(inner);
        }
        self.world.store.is_above(above.kin, outer).into()
    }

    #[inline(never)]
    fn climb_to(&mut self, inner: &EntityUid, outer: &EntityUid) -> Truth {
        let mut climb = std::mem::take(&mut self.scratch.climb);
        let (scratch, notes) = (&mut *self.scratch, self.notes);
        let truth = self.world.within_using(inner, outer, &mut climb, &mut |uid| {
            if notes {
                scratch.note(Fact::Parents(uid.clone()));
            }
        });
        self.scratch.climb = climb;
        truth
    }
}
