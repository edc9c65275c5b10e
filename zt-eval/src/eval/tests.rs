#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests may fail by panicking")]

mod decisions;
mod depth;
pub(crate) mod fixture;
mod logic;
mod nodes;
pub(crate) mod random;
mod unknowns;
mod ways;
