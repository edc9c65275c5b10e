//! The index: the same candidates, the same evidence.
