//! Decisions that are worth reading.
