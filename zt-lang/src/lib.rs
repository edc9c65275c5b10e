//! The `zt` policy language: from text to a compiled policy.
//!
//! Each stage is a value, so that none can be skipped:
//!
//! ```
//! let sources = zt_lang::Sources::single(
//!     "door.zt",
//!     r#"
//!     package door
//!
//!     entity Person { trained: Bool }
//!     entity Door
//!     action open: Person -> Door
//!
//!     allow trained_people: open when subject.trained
//!     "#,
//! );
//! let parsed = zt_lang::parse(sources, &zt_lang::Options::default());
//! let checked = parsed.typecheck()?;
//! let policy = checked.lower()?;
//! assert_eq!(policy.rules().len(), 1);
//! # Ok::<(), zt_lang::Report>(())
//! ```
//!
//! Reading order: [`syntax`], then the crate's own `package` and `resolve`, `typecheck`, [`hir`], `lint`, [`lower`];
//! [`mod@reference`] is the oracle that the decision graph is tested against, [`testing`] runs the tests in policies.

mod compile;
pub mod diag;
#[cfg(feature = "oracle")]
pub mod differential;
pub mod hir;
pub mod library;
mod lint;
pub mod lower;
mod names;
#[cfg(feature = "oracle")]
pub mod oracle;
mod package;
mod pipeline;
pub mod reference;
mod regex;
mod resolve;
mod source;
pub mod span;
mod split_roots;
pub mod syntax;
pub mod testing;
mod typecheck;
mod tzdata;

pub use compile::{Compiled, compile};
pub use diag::Diagnostic;
pub use pipeline::{Checked, Options, Parsed, Report, parse};
pub use source::{SourceFile, Sources};
pub use span::FileId;
pub use split_roots::policies;
