//! What was unknown and mattered.
