//! The tables that a module's routines read, from a policy and a store.
//!
//! What the routines know about the layout of a table, and what is written here, is one constant wherever it can be:
//! offsets come from `runtime/layout.rs`.

pub mod data;
pub mod index;
pub mod nodes;
pub mod patterns;
pub mod row;
pub mod rules;
pub mod schema;
pub mod settings;
pub mod store;
mod texts;
pub mod zones;
