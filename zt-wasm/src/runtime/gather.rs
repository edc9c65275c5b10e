//! Who said what, and what is known from it.
