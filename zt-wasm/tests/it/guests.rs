//! Modules for existing hosts against the engine, over generated policies and over requests that somebody damaged.

use std::cell::Cell;
use std::fs;

use proptest::test_runner::{Config, TestCaseError, TestError, TestRunner};
use serde_json::{Value as Json, json};
use zt_eval::decision::{Decision, Mode};
use zt_eval::eval::{self, Scratch};
use zt_eval::{Policy, Request, Store};
use zt_lang::oracle::policy::policy as generate;
use zt_lang::oracle::property::Subject;
use zt_lang::oracle::request::{request, store as entities};
use zt_lang::oracle::{Choices, pool};
use zt_wasm::{CompileError, Target, compile, target};

use crate::examples::{files, policy, store};
use crate::generated::{damage, times};
use crate::guest::{Opa, Wapc};
use crate::kubewarden::{answer, example, invalid};

const POLICIES: u32 = 150;
const REQUESTS: usize = 40;

fn decided(policy: &Policy, store: &Store, text: &[u8]) -> String {
    let decision = match Request::from_json(policy, text) {
        Ok(bound) => eval::decide(policy, store, &bound, None, Mode::Full, &mut Scratch::new()),
        Err(error) => Decision::invalid(error),
    };
    let mut json = decision.to_json(policy);
    json.as_object_mut().unwrap().remove("error");
    format!(r#"[{{"result":{json}}}]"#)
}

fn module(policy: &Policy, store: &Store, bare: bool) -> Option<Vec<u8>> {
    let options = target::opa::Options::default().with_bare(bare);
    match compile(policy, store, Target::Opa(options)) {
        Ok(module) => Some(module),
        Err(CompileError::Unsupplied(_)) => None,
        Err(error) => panic!("{error}"),
    }
}

/// By both of the ways in which hosts call.
fn agrees(opa: &mut [Opa; 2], request: &[u8], expected: &str) -> Result<(), String> {
    let allows = expected.contains(r#""effect":"allow""#);
    let is_free = expected.contains(r#""obligations":[]"#);
    let bare = format!(r#"[{{"result":{}}}]"#, allows && is_free);
    for (opa, expected) in opa.iter_mut().zip([expected, &bare]) {
        for found in [opa.eval(request).unwrap(), opa.eval_by_context(request)] {
            if found.as_deref() != Ok(expected) {
                return Err(format!("{}\nengine {expected}\nmodule {found:?}", String::from_utf8_lossy(request)));
            }
        }
    }
    Ok(())
}

#[test]
fn generated_policies_decide_alike_by_the_abi_of_opa() {
    let counts = [const { Cell::new(0u32) }; 2];
    let config = Config { cases: POLICIES, failure_persistence: None, ..Config::default() };
    let strategy = (proptest::collection::vec(proptest::num::u8::ANY, 100..700), proptest::num::u64::ANY);
    let outcome = TestRunner::new(config).run(&strategy, |(bytes, seed)| {
        let subject = Subject::compile(generate(&mut Choices::new(&bytes))).map_err(TestCaseError::fail)?;
        let policy = &subject.compiled;
        let mut choices = Choices::endless(seed);
        let store = Store::from_json(policy, entities(policy.schema(), &mut choices).as_bytes()).unwrap();
        if policy.missing_params().next().is_some() {
            return Ok(());
        }
        // Most policies that are generated ask for the time somewhere.
        let (Some(full), Some(bare)) = (module(policy, &store, false), module(policy, &store, true)) else {
            return Ok(());
        };
        let mut opa = [&full, &bare].map(|module| Opa::of(module, 2, 1 << 10).unwrap());
        counts[0].set(counts[0].get() + 1);
        for _ in 0..REQUESTS {
            let mut request = request(policy.schema(), &mut choices).into_bytes();
            for is_damaged in [false, true] {
                if is_damaged {
                    damage(&mut request, &mut choices);
                }
                let expected = decided(policy, &store, &request);
                let told = |error| TestCaseError::fail(format!("{error}\n{}", subject.files));
                agrees(&mut opa, &request, &expected).map_err(told)?;
                counts[1].set(counts[1].get() + u32::from(expected.contains(r#""effect":"allow""#)));
            }
        }
        Ok(())
    });
    match outcome {
        Ok(()) => {}
        Err(TestError::Fail(reason, (_, seed))) => panic!("seed {seed}: {reason}"),
        Err(TestError::Abort(reason)) => panic!("{reason}"),
    }
    let [modules, allowed] = counts.map(|count| count.get());
    println!("{modules} modules, {allowed} requests allowed");
    assert!(modules >= 5 && allowed > 0, "{modules}, {allowed}");
}

/// An example that needs no clock, and its requests.
fn admission() -> (Policy, Store, Vec<Vec<u8>>) {
    let folder = example();
    let policy = policy(&folder);
    let store = store(&folder, &policy);
    let requests = files(&folder.join("requests"), "json").iter().map(|path| fs::read(path).unwrap()).collect();
    (policy, store, requests)
}

#[test]
fn opa_memory_that_ends_is_an_abort_or_an_invalid_request() {
    let (policy, store, requests) = admission();
    let module = module(&policy, &store, false).unwrap();
    let invalid = decided(&policy, &store, b"");
    let mut ends = [0; 3];
    for pages in 2..16 {
        let Some(mut opa) = Opa::of(&module, 2, pages) else {
            ends[0] += 1;
            continue;
        };
        for request in &requests {
            // A long request takes more memory: white space is part of it.
            for spaces in [0, 20_000, 60_000] {
                let request = [&vec![b' '; spaces][..], request].concat();
                let Some(found) = opa.eval(&request) else { continue };
                match found {
                    Ok(found) if found == decided(&policy, &store, &request) => ends[1] += 1,
                    Ok(found) => assert_eq!(found, invalid),
                    Err(abort) => {
                        assert_eq!(abort, "zt: there is no memory left");
                        ends[2] += 1;
                    }
                }
            }
        }
    }
    assert!(ends[1] > 0 && ends[2] > 0, "{ends:?}");
}

/// Addresses that a host makes up end an evaluation, whatever they are: nothing traps, and nothing is written over.
#[test]
fn opa_addresses_that_a_host_makes_up_are_refused() {
    let (policy, store, requests) = admission();
    let module = module(&policy, &store, false).unwrap();
    let mut opa = Opa::of(&module, 2, 64).unwrap();
    let base = opa.base();
    let end = opa.end() as u32;
    let wild = [1, 4, 16, 1024, 2048, base - 16, base - 4, end - 8, end, end + 4, 1 << 31, u32::MAX - 15, u32::MAX];
    let no_context = Err("zt: there is no evaluation context at this address".to_owned());
    let no_heap = Err("zt: the heap can begin neither in the policy's own tables nor beyond the memory".to_owned());
    for at in wild.into_iter().chain([0]) {
        opa.call("opa_heap_ptr_set", &[base]).unwrap();
        assert_eq!(opa.call("eval", &[at]), no_context, "{at}");
        assert_eq!(opa.call("opa_eval_ctx_get_result", &[at]), no_context, "{at}");
        for name in ["opa_eval_ctx_set_input", "opa_eval_ctx_set_data", "opa_eval_ctx_set_entrypoint"] {
            assert_eq!(opa.call(name, &[at, 7]), no_context, "{at}");
        }
        if at < base || u64::from(at) > opa.end() {
            assert_eq!(opa.call("opa_heap_ptr_set", &[at]), no_heap, "{at}");
            assert_eq!(opa.call("opa_eval", &[0, 0, 0, base, 0, at, 0]), no_heap, "{at}");
        }
        // As an input, a value, data or a length, it is none.
        let invalid = opa.call("opa_eval", &[0, 0, 0, at, 9999, base, 0]).unwrap();
        assert!(opa.text(invalid).contains(r#""reason":"invalid""#), "{at}");
        if at != 0 {
            opa.call("opa_eval", &[0, 0, at, base, 0, base, 0]).unwrap_err();
        }
        let invalid = opa.call("opa_eval", &[0, 0, 0, base, at, base, 0]).unwrap();
        assert!(opa.text(invalid).contains(r#""reason":"invalid""#), "{at}");
        opa.call("opa_heap_ptr_set", &[base]).unwrap();
        let context = opa.call("opa_eval_ctx_new", &[]).unwrap();
        opa.call("opa_eval_ctx_set_input", &[context, at]).unwrap();
        assert_eq!(opa.call("eval", &[context]), Ok(0), "{at}");
        let result = opa.call("opa_eval_ctx_get_result", &[context]).unwrap();
        assert!(opa.text(result).contains(r#""reason":"invalid""#), "{at}");
        drop(opa.call("opa_json_parse", &[at, at]));
        drop(opa.call("opa_json_parse", &[base, at]));
        drop(opa.call("opa_malloc", &[at]));
    }
    for request in &requests {
        assert_eq!(opa.eval(request).unwrap(), Ok(decided(&policy, &store, request)));
    }
}

/// Changes something in a document: replaces, removes or adds a value somewhere.
fn alter(json: &mut Json, choices: &mut Choices<'_>) {
    let is_here = choices.chance(1, 5);
    match json {
        Json::Object(members) if !members.is_empty() && !is_here => {
            let names: Vec<String> = members.keys().cloned().collect();
            let name = choices.pick(&names).unwrap();
            match choices.below(12) {
                0 => drop(members.remove(name)),
                1 => drop(members.insert(pool::key(choices).to_owned(), pool::hostile(choices))),
                _ => alter(&mut members[name], choices),
            }
        }
        Json::Array(elements) if !elements.is_empty() && !is_here => {
            let at = choices.below(elements.len());
            match choices.below(6) {
                0 => drop(elements.remove(at)),
                1 => elements.push(elements[at].clone()),
                _ => alter(&mut elements[at], choices),
            }
        }
        other => *other = pool::hostile(choices),
    }
}

/// What a module for Kubewarden answers to a payload: the engine's decision, where there is a request to decide on.
fn answered(policy: &Policy, store: &Store, payload: &Json) -> Json {
    let request = &payload["request"];
    let is_capital = |text: &str| text.bytes().all(|byte| byte.is_ascii_uppercase());
    let is_text_or_absent = |value: &Json| value.is_string() || value.is_null();
    let groups = &request["userInfo"]["groups"];
    let fits = payload["settings"].as_object().is_none_or(|settings| settings.is_empty())
        && (payload["settings"].is_object() || payload["settings"].is_null())
        && request["userInfo"]["username"].is_string()
        && request["operation"].as_str().is_some_and(is_capital)
        && request["resource"]["resource"].is_string()
        && is_text_or_absent(&request["namespace"])
        && is_text_or_absent(&request["name"])
        && (groups.is_array() || groups.is_null());
    if fits { answer(policy, store, request, false) } else { invalid() }
}

#[test]
fn kubewarden_answers_damaged_requests_as_the_engine_decides() {
    let folder = example();
    let policy = policy(&folder);
    let store = store(&folder, &policy);
    let module = compile(&policy, &store, Target::Kubewarden(target::kubewarden::Options::default())).unwrap();
    let mut guest = Wapc::of(&module, usize::MAX);
    let mut choices = Choices::endless(7);
    let (mut accepted, mut invalids, mut cut) = (0, 0, 0);
    for path in files(&folder.join("requests"), "json") {
        let Ok(request) = serde_json::from_slice::<Json>(&fs::read(path).unwrap()) else { continue };
        let original = json!({ "request": request["context"]["review"]["request"], "settings": {} });
        for _ in 0..20 * times() {
            let mut payload = original.clone();
            for _ in 0..choices.below(3) + 1 {
                alter(&mut payload, &mut choices);
            }
            let expected = answered(&policy, &store, &payload);
            let found = guest.call("validate", payload.to_string().as_bytes()).unwrap();
            assert_eq!(serde_json::from_str::<Json>(&found).unwrap(), expected, "{payload}");
            accepted += u32::from(expected["accepted"] == true);
            invalids += u32::from(expected == invalid());
            // Bytes that are damaged: where they are still what would be written, that is decided; else nothing breaks.
            let mut bytes = original.to_string().into_bytes();
            damage(&mut bytes, &mut choices);
            let found = guest.call("validate", &bytes).unwrap();
            let found: Json = serde_json::from_str(&found).unwrap();
            match serde_json::from_slice::<Json>(&bytes) {
                Ok(payload) if payload.to_string().as_bytes() == bytes => {
                    assert_eq!(found, answered(&policy, &store, &payload), "{payload}");
                }
                Ok(_) => assert!(found["accepted"].is_boolean()),
                Err(_) => {
                    assert_eq!(found, invalid(), "{}", String::from_utf8_lossy(&bytes));
                    cut += 1;
                }
            }
        }
    }
    assert!(accepted > 30 && invalids > 100 && cut > 100, "{accepted}, {invalids}, {cut}");
}

#[test]
fn kubewarden_memory_that_ends_is_a_denial() {
    let folder = example();
    let policy = policy(&folder);
    let store = store(&folder, &policy);
    let module = compile(&policy, &store, Target::Kubewarden(target::kubewarden::Options::default())).unwrap();
    let no_memory = json!({ "accepted": false, "message": "there is no memory left", "code": 500 });
    let pages = Wapc::of(&module, usize::MAX).pages();
    let mut ends = [0; 4];
    for more in 0..12 {
        let mut guest = Wapc::of(&module, (pages + more) << 16);
        for path in files(&folder.join("requests"), "json") {
            let Ok(request) = serde_json::from_slice::<Json>(&fs::read(path).unwrap()) else { continue };
            let payload = json!({ "request": request["context"]["review"]["request"] });
            for spaces in [0, 15_000, 30_000, 45_000, 400_000, 430_000] {
                let text = format!("{}{payload}", " ".repeat(spaces));
                match guest.call("validate", text.as_bytes()) {
                    Err(error) => {
                        assert_eq!(error, "there is no memory left");
                        ends[0] += 1;
                    }
                    Ok(found) => {
                        let found: Json = serde_json::from_str(&found).unwrap();
                        let expected = answered(&policy, &store, &payload);
                        match () {
                            () if found == expected => ends[1] += 1,
                            () if found == no_memory => ends[2] += 1,
                            () => {
                                assert_eq!(found, invalid());
                                ends[3] += 1;
                            }
                        }
                    }
                }
            }
        }
    }
    assert!(ends[0] > 0 && ends[1] > 0 && ends[2] + ends[3] > 0, "{ends:?}");
}
