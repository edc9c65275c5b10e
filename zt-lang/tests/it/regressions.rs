//! Inputs that fuzzing has found, and the seeds that it starts from, replayed.

use std::fs;
use std::path::Path;

use zt_lang::oracle::target;

#[test]
fn fuzz_inputs_are_harmless() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/regressions");
    for (name, run) in target::ALL {
        let mut count = 0;
        for entry in fs::read_dir(folder.join(name)).unwrap() {
            let path = entry.unwrap().path();
            run(&fs::read(&path).unwrap()).unwrap_or_else(|fault| panic!("{}: {fault}", path.display()));
            count += 1;
        }
        assert!(count > 0, "{name} has no inputs");
    }
}
