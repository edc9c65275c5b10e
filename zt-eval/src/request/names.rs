//! Finds declared names among the keys of documents.
//!
//! A document has a key every twenty bytes, and few of them are worth more than being passed over. So a key is looked up by
//! a hash of its length and its ends, which stand in the table, and compared with a name only if that has a middle too.
//! Where too many names share a place, they are looked up by a keyed hash instead. Both ways a look-up is bounded, whatever
//! the key is and whoever wrote the policy.

use crate::id::{EntityTypeId, RecordId};
use crate::schema::Schema;
use crate::value::Text;

/// Names that may stand between a name and where its mark puts it.
const RUN_MAX: usize = 16;

/// The names of one thing's parts, by position.
#[derive(Clone, PartialEq, Debug, Default)]
pub(crate) struct Names {
    /// A power of two of places, half of them taken at most; each name is at or behind where its mark puts it.
    places: Box<[Place]>,
    shift: u32,
    is_hashed: bool,
}

/// Small, for a document's keys come to many of them.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Place {
    head: u64,
    tail: u64,
    len: u32,
    /// [`Place::FREE`] for none.
    position: u32,
}

impl Place {
    const FREE: u32 = u32::MAX;
    const NONE: Self = Self { head: 0, tail: 0, len: 0, position: Self::FREE };

    #[inline]
    fn has(&self, ends: Ends) -> bool {
        self.head == ends.head && self.tail == ends.tail && self.len == ends.len
    }
}

/// A name's length and its first and last bytes: all of it, if it has at most sixteen.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Ends {
    head: u64,
    tail: u64,
    len: u32,
}

/// Names of so many bytes are their ends.
const ENDS: usize = 16;

impl Ends {
    #[inline]
    fn of(name: &str) -> Self {
        let bytes = name.as_bytes();
        let (head, tail) = match (bytes.first_chunk(), bytes.last_chunk()) {
            (Some(head), Some(tail)) => (u64::from_le_bytes(*head), u64::from_le_bytes(*tail)),
            _ => short(bytes),
        };
        Self { head, tail, len: u32::try_from(bytes.len()).unwrap_or(u32::MAX) }
    }

    /// The same for equal names; different ones seldom share it unless they differ in the middle alone.
    #[inline]
    fn mark(self) -> u32 {
        const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;
        let mixed = (self.head.wrapping_mul(SPREAD).rotate_left(29) ^ self.tail).wrapping_add(self.len.into());
        (mixed.wrapping_mul(SPREAD) >> 32) as u32
    }
}

impl Names {
    pub fn new<'a>(names: impl Iterator<Item = &'a str>) -> Self {
        let names: Vec<&str> = names.collect();
        Self::marked(&names, false).or_else(|| Self::marked(&names, true)).unwrap_or_default()
    }

    /// A table of the names, unless too many stand in each other's way; hashes are not held to that.
    fn marked(names: &[&str], is_hashed: bool) -> Option<Self> {
        let count = names.len().saturating_mul(2).next_power_of_two().max(4);
        let shift = u32::BITS.saturating_sub(count.trailing_zeros());
        let mut table = Self { places: vec![Place::NONE; count].into(), shift, is_hashed };
        for (name, position) in names.iter().zip(0..) {
            let ends = Ends::of(name);
            let (mut at, mut run) = (table.start(name, ends), 0);
            while let Some(place) = table.taken(at) {
                if place.has(ends) && names.get(place.position as usize) == Some(name) {
                    break; // declared twice: the first counts
                }
                (at, run) = ((at + 1) & (count - 1), run + 1);
            }
            if run > RUN_MAX && !is_hashed {
                return None;
            }
            if let Some(place) = table.places.get_mut(at).filter(|place| place.position == Place::FREE) {
                *place = Place { head: ends.head, tail: ends.tail, len: ends.len, position };
            }
        }
        Some(table)
    }

    /// The position of a name, which is compared with those that `name_of` tells.
    #[inline]
    pub fn find<'a>(&self, name: &str, name_of: impl Fn(usize) -> Option<&'a str>) -> Option<usize> {
        let ends = Ends::of(name);
        let mut at = self.start(name, ends);
        while let Some(place) = self.taken(at) {
            let position = place.position as usize;
            if place.has(ends) && (name.len() <= ENDS || name_of(position) == Some(name)) {
                return Some(position);
            }
            at = (at + 1) & (self.places.len() - 1);
        }
        None
    }

    #[inline]
    fn taken(&self, at: usize) -> Option<&Place> {
        self.places.get(at).filter(|place| place.position != Place::FREE)
    }

    #[inline]
    fn start(&self, name: &str, ends: Ends) -> usize {
        let mark = if self.is_hashed { Text::new(name).hash32() } else { ends.mark() };
        (mark >> self.shift) as usize
    }
}

