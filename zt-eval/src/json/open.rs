//! What is open around the place that skipping has come to, outermost first: a bit for each container.

/// What holds values.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Container {
    Array,
    Object,
}

impl Container {
    pub const fn closer(self) -> u8 {
        match self {
            Self::Array => b']',
            Self::Object => b'}',
        }
    }
}

/// A stack of containers, which needs no memory of its own down to a depth of 64.
#[derive(Default)]
pub(super) struct Open {
    /// The innermost, up to 64; the last is bit 0, 1 for an object.
    bits: u64,
    /// How many are in `bits`.
    count: u32,
    /// The rest, in full words.
    outer: Vec<u64>,
}

impl Open {
    #[inline]
    pub fn push(&mut self, container: Container) {
        if self.count == u64::BITS {
            self.outer.push(self.bits);
            self.count = 0;
        }
        self.bits = self.bits << 1 | u64::from(container == Container::Object);
        self.count += 1;
    }

    #[inline]
    pub fn last(&self) -> Option<Container> {
        match (self.count, self.bits & 1) {
            (0, _) => None,
            (_, 0) => Some(Container::Array),
            _ => Some(Container::Object),
        }
    }

    #[inline]
    pub fn pop(&mut self) {
        self.bits >>= 1;
        self.count = self.count.saturating_sub(1);
        if self.count == 0
            && let Some(bits) = self.outer.pop()
        {
            (self.bits, self.count) = (bits, u64::BITS);
        }
    }
}
