//! A list in pieces that its copies share.
//!
//! A copy is made in constant time; writing to it copies the path to one piece. So whoever holds the old list never waits
//! and never sees a change, and a change in a list of millions costs some hundred entries.

use std::iter;
use std::sync::Arc;

/// Entries of a leaf and leaves of a page: what a write copies, at most.
const LEAF: usize = 64;
const PAGE: usize = 128;

type Leaf<T> = Arc<[T]>;
type Page<T> = Arc<[Leaf<T>]>;

/// Entries by number. Leaves are full; entries from `len` on are fillers.
#[derive(Debug)]
pub(super) struct Chunks<T> {
    pages: Arc<[Page<T>]>,
    len: usize,
}

impl<T> Clone for Chunks<T> {
    fn clone(&self) -> Self {
        Self { pages: Arc::clone(&self.pages), len: self.len }
    }
}

impl<T> Default for Chunks<T> {
    fn default() -> Self {
        Self { pages: Arc::default(), len: 0 }
    }
}

impl<T> Chunks<T> {
    pub const fn len(&self) -> usize {
        self.len
    }

    pub fn get(&self, number: u32) -> Option<&T> {
        let at = number as usize;
        if at >= self.len {
            return None;
        }
        self.pages.get(at / (LEAF * PAGE))?.get(at / LEAF % PAGE)?.get(at % LEAF)
    }

    /// All entries, by number.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.pages.iter().flat_map(|page| page.iter()).flat_map(|leaf| leaf.iter()).take(self.len)
    }

    /// The numbers of the entries that are not in a piece that both lists share: all that differ, and their neighbours.
    pub fn unshared(&self, other: &Self) -> impl Iterator<Item = u32> {
        let same_page = |at: usize, page: &Page<T>| other.pages.get(at).is_some_and(|old| Arc::ptr_eq(page, old));
        let same_leaf = |at: usize, leaf: &Leaf<T>| {
            let old = other.pages.get(at / PAGE).and_then(|page| page.get(at % PAGE));
            old.is_some_and(|old| Arc::ptr_eq(leaf, old))
        };
        let pages = self.pages.iter().enumerate().filter(move |(at, page)| !same_page(*at, page));
        let leaves = pages.flat_map(|(at, page)| (at * PAGE..).zip(page.iter()));
        let leaves = leaves.filter(move |(at, leaf)| !same_leaf(*at, leaf)).map(|(at, _)| at);
        let len = self.len;
        let all = leaves.flat_map(|at| at * LEAF..(at + 1) * LEAF);
        all.filter(move |at| *at < len).filter_map(|at| u32::try_from(at).ok())
    }
}

impl<T: Clone + Default> Chunks<T> {
    pub fn get_mut(&mut self, number: u32) -> Option<&mut T> {
        let at = number as usize;
        if at >= self.len {
            return None;
        }
        self.place(at)
    }

    /// Adds an entry and gives its number.
    pub fn push(&mut self, entry: T) -> u32 {
        let at = self.len;
        if at.is_multiple_of(LEAF * PAGE) && at / (LEAF * PAGE) == self.pages.len() {
            let page = iter::repeat_with(Leaf::default).take(PAGE).collect();
            self.pages = self.pages.iter().cloned().chain([page]).collect();
        }
        if at.is_multiple_of(LEAF)
            && let Some(page) = Arc::make_mut(&mut self.pages).get_mut(at / (LEAF * PAGE))
            && let Some(leaf) = Arc::make_mut(page).get_mut(at / LEAF % PAGE)
        {
            *leaf = iter::repeat_with(T::default).take(LEAF).collect();
        }
        self.len += 1;
        if let Some(place) = self.place(at) {
            *place = entry;
        }
        u32::try_from(at).unwrap_or(u32::MAX)
    }

    fn place(&mut self, at: usize) -> Option<&mut T> {
        let page = Arc::make_mut(&mut self.pages).get_mut(at / (LEAF * PAGE))?;
        let leaf = Arc::make_mut(page).get_mut(at / LEAF % PAGE)?;
        Arc::make_mut(leaf).get_mut(at % LEAF)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_changes_alone_and_tells_where() {
        let count = (LEAF * PAGE * 2 + LEAF + 3) as u32;
        let mut list = Chunks::<u32>::default();
        assert!((0..count).all(|number| list.push(number) == number));
        assert_eq!((list.len(), list.get(count)), (count as usize, None));
        assert_eq!(list.get_mut(count), None);
        assert!(list.iter().copied().eq(0..count) && (0..count).all(|number| list.get(number) == Some(&number)));

        let old = list.clone();
        assert_eq!(list.unshared(&old).count(), 0);
        let changed = [0, LEAF as u32 * 2, (LEAF * PAGE) as u32 - 1, count - 1];
        for number in changed {
            *list.get_mut(number).unwrap() = u32::MAX;
        }
        let added: Vec<u32> = (0..LEAF as u32).map(|_| list.push(u32::MAX)).collect();
        assert!(old.iter().copied().eq(0..count) && old.get(count).is_none());
        let unshared: Vec<u32> = list.unshared(&old).collect();
        assert!(unshared.is_sorted() && unshared.len() <= 5 * LEAF);
        assert!(changed.iter().chain(&added).all(|number| unshared.contains(number)));
        let differ = |number: &u32| list.get(*number) != old.get(*number);
        assert!((0..list.len() as u32).filter(differ).all(|number| unshared.contains(&number)));
        assert_eq!(list.unshared(&Chunks::default()).count(), list.len());
    }
}
