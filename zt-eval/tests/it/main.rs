//! The integration tests of the engine, in one binary: with policies that the compiler makes.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod shared;
mod threads;
