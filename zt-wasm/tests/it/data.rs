//! Entity data that the host sets: what the engine's store refuses is refused, and decisions are those of the engine with the
//! same store; a document that is refused leaves the one before in force.

use zt_eval::decision::Mode;
use zt_eval::value::Timestamp;
use zt_eval::{Limits, Policy, Store};
use zt_lang::oracle::Choices;
use zt_lang::oracle::request::{instant, request, store};
use zt_lang::{Options, Sources};
use zt_wasm::host::{Host, HostError, HostLimits, Instance};
use zt_wasm::target::core;
use zt_wasm::{Target, compile, compile_with_settings};

use crate::agree::{Both, decided, host};

pub const TAKING_DATA: fn() -> Target = || Target::Core(core::Options::default().with_data(true));

const POLICY: &str = r#"package notes

source idp verified complete

record Address { city: String, zip: Int? }

entity Group in Group
entity User in Group from idp {
  level: Int from idp
  home: Address? from idp
  tags: Set<String>
  address: Ip?
}
entity Note in Folder { owner: User? }
entity Folder in Folder

context { device: String? }

param least: Int = 3

action read, write: User -> Note

allow staff: read for subject in Group::"staff", resource in Folder::"open"
allow owner: write when resource.owner is present and subject == resource.owner and subject.level >= least
allow home: write when subject.home is present and resource in Folder::"open"
deny banned: read for subject in Group::"banned"
deny tagged: write when subject.tags contains "x"
deny outer: write for subject in Group::"outer" when context.device is present
"#;

fn policy_of(text: &str, limits: Limits) -> Policy {
    let mut sources = Sources::new();
    sources.add("notes.zt", text.as_bytes());
    let options = Options { limits, ..Options::default() };
    zt_lang::parse(sources, &options).typecheck().unwrap().lower().unwrap()
}

fn policy() -> Policy {
    let limits = Limits { elements_max: 6, hierarchy_depth_max: 4, store_entities_max: 9, ..Limits::default() };
    policy_of(POLICY, limits)
}

fn instance(host: &Host, policy: &Policy, baked: &Store) -> Instance {
    let module = compile(policy, baked, TAKING_DATA()).unwrap();
    host.load(&module, None).unwrap().instantiate().unwrap()
}

const REQUEST: &str = r#"{"subject": {"type": "User", "id": "ann", "parents": [{"type": "Group", "id": "law"}]},
    "action": {"name": "ACTION"}, "resource": {"type": "Note", "id": "n", "parents": [{"type": "Folder", "id": "f"}]},
    "entities": [{"type": "Folder", "id": "f", "parents": [{"type": "Folder", "id": "open"}]},
                 {"type": "Group", "id": "law", "parents": [{"type": "Group", "id": "ann"}]}]}"#;

/// Decisions of a module and of the engine with a store.
fn agrees(policy: &Policy, store: &Store, instance: &mut Instance) {
    for action in ["read", "write"] {
        let request = REQUEST.replace("ACTION", action);
        for mode in [Mode::Full, Mode::Effect] {
            let expected = decided(policy, store, request.as_bytes(), None, mode).1;
            let found = instance.decide(request.as_bytes(), None, mode).unwrap();
            assert_eq!(String::from_utf8_lossy(found), expected);
        }
    }
}

