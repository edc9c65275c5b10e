//! Policies of many rules and of many types: tables that have more bytes than two-byte addresses reach, tables of functions that
//! are longer than engines take them unasked, and modules that grow as their policies do.

use std::fmt::Write as _;

use zt_eval::decision::Mode;
use zt_eval::graph::Effect;
use zt_eval::{Policy, Store};
use zt_lang::{Options, Sources};
use zt_wasm::{Target, compile};

use crate::agree::{Both, host};

const HEAD: &str = "package p
entity User in Group
entity Group
entity Document
context { level: Int from pep }
action read: User -> Document
";
const RULES: usize = 1500;
/// So many rules share a group.
const GROUPS: usize = 12;

#[test]
fn tables_of_many_rules_say_what_those_of_few_do() {
    let mut text = HEAD.to_owned();
    for rule in 0..RULES {
        let (effect, group) = (["allow", "allow", "deny"][rule % 3], rule % (RULES / GROUPS));
        let (low, high) = (rule % 7, rule % 7 + rule % 5);
        let _ = writeln!(
            text,
            "{effect} r{rule}: read for subject in Group::\"{group}\" when context.level >= {low} and context.level <= {high}"
        );
    }
    let policy = policy(&text);
    let (host, store) = (host(), Store::empty());
    let mut both = Both::of(&host, &policy, &store);
    let mut allowed = 0;
    for asked in 0..60 {
        let parent = format!(r#"{{"type":"Group","id":"{}"}}"#, asked * 7 % 140);
        let entities = format!(r#"{{"type":"User","id":"ann","parents":[{parent}]}}"#);
        let entities = if asked % 9 == 0 { String::new() } else { entities };
        let context = if asked % 10 == 0 { String::new() } else { format!(r#""level":{}"#, asked % 12) };
        let request = format!(
            r#"{{"subject":{{"type":"User","id":"ann"}},"action":{{"name":"read"}},"resource":{{"type":"Document","id":"d"}},"context":{{{context}}},"entities":[{entities}]}}"#
        );
        for mode in [Mode::Full, Mode::Effect] {
            let agreed = both.agree(request.as_bytes(), None, mode);
            allowed += usize::from(agreed.unwrap().effect == Effect::Allow);
        }
    }
    assert!(allowed > 0);
}

fn policy(text: &str) -> Policy {
    let mut sources = Sources::new();
    sources.add("many.zt", text.as_bytes());
    zt_lang::parse(sources, &Options::default()).typecheck().unwrap().lower().unwrap()
}

#[test]
fn a_table_of_functions_may_be_long() {
    let mut text = HEAD.to_owned();
    for rule in 0..6_000 {
        let _ =
            writeln!(text, "allow r{rule}: read when subject in Group::\"g{rule}\" and subject in Group::\"h{rule}\"");
    }
    let (policy, store, host) = (policy(&text), Store::empty(), host());
    assert!(policy.nodes().len() > 20_000, "{}", policy.nodes().len());
    let mut both = Both::of(&host, &policy, &store);
    for (above, effect) in [("h77", Effect::Allow), ("h78", Effect::Deny)] {
        let request = format!(
            r#"{{"subject":{{"type":"User","id":"ann","parents":[{{"type":"Group","id":"g77"}},{{"type":"Group","id":"{above}"}}]}},"action":{{"name":"read"}},"resource":{{"type":"Document","id":"d"}},"entities":[{{"type":"Group","id":"g77","parents":[]}},{{"type":"Group","id":"{above}","parents":[]}}]}}"#
        );
        assert_eq!(both.agree(request.as_bytes(), None, Mode::Full).unwrap().effect, effect);
    }
}

#[test]
fn modules_grow_as_their_types_do() {
    let len = |types: usize| {
        let mut text = HEAD.to_owned();
        for ty in 0..types {
            let _ = writeln!(
                text,
                "entity T{ty} {{ a: Int }}\naction act{ty}: T{ty} -> Document\nallow a{ty}: act{ty} when subject.a == 1"
            );
        }
        compile(&policy(&text), &Store::empty(), Target::Core(Default::default())).unwrap().len()
    };
    let [few, twice, four] = [300, 600, 1200].map(len);
    assert!(four - twice < (twice - few) * 5 / 2, "{few}, {twice}, {four} bytes");
}
