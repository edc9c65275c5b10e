//! The rules that could apply, by way of the index.

/// The keys that lookups found: a list.
pub const KEYS: i32 = 1972;
