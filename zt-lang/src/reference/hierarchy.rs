//! Whether an entity lies in another, by going to every entity that a known path reaches.

use std::collections::BTreeSet;

use zt_eval::Truth;
use zt_eval::decision::Fact;
use zt_eval::id::EntityTypeId;
use zt_eval::value::{EntityUid, Value};

use super::interpret::Interpreter;

impl Interpreter<'_> {
    /// `inner in outer`, where `outer` is an entity, or a set or list of them: any will do.
    pub fn within(&mut self, inner: &Value, outer: &Value) -> Truth {
        let (Value::Entity(inner), outers) = (inner, entities(outer)) else {
            return Truth::Unknown;
        };
        let truths: Vec<Truth> = outers.iter().map(|outer| self.within_one(inner, outer)).collect();
        truths.into_iter().fold(Truth::False, Truth::or)
    }

    /// True if a known path reaches `outer`; else unknown if any entity reached, of a type that can lead to its type, has
    /// unknown parents; else false.
    fn within_one(&mut self, inner: &EntityUid, outer: &Value) -> Truth {
        let Value::Entity(outer) = outer else {
            return Truth::Unknown;
        };
        let mut reached = BTreeSet::from([inner.clone()]);
        let mut pending = vec![inner.clone()];
        let mut is_open = false;
        while let Some(uid) = pending.pop() {
            let parents = self.world.parents(&uid);
            if parents.is_none() && self.can_lead(uid.ty, outer.ty) {
                is_open = true;
                self.notes.unknown.insert(Fact::Parents(uid.clone()));
            }
            for parent in parents.unwrap_or_default() {
                if reached.insert(parent.clone()) {
                    pending.push(parent.clone());
                }
            }
            self.notes.facts.insert(Fact::Parents(uid));
        }
        match (reached.contains(outer), is_open) {
            (true, _) => Truth::True,
            (false, true) => Truth::Unknown,
            (false, false) => Truth::False,
        }
    }

    /// Whether a parent, or a parent's parent, and so on, of an entity of one type can be of another.
    fn can_lead(&self, from: EntityTypeId, to: EntityTypeId) -> bool {
        let parents = |ty: EntityTypeId| self.policy.schema.entity(ty).map_or(&[][..], |entity| &entity.parents);
        let mut reached = BTreeSet::new();
        let mut pending = parents(from).to_vec();
        while let Some(ty) = pending.pop() {
            if reached.insert(ty) {
                pending.extend(parents(ty));
            }
        }
        reached.contains(&to)
    }
}

fn entities(value: &Value) -> &[Value] {
    match value {
        Value::Set(all) | Value::List(all) => all,
        one => std::slice::from_ref(one),
    }
}
