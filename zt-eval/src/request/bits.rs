//! A set of positions among declared things, which needs no memory of its own up to 64 of them.

/// Which positions are in.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bits {
    first: u64,
    /// Positions from 64 on.
    more: Vec<u64>,
}

impl Bits {
    /// Puts a position in; whether it was not yet.
    #[inline]
    pub fn insert(&mut self, at: usize) -> bool {
        let word = match (at / 64).checked_sub(1) {
            None => &mut self.first,
            Some(word) => match self.one_of_more(word) {
                Some(word) => word,
                None => return false,
            },
        };
        let bit = 1 << (at % 64);
        let is_new = *word & bit == 0;
        *word |= bit;
        is_new
    }

    #[cold]
    fn one_of_more(&mut self, word: usize) -> Option<&mut u64> {
        if self.more.len() <= word {
            self.more.resize(word + 1, 0);
        }
        self.more.get_mut(word)
    }

    /// The first 64 positions, as bits.
    #[inline]
    pub fn first(&self) -> u64 {
        self.first
    }

    #[inline]
    pub fn contains(&self, at: usize) -> bool {
        let word = match (at / 64).checked_sub(1) {
            None => self.first,
            Some(word) => self.more.get(word).copied().unwrap_or(0),
        };
        word >> (at % 64) & 1 == 1
    }

    pub fn clear(&mut self) {
        self.first = 0;
        self.more.clear();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_was_put_in_is_in(put in prop::collection::vec(0_usize..200, 0..80)) {
            let mut bits = Bits::default();
            for (turn, at) in put.iter().enumerate() {
                prop_assert_eq!(bits.insert(*at), !put[..turn].contains(at));
            }
            prop_assert!((0..64).all(|at| bits.first() >> at & 1 == u64::from(put.contains(&at))));
            prop_assert!((0..220).all(|at| bits.contains(at) == put.contains(&at)));
        }
    }
}
