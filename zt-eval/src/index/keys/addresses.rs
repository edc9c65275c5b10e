//! Addresses against many ranges.
//!
//! Two ranges of addresses are apart or one holds the other, so the ranges that hold an address are the innermost one and
//! what it lies in. The address space is cut wherever a range starts or ends; one search finds the piece, the piece knows
//! its innermost range, and every step outward from there is a hit.

use std::net::IpAddr;

use super::narrow;
use crate::value::IpRange;

/// Ranges of both families.
#[derive(Clone, Debug, Default)]
pub(super) struct Addresses {
    v4: Family<u32>,
    v6: Family<u128>,
}

/// Ranges of one family, by the bits of its addresses.
#[derive(Clone, Debug, Default)]
struct Family<T> {
    /// Where the pieces start, ascending.
    starts: Box<[T]>,
    /// By piece: the innermost range that holds it.
    innermost: Box<[Option<u32>]>,
    /// By range: its key and the next range outward.
    ranges: Box<[(u32, Option<u32>)]>,
}

/// A range from its first address to the one behind its last, unless it reaches the end of the space.
struct Span<T> {
    first: T,
    behind: Option<T>,
    key: u32,
}

impl Addresses {
    pub fn build(ranges: &[(IpRange, u32)]) -> Self {
        let (mut v4, mut v6) = (Vec::new(), Vec::new());
        for &(range, key) in ranges {
            let free = u32::from(range.prefix());
            match range.addr().addr() {
                IpAddr::V4(addr) => {
                    let first = addr.to_bits();
                    let size = 1_u32.checked_shl(32_u32.saturating_sub(free));
                    v4.push(Span { first, behind: size.and_then(|size| first.checked_add(size)), key });
                }
                IpAddr::V6(addr) => {
                    let first = addr.to_bits();
                    let size = 1_u128.checked_shl(128_u32.saturating_sub(free));
                    v6.push(Span { first, behind: size.and_then(|size| first.checked_add(size)), key });
                }
            }
        }
        Self { v4: Family::build(v4), v6: Family::build(v6) }
    }

    pub fn len(&self) -> usize {
        self.v4.ranges.len() + self.v6.ranges.len()
    }

    pub fn bytes(&self) -> usize {
        self.v4.bytes() + self.v6.bytes()
    }

    pub fn hits(&self, addr: IpAddr, found: &mut Vec<u32>) {
        match addr {
            IpAddr::V4(addr) => self.v4.hits(addr.to_bits(), found),
            IpAddr::V6(addr) => self.v6.hits(addr.to_bits(), found),
        }
    }
}

impl<T: Copy + Ord> Family<T> {
    fn build(mut spans: Vec<Span<T>>) -> Self {
        // An outer range comes before what it holds: a later end, and no end at all, come first.
        spans.sort_unstable_by(|a, b| {
            let outer_first = match (a.behind, b.behind) {
                (Some(a), Some(b)) => b.cmp(&a),
                (a, b) => a.is_some().cmp(&b.is_some()),
            };
            a.first.cmp(&b.first).then(outer_first)
        });
        let mut cuts = Cuts { pieces: Vec::with_capacity(2 * spans.len()), open: Vec::new() };
        let mut ranges = Vec::with_capacity(spans.len());
        for (at, span) in spans.iter().enumerate() {
            cuts.close_until(Some(span.first));
            ranges.push((span.key, cuts.innermost()));
            cuts.open.push((span.behind, narrow(at)));
            cuts.cut(span.first);
        }
        cuts.close_until(None);
        let (starts, innermost): (Vec<_>, Vec<_>) = cuts.pieces.into_iter().unzip();
        Self { starts: starts.into(), innermost: innermost.into(), ranges: ranges.into() }
    }

    fn bytes(&self) -> usize {
        size_of_val(&*self.starts) + size_of_val(&*self.innermost) + size_of_val(&*self.ranges)
    }

    fn hits(&self, at: T, found: &mut Vec<u32>) {
        let piece = self.starts.partition_point(|start| *start <= at).checked_sub(1);
        let mut range = piece.and_then(|piece| self.innermost.get(piece).copied().flatten());
        while let Some(&(key, outward)) = range.and_then(|range| self.ranges.get(range as usize)) {
            found.push(key);
            range = outward;
        }
    }
}

/// The pieces while ranges are opened and closed from left to right.
struct Cuts<T> {
    pieces: Vec<(T, Option<u32>)>,
    /// Ranges that have started and not ended, each inside the one before: where it ends, and which it is.
    open: Vec<(Option<T>, u32)>,
}

impl<T: Copy + Ord> Cuts<T> {
    fn innermost(&self) -> Option<u32> {
        self.open.last().map(|(_, range)| *range)
    }

    /// Starts a piece; what starts at the same place replaces it.
    fn cut(&mut self, start: T) {
        let innermost = self.innermost();
        match self.pieces.last_mut() {
            Some(last) if last.0 == start => last.1 = innermost,
            _ => self.pieces.push((start, innermost)),
        }
    }

    /// Closes the ranges that end at this place or before it, or all that end.
    fn close_until(&mut self, place: Option<T>) {
        while let Some(&(Some(behind), _)) = self.open.last()
            && place.is_none_or(|place| behind <= place)
        {
            self.open.pop();
            self.cut(behind);
        }
    }
}
