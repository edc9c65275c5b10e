//! Compiles the routines in `src/runtime/`.

fn main() {}
