//! The integration tests of the language, in one binary.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod allocations;
mod check;
mod layout;
mod pages;
mod properties;
mod reference_doc;
mod regressions;
mod specialize;