const GOOD: &[&str] = &[
    "[]",
    " [ ] ",
    r#"[{"type": "User", "id": "ann"}]"#,
    r#"[{"id": "ann", "parents": [], "properties": {}, "type": "User", "other": [1, {"a": null}]}]"#,
    r#"[{"type": "User", "id": "ann", "parents": [{"type": "Group", "id": "staff"}]}]"#,
    r#"[{"properties": {"level": 3, "other": "x"}, "parents": [{"id": "law", "type": "Group"}], "id": "\u0061nn", "type": "User"},
        {"type": "Group", "id": "law", "parents": [{"type": "Group", "id": "outer"}, {"type": "Group", "id": "staff"}]}]"#,
    r#"[{"type": "Group", "id": "law", "parents": [{"type": "Group", "id": "staff"}, {"type": "Group", "id": "staff"}]},
        {"type": "User", "id": "ann", "parents": [{"type": "Group", "id": "law"}, {"type": "Group", "id": "banned"}],
         "properties": {"level": 7, "home": {"city": "Rome", "zip": null}, "tags": ["b", "a", "b"], "address": "::1"}},
        {"type": "User", "id": "bob", "parents": [{"type": "Group", "id": "banned"}, {"type": "Group", "id": "law"}]},
        {"type": "Note", "id": "n", "parents": [{"type": "Folder", "id": "f"}],
         "properties": {"owner": {"type": "User", "id": "ann"}}}]"#,
    r#"[{"type": "Folder", "id": "f", "parents": [{"type": "Folder", "id": "a"}]},
        {"type": "Folder", "id": "a", "parents": [{"type": "Folder", "id": "open"}]},
        {"type": "User", "id": "ann", "properties": {"level": 1, "home": null, "tags": ["x"], "address": null}}]"#,
    r#"[{"type": "Group", "id": "a"}, {"type": "Group", "id": "b", "parents": [{"type": "Group", "id": "a"}]},
        {"type": "Group", "id": "c", "parents": [{"type": "Group", "id": "b"}]},
        {"type": "Group", "id": "d", "parents": [{"type": "Group", "id": "c"}, {"type": "Group", "id": "e"}]},
        {"type": "Group", "id": "f", "parents": [{"type": "Group", "id": "c"}, {"type": "Group", "id": "e"}]}]"#,
];

const BAD: &[&str] = &[
    "",
    "{}",
    "[",
    "[]]",
    "[1]",
    "null",
    "[{}]",
    "\u{feff}[]",
    r#"[{"type": "User"}]"#,
    r#"[{"id": "ann"}]"#,
    r#"[{"type": "User", "id": 1}]"#,
    r#"[{"type": "Nobody", "id": "ann"}]"#,
    r#"[{"type": "User", "type": "User", "id": "ann"}]"#,
    r#"[{"type": "User", "id": "ann", "properties": null}]"#,
    r#"[{"type": "User", "id": "ann", "parents": null}]"#,
    r#"[{"type": "User", "id": "ann", "properties": {"level": "3"}}]"#,
    r#"[{"type": "User", "id": "ann", "properties": {"level": null}}]"#,
    r#"[{"type": "User", "id": "ann", "properties": {"level": 3, "level": 3}}]"#,
    r#"[{"type": "User", "id": "ann", "properties": {"home": {"city": 1}}}]"#,
    r#"[{"type": "User", "id": "ann", "properties": {"home": {"city": "a", "city": "a"}}}]"#,
    r#"[{"type": "User", "id": "ann", "properties": {"tags": ["a", 1]}}]"#,
    r#"[{"type": "User", "id": "ann", "properties": {"tags": ["1","2","3","4","5","6","7"]}}]"#,
    r#"[{"type": "User", "id": "ann", "properties": {"address": "1.2.3"}}]"#,
    r#"[{"type": "User", "id": "ann"}, {"type": "User", "id": "ann"}]"#,
    r#"[{"type": "User", "id": "ann", "parents": [{"type": "User", "id": "bob"}]}]"#,
    r#"[{"type": "User", "id": "ann", "parents": [{"type": "Group"}]}]"#,
    r#"[{"type": "User", "id": "ann", "parents": ["Group"]}]"#,
    r#"[{"type": "Group", "id": "a", "parents": [{"type": "Group", "id": "a"}]}]"#,
    r#"[{"type": "Group", "id": "a", "parents": [{"type": "Group", "id": "b"}]},
        {"type": "Group", "id": "b", "parents": [{"type": "Group", "id": "c"}, {"type": "Group", "id": "a"}]}]"#,
    // Too high, and too much above one.
    r#"[{"type": "Group", "id": "a", "parents": [{"type": "Group", "id": "b"}]},
        {"type": "Group", "id": "b", "parents": [{"type": "Group", "id": "c"}]},
        {"type": "Group", "id": "c", "parents": [{"type": "Group", "id": "d"}]},
        {"type": "Group", "id": "d", "parents": [{"type": "Group", "id": "e"}]},
        {"type": "Group", "id": "e", "parents": [{"type": "Group", "id": "f"}]}]"#,
    r#"[{"type": "Group", "id": "a", "parents": [{"type": "Group", "id": "1"}, {"type": "Group", "id": "2"},
         {"type": "Group", "id": "3"}, {"type": "Group", "id": "4"}, {"type": "Group", "id": "5"}]},
        {"type": "User", "id": "a", "parents": [{"type": "Group", "id": "a"}, {"type": "Group", "id": "6"}]}]"#,
    r#"[{"type": "Group", "id": "1"}, {"type": "Group", "id": "2"}, {"type": "Group", "id": "3"},
        {"type": "Group", "id": "4"}, {"type": "Group", "id": "5"}, {"type": "Group", "id": "6"},
        {"type": "Group", "id": "7"}, {"type": "Group", "id": "8"}, {"type": "Group", "id": "9"},
        {"type": "Group", "id": "10"}]"#,
];

