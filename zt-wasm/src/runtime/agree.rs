//! What two data agree on.
