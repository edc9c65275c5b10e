//! Which of many intervals hold a point.
//!
//! The intervals are sorted by where they start, and the sorted array is read as a balanced tree: the middle of every
//! stretch is its root. Each item also knows how far the stretch below it reaches, so that stretches which end before the
//! point, or start behind it, are never entered.

use std::ops::Range;

use super::keys::narrow;
use crate::value::Value;

#[cfg(test)]
mod tests;

/// Intervals with both ends included.
#[derive(Clone, Debug, Default)]
pub(crate) struct Intervals {
    items: Box<[Item]>,
}

#[derive(Clone, Copy, Debug)]
struct Item {
    low: i128,
    high: i128,
    /// The greatest upper end in the stretch whose middle this is.
    reach: i128,
    position: u32,
}

/// Stretches that wait during a walk: one for each level of a tree of 2^32 items, and the one at hand.
const WAITING_MAX: usize = 34;

impl Intervals {
    /// An image of the value that keeps the order of its kind; `None` for kinds that have none.
    ///
    /// Only values of one kind can be compared by their points.
    pub fn point(value: &Value) -> Option<i128> {
        match value {
            Value::Int(int) => Some((*int).into()),
            Value::Decimal(decimal) => Some(decimal.units().into()),
            Value::Timestamp(at) => Some(at.millis().into()),
            Value::Duration(span) => Some(span.millis().into()),
            Value::Quantity(amount) => Some(amount.units()),
            Value::Enum(member) => Some(member.index.into()),
            _ => None,
        }
    }

    /// The intervals, from a lower to an upper end, both included; one that ends before it starts holds nothing.
    pub fn build(intervals: &[(i128, i128)]) -> Self {
        let items = (0..).zip(intervals).filter(|(_, (low, high))| low <= high);
        let mut items: Vec<_> =
            items.map(|(position, &(low, high))| Item { low, high, reach: high, position }).collect();
        items.sort_unstable_by_key(|item| (item.low, item.position));
        let mut sorted = Self { items: items.into() };
        sorted.spread_reach();
        sorted
    }

    /// Tells every middle how far its stretch reaches, the innermost stretches first.
    fn spread_reach(&mut self) {
        let mut stretches = Vec::with_capacity(self.items.len());
        stretches.push(0..self.items.len());
        let mut at = 0;
        while let Some(stretch) = stretches.get(at).cloned() {
            let halves = halves(&stretch);
            stretches.extend(halves.into_iter().filter(|half| !half.is_empty()));
            at += 1;
        }
        for stretch in stretches.into_iter().rev() {
            let below = halves(&stretch).into_iter().filter_map(|half| self.middle(&half)).map(|item| item.reach).max();
            let middle = stretch.start.midpoint(stretch.end);
            if let (Some(below), Some(item)) = (below, self.items.get_mut(middle)) {
                item.reach = item.reach.max(below);
            }
        }
    }

    /// The middle of a stretch that is not empty.
    fn middle(&self, stretch: &Range<usize>) -> Option<&Item> {
        if stretch.is_empty() { None } else { self.items.get(stretch.start.midpoint(stretch.end)) }
    }

    /// Appends the positions of all intervals that hold the point.
    pub fn stab(&self, at: i128, found: &mut Vec<u32>) {
        let mut waiting = [(0_u32, 0_u32); WAITING_MAX];
        let mut waiting_count = 0;
        let mut stretch = 0..self.items.len();
        loop {
            match self.middle(&stretch) {
                Some(item) if item.reach >= at => {
                    let [left, right] = halves(&stretch);
                    stretch = left;
                    if item.low <= at {
                        if at <= item.high {
                            found.push(item.position);
                        }
                        if let Some(slot) = waiting.get_mut(waiting_count) {
                            *slot = (narrow(right.start), narrow(right.end));
                            waiting_count += 1;
                        }
                    }
                }
                _ => {
                    waiting_count = match usize::checked_sub(waiting_count, 1) {
                        Some(fewer) => fewer,
                        None => return,
                    };
                    let (start, end) = waiting.get(waiting_count).copied().unwrap_or_default();
                    stretch = start as usize..end as usize;
                }
            }
        }
    }

    /// Every interval with its position, sorted by its lower end.
    #[cfg(feature = "codegen")]
    pub fn sorted(&self) -> impl Iterator<Item = (i128, i128, u32)> {
        self.items.iter().map(|item| (item.low, item.high, item.position))
    }

    /// The number of intervals that hold anything.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// One more than the last position that holds anything.
    pub fn end(&self) -> u32 {
        self.items.iter().map(|item| item.position.saturating_add(1)).max().unwrap_or(0)
    }

    pub fn bytes(&self) -> usize {
        size_of_val(&*self.items)
    }
}

/// What lies left and right of a stretch's middle.
fn halves(stretch: &Range<usize>) -> [Range<usize>; 2] {
    let middle = stretch.start.midpoint(stretch.end);
    [stretch.start..middle, (middle + 1).min(stretch.end)..stretch.end]
}
