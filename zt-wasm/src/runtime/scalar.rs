//! Scalars of each type, from JSON.
