//! Where generated things come from: a reader over bytes.
//!
//! Property tests hand over shrinkable bytes, a fuzzer those it mutates, and both reach the same generators. When the bytes
//! are used up, every further choice is the first, so that generators list the simplest first and always end.

/// A sequence of choices.
#[derive(Clone, Debug)]
pub struct Choices<'a> {
    bytes: &'a [u8],
    /// Goes on for ever, for suites that want many cases rather than small ones.
    stream: Option<u64>,
}

impl<'a> Choices<'a> {
    /// Choices that the bytes make, one byte each.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, stream: None }
    }

    /// Choices without end, fixed by `seed`.
    #[must_use]
    pub fn endless(seed: u64) -> Self {
        Self { bytes: &[], stream: Some(seed) }
    }

    fn byte(&mut self) -> u8 {
        if let Some(state) = &mut self.stream {
            // SplitMix64: Steele, Lea and Flood, "Fast splittable pseudorandom number generators".
            *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            return (mixed >> 56) as u8;
        }
        match self.bytes.split_first() {
            Some((first, rest)) => {
                self.bytes = rest;
                *first
            }
            None => 0,
        }
    }

    /// A number below `count`, 0 if there is none.
    pub fn below(&mut self, count: usize) -> usize {
        match count {
            0 | 1 => 0,
            2..=256 => usize::from(self.byte()) % count,
            _ => (usize::from(self.byte()) << 8 | usize::from(self.byte())) % count,
        }
    }

    /// Yes in `part` of `whole` cases. No when the bytes are used up.
    pub fn chance(&mut self, part: usize, whole: usize) -> bool {
        self.below(whole) >= whole.saturating_sub(part)
    }

    /// One of several; `None` of none.
    pub fn pick<'t, T>(&mut self, from: &'t [T]) -> Option<&'t T> {
        from.get(self.below(from.len()))
    }

    /// One of several texts.
    pub fn text(&mut self, from: &[&'static str]) -> &'static str {
        self.pick(from).copied().unwrap_or_default()
    }
}
