//! The text that a decision is written to: JSON, and names as an author writes them.
