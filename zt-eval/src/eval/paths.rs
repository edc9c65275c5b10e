//! Short forms to data.
//!
//! What most conditions are made of is answered here, from where the evidence is kept, without going from node to node. Notes are
//! taken out of the way: of a decision of which only the effect is wanted there are none.

use super::evaluator::Evaluator;
use super::operand::Operand;
use crate::Truth;
use crate::facts::Known;
use crate::graph::short::{Form, Lies, Other, Path, Root};
use crate::id::{EntityTypeId, NodeId};
use crate::value::{Datum, Value};

impl<'a> Evaluator<'a, '_> {
    /// The truth of a condition that has a short form.
    #[inline]
    pub fn truth_for_short(&mut self, id: NodeId) -> Option<Truth> {
        match self.short.form(id) {
            Form::Leaf(at) => {
                let leaf = self.short.leaf(at)?;
                let known = self.follow_to_end(&leaf.path)?;
                self.count(id);
                Some(match known {
                    Known::Value(value) => leaf.test(value, self.other(leaf.other)),
                    Known::Absent => leaf.absent(),
                    Known::Unknown => Truth::Unknown,
                })
            }
            Form::Lies(at) => {
                let lies = self.short.lies(at)?;
                match lies.kept {
                    None => self.lies(id, lies),
                    Some(place) => self.lies_as_kept(place, id, lies),
                }
            }
            Form::Path(at) => self.follow(self.short.path(at)?).map(Known::truth),
            Form::Node | Form::Const(_) | Form::Subject | Form::Resource => None,
        }
    }

    /// Whether the subject or the resource lies within what a path leads to.
    #[inline]
    fn lies(&mut self, id: NodeId, lies: &'a Lies) -> Option<Truth> {
        let outer = self.follow(&lies.outer)?;
        self.count(id);
        let asked = if lies.is_subject { self.subject } else { self.resource };
        Some(match (asked.uid, outer) {
            (Value::Entity(inner), Known::Value(outer)) => self.within_any(inner, asked.above, outer),
            _ => Truth::Unknown,
        })
    }

    /// The same where others ask so too.
    #[inline(never)]
    fn lies_as_kept(&mut self, place: u32, id: NodeId, lies: &'a Lies) -> Option<Truth> {
        if let Some(known) = self.scratch.recall_at(place as usize, id, self.derived) {
            return Some(Known::from(known).truth());
        }
        let truth = self.lies(id, lies)?;
        self.scratch.keep_at(place as usize, id, self.derived, Operand::from(truth).into_datum());
        Some(truth)
    }

    #[inline]
    fn other(&self, other: Other) -> Option<&'a Value> {
        match other {
            Other::None => None,
            Other::Const(id) => self.world.policy.consts.get(id.index()),
            Other::Subject => Some(self.subject.uid),
            Other::Resource => Some(self.resource.uid),
        }
    }

    /// What a path leads to, or what stands for it.
    #[inline(always)]
    pub fn follow(&mut self, path: &'a Path) -> Option<Known<'a>> {
        match (self.follow_to_end(path)?, path.default) {
            (Known::Absent, Some(default)) => self.world.policy.consts.get(default.index()).map(Known::Value),
            (known, _) => Some(known),
        }
    }

    /// What a path leads to, if that can be borrowed.
    #[inline(always)]
    fn follow_to_end(&mut self, path: &'a Path) -> Option<Known<'a>> {
        let root = match path.root {
            Root::Context(attribute) => {
                if self.notes {
                    self.note_context(attribute);
                }
                self.world.request.context().get(attribute as usize).map_or(Known::Unknown, Known::from)
            }
            Root::Subject(ty, attribute) => self.lasting(self.subject.uid, self.subject.attributes, ty, attribute),
            Root::Resource(ty, attribute) => self.lasting(self.resource.uid, self.resource.attributes, ty, attribute),
            Root::Element(level) => Known::Value(self.binding(level)?.element?),
            Root::Node(id) => self.borrow(id)?,
        };
        match root {
            Known::Value(value) if path.has_fields() => Some(self.follow_fields(path, value)),
            root => Some(root),
        }
    }

    fn follow_fields(&self, path: &Path, mut value: &'a Value) -> Known<'a> {
        for field in self.short.fields(path) {
            let Value::Record(data) = value else {
                return Known::Unknown;
            };
            value = match data.get(*field as usize) {
                Some(Datum::Value(value)) => value,
                Some(Datum::Absent) => return Known::Absent,
                Some(Datum::Unknown) | None => return Known::Unknown,
            };
        }
        Known::Value(value)
    }

    /// An attribute of the subject or the resource that has no bound of freshness.
    #[inline(always)]
    fn lasting(&mut self, of: &Value, said: &'a [Datum], ty: EntityTypeId, attribute: u32) -> Known<'a> {
        let Value::Entity(uid) = of else {
            return Known::Unknown;
        };
        if uid.ty != ty {
            return Known::Unknown;
        }
        if self.notes {
            self.note_attribute(uid, attribute);
        }
        said.get(attribute as usize).map_or(Known::Unknown, Known::from)
    }
}
