//! Compiles the routines in `src/runtime/` to WebAssembly.
//!
//! Routines are written in a small part of Rust, which `src/runtime/mod.rs` describes; rustc checks them as Rust when it
//! builds the tests. Here each function becomes a list of [`code::Op`]s, in which calls and labels are still by name: a
//! module takes the functions that it needs and gives them their numbers. What is not in the small part ends the build with
//! the name of the function and the words that are not understood.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a build ends where a routine is not understood"
)]

mod cells;
mod code;
mod constant;
mod expression;
mod function;
mod statement;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::{env, fs};

use constant::Constants;
use function::{Signature, Unit};

/// What is no routine: the machine, and the module that holds them together.
const NOT_COMPILED: &[&str] = &["mod.rs", "env.rs", "tests.rs"];

fn main() {
    let folder = Path::new("src/runtime");
    println!("cargo::rerun-if-changed=build");
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut names: Vec<_> = fs::read_dir(folder)
        .expect("the routines' folder")
        .map(|entry| entry.expect("a routine's file").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .filter(|path| !NOT_COMPILED.iter().any(|not| path.ends_with(not)))
        .collect();
    names.sort();
    let files: Vec<(String, syn::File)> = names
        .iter()
        .map(|path| {
            let text = fs::read_to_string(path).expect("a routine's file");
            let name = path.display().to_string();
            let file = syn::parse_file(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
            (name, file)
        })
        .collect();
    let constants = Constants::of(&files);
    let mut unit = Unit { constants, signatures: Signature::of_machine(), cells: cells::Cells::default() };
    for (name, file) in &files {
        for function in functions(file) {
            let signature = Signature::of(function);
            let before = unit.signatures.insert(function.sig.ident.to_string(), signature);
            assert!(before.is_none(), "{name}: there is another function {}", function.sig.ident);
        }
    }
    let mut routines = BTreeMap::new();
    let mut refused = 0;
    for (file, parsed) in &files {
        for function in functions(parsed) {
            // Each function's mistake is told, not only the first one's.
            match catch_unwind(AssertUnwindSafe(|| function::compile(&unit, file, function))) {
                Ok(routine) => drop(routines.insert(function.sig.ident.to_string(), routine)),
                Err(_) => refused += 1,
            }
        }
    }
    assert!(refused == 0, "{refused} functions are not understood: see above");
    let mut text = String::from("pub(crate) static ROUTINES: &[Routine] = &[\n");
    for (name, routine) in &routines {
        routine.write(name, &mut text);
    }
    text.push_str("];\n");
    unit.cells.write(&mut text);
    let out = Path::new(&env::var_os("OUT_DIR").expect("cargo sets OUT_DIR")).join("routines.rs");
    fs::write(out, text).expect("the compiled routines");
}

fn functions(file: &syn::File) -> impl Iterator<Item = &syn::ItemFn> {
    file.items.iter().filter_map(|item| match item {
        syn::Item::Fn(function) => Some(function),
        _ => None,
    })
}
