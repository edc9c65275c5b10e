//! Values as JSON.
