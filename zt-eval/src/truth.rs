//! The three values of a condition and Kleene's connectives over them.

/// What is known of a condition.
///
/// `Unknown` is neither a failure nor `False`: a deny rule fires on it, an allow rule does not.
/// The connectives are Kleene's strong ones (S. C. Kleene, *Introduction to Metamathematics*, 1952, §64).
///
/// ```
/// use zt_eval::Truth;
///
/// assert_eq!(Truth::False.and(Truth::Unknown), Truth::False);
/// assert_eq!(Truth::True.or(Truth::Unknown), Truth::True);
/// assert_eq!(Truth::Unknown.not(), Truth::Unknown);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Truth {
    /// Known to hold.
    True,
    /// Known not to hold.
    False,
    /// Not known.
    Unknown,
}

impl Truth {
    /// Conjunction: false if either is false, else unknown if either is unknown.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::False, _) | (_, Self::False) => Self::False,
            (Self::True, Self::True) => Self::True,
            _ => Self::Unknown,
        }
    }

    /// Disjunction: true if either is true, else unknown if either is unknown.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        self.not().and(other.not()).not()
    }

    /// Negation; unknown stays unknown.
    #[must_use]
    #[expect(clippy::should_implement_trait, reason = "reads as the language's `not`, beside `and` and `or`")]
    pub fn not(self) -> Self {
        match self {
            Self::True => Self::False,
            Self::False => Self::True,
            Self::Unknown => Self::Unknown,
        }
    }
}

impl From<bool> for Truth {
    fn from(known: bool) -> Self {
        if known { Self::True } else { Self::False }
    }
}
