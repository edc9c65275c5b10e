//! From a request to the rules that could apply to it.