#[test]
fn data_count_as_those_that_are_baked_in() {
    let (policy, host) = (policy(), host());
    let baked = Store::from_json(&policy, GOOD[6].as_bytes()).unwrap();
    let mut instance = instance(&host, &policy, &baked);
    agrees(&policy, &baked, &mut instance);
    for text in GOOD.iter().chain(GOOD.iter().rev()) {
        let store = Store::from_json(&policy, text.as_bytes()).unwrap();
        instance.set_data(text.as_bytes()).unwrap();
        agrees(&policy, &store, &mut instance);
        for bad in BAD {
            assert!(Store::from_json(&policy, bad.as_bytes()).is_err(), "{bad}");
            assert!(matches!(instance.set_data(bad.as_bytes()), Err(HostError::DataRefused)), "{bad}");
        }
        agrees(&policy, &store, &mut instance);
    }
}

/// Entities whose ids have hashes that meet, and many of one parent; beside them a few that decisions need.
fn large(count: usize) -> String {
    let users = (0..count).map(|at| {
        let (group, note) = (at % 7, at % 3);
        format!(
            r#"{{"type":"User","id":"user{at}","properties":{{"level":{at},"tags":["a","b{note}"]}},
                "parents":[{{"type":"Group","id":"g{group}"}},{{"type":"Group","id":"all"}}]}},"#
        )
    });
    let rest = GOOD[6].trim_start_matches('[');
    format!("[{}{rest}", users.collect::<String>())
}

#[test]
fn without_memory_data_are_refused_and_those_before_stay() {
    let policy = policy_of(POLICY, Limits::default());
    let module = compile(&policy, &Store::empty(), TAKING_DATA()).unwrap();
    let store = Store::from_json(&policy, GOOD[6].as_bytes()).unwrap();
    let (mut taken, mut refused) = (0, 0);
    for pages in (4..120).step_by(5) {
        let limits = HostLimits { memory_bytes_max: pages << 16, instances_max: 2, ..HostLimits::default() };
        let Ok(loaded) = Host::new(limits).unwrap().load(&module, None) else {
            // Not even the module's own pages.
            continue;
        };
        let mut instance = loaded.instantiate().unwrap();
        let first = match instance.set_data(GOOD[6].as_bytes()) {
            Ok(()) => store.clone(),
            Err(_) => Store::empty(),
        };
        for count in [10, 300, 3000, 12_000] {
            let text = large(count);
            match instance.set_data(text.as_bytes()) {
                Ok(()) => {
                    taken += 1;
                    agrees(&policy, &Store::from_json(&policy, text.as_bytes()).unwrap(), &mut instance);
                    if !first.is_empty() {
                        instance.set_data(GOOD[6].as_bytes()).unwrap();
                    }
                }
                Err(HostError::DataTooLarge) => refused += 1,
                Err(error) => panic!("{error}"),
            }
            if !first.is_empty() {
                agrees(&policy, &first, &mut instance);
            }
        }
    }
    assert!(taken > 20 && refused > 20, "{taken} {refused}");
}

