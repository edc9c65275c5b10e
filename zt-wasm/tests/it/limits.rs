//! A policy's limits in every form of a request and in entity data: at a limit and one beyond it, a module does what the engine
//! does, and the engine refuses nothing but what is beyond.

use serde_json::Value as Json;
use zt_eval::decision::Mode;
use zt_eval::value::Timestamp;
use zt_eval::{Limits, Policy, Store};
use zt_lang::{Options, Sources};
use zt_wasm::target::core;
use zt_wasm::{Slots, Target, compile};

use crate::agree::{Both, decided, host};
use crate::slots::{Names, encode};

const POLICY: &str = r#"package limits

source idp verified complete
entity Group in Group from idp
entity User in Group from idp { name: String from idp, labels: Set<String>, keys: Map<Int>, boxes: List<Box> from idp }
entity Note
record Box { inner: List<List<Int>> }
context { text: String, some: List<Int>, friend: User, more: Map<Set<Int>> }
action read: User -> Note
allow anyone: read
deny odd: read when subject.name == "odd" or subject.labels contains "odd" or subject in Group::"odd" or (subject.keys["odd"] otherwise 0) == 1
deny said: read when context.text == "odd" or context.some == [1] or context.friend == User::"odd" or (context.more["odd"] otherwise []) contains 1
deny boxed: read when any one in subject.boxes: (any two in one.inner: (two == [1]))
"#;

/// Few enough to be reached, and enough for all that is not to reach them.
const LIMITS: fn() -> Limits = || Limits {
    depth_max: 12,
    string_bytes_max: 8,
    elements_max: 4,
    request_entities_max: 5,
    entities_bytes_max: 2_000,
    store_entities_max: 5,
    hierarchy_depth_max: 3,
    request_bytes_max: 2_000,
    ..Limits::default()
};

fn policy(limits: Limits) -> Policy {
    let mut sources = Sources::new();
    sources.add("limits.zt", POLICY.as_bytes());
    let options = Options { limits, ..Options::default() };
    zt_lang::parse(sources, &options).typecheck().unwrap().lower().unwrap()
}

/// So many of something, with commas between.
fn many(count: usize, of: impl Fn(usize) -> String) -> String {
    (0..count).map(of).collect::<Vec<_>>().join(",")
}

