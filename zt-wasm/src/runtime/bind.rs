//! A request from JSON.
