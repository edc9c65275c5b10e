//! Whether an entity lies below another.
