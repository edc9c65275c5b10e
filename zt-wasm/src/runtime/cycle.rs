//! Whether parents close a cycle.