#[test]
fn a_module_that_was_not_asked_to_takes_no_data() {
    let policy = policy();
    let module = compile(&policy, &Store::empty(), Target::Core(core::Options::default())).unwrap();
    let mut instance = host().load(&module, None).unwrap().instantiate().unwrap();
    assert!(matches!(instance.set_data(b"[]"), Err(HostError::NotTaken(_))));
}

/// Data stand behind settings: both count, whichever data come later, and settings are as they were then.
#[test]
fn data_come_after_settings() {
    let policy = policy();
    let module = compile_with_settings(&policy, &Store::empty(), TAKING_DATA(), &["least"]).unwrap();
    let module = host().load(&module, None).unwrap();
    for least in ["-5", "5", "9"] {
        let mut instance = module.instantiate().unwrap();
        let mut with = policy.clone();
        with.set_param_json("least", least.as_bytes()).unwrap();
        // Settings of other lengths before: what stood behind them would be damaged by these.
        for other in [r#"{"least":            1234567}"#, "{}", r#"{"least": "x"}"#] {
            assert_eq!(instance.configure(other.as_bytes()).is_ok(), !other.contains('x'));
        }
        instance.configure(format!(r#"{{"least": {least}}}"#).as_bytes()).unwrap();
        agrees(&with, &Store::empty(), &mut instance);
        for good in GOOD {
            instance.set_data(good.as_bytes()).unwrap();
            let store = Store::from_json(&with, good.as_bytes()).unwrap();
            agrees(&with, &store, &mut instance);
            let Err(HostError::Settings(wrong)) = instance.configure(b"{}") else { panic!("settings after data") };
            assert_eq!(wrong, "settings come before entity data: a fresh instance takes them");
            agrees(&with, &store, &mut instance);
        }
    }
}

/// Sets a generated document, once more damaged, and compares decisions; for [`crate::generated`].
pub fn generated(policy: &Policy, both: &mut Both<'_>, choices: &mut Choices<'_>) -> Result<u64, String> {
    let mut text = store(policy.schema(), choices).into_bytes();
    let mut asked = 0;
    let mut before = both.store().clone();
    for is_damaged in [false, true] {
        if is_damaged {
            crate::generated::damage(&mut text, choices);
        }
        let told = |error: String| format!("{error}\nset {}", String::from_utf8_lossy(&text));
        match (Store::from_json(policy, &text), both.instance().set_data(&text)) {
            (Ok(store), Ok(())) => before = store,
            (Err(_), Err(HostError::DataRefused)) => {}
            (expected, found) => {
                return Err(told(format!("engine {:?} module {found:?}", expected.map(|it| it.len()))));
            }
        }
        for _ in 0..10 {
            let (request, now): (_, Option<Timestamp>) = (request(policy.schema(), choices), instant(choices));
            for mode in [Mode::Full, Mode::Effect] {
                let expected = decided(policy, &before, request.as_bytes(), now, mode).1;
                let found = both.instance().decide(request.as_bytes(), now, mode).map_err(|error| error.to_string())?;
                if found != expected.as_bytes() {
                    let found = String::from_utf8_lossy(found);
                    return Err(told(format!("{mode:?} of {request}\nengine {expected}\nmodule {found}")));
                }
                asked += 1;
            }
        }
    }
    Ok(asked)
}
