//! Tests of the command line and of the examples.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may fail loudly"
)]

mod commands;
mod docs;
mod examples;
mod hosts;
mod process;
mod schemas;
