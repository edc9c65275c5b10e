//! Commands with their expected output, as files: `tests/cmd/`, and the commands in the examples' READMEs.
//!
//! All run in the project's root. Backslashes in output are written as slashes. `TRYCMD=overwrite cargo test -p ztc` writes
//! what came out into the files.

use std::path::Path;

#[test]
fn commands_do_what_is_written() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    std::env::set_current_dir(root).unwrap();
    // Where commands write to, also if what is built goes elsewhere.
    std::fs::create_dir_all("target").unwrap();
    trycmd::TestCases::new()
        .case("ztc/tests/cmd/*.trycmd")
        .case("examples/*/README.md")
        .case("ztc/README.md")
        .case("README.md")
        .run();
}
