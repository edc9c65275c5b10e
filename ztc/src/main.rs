//! The command line of the `zt` policy language.

fn main() {}
