//! What is in modules: nothing of what their policies have no use for, so that small policies have small modules.

use std::collections::BTreeSet;

use zt_eval::{Policy, Store};
use zt_lang::{Options, Sources};
use zt_wasm::{Target, compile, compile_with_names, inspect};

const ONE: &str = "package one
entity User
entity Document
source idp verified
context { mfa: Bool from idp }
action read: User -> Document
allow every: read
  when context.mfa
";

/// A policy that differs from [`ONE`] by a declaration and a rule, and functions that are in its module for that.
const MORE: &[(&str, &str, &str, &[&str])] = &[
    (
        "operands that may be unknown",
        "Document { open: Bool }",
        "when not resource.open",
        &["leaves_operands", "list_pop"],
    ),
    (
        "the hierarchy",
        "Document in Document",
        "when resource in Document::\"top\"",
        &["cycle_on", "climb", "names_sort"],
    ),
    ("a time", "Document { at: Timestamp }", "when now < resource.at", &["time_pair", "out_padded", "json_digits"]),
    ("an address", "Document { from: Ip }", "when resource.from in 10.0.0.0/8", &["v4_read", "range_holds"]),
    ("a set", "Document { tags: Set<String> }", "when resource.tags contains \"x\"", &["read_push", "pool_push"]),
    ("a quantity", "Document { size: Quantity }", "when resource.size < \"1Gi\"", &["scalar_quantity", "wide_times"]),
];

fn policy(text: &str) -> Policy {
    let mut sources = Sources::new();
    sources.add("policy.zt", text.as_bytes());
    zt_lang::parse(sources, &Options::default()).typecheck().unwrap().lower().unwrap()
}

fn functions(text: &str) -> BTreeSet<String> {
    let module = compile_with_names(&policy(text), &Store::empty(), Target::Core(Default::default())).unwrap();
    inspect(&module).unwrap().functions.into_iter().map(|(name, _)| name).collect()
}

#[test]
fn modules_have_what_their_policies_need() {
    let without = functions(ONE);
    for (what, entity, condition, needed) in MORE {
        let text = ONE.replace("entity Document", &format!("entity {entity}")).replace("when context.mfa", condition);
        let with = functions(&text);
        for name in *needed {
            assert!(with.contains(*name), "{what} takes no {name}: {with:?}");
            assert!(!without.contains(*name), "{name} is there without {what}");
        }
    }
}

#[test]
fn what_is_nowhere_denied_or_filed_takes_no_code() {
    let without = functions(ONE);
    let denies = functions(&format!("{ONE}\ndeny some: read\n  when not context.mfa\n"));
    assert!(denies.contains("overridden_truth") && !without.contains("overridden_truth"), "{denies:?}");
    let rule = |at| format!("\nallow r{at}: read\n  for subject in User::\"u{at}\"\n  when context.mfa\n");
    let rules: String = (0..40).map(rule).collect();
    let filed = functions(&format!("{}{rules}", ONE.replace("entity User", "entity User in User")));
    for name in ["walk_entries", "list_dedup"] {
        assert!(filed.contains(name), "rules that are filed take no {name}: {filed:?}");
        assert!(!without.contains(name), "{name} is there where nothing is filed");
    }
}

/// The least modules there are: whoever makes them larger should know. (Names and places of rules are in it.)
#[test]
fn a_small_policy_has_a_small_module() {
    let module = compile(&policy(ONE), &Store::empty(), Target::Core(Default::default())).unwrap();
    assert!(module.len() <= 12_900, "one rule takes {} bytes", module.len());
}
