//! Modules against the engine: every field of every decision, as JSON, byte for byte.
#![cfg(feature = "host")]

mod agree;
mod bounds;
mod examples;
mod generated;
mod hosts;
mod kubewarden;
mod opa;
