//! A policy whose tables have more bytes than two-byte addresses reach.

use std::fmt::Write as _;

use zt_eval::Store;
use zt_eval::decision::Mode;
use zt_eval::graph::Effect;
use zt_lang::{Options, Sources};

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
    let mut sources = Sources::new();
    sources.add("many.zt", text.as_bytes());
    let policy = zt_lang::parse(sources, &Options::default()).typecheck().unwrap().lower().unwrap();
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
