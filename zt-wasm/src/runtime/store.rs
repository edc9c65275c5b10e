//! Entities of the store, by their names.
