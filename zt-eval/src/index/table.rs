//! From keys to buckets of rules: many small hash tables in one array.
//!
//! Open addressing with linear probing, at most half full (D. E. Knuth, *The Art of Computer Programming*, vol. 3, §6.4,
//! algorithm L), the hash being Fibonacci's multiplication.

/// All tables of an index.
#[derive(Clone, Debug, Default)]
pub(super) struct Tables {
    cells: Vec<Cell>,
}

#[derive(Clone, Copy, PartialEq, Debug)]
struct Cell {
    key: u32,
    /// Where entries start, or which division it is.
    start: u32,
    /// Where entries end, or [`DIVISION`].
    end: u32,
}

/// No entries end here, as there are not so many.
const DIVISION: u32 = u32::MAX;

impl Cell {
    fn new(key: u32, bucket: Bucket) -> Self {
        match bucket {
            Bucket::Entries(super::Range { start, end }) => Self { key, start, end },
            Bucket::Division(division) => Self { key, start: division, end: DIVISION },
        }
    }

    #[inline]
    fn bucket(self) -> Bucket {
        match self.end {
            DIVISION => Bucket::Division(self.start),
            end => Bucket::Entries(super::Range { start: self.start, end }),
        }
    }
}

/// No key has this number.
const EMPTY: u32 = u32::MAX;

/// Where in the array of cells a table stands.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Table {
    start: u32,
    /// The table has two to this power cells.
    bits: u32,
}

/// What is filed under a key.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Bucket {
    /// These entries.
    Entries(super::Range),
    /// The rules of a division.
    Division(u32),
}

impl Tables {
    /// Adds a table of buckets by distinct keys.
    pub fn add(&mut self, buckets: &[(u32, Bucket)]) -> Table {
        let cells = (buckets.len() * 2).next_power_of_two();
        let table = Table { start: super::count(self.cells.len()), bits: cells.trailing_zeros() };
        let empty = Cell { key: EMPTY, start: 0, end: DIVISION };
        self.cells.resize(self.cells.len() + cells, empty);
        for (key, bucket) in buckets {
            let free = table.probes(*key).find(|at| self.cells.get(*at).is_none_or(|cell| cell.key == EMPTY));
            if let Some(cell) = free.and_then(|at| self.cells.get_mut(at)) {
                *cell = Cell::new(*key, *bucket);
            }
        }
        table
    }

    /// What a table has under a key.
    #[inline]
    pub fn find(&self, table: Table, key: u32) -> Option<Bucket> {
        let start = table.start as usize;
        let cells = self.cells.get(start..start + (1 << table.bits))?;
        let mut at = table.first(key);
        // One cell in two is empty, so that the search ends there.
        loop {
            let cell = cells.get(at & (cells.len() - 1))?;
            if cell.key == key {
                return Some(cell.bucket());
            }
            if cell.key == EMPTY {
                return None;
            }
            at += 1;
        }
    }

    /// All keys of a table with their buckets.
    #[cfg(feature = "codegen")]
    pub fn keyed(&self, table: Table) -> impl Iterator<Item = (u32, Bucket)> {
        let cells = self.cells.iter().skip(table.start as usize).take(1 << table.bits);
        cells.filter(|cell| cell.key != EMPTY).map(|cell| (cell.key, cell.bucket()))
    }

    /// All buckets of a table.
    pub fn buckets(&self, table: Table) -> impl Iterator<Item = Bucket> {
        let cells = self.cells.iter().skip(table.start as usize).take(1 << table.bits);
        cells.filter(|cell| cell.key != EMPTY).map(|cell| cell.bucket())
    }

    /// How many bytes the tables take.
    pub fn bytes(&self) -> usize {
        self.cells.len() * size_of::<Cell>()
    }
}

impl Table {
    /// The cell of the table that a key is first sought at.
    #[inline]
    fn first(self, key: u32) -> usize {
        let hash = u64::from(key).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
        hash as usize >> (32 - self.bits.min(32))
    }

    /// The cells at which a key can stand, in the order in which they are tried.
    fn probes(self, key: u32) -> impl Iterator<Item = usize> {
        let (mask, first) = ((1_usize << self.bits) - 1, self.first(key));
        (0..=mask).map(move |step| self.start as usize + ((first + step) & mask))
    }
}

#[cfg(test)]
mod tests {
    use super::super::Range;
    use super::*;

    #[test]
    fn every_key_is_found_and_no_other() {
        let mut tables = Tables::default();
        let bucket = |key: u32| Bucket::Entries(Range { start: key, end: key + 1 });
        for count in [0_u32, 1, 2, 3, 7, 64, 1_000] {
            let buckets: Vec<_> = (0..count).map(|index| (index * 7, bucket(index))).collect();
            let table = tables.add(&buckets);
            for key in 0..count * 7 + 10 {
                let expected = (key % 7 == 0 && key < count * 7).then(|| bucket(key / 7));
                assert_eq!(tables.find(table, key), expected, "{key} of {count}");
            }
        }
    }
}
