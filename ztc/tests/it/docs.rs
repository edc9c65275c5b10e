//! Pictures in the documentation show what the command draws.

use std::fs;
use std::path::Path;

use crate::process::{run, text};

#[test]
fn the_drawing_of_the_graph_is_of_the_policy_beside_it() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../zt-eval");
    let page = fs::read_to_string(folder.join("GRAPH.md")).unwrap();
    let policy = page.split("```zt\n").nth(1).unwrap().split("```").next().unwrap();
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("graph-page.zt");
    fs::write(&path, policy).unwrap();
    let output = run(&["graph", "--svg", path.to_str().unwrap()], b"");
    assert!(output.status.success(), "{}", text(&output.stderr));
    let drawn = text(&output.stdout);
    assert_eq!(drawn, fs::read_to_string(folder.join("GRAPH.svg")).unwrap());
}
