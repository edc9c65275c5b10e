//! Whether one entity lies within another.

use super::evaluator::Evaluator;
use super::operand::Operand;
use crate::Truth;
use crate::decision::Fact;
use crate::facts::Speaker;
use crate::id::NodeId;
use crate::value::{EntityUid, Value};

impl<'a> Evaluator<'a, '_> {
    pub fn within(&mut self, inner: NodeId, outer: NodeId) -> Truth {
        if let Some(truth) = self.within_anchor(inner, outer) {
            return truth;
        }
        let asked = self.asked(inner);
        let inner = asked.map_or_else(|| self.value(inner), |asked| Operand::Ref(asked.uid));
        let outer = self.value(outer);
        match (inner.value(), outer.value()) {
            (Some(Value::Entity(inner)), Some(outer)) => {
                let speaker = asked.map_or_else(|| self.world.speaker(inner), |asked| asked.speaker);
                self.within_any(inner, speaker, outer)
            }
            _ => Truth::Unknown,
        }
    }

    /// The same for the subject or the resource, when the store knows all that lies above it and the outer one is an anchor.
    fn within_anchor(&mut self, inner: NodeId, outer: NodeId) -> Option<Truth> {
        let asked = self.asked(inner)?;
        let anchor = self.derived.index.anchor_of(self.world.policy, outer)?;
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

    fn within_any(&mut self, inner: &EntityUid, speaker: Speaker<'a>, outer: &Value) -> Truth {
        let (Value::Set(all) | Value::List(all)) = outer else {
            return self.within_one(inner, speaker, outer);
        };
        let mut truth = Truth::False;
        for outer in all.iter() {
            truth = truth.or(self.within_one(inner, speaker, outer));
            if truth == Truth::True {
                break;
            }
        }
        truth
    }

    fn within_one(&mut self, inner: &EntityUid, speaker: Speaker<'a>, outer: &Value) -> Truth {
        let Value::Entity(outer) = outer else {
            return Truth::Unknown;
        };
        if inner == outer {
            return Truth::True;
        }
        if !self.world.parents_lead_to(inner.ty, outer.ty) {
            return Truth::False;
        }
        if let Speaker::Store(stored) = speaker
            && self.join.above(stored.lineage()).is_whole
        {
            if self.notes {
                self.scratch.note(Fact::Parents(inner.clone()));
            }
            return self.world.store.has_ancestor(stored, outer).into();
        }
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
