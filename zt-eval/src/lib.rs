//! The decision engine of the `zt` policy language.
//!
//! A program that only decides links this crate, loads a compiled [`Policy`], gives it entities, and asks. There is no parser
//! of policies here, no clock and no I/O: `now` is an argument, documents are bytes.
//!
//! Reading order: [`value`] (what is known), [`schema`] (what is declared), [`request`] and [`store`] (where evidence comes
//! from), [`graph`] (what a policy means), [`eval`] (how it decides), [`decision`] (the answer).

#[cfg(feature = "codegen")]
pub mod codegen;
pub mod decision;
pub mod eval;
pub mod facts;
pub mod graph;
pub mod id;
mod index;
pub mod json;
pub mod limits;
pub mod pattern;
pub mod pdp;
pub mod request;
pub mod schema;
#[cfg(feature = "build")]
pub mod specialize;
pub mod store;
mod truth;
pub mod value;
pub mod zone;

pub use decision::{Decision, Mode};
pub use graph::{Effect, Policy};
pub use limits::Limits;
pub use pdp::{Pdp, Prepared, Snapshot};
pub use request::Request;
pub use schema::Schema;
pub use store::Store;
pub use truth::Truth;

/// Compiles the examples of the project's README.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