fn user(id: &str, rest: &str) -> String {
    format!(r#"{{"type":"User","id":"{id}"{rest}}}"#)
}

/// Parts of a request by the limit that they come to, with so many of what is limited. The first of a pair is said of the
/// subject, the second is what the document has besides.
type Case = (&'static str, usize, fn(usize) -> (String, String));

fn text(len: usize) -> String {
    format!(r#""{}""#, "x".repeat(len))
}

fn nested(depth: usize) -> String {
    "[".repeat(depth) + &"]".repeat(depth)
}

fn groups(count: usize) -> String {
    many(count, |at| format!(r#"{{"type":"Group","id":"g{at}"}}"#))
}

fn context(said: &str) -> String {
    format!(r#","context":{{{said}}}"#)
}

fn entities(said: &str) -> String {
    format!(r#","entities":[{said}]"#)
}

fn of_subject(said: &str) -> (String, String) {
    (format!(r#","properties":{{{said}}}"#), String::new())
}

const CASES: &[Case] = &[
    ("string, of the subject", 8, |len| of_subject(&format!(r#""name":{}"#, text(len)))),
    ("string, in a set", 8, |len| of_subject(&format!(r#""labels":["a",{}]"#, text(len)))),
    ("string, a key", 8, |len| of_subject(&format!(r#""keys":{{{}:1}}"#, text(len)))),
    ("string, escaped", 8, |len| of_subject(&format!(r#""name":"{}""#, "\\n".repeat(len)))),
    ("string, of the context", 8, |len| (String::new(), context(&format!(r#""text":{}"#, text(len))))),
    ("string, an id", 8, |len| (String::new(), entities(&user(&"i".repeat(len), "")))),
    ("string, an id in a reference", 8, |len| {
        (String::new(), context(&format!(r#""friend":{}"#, user(&"i".repeat(len), ""))))
    }),
    ("string, a parent's id", 8, |len| {
        (format!(r#","parents":[{{"type":"Group","id":{}}}]"#, text(len)), String::new())
    }),
    ("elements of a set", 4, |count| of_subject(&format!(r#""labels":[{}]"#, many(count, |at| format!(r#""{at}""#))))),
    ("elements of a set, which are equal", 4, |count| {
        of_subject(&format!(r#""labels":[{}]"#, many(count, |_| text(1))))
    }),
    ("elements of a map", 4, |count| {
        of_subject(&format!(r#""keys":{{{}}}"#, many(count, |at| format!(r#""{at}":1"#))))
    }),
    ("elements of a list", 4, |count| {
        (String::new(), context(&format!(r#""some":[{}]"#, many(count, |_| "1".into()))))
    }),
    ("elements inside", 4, |count| {
        (String::new(), context(&format!(r#""more":{{"a":[{}]}}"#, many(count, |_| "1".into()))))
    }),
    ("elements farther inside", 4, |count| {
        of_subject(&format!(r#""boxes":[{{"inner":[[{}]]}}]"#, many(count, |_| "1".into())))
    }),
    ("parents", 4, |count| (format!(r#","parents":[{}]"#, groups(count)), String::new())),
    ("parents, which are one", 4, |count| {
        (format!(r#","parents":[{}]"#, many(count, |_| r#"{"type":"Group","id":"g"}"#.into())), String::new())
    }),
    ("parents of another", 4, |count| {
        (String::new(), entities(&user("bob", &format!(r#","parents":[{}]"#, groups(count)))))
    }),
    ("entities, only named", 5, |count| (String::new(), entities(&many(count, |at| user(&at.to_string(), ""))))),
    ("entities of no attributes, only named", 5, |count| (String::new(), entities(&groups(count)))),
    ("entities with parents", 5, |count| {
        (String::new(), entities(&many(count, |at| user(&at.to_string(), r#","parents":[]"#))))
    }),
    ("entities that are described", 5, |count| {
        (String::new(), entities(&many(count, |at| user(&at.to_string(), r#","properties":{"labels":["a"]}"#))))
    }),
    // The subject is one of them.
    ("entities and the subject", 4, |count| {
        let (subject, _) = of_subject(r#""labels":["a"]"#);
        (subject, entities(&many(count, |at| user(&at.to_string(), r#","properties":{"labels":["a"]}"#))))
    }),
    ("entities, half of them only named", 5, |count| {
        let half = |at: usize| user(&at.to_string(), if at.is_multiple_of(2) { r#","properties":{}"# } else { "" });
        (String::new(), entities(&many(count, half)))
    }),
];

/// Those that only JSON can say, besides.
const CASES_OF_JSON: &[Case] = &[
    // The document is one level, and so is `context`.
    ("depth, where nothing is declared", 11, |depth| (String::new(), format!(r#","x":{}"#, nested(depth)))),
    ("depth, of the context", 10, |depth| (String::new(), context(&format!(r#""text":{}"#, nested(depth))))),
    ("depth, of a value", 10, |depth| (String::new(), context(&format!(r#""some":{}"#, nested(depth))))),
    ("entities of a source", 5, |count| {
        let evidence = many(count, |at| user(&at.to_string(), ""));
        (String::new(), format!(r#","evidence":{{"idp":{{"subject":{},"entities":[{evidence}]}}}}"#, user("ann", "")))
    }),
    // Each list is counted for itself as long as nothing is said of what is in it.
    ("entities of two speakers", 5, |count| {
        let (one, two) = (many(count, |at| user(&format!("a{at}"), "")), many(count, |at| user(&format!("b{at}"), "")));
        let evidence = format!(r#","evidence":{{"idp":{{"subject":{},"entities":[{two}]}}}}"#, user("ann", ""));
        (String::new(), entities(&one) + &evidence)
    }),
    ("entities of two speakers, described", 5, |count| {
        let one = many(2, |at| user(&format!("a{at}"), r#","properties":{"labels":[]}"#));
        let two = many(count - 2, |at| user(&format!("b{at}"), r#","properties":{"name":"b"}"#));
        let evidence = format!(r#","evidence":{{"idp":{{"subject":{},"entities":[{two}]}}}}"#, user("ann", ""));
        (String::new(), entities(&one) + &evidence)
    }),
];

fn document((subject, rest): &(String, String)) -> String {
    let subject = user("ann", subject);
    format!(r#"{{"subject":{subject},"action":{{"name":"read"}},"resource":{{"type":"Note","id":"n"}}{rest}}}"#)
}

fn is_invalid(policy: &Policy, store: &Store, request: &str) -> bool {
    decided(policy, store, request.as_bytes(), None, Mode::Full).1.contains(r#""reason":"invalid""#)
}

/// A request in slots, with the entities, too, that are only named, which programs do not say.
fn in_slots(json: &Json, names: &Names<'_>, slots: &Slots) -> Vec<u8> {
    let mut bytes = encode(json, names, slots).unwrap();
    let mut without = json.clone();
    without.as_object_mut().unwrap().remove("entities");
    let at = encode(&without, names, slots).unwrap().len() - 4;
    let mut count = u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
    let entities = json.get("entities").and_then(Json::as_array).into_iter().flatten();
    for entity in entities.filter(|entity| entity.get("properties").or(entity.get("parents")).is_none()) {
        let (ty, id) = (entity["type"].as_str().unwrap(), entity["id"].as_str().unwrap());
        let number = slots.entities.iter().position(|name| name == ty).unwrap() as u32;
        bytes.extend([number, id.len() as u32].map(u32::to_le_bytes).concat());
        bytes.extend(id.bytes());
        bytes.extend([u32::MAX.to_le_bytes().as_slice(), &[0]].concat());
        count += 1;
    }
    bytes[at..at + 4].copy_from_slice(&count.to_le_bytes());
    bytes
}

#[test]
fn requests_at_a_limit_are_decided_and_those_beyond_are_not() {
    let (policy, store, host) = (policy(LIMITS()), Store::empty(), host());
    let (names, slots) = (Names::of(&policy), Slots::of(&policy));
    let options = core::Options::default().with_slots(true);
    let mut both = Both::with(&host, &policy, &store, options);
    let mut plain = Both::of(&host, &policy, &store);
    for (is_flat, (what, limit, case)) in
        CASES.iter().map(|case| (true, case)).chain(CASES_OF_JSON.iter().map(|case| (false, case)))
    {
        for count in [limit - 1, *limit, limit + 1, limit + 30] {
            let request = document(&case(count));
            assert_eq!(is_invalid(&policy, &store, &request), count > *limit, "{what}: {count}");
            for mode in [Mode::Full, Mode::Effect] {
                drop(both.agree(request.as_bytes(), None, mode).unwrap_or_else(|error| panic!("{what}: {error}")));
                drop(plain.agree(request.as_bytes(), None, mode).unwrap_or_else(|error| panic!("{what}: {error}")));
            }
            if is_flat {
                let bytes = in_slots(&serde_json::from_str(&request).unwrap(), &names, &slots);
                let found = both.instance().decide_slots(&bytes, None, Mode::Full).unwrap();
                let expected = decided(&policy, &store, request.as_bytes(), None, Mode::Full).1;
                assert_eq!(String::from_utf8_lossy(found), expected, "{what}: {count} in slots");
            }
        }
    }
}

#[test]
fn requests_have_as_many_bytes_as_they_may() {
    let policy = policy(Limits { request_bytes_max: 200, ..Limits::default() });
    let (store, slots) = (Store::empty(), Slots::of(&policy));
    let mut both = Both::with(&host(), &policy, &store, core::Options::default().with_slots(true));
    let mut document = document(&Default::default());
    for len in [199, 200, 201, 5_000] {
        document += &" ".repeat(len - document.len());
        assert_eq!(is_invalid(&policy, &store, &document), len > 200);
        drop(both.agree(document.as_bytes(), None, Mode::Full).unwrap());

        let asked = |id: &str| slots.request("read", ("User", id), ("Note", "n")).unwrap().to_bytes();
        let request = asked(&"i".repeat(len - asked("").len()));
        let found = both.instance().decide_slots(&request, None, Mode::Full).unwrap();
        let is_invalid = String::from_utf8_lossy(found).contains(r#""reason":"invalid""#);
        assert_eq!((request.len(), is_invalid), (len, len > 200));
    }
}

/// Entity data by the limit that they come to, with so many of what is limited.
type DataCase = (&'static str, usize, fn(usize) -> String);

const DATA: &[DataCase] = &[
    ("entities", 5, |count| groups(count)),
    ("bytes", 2_000, |len| " ".repeat(len - 2)),
    ("string", 8, |len| user("ann", &format!(r#","properties":{{"name":{}}}"#, text(len)))),
    ("string, an id", 8, |len| user(&"i".repeat(len), "")),
    ("string, a parent's id", 8, |len| user("a", &format!(r#","parents":[{{"type":"Group","id":{}}}]"#, text(len)))),
    ("elements", 4, |count| {
        user("a", &format!(r#","properties":{{"labels":[{}]}}"#, many(count, |at| format!(r#""{at}""#))))
    }),
    ("parents", 4, |count| user("a", &format!(r#","parents":[{}]"#, groups(count)))),
    // The list, the entity, its properties.
    ("depth", 9, |depth| user("a", &format!(r#","properties":{{"x":{}}}"#, nested(depth)))),
    ("steps up", 3, |steps| {
        many(steps, |at| {
            format!(r#"{{"type":"Group","id":"g{at}","parents":[{{"type":"Group","id":"g{}"}}]}}"#, at + 1)
        })
    }),
    ("ancestors", 4, |count| {
        let parents = |ids: &[usize]| many(ids.len(), |at| format!(r#"{{"type":"Group","id":"g{}"}}"#, ids[at]));
        let low: Vec<usize> = (1..count).collect();
        let one = user("a", r#","parents":[{"type":"Group","id":"g0"}]"#);
        format!(r#"{one},{{"type":"Group","id":"g0","parents":[{}]}}"#, parents(&low))
    }),
];

#[test]
fn entity_data_at_a_limit_are_taken_and_those_beyond_are_not() {
    let (policy, store, host) = (policy(LIMITS()), Store::empty(), host());
    for (what, limit, case) in DATA {
        for count in [limit - 1, *limit, limit + 1] {
            let mut both = Both::with(&host, &policy, &store, core::Options::default().with_data(true));
            let data = format!("[{}]", case(count));
            assert_eq!(Store::from_json(&policy, data.as_bytes()).is_ok(), count <= *limit, "{what}: {count}");
            assert_eq!(both.instance().set_data(data.as_bytes()).is_ok(), count <= *limit, "{what}: {count}");
        }
    }
}

/// An instant is one of those that the engine can have; another number is none.
#[test]
fn numbers_that_are_no_instants_are_unknown() {
    let text = "package clock\nentity User\nentity Note\naction read: User -> Note\nallow early: read when now < \"2026-01-01T00:00:00Z\"\n";
    let mut sources = Sources::new();
    sources.add("clock.zt", text.as_bytes());
    let policy = zt_lang::parse(sources, &Options::default()).typecheck().unwrap().lower().unwrap();
    let module = compile(&policy, &Store::empty(), Target::Core(core::Options::default())).unwrap();
    let request = document(&Default::default());
    let ends = [Timestamp::MIN.millis(), Timestamp::MAX.millis()];
    let beyond = [ends[0] - 1, ends[1] + 1, i64::MIN, i64::MAX];
    for millis in ends.into_iter().chain(beyond) {
        let expected =
            decided(&policy, &Store::empty(), request.as_bytes(), Timestamp::from_millis(millis), Mode::Full).1;
        assert_eq!(raw(&module, request.as_bytes(), millis), expected, "{millis}");
    }
}

/// Calls a module's exports with whatever number is the instant, which [`Instance`](zt_wasm::host::Instance) does not.
fn raw(module: &[u8], request: &[u8], now: i64) -> String {
    let engine = wasmtime::Engine::default();
    let module = wasmtime::Module::new(&engine, module).unwrap();
    let mut store = wasmtime::Store::new(&engine, ());
    let instance = wasmtime::Instance::new(&mut store, &module, &[]).unwrap();
    let alloc = instance.get_typed_func::<i32, i32>(&mut store, "zt_alloc").unwrap();
    let decide = instance.get_typed_func::<(i32, i32, i32, i64, i32), i64>(&mut store, "zt_decide").unwrap();
    let memory = instance.get_memory(&mut store, "memory").unwrap();
    let at = alloc.call(&mut store, request.len() as i32).unwrap();
    memory.write(&mut store, at as usize, request).unwrap();
    let span = decide.call(&mut store, (at, request.len() as i32, 1, now, 1)).unwrap();
    let (at, len) = (span as u32 as usize, (span >> 32) as usize);
    String::from_utf8(memory.data(&store)[at..at + len].to_vec()).unwrap()
}
