//! Requests and entities.
