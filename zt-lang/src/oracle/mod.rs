//! Generated policies and requests, and the language's promises as properties of them.
//!
//! Property tests and fuzz targets share all of it: both hand bytes to [`Choices`], and everything else follows. A property
//! is a function that says what is wrong, with all that is needed to see it again.
//!
//! Reading order: [`choices`], [`pool`] (the values that policies and requests have in common), [`policy`], [`request`],
//! [`property`], [`target`].

pub mod choices;
pub mod policy;
pub mod pool;
pub mod property;
pub mod request;
pub mod target;

pub use choices::Choices;
