//! Which of many intervals hold a point.
//!
//! The intervals are sorted by where they start, and the sorted array is read as a balanced tree: the middle of every
//! stretch is its root. Each item also knows how far the stretch below it reaches, so that stretches which end before the
//! point, or start behind it, are never entered.

use std::ops::Range;

use arrayvec::ArrayVec;

use super::keys::narrow;
use crate::value::{Value, Version};

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
    /// Where what is filed under this interval stands, one interval's after the other's.
    filed: super::Range,
}

/// Stretches that wait during a walk: one for each level of a tree of 2^32 items, and the one at hand.
const WAITING_MAX: usize = 34;

impl Intervals {
    /// An image of the value by which no lesser one of its kind comes after it; `None` for kinds that have no order.
    ///
    /// Only values of one kind can be compared by their points.
    #[inline]
    pub fn point(value: &Value) -> Option<i128> {
        match value {
            Value::Int(int) => Some((*int).into()),
            Value::Decimal(decimal) => Some(decimal.units().into()),
            Value::Timestamp(at) => Some(at.millis().into()),
            Value::Duration(span) => Some(span.millis().into()),
            Value::Quantity(amount) => Some(amount.units()),
            Value::Enum(member) => Some(member.index.into()),
            Value::String(text) => Some(point_of_text(text)),
            Value::Version(version) => Some(point_of_version(version)),
            _ => None,
        }
    }

    /// Whether all values of this one's kind have points of their own.
    pub fn is_faithful(value: &Value) -> bool {
        !matches!(value, Value::String(_) | Value::Version(_))
    }

    /// Intervals from a lower to an upper end, both included, each with how many are filed under it; in ascending order, none
    /// twice, and none that ends before it starts.
    pub fn build(ascending: impl Iterator<Item = ((i128, i128), u32)>) -> Self {
        let mut start = 0;
        let items = ascending.map(|((low, high), filed)| {
            let filed = super::Range { start, end: start + filed };
            start = filed.end;
            Item { low, high, reach: high, filed }
        });
        let mut built = Self { items: items.collect() };
        built.spread_reach();
        built
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

    /// Goes through all intervals that hold the point.
    #[inline]
    pub fn stab(&self, at: i128) -> Stab<'_> {
        Stab { intervals: self, at, stretch: 0..self.items.len(), waiting: ArrayVec::new() }
    }

    /// Every interval with how many are filed under it, in order.
    #[cfg(feature = "codegen")]
    pub fn sorted(&self) -> impl Iterator<Item = (i128, i128, u32)> {
        self.items.iter().map(|item| (item.low, item.high, item.filed.end - item.filed.start))
    }

    /// The number of intervals that hold anything.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Where what is filed under all of them stands.
    pub fn all(&self) -> super::Range {
        super::Range { start: 0, end: self.items.last().map_or(0, |item| item.filed.end) }
    }

    pub fn bytes(&self) -> usize {
        size_of_val(&*self.items)
    }
}

/// A walk to all intervals that hold a point: what is filed under each, as far behind the first as the range says.
pub(crate) struct Stab<'i> {
    intervals: &'i Intervals,
    at: i128,
    stretch: Range<usize>,
    /// Stretches right of middles that were passed.
    waiting: ArrayVec<(u32, u32), WAITING_MAX>,
}

impl Iterator for Stab<'_> {
    type Item = super::Range;

    fn next(&mut self) -> Option<super::Range> {
        loop {
            match self.intervals.middle(&self.stretch) {
                Some(item) if item.reach >= self.at => {
                    let [left, right] = halves(&self.stretch);
                    self.stretch = left;
                    if item.low <= self.at {
                        // It never overflows: each level of the tree leaves one.
                        let _ = self.waiting.try_push((narrow(right.start), narrow(right.end)));
                        if self.at <= item.high {
                            return Some(item.filed);
                        }
                    }
                }
                _ => {
                    let (start, end) = self.waiting.pop()?;
                    self.stretch = start as usize..end as usize;
                }
            }
        }
    }
}

/// The first bytes of a text as a number.
fn point_of_text(text: &str) -> i128 {
    let mut first = [0; 16];
    first.iter_mut().zip(text.bytes()).for_each(|(place, byte)| *place = byte);
    // The greatest bit is a sign.
    i128::from_be_bytes(first) ^ i128::MIN
}

/// The first two numbers of a version as one; of those that are beyond it, the greatest.
fn point_of_version(version: &Version) -> i128 {
    let (major, minor, _) = version.core();
    i64::try_from(major).map_or(i128::MAX, |major| i128::from(major) << 64 | i128::from(minor))
}

/// What lies left and right of a stretch's middle.
fn halves(stretch: &Range<usize>) -> [Range<usize>; 2] {
    let middle = stretch.start.midpoint(stretch.end);
    [stretch.start..middle, (middle + 1).min(stretch.end)..stretch.end]
}
