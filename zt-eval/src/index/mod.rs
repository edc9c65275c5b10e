//! From a request to the rules that could apply to it.

#[allow(dead_code, reason = "nothing asks yet")]
mod intervals;
#[allow(dead_code, reason = "nothing asks yet")]
mod keys;
