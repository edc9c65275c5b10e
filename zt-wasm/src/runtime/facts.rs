//! What is known at the instant: freshness, step-ups, and what a decision consulted.
