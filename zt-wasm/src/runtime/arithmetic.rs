//! Arithmetic that is exact or nothing.
