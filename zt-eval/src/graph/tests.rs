#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests may fail by panicking")]

mod draw;
mod reads;
mod text;
mod wire;
