//! The decision as JSON.