/// The ends of fewer than eight bytes.
#[inline]
fn short(bytes: &[u8]) -> (u64, u64) {
    match (bytes.first_chunk(), bytes.last_chunk()) {
        (Some(head), Some(tail)) => (u32::from_le_bytes(*head).into(), u32::from_le_bytes(*tail).into()),
        _ => {
            let at = |at: usize| u64::from(bytes.get(at).copied().unwrap_or(0));
            (at(0) | at(1) << 8, at(2))
        }
    }
}

/// The names that a policy's schema declares, where requests have keys for them.
#[derive(Clone, PartialEq, Debug, Default)]
pub(crate) struct DeclaredNames {
    context: Names,
    /// By [`EntityTypeId`]: of attributes.
    entities: Box<[Names]>,
    /// By [`RecordId`]: of fields.
    records: Box<[Names]>,
    types: Names,
    actions: Names,
}

impl DeclaredNames {
    pub fn of(schema: &Schema) -> Self {
        let attributes = |all: &[crate::schema::Attribute]| Names::new(all.iter().map(|attribute| &*attribute.name));
        Self {
            context: attributes(&schema.context),
            entities: schema.entities.iter().map(|entity| attributes(&entity.attributes)).collect(),
            records: schema.records.iter().map(|record| Names::new(record.fields.iter().map(|f| &*f.name))).collect(),
            types: Names::new(schema.entities.iter().map(|entity| &*entity.name)),
            actions: Names::new(schema.actions.iter().map(|action| &*action.name)),
        }
    }

    /// Of the context's attributes.
    pub fn context(&self) -> &Names {
        &self.context
    }

    /// Of the attributes of an entity type.
    pub fn entity(&self, ty: EntityTypeId) -> Option<&Names> {
        self.entities.get(ty.index())
    }

    /// Of the fields of a record type.
    pub fn record(&self, id: RecordId) -> Option<&Names> {
        self.records.get(id.index())
    }

    /// Of the entity types.
    pub fn types(&self) -> &Names {
        &self.types
    }

    /// Of the actions.
    pub fn actions(&self) -> &Names {
        &self.actions
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(names: &[String], asked: &[String]) {
        let table = Names::new(names.iter().map(String::as_str));
        for name in names.iter().chain(asked) {
            let expected = names.iter().position(|each| each == name);
            assert_eq!(table.find(name, |at| names.get(at).map(String::as_str)), expected, "{name} in {names:?}");
        }
    }

    proptest! {
        #[test]
        fn names_are_found_where_they_are_declared(
            names in prop::collection::vec("[ab]{0,4}|[a-c]{6,10}|[a-z]{0,20}", 0..40),
            asked in prop::collection::vec("[ab]{0,4}|[a-c]{6,10}|[a-z]{0,20}", 0..40),
        ) {
            check(&names, &asked);
        }
    }

    #[test]
    fn names_that_differ_in_the_middle_are_told_apart() {
        let names: Vec<String> = (0..100).map(|at| format!("a-long-head-{at:03}-a-long-tail")).collect();
        check(&names, &["a-long-head-100-a-long-tail".to_owned()]);
    }

    #[test]
    fn names_may_be_declared_twice_and_many() {
        let names: Vec<String> =
            (0..5_000).map(|at| format!("a-long-head-{}-a-long-tail", at % 2_500 + 10_000)).collect();
        check(&names[..200], &names[2_000..2_100]);
        let table = Names::new(names.iter().map(String::as_str));
        assert!(table.is_hashed);
        assert_eq!(table.find(&names[4_999], |at| names.get(at).map(String::as_str)), Some(2_499));
    }

    #[test]
    fn no_name_is_found_among_none() {
        check(&[], &[String::new(), "a".to_owned()]);
        assert_eq!(Names::default().find("a", |_| None), None);
    }
}
