//! Reading JSON, numbers and times.
