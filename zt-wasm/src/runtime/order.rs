//! How values are ordered and when they are equal.
