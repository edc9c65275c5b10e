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

    /// The positions before `end` that are not in.
    pub fn others(&self, end: usize) -> impl Iterator<Item = usize> {
        let mut word = 0;
        let mut left = !self.first;
        std::iter::from_fn(move || {
            while left == 0 {
                word += 1;
                if word * 64 >= end {
                    return None;
                }
                left = !self.more.get(word - 1).copied().unwrap_or(0);
            }
            let at = word * 64 + left.trailing_zeros() as usize;
            left &= left - 1;
            (at < end).then_some(at)
        })
    }

    #[cold]
    fn one_of_more(&mut self, word: usize) -> Option<&mut u64> {
        if self.more.len() <= word {
            self.more.resize(word + 1, 0);
        }
        self.more.get_mut(word)
    }

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
        fn what_is_in_and_what_is_not(put in prop::collection::vec(0_usize..200, 0..80), end in 0_usize..220) {
            let mut bits = Bits::default();
            for (turn, at) in put.iter().enumerate() {
                prop_assert_eq!(bits.insert(*at), !put[..turn].contains(at));
            }
            let others: Vec<usize> = (0..end).filter(|at| !put.contains(at)).collect();
            prop_assert!(others.iter().all(|at| !bits.contains(*at)));
            prop_assert_eq!(bits.others(end).collect::<Vec<_>>(), others);
        }
    }
}
