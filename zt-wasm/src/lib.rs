//! Policies as WebAssembly modules.
//!
//! A module holds the tests of a policy's rules as code, its rules, names and entities as data, and the routines that it
//! needs: reading JSON, values and their operators, deciding, writing the decision. Routines are written once, in a small
//! part of Rust (the files of `runtime`): the compiler builds them natively, for their tests against `zt-eval`; the build script
//! compiles the same text to WebAssembly, from which a module takes what it uses.

mod code;
mod codegen;
mod compile;
pub mod describe;
#[cfg(feature = "host")]
pub mod host;
mod inspect;
/// Where things are in a module's memory; the routines' own file.
#[path = "runtime/layout.rs"]
#[allow(dead_code, reason = "routines use the rest")]
mod layout;
mod link;
mod module;
mod optimize;
mod profile;
#[cfg(test)]
mod runtime;
pub mod slots;
mod start;
mod tables;
pub mod target;

pub use compile::{CompileError, compile, compile_with_names, compile_with_settings};
pub use describe::Description;
pub use inspect::{NoModule, Report, inspect};
pub use profile::Unsupplied;
pub use slots::Slots;
pub use target::Target;

/// The version of the ABI of modules for the target `core`.
pub const ABI_VERSION: i32 = 1;
