//! The routines of a module, as they are tested natively.
//!
//! Each file but [`env`] is also compiled to WebAssembly by the build script, which knows a small part of Rust only:
//!
//! - functions of `i32`, `u32`, `i64`, `u64` and `bool`, with names that no other file has; constants of these types
//! - `let`, assignment, `if`, `while`, `loop`, `break`, `continue`, `return`, `match` on integers, and expressions with
//!   blocks; `as` between the types; `wrapping_add`, `wrapping_sub`, `wrapping_mul`, `leading_zeros`, `trailing_zeros`,
//!   `count_ones`, `rotate_left`
//! - no references, strings, arrays, closures, tuples, recursion; `/` and `%` only by constants that are not zero
//!
//! What is in memory is reached by address, through the functions of [`env`], which are instructions of WebAssembly.
#![allow(
    dead_code,
    clippy::too_many_arguments,
    clippy::collapsible_if,
    clippy::collapsible_else_if,
    clippy::collapsible_match,
    clippy::manual_swap,
    clippy::manual_range_contains,
    clippy::needless_return,
    clippy::assign_op_pattern,
    clippy::manual_div_ceil,
    clippy::while_let_loop,
    clippy::needless_bool,
    clippy::nonminimal_bool,
    reason = "routines are written in the part of Rust that the build script compiles"
)]

mod address;
mod agree;
mod arithmetic;
mod bind;
mod calendar;
mod challenge;
mod collection;
mod core;
mod cycle;
mod data;
mod data_kin;
mod decide;
mod declared;
mod env;
mod facts;
mod gather;
mod glob;
mod hierarchy;
mod hostname;
mod json;
mod keys;
use crate::layout;
mod leaves;
mod logic;
mod memo;
mod memory;
mod number;
mod opa;
mod order;
mod out;
mod out_value;
mod path;
mod proxy;
mod proxy_document;
mod proxy_host;
mod proxy_message;
mod proxy_query;
mod proxy_settings;
mod proxy_spiffe;
mod proxy_value;
mod read;
mod regex;
mod route;
mod row;
mod scalar;
mod settings;
mod slots;
mod sort;
mod store;
mod time;
mod utf8;
mod version;
mod walk;
mod wapc;
mod write;

mod tests;
