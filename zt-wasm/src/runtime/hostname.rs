//! Canonical host names.
