//! What the index of a policy takes, whatever the policy looks like.

use super::*;
use crate::index::COPIES_MAX;

/// What a policy says: nodes, elements of constants, and where its rules stand.
fn policy_size(policy: &Policy) -> usize {
    let elements = |value: &Value| match value {
        Value::Set(all) | Value::List(all) => all.len(),
        _ => 1,
    };
    let constants: usize = policy.consts.iter().map(elements).sum();
    let listed: usize =
        policy.actions.iter().map(|rules| rules.denies.len() + rules.allows.len() + rules.audits.len()).sum();
    policy.nodes.len() + constants + listed
}

/// That entries and cells stay within a constant of the policy's size.
fn is_linear(policy: &Policy) {
    let index = &policy.derived.index;
    let listed: usize =
        policy.actions.iter().map(|rules| rules.denies.len() + rules.allows.len() + rules.audits.len()).sum();
    // In each of the divisions inside one another, a rule stands at no more places than this, and once among all.
    let most = (listed * COPIES_MAX as usize * 2 + policy_size(policy) * 4) * (DEPTH_MAX as usize + 1);
    let bytes = index.tables.bytes();
    assert!(index.entries.len() <= most, "{} entries, {most} allowed", index.entries.len());
    assert!(bytes <= most * 64, "{bytes} bytes of tables, {most} entries allowed");
    let depths = index.actions.iter().flat_map(|trees| [trees.denies, trees.duties, trees.allows, trees.audits]);
    assert!(depths.map(|tree| depth_of(index, tree)).max().unwrap_or(0) <= DEPTH_MAX);
}

/// A policy whose rules are what `make` gives for each number.
fn many(count: usize, make: impl Fn(&mut Builder, usize) -> NodeId) -> Policy {
    let mut builder = builder();
    for at in 0..count {
        let condition = make(&mut builder, at);
        builder.add_rule(rule(&format!("r{at}"), Effect::Allow, condition), &[READ, WRITE]);
    }
    builder.finish().unwrap()
}

fn words(from: usize, count: usize) -> Value {
    Value::set((from..from + count).map(|at| text(&format!("w{at}"))).collect())
}

fn word_in(builder: &mut Builder, several: Value) -> NodeId {
    let (slot, several) = (builder.context(TEXT), builder.constant(several));
    builder.contains(several, slot)
}

fn is_count(builder: &mut Builder, at: usize) -> NodeId {
    let (slot, constant) = (builder.context(COUNT), builder.constant(int(at as i64)));
    builder.equal(slot, constant)
}

/// How many rules are looked at for a request.
fn looked_at(policy: &Policy, context: Json) -> usize {
    let request = request(policy, context);
    let tree = policy.derived.index.trees(READ.index()).allows;
    candidates_of(policy, &Store::empty(), &request, tree, true).len()
}

#[test]
fn lists_of_their_own_are_filed_key_by_key() {
    let policy = many(200, |builder, at| word_in(builder, words(at * 100, 200)));
    is_linear(&policy);
    assert_eq!(looked_at(&policy, json!({ "text": "w5000" })), 2);
}

#[test]
fn a_list_that_all_rules_share_is_not_repeated() {
    let policy = many(400, |builder, at| {
        let both = [word_in(builder, words(0, 2_000)), is_count(builder, at)];
        builder.and(both)
    });
    is_linear(&policy);
    assert_eq!(looked_at(&policy, json!({ "text": "w5", "count": 7 })), 1);
    is_linear(&many(400, |builder, at| {
        let (slot, key) = (builder.context(LABELS), builder.constant(text(&format!("k{at}"))));
        let (entry, several) = (builder.index(slot, key), builder.constant(words(0, 2_000)));
        builder.contains(several, entry)
    }));
}

#[test]
fn alternatives_that_all_rules_share_are_not_repeated() {
    let policy = many(800, |builder, at| {
        let (slot, one) = (builder.context(TEXT), is_count(builder, at));
        let words: Vec<NodeId> = (0..800)
            .map(|word| {
                let word = builder.constant(text(&format!("w{word}")));
                builder.equal(slot, word)
            })
            .collect();
        let shared = builder.or(words);
        builder.or([shared, one])
    });
    is_linear(&policy);
}

#[test]
fn many_alternatives_in_every_conjunct_do_not_multiply() {
    let slots = [TEXT, PATH, COUNT, MAYBE];
    is_linear(&many(500, |builder, at| {
        let conjuncts: Vec<NodeId> = slots
            .iter()
            .map(|slot| {
                let several = (0..20).map(|key| match *slot {
                    TEXT => text(&format!("w{}", (at + key) % 50)),
                    PATH => Value::Path(crate::value::Path::parse(&format!("/p/{}", (at + key) % 50)).unwrap()),
                    _ => int(((at * 7 + key) % 50) as i64),
                });
                let (several, slot) = (Value::set(several.collect()), builder.context(*slot));
                let several = builder.constant(several);
                builder.contains(several, slot)
            })
            .collect();
        builder.and(conjuncts)
    }));
}

#[test]
fn rules_of_one_key_are_told_apart_by_another_slot() {
    let policy = many(100_000, |builder, at| {
        let both = [word_in(builder, words(0, 1)), is_count(builder, at)];
        builder.and(both)
    });
    is_linear(&policy);
    assert_eq!(looked_at(&policy, json!({ "text": "w0", "count": 99_999 })), 1);
    assert_eq!(looked_at(&policy, json!({ "text": "w1", "count": 99_999 })), 0);
    assert_eq!(looked_at(&policy, json!({ "text": "w0" })), 0);
}

#[test]
fn rules_that_nothing_tells_apart_are_all_looked_at() {
    let policy = many(100_000, |builder, _| word_in(builder, words(0, 1)));
    is_linear(&policy);
    assert_eq!(looked_at(&policy, json!({ "text": "w0" })), 100_000);
}

#[test]
fn many_slots_of_few_rules_are_divided_in_time() {
    let policy = many(60_000, |builder, at| {
        let (map, key) = (builder.context(LABELS), builder.constant(text(&format!("k{}", at / 3))));
        let (entry, word) = (builder.index(map, key), builder.constant(text(&format!("w{}", at % 3))));
        builder.equal(entry, word)
    });
    is_linear(&policy);
}
