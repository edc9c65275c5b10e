//! From keys to buckets of rules: many small tables in one array.
//!
//! Most slots' keys are numbered in the order in which rules name them, so that those of a table lie close together: such a
//! table has a cell for every key from its lowest to its highest. The others hash: open addressing with linear probing, at
//! most half full (D. E. Knuth, *The Art of Computer Programming*, vol. 3, §6.4, algorithm L), the hash being Fibonacci's
//! multiplication.

use super::{LEAF_MAX, Misfiled, Range};

/// All tables of an index.
#[derive(Clone, Debug, Default)]
pub(super) struct Tables {
    /// Cells of tables with one for every key.
    plain: Vec<Cell>,
    /// Cells of the others, with their keys.
    hashed: Vec<(u32, Cell)>,
}

/// A bucket: where its entries start, or which division it is, above four bits: how many entries there are, or [`DIVISION`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Cell(u32);

/// Instead of a number of entries: there is a division.
const DIVISION: u32 = 15;

const _: () = assert!(LEAF_MAX < DIVISION as usize, "so many entries can stand in a cell");

impl Cell {
    /// There is nothing.
    const EMPTY: Self = Self(0);

    /// Where there are more than two to the power of 28 entries or divisions, which no memory would hold, there is none.
    fn new(bucket: Bucket) -> Option<Self> {
        let (at, tag) = match bucket {
            Bucket::Entries(Range { start, end }) => (start, end.checked_sub(start).filter(|count| *count < DIVISION)?),
            Bucket::Division(division) => (division, DIVISION),
        };
        (at < 1 << 28).then_some(Self(at << 4 | tag))
    }

    #[inline]
    fn bucket(self) -> Option<Bucket> {
        let at = self.0 >> 4;
        match self.0 & 15 {
            0 => None,
            DIVISION => Some(Bucket::Division(at)),
            entries => Some(Bucket::Entries(Range { start: at, end: at + entries })),
        }
    }
}

/// No key has this number.
const NO_KEY: u32 = u32::MAX;

/// How many cells a table may have for each key, if it is to have one for every key of its range: about as many bytes as
/// hashing takes.
const CELLS_PER_KEY: u32 = 6;

/// Where a table stands.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Table {
    /// It has so many cells, the first for this key.
    Plain { start: u32, first: u32, cells: u32 },
    /// It has two to this power cells.
    Hashed { start: u32, bits: u32 },
}

/// What is filed under a key.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Bucket {
    /// These entries.
    Entries(Range),
    /// The rules of a division.
    Division(u32),
}

impl Tables {
    /// Adds an empty table for so many distinct keys, of which these are the lowest and the highest.
    pub fn add(&mut self, keys: usize, (low, high): (u32, u32)) -> Table {
        let cells = high.saturating_sub(low).saturating_add(1);
        if cells <= super::count(keys).saturating_mul(CELLS_PER_KEY) {
            let start = super::count(self.plain.len());
            self.plain.resize(self.plain.len() + cells as usize, Cell::EMPTY);
            return Table::Plain { start, first: low, cells };
        }
        let cells = (keys * 2).next_power_of_two();
        let start = super::count(self.hashed.len());
        self.hashed.resize(self.hashed.len() + cells, (NO_KEY, Cell::EMPTY));
        Table::Hashed { start, bits: cells.trailing_zeros() }
    }

    /// Puts a bucket under a key of a table, which must have none.
    #[inline]
    pub fn put(&mut self, table: Table, key: u32, bucket: Bucket) -> Result<(), Misfiled> {
        let bucket = Cell::new(bucket).ok_or(Misfiled::Size)?;
        let cell = self.free(table, key).ok_or(Misfiled::Order)?;
        *cell = bucket;
        Ok(())
    }

    /// The empty cell for a key, if there is one.
    #[inline]
    fn free(&mut self, table: Table, key: u32) -> Option<&mut Cell> {
        match table {
            Table::Plain { start, first, cells } => {
                let at = key.checked_sub(first).filter(|at| *at < cells)?;
                self.plain.get_mut(start as usize + at as usize).filter(|cell| **cell == Cell::EMPTY)
            }
            Table::Hashed { start, bits } => {
                let is_end = |at: &usize| self.hashed.get(*at).is_none_or(|(of, _)| *of == NO_KEY || *of == key);
                let at = probes(start, bits, key).find(is_end)?;
                let (of, cell) = self.hashed.get_mut(at).filter(|(of, _)| *of == NO_KEY)?;
                *of = key;
                Some(cell)
            }
        }
    }

