//! A module decides as the engine does, on the examples.
#![cfg(feature = "host")]

use std::path::{Path, PathBuf};
use std::{env, fs};

use zt_eval::decision::{Decision, Mode};
use zt_eval::eval::{self, Scratch};
use zt_eval::value::Timestamp;
use zt_eval::{Policy, Request, Store};
use zt_wasm::host::{Host, HostLimits};
use zt_wasm::{Target, compile};

/// The module of a policy.
fn policy_of(folder: &Path) -> Policy {
    let mut paths: Vec<PathBuf> = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "zt") {
                paths.push(path);
            }
        }
    }
    paths.sort();
    let mut sources = zt_lang::Sources::new();
    for path in &paths {
        sources.add(path.display().to_string(), fs::read_to_string(path).unwrap()).unwrap();
    }
    zt_lang::parse(sources, &zt_lang::Options::default()).typecheck().unwrap().lower().unwrap()
}

#[test]
fn examples() {
    let only = env::var("ONLY").ok();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    for entry in fs::read_dir(&root).unwrap() {
        let folder = entry.unwrap().path();
        if !folder.is_dir() || only.as_ref().is_some_and(|only| !folder.ends_with(only)) {
            continue;
        }
        let policy = policy_of(&folder);
        let entities = fs::read(folder.join("entities.json")).ok();
        let store = entities.map_or(Store::empty(), |text| Store::from_json(&policy, &text).unwrap());
        let module = compile(&policy, &store, Target::Core).unwrap();
        println!("{}: {} bytes", folder.display(), module.len());
        fs::write(format!("/tmp/zt/{}.wasm", folder.file_name().unwrap().display()), &module).unwrap();
        let host = Host::new(HostLimits { instances_max: 4, ..HostLimits::default() }).unwrap();
        let mut instance = host.load(&module, None).unwrap().instantiate().unwrap();
        let mut names: Vec<_> = fs::read_dir(folder.join("requests")).unwrap().map(|e| e.unwrap().path()).collect();
        names.sort();
        let now = Timestamp::parse("2026-03-02T10:00:00Z");
        let (mut same, mut all) = (0, 0);
        for name in names {
            let text = fs::read(&name).unwrap();
            for mode in [Mode::Full, Mode::Effect] {
                let decision = match Request::from_json(&policy, &text) {
                    Ok(request) => eval::decide(&policy, &store, &request, now, mode, &mut Scratch::new()),
                    Err(error) => Decision::invalid(error),
                };
                let mut expected = decision.to_json(&policy);
                expected.as_object_mut().unwrap().remove("error");
                let expected = expected.to_string();
                let found = match instance.decide(&text, now, mode) {
                    Ok(found) => String::from_utf8_lossy(found).into_owned(),
                    Err(error) => {
                        instance = host.load(&module, None).unwrap().instantiate().unwrap();
                        format!("{error}")
                    }
                };
                all += 1;
                if found == expected {
                    same += 1;
                } else {
                    println!("{} {mode:?}\n  {expected}\n  {found}", name.display());
                }
            }
        }
        println!("{same} of {all} the same");
    }
}
