//! The decision: which rules fire and what follows.
