//! Which step-ups would lead to allow.
