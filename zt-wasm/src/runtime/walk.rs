//! The rules that could apply, by way of the index.
