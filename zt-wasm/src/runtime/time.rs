//! Timestamps and durations: from text and as text.
