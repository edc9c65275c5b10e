//! Patterns of paths, and what they capture.
