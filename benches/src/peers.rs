//! The peers as contenders, each used in the fastest way that it offers, with everything prepared that it can prepare.

pub mod casbin;
pub mod cedar;
pub mod rego;
