//! Writes what `benches/node` compares, to `benches/node/cases`.

use std::path::Path;

fn main() {
    zt_benches::export::write(&Path::new(env!("CARGO_MANIFEST_DIR")).join("node/cases"));
}
