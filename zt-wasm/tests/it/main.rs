//! Modules against the engine: every field of every decision, as JSON, byte for byte.
#![cfg(feature = "host")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests end where something is not as expected"
)]

mod agree;
mod bounds;
mod data;
mod envoy;
mod examples;
mod generated;
mod guest;
mod guests;
mod hosts;
mod kubewarden;
mod limits;
mod linked;
mod opa;
mod oracle;
mod proxy;
mod reference;
mod settings;
mod slots;
mod wide;
