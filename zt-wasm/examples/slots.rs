//! What a request in slots saves against JSON: instructions of the gateway example's module, by the request, counted as fuel.
//! `cargo run -p zt-wasm --features host --example slots`
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a tool for whoever works on this crate: what it reads is in this repository"
)]

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value as Json;
use wasmtime::{Config, Engine, Instance, Memory, Module, Store, TypedFunc};
use zt_eval::request::Given;
use zt_eval::value::{Ip, Timestamp, Value};
use zt_lang::{Options, Sources};
use zt_wasm::slots::{SlotError, Slots};
use zt_wasm::target::core;
use zt_wasm::{Target, compile};

type Decide = TypedFunc<(i32, i32, i32, i64, i32), i64>;

struct Host {
    store: Store<()>,
    memory: Memory,
    alloc: TypedFunc<i32, i32>,
}

impl Host {
    /// Instructions that a decision takes, and the decision.
    fn decide(&mut self, decide: &Decide, request: &[u8], full: bool) -> (u64, String) {
        let (now, len) = (Timestamp::parse_rfc3339("2026-03-02T10:00:00Z").unwrap(), request.len() as i32);
        let before = self.store.get_fuel().unwrap();
        let at = self.alloc.call(&mut self.store, len).unwrap();
        self.memory.write(&mut self.store, at as usize, request).unwrap();
        let arguments = (at, len, 1, now.millis(), full.into());
        let span = decide.call(&mut self.store, arguments).unwrap() as u64;
        let fuel = before - self.store.get_fuel().unwrap();
        let (at, len) = ((span & 0xFFFF_FFFF) as usize, (span >> 32) as usize);
        (fuel, String::from_utf8(self.memory.data(&self.store)[at..at + len].to_vec()).unwrap())
    }
}

/// Values as a gateway has them: addresses and instants are no texts.
fn given(json: &Json) -> Given {
    match json {
        Json::Null => Given::Null,
        Json::Bool(value) => Given::Bool(*value),
        Json::Number(number) => number.as_i64().map_or(Given::Null, Given::Int),
        Json::Array(all) => Given::List(all.iter().map(given).collect()),
        Json::Object(members) => Given::record(members.iter().map(|(key, json)| (key.as_str(), given(json)))),
        Json::String(text) => {
            let time = Timestamp::parse_rfc3339(text).map(Value::Timestamp);
            let known = time.or_else(|| Ip::parse(text).map(Value::Ip));
            known.map_or_else(|| Given::Text(text.as_str().into()), Given::Known)
        }
    }
}

fn encode(slots: &Slots, json: &Json) -> Option<Vec<u8>> {
    let name = |part: &str| Some((json[part]["type"].as_str()?, json[part]["id"].as_str()?));
    let (subject, resource) = (name("subject")?, name("resource")?);
    let mut request = slots.request(json["action"]["name"].as_str()?, subject, resource).ok()?;
    let read = |said: Result<_, SlotError>| match said {
        Err(SlotError::NotRead(_)) => None,
        said => said.ok(),
    };
    for (part, (ty, id)) in [("subject", subject), ("resource", resource)] {
        for (name, value) in json[part]["properties"].as_object().into_iter().flatten() {
            request = read(request.clone().attribute(ty, id, name, given(value))).unwrap_or(request);
        }
    }
    for (name, value) in json["context"].as_object().into_iter().flatten() {
        request = read(request.clone().context(name, given(value))).unwrap_or(request);
    }
    Some(request.to_bytes())
}

fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let all = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = all.filter(|path| path.extension().is_some_and(|it| it == extension)).collect();
    files.sort();
    files
}

fn main() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/api-gateway");
    let mut sources = Sources::new();
    for path in files(&folder, "zt") {
        sources.add(path.file_name().unwrap().to_str().unwrap(), &fs::read(&path).unwrap());
    }
    let policy = zt_lang::parse(sources, &Options::default()).typecheck().unwrap().lower().unwrap();
    let entities = fs::read(folder.join("entities.json")).unwrap();
    let baked = zt_eval::Store::from_json(&policy, &entities).unwrap();
    let target = |options| compile(&policy, &baked, Target::Core(options)).unwrap();
    let options = core::Options::default();
    let slots_module = target(options.with_slots(true));
    println!("module {}", target(options).len());
    println!("with slots {}, with data {}", slots_module.len(), target(options.with_data(true)).len());

    let engine = Engine::new(Config::new().consume_fuel(true)).unwrap();
    let mut store = Store::new(&engine, ());
    store.set_fuel(u64::MAX).unwrap();
    let instance = Instance::new(&mut store, &Module::new(&engine, &slots_module).unwrap(), &[]).unwrap();
    let memory = instance.get_memory(&mut store, "memory").unwrap();
    let alloc = instance.get_typed_func(&mut store, "zt_alloc").unwrap();
    let in_json: Decide = instance.get_typed_func(&mut store, "zt_decide").unwrap();
    let in_slots: Decide = instance.get_typed_func(&mut store, "zt_decide_slots").unwrap();
    let mut host = Host { store, memory, alloc };
    let slots = Slots::of(&policy);
    let mut ratios = [Vec::new(), Vec::new()];
    for path in files(&folder.join("requests"), "json") {
        let text = fs::read(&path).unwrap();
        // As a program would write it.
        let Ok(json) = serde_json::from_slice::<Json>(&text) else { continue };
        let (text, bytes) = (json.to_string().into_bytes(), encode(&slots, &json));
        let Some(bytes) = bytes.filter(|_| json["evidence"].is_null() && json["entities"].is_null()) else { continue };
        for (full, ratios) in [false, true].into_iter().zip(&mut ratios) {
            let (json_fuel, json) = host.decide(&in_json, &text, full);
            let (slots_fuel, decision) = host.decide(&in_slots, &bytes, full);
            if json != decision {
                // A text for an address, a number for a text: what a gateway with types does not say.
                continue;
            }
            let ratio = json_fuel as f64 / slots_fuel as f64;
            ratios.push((ratio, json_fuel, slots_fuel, text.len(), bytes.len()));
        }
    }
    for (mode, ratios) in ["effect", "full"].iter().zip(&mut ratios) {
        ratios.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (ratio, json, slots, json_bytes, slots_bytes) = ratios[ratios.len() / 2];
        println!(
            "{mode}: {} requests, {:.2} to {:.2} times fewer instructions; the median {ratio:.2}: \
             {json} for {json_bytes} bytes of JSON, {slots} for {slots_bytes} bytes in slots",
            ratios.len(),
            ratios[0].0,
            ratios[ratios.len() - 1].0,
        );
    }
}
