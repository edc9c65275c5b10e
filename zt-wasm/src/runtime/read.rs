//! Values of declared types, from JSON.
