//! Patterns of texts and of host names.