    /// What a table has under a key.
    #[inline]
    pub fn find(&self, table: Table, key: u32) -> Option<Bucket> {
        match table {
            Table::Plain { start, first, cells } => {
                let at = key.checked_sub(first).filter(|at| *at < cells)?;
                self.plain.get(start as usize + at as usize)?.bucket()
            }
            Table::Hashed { start, bits } => {
                for at in probes(start, bits, key) {
                    let (of, cell) = self.hashed.get(at)?;
                    if *of == key {
                        return cell.bucket();
                    }
                    if *of == NO_KEY {
                        return None;
                    }
                }
                None
            }
        }
    }

    /// All keys of a table with their buckets.
    #[cfg(feature = "codegen")]
    pub fn keyed(&self, table: Table) -> impl Iterator<Item = (u32, Bucket)> {
        let (plain, hashed) = self.cells(table);
        let first = if let Table::Plain { first, .. } = table { first } else { 0 };
        let plain = (first..).zip(plain).map(|(key, cell)| (key, *cell));
        plain.chain(hashed.iter().copied()).filter_map(|(key, cell)| Some((key, cell.bucket()?)))
    }

    /// All buckets of a table.
    pub fn buckets(&self, table: Table) -> impl Iterator<Item = Bucket> {
        let (plain, hashed) = self.cells(table);
        plain.iter().chain(hashed.iter().map(|(_, cell)| cell)).filter_map(|cell| cell.bucket())
    }

    /// The cells of a table, which are of either kind.
    fn cells(&self, table: Table) -> (&[Cell], &[(u32, Cell)]) {
        let range = |start: u32, cells: usize| start as usize..start as usize + cells;
        match table {
            Table::Plain { start, cells, .. } => {
                (self.plain.get(range(start, cells as usize)).unwrap_or_default(), &[])
            }
            Table::Hashed { start, bits } => (&[], self.hashed.get(range(start, 1 << bits)).unwrap_or_default()),
        }
    }

    /// How many bytes the tables take.
    pub fn bytes(&self) -> usize {
        size_of_val(&*self.plain) + size_of_val(&*self.hashed)
    }
}

/// The cells of a table at which a key can stand, in the order in which they are tried.
#[inline]
fn probes(start: u32, bits: u32, key: u32) -> impl Iterator<Item = usize> {
    let mask = (1_usize << bits) - 1;
    let hash = u64::from(key).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
    let first = hash as usize >> (32 - bits.min(32));
    (0..=mask).map(move |step| start as usize + ((first + step) & mask))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_found_and_no_other() {
        let mut tables = Tables::default();
        let bucket = |key: u32| match key % 9 {
            0 => Bucket::Division(key),
            entries => Bucket::Entries(Range { start: key, end: key + entries }),
        };
        for (count, gap) in [1_u32, 2, 3, 7, 64, 1_000].into_iter().flat_map(|count| [1, 3, 7].map(|gap| (count, gap)))
        {
            let key = |at: u32| 5 + at * gap;
            let table = tables.add(count as usize, (key(0), key(count - 1)));
            assert_eq!(matches!(table, Table::Plain { .. }), gap < 7 || count < 7);
            for at in 0..count {
                assert!(tables.put(table, key(at), bucket(key(at))).is_ok());
            }
            assert!(matches!(tables.put(table, 5, bucket(5)), Err(Misfiled::Order)), "it has one");
            for at in 0..key(count) + 10 {
                let is_key = at >= 5 && (at - 5).is_multiple_of(gap) && at < key(count);
                assert_eq!(tables.find(table, at), is_key.then(|| bucket(at)), "{at} of {count}");
            }
            assert_eq!(tables.buckets(table).count(), count as usize);
        }
    }

    #[test]
    fn what_no_cell_can_say_is_not_put() {
        let mut tables = Tables::default();
        let table = tables.add(1, (0, 0));
        for bucket in [
            Bucket::Division(1 << 28),
            Bucket::Entries(Range { start: 1 << 28, end: (1 << 28) + 1 }),
            Bucket::Entries(Range { start: 0, end: 15 }),
        ] {
            assert!(matches!(tables.put(table, 0, bucket), Err(Misfiled::Size)));
        }
        assert!(tables.put(table, 1, Bucket::Division(0)).is_err(), "there is no such cell");
        assert_eq!(tables.find(table, 0), None);
    }
}
