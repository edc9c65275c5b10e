//! The rules of a division by their places.
//!
//! Rules come in the order in which the plan has them, so that those of a place stand one after the other: then putting them
//! together is seeing where a place begins. Where there is no such order, they are sorted: while a plan is made, and where a
//! rule has several places, since no one order of rules has each of them beside the others of every place.

use super::super::Range;
use super::super::guard::Place;
use super::Filed;

/// Rules one after the other that stand at one place.
#[derive(Clone, Copy)]
pub(super) struct Group {
    pub place: Place,
    /// Their positions in the division.
    pub rules: Range,
}

/// A rule, by its position in the division, at one of its places.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Placed {
    place: Place,
    at: u32,
}

/// Where the rules of a division stand.
pub(super) struct Filing {
    pub groups: Vec<Group>,
    /// Rules that are not in the order of their places.
    placed: Option<Vec<Placed>>,
    /// Whether a rule stands at several places.
    pub is_repeated: bool,
}

impl Filing {
    /// None yet; whether rules come in the order of their places.
    pub fn new(is_ordered: bool) -> Self {
        Self { groups: Vec::new(), placed: (!is_ordered).then(Vec::new), is_repeated: false }
    }

    /// Adds a rule that comes after those before it.
    #[inline]
    pub fn put(&mut self, at: u32, place: Place) {
        match self.groups.last_mut() {
            Some(Group { place: last, rules }) if *last == place && rules.end == at => rules.end += 1,
            _ => self.put_first(at, place),
        }
    }

    /// Adds a rule that does not stand with the one before it.
    #[inline(never)]
    fn put_first(&mut self, at: u32, place: Place) {
        match &mut self.placed {
            Some(placed) => placed.push(Placed { place, at }),
            None => self.groups.push(Group { place, rules: Range { start: at, end: at + 1 } }),
        }
    }

    /// Adds a rule that stands at several places.
    #[cold]
    pub fn put_all(&mut self, at: u32, places: &[Place]) {
        self.is_repeated = true;
        let groups = std::mem::take(&mut self.groups);
        let before = || {
            groups.iter().flat_map(|Group { place, rules: Range { start, end } }| {
                (*start..*end).map(|at| Placed { place: *place, at })
            })
        };
        let placed = self.placed.get_or_insert_with(|| before().collect());
        placed.extend(places.iter().map(|place| Placed { place: *place, at }));
    }

    /// Sorts rules that are not in the order of their places, and groups them; the rules as the groups have them.
    pub fn sort<'p>(&mut self, filed: &[Filed<'p>]) -> Option<Vec<Filed<'p>>> {
        let mut placed = self.placed.take()?;
        placed.sort_unstable();
        for (at, Placed { place, .. }) in (0..).zip(&placed) {
            self.put(at, *place);
        }
        Some(placed.iter().filter_map(|placed| filed.get(placed.at as usize)).copied().collect())
    }
}

impl Group {
    /// The lowest key and the highest of some groups.
    pub fn bounds(groups: &[Self]) -> (u32, u32) {
        let keys = || groups.iter().map(|group| group.place.key);
        (keys().min().unwrap_or(0), keys().max().unwrap_or(0))
    }

    /// How many rules there are.
    pub fn len(&self) -> usize {
        self.rules.indices().len()
    }
}

/// The rules of some groups in source order, each once.
pub(super) fn members<'p>(groups: &[Group], filed: &[Filed<'p>]) -> Vec<Filed<'p>> {
    let mut members: Vec<Filed<'p>> = groups.iter().flat_map(|group| group.rules.of(filed)).copied().collect();
    members.sort_unstable_by_key(|member| member.rule);
    members.dedup_by_key(|member| member.rule);
    members
}
