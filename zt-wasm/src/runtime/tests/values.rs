//! Operators and patterns.
