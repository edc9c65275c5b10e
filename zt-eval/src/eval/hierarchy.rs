//! Whether one entity lies within another.

use super::evaluator::{Asked, Evaluator};
use super::operand::Operand;
use crate::Truth;
use crate::decision::Fact;
use crate::facts::{Known, Speaker};
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
        let speaker = asked.map(|asked| asked.speaker);
        // Most often it stands somewhere as it is; explanations want to see it.
        let borrowed = if self.scratch.keeps_all() { None } else { self.borrow(outer) };
        match borrowed {
            Some(Known::Value(outer)) => self.within_any(inner, speaker, outer),
            Some(Known::Absent | Known::Unknown) => Truth::Unknown,
            None => match self.value(outer).value() {
                Some(outer) => self.within_any(inner, speaker, outer),
                None => Truth::Unknown,
            },
        }
    }

    /// The same for the subject or the resource, when the store knows all that lies above it and the outer one is an anchor.
    #[inline]
    fn within_anchor(&mut self, asked: Asked<'a>, outer: NodeId) -> Option<Truth> {
        let Form::Const(outer) = self.derived.short.form(outer) else {
            return None;
        };
        let anchor = self.derived.index.anchor_of_const(outer)?;
        let (Value::Entity(uid), Speaker::Store(stored)) = (asked.uid, asked.speaker) else {
            return None;
        };
        let above = self.join.above(stored.lineage());
        if !above.is_whole {
            return None;
        }
        if self.derived.index.anchors.uid(anchor) == Some(uid) {
            return Some(Truth::True);
        }
        if self.notes && self.world.leads_to_anchor(uid.ty, anchor) {
            self.scratch.note(Fact::Parents(uid.clone()));
        }
        Some(above.anchors.contains(&anchor).into())
    }

    /// Who speaks for the inner entity is looked up once that matters, unless it is given.
    #[inline]
    pub fn within_any(&mut self, inner: &EntityUid, mut speaker: Option<Speaker<'a>>, outer: &Value) -> Truth {
        let (Value::Set(all) | Value::List(all)) = outer else {
            return self.within_one(inner, &mut speaker, outer);
        };
        let mut truth = Truth::False;
        for outer in all.iter() {
            truth = truth.or(self.within_one(inner, &mut speaker, outer));
            if truth == Truth::True {
                break;
            }
        }
        truth
    }

    #[inline]
    fn within_one(&mut self, inner: &EntityUid, speaker: &mut Option<Speaker<'a>>, outer: &Value) -> Truth {
        let Value::Entity(outer) = outer else {
            return Truth::Unknown;
        };
        if inner == outer {
            return Truth::True;
        }
        if !self.world.parents_lead_to(inner.ty, outer.ty) {
            return Truth::False;
        }
        let speaker = *speaker.get_or_insert_with(|| self.world.speaker(inner));
        if let Speaker::Store(stored) = speaker
            && let Some(is_above) = self.world.store.surely_has_ancestor(stored, outer)
        {
            if self.notes {
                self.scratch.note(Fact::Parents(inner.clone()));
            }
            return is_above.into();
        }
        self.climb_to(inner, outer)
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
