//! What was computed already, and where quantifiers are.
