//! The scanner of JSON (RFC 8259), as `zt-eval`'s reads it.
