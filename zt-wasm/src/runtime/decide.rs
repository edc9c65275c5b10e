//! How a module decides: as `zt-eval/src/eval/mod.rs` does, which says why.
//!
//! A deny rule fires when its condition is true or unknown, an allow rule only when it is true and every argument of its
//! obligations is known. The effect is allow when an allow rule fires and no deny rule does that none of them overrides.

use super::bind::*;
use super::challenge::*;
use super::declared::*;
use super::env::*;
use super::facts::*;
use super::layout::*;
use super::leaves::*;
use super::memo::*;
use super::memory::*;
use super::order::*;
use super::row::*;
use super::sort::*;
use super::walk::*;
use super::write::*;

/// Deny rules that fired: a list of three numbers each, the rule, whether it is true or unknown, whether it is overridden.
const FIRED: i32 = 1928;
const FIRED_NUMBERS: i32 = 3;
/// The action's row.
pub const DECIDING: i32 = 1940;

const REASON_NONE: i32 = 0;
const REASON_RULE: i32 = 1;
const REASON_UNKNOWN: i32 = 2;
const REASON_NO_RULE: i32 = 3;
pub const REASON_INVALID: i32 = 4;

/// In place of an allow rule's truth: unknown, and it overrides a deny rule that stands.
const OVERRIDES: i32 = 3;

// Of an action's row: its divisions.
pub const TREE_DENIES: i32 = 0;
pub const TREE_DUTIES: i32 = 1;
pub const TREE_ALLOWS: i32 = 2;
pub const TREE_AUDITS: i32 = 3;

/// Decides the request that was bound; `full` when every field of the decision is wanted.
pub fn decide(full: bool) {
    decision_clear();
    st32(FULL, full as i32);
    st32(GRANTED, NOWHERE);
    if ld32(ERROR) == 0 && ld32(FAILED) == 0 {
        facts_reset();
        st32(DECIDING, action_row(ld32(ACTION)));
        walk_prepare();
        decide_restart();
        if full {
            decide_in_full();
        } else {
            decide_effect();
        }
    }
    if ld32(ERROR) != 0 || ld32(FAILED) != 0 {
        decide_invalid();
    }
}

/// The denial of a request that does not fit the policy.
pub fn decide_invalid() {
    decision_clear();
    st32(REASON, REASON_INVALID);
}

/// A denial of which nothing is known.
fn decision_clear() {
    st32(EFFECT, 0);
    st32(REASON, REASON_NONE);
    st32(HAS_FLIP, 0);
    list_new(RULES);
    list_new(OVERRIDDEN);
    list_new(AUDIT);
    list_new(OBLIGED);
    list_new(FACTS);
    list_new(UNKNOWNS);
    list_new(CHALLENGE);
    list_new(FIRED);
}

/// Forgets what was computed and looked up: the same request is looked at in another way.
pub fn decide_restart() {
    st32(KEYS + 4, 0);
    level_renew(0);
}

pub fn truth_and(a: i32, b: i32) -> i32 {
    if a == FALSE || b == FALSE {
        return FALSE;
    }
    return if a == UNKNOWN { UNKNOWN } else { b };
}

pub fn truth_or(a: i32, b: i32) -> i32 {
    if a == TRUE || b == TRUE {
        return TRUE;
    }
    return if a == UNKNOWN { UNKNOWN } else { b };
}

fn tree(at: i32) -> i32 {
    return action_tree(ld32(DECIDING), at);
}

/// A rule's row. A number is a rule's, unless memory has come to its end.
pub fn rule_row(rule: i32) -> i32 {
    if (rule as u32) < (ld32(H_RULES_COUNT) as u32) {
        return place_at(ld32(H_RULES) + rule * place_width());
    }
    return place_at(ld32(H_RULES));
}

/// The truth of a candidate's condition, as far as that is wanted: one that is not may be given as unknown or false.
fn condition_truth(rule: i32, proven: i32, want: i32) -> i32 {
    if proven == entry_holds() {
        return TRUE;
    }
    let conjuncts = rule_conjuncts(rule_row(rule));
    let count = number_at(conjuncts);
    let mut truth = TRUE;
    let mut at = 0;
    while at < count {
        // The last bit is no conjunct's.
        if at > 14 || (proven >> at) & 1 == 0 {
            truth = truth_and(truth, node_truth(listed(conjuncts, at)));
            if truth == FALSE || truth == UNKNOWN && want == WANT_TRUE {
                return truth;
            }
        }
        at += 1;
    }
    return truth;
}

/// Whether an allow rule fires, when the truth of its condition is known: every argument of its obligations must be a value in
/// which nothing is unknown.
fn args_truth(rule: i32, condition: i32) -> i32 {
    if ld32(H_OBLIGES) == 0 {
        return condition;
    }
    let duties = rule_duties(rule_row(rule));
    if duties == NOWHERE {
        return condition;
    }
    let mut duty = duties + 4;
    let end = duty + ld32(duties) * DUTY;
    let mut truth = condition;
    while duty != end {
        let nodes = ld32(duty + DUTY_NODES);
        let count = ld32(duty + DUTY_COUNT);
        let mut at = 0;
        while at < count {
            if truth == FALSE {
                return FALSE;
            }
            truth = truth_and(truth, argument_truth(node_value(ld32(nodes + at * 4))));
            at += 1;
        }
        duty += DUTY;
    }
    return truth;
}

fn argument_truth(cell: i32) -> i32 {
    let tag = ld32(cell);
    if tag == T_ABSENT {
        return FALSE;
    }
    return if tag != T_UNKNOWN && wholly_known(cell) { TRUE } else { UNKNOWN };
}

/// Whether a candidate among the allow rules fires.
fn allow_fires(rule: i32, proven: i32) -> bool {
    if condition_truth(rule, proven, WANT_TRUE) != TRUE {
        return false;
    }
    return args_truth(rule, TRUE) == TRUE;
}

/// Whether an allow rule of the action that overrides this deny rule fires.
fn overridden_truth(deny: i32) -> i32 {
    if ld32(H_OVERRIDES) == 0 {
        return FALSE;
    }
    let allows = rule_overriders(rule_row(deny));
    let count = number_at(allows);
    let mut truth = FALSE;
    let mut at = 0;
    while at < count && truth != TRUE {
        let allow = listed(allows, at);
        if is_of_action(allow) {
            truth = truth_or(truth, args_truth(allow, condition_truth(allow, 0, WANT_NOT_FALSE)));
        }
        at += 1;
    }
    return truth;
}

/// Whether a rule is among the action's allow rules that override any.
fn is_of_action(allow: i32) -> bool {
    let overriding = action_overriding(ld32(DECIDING));
    if overriding == NOWHERE {
        return false;
    }
    let mut low = 0;
    let mut high = number_at(overriding);
    while low < high {
        let middle = (low + high) >> 1;
        let rule = listed(overriding, middle);
        if rule == allow {
            return true;
        }
        if rule < allow {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return false;
}

fn decide_effect() {
    let settled = denies_settled();
    if settled < 0 {
        return;
    }
    if ld32(H_OBLIGES) != 0 {
        let duties = tree(TREE_DUTIES);
        if place_at(duties) != entries_end(duties) || division_dimensions_count(duties) != 0 {
            walk_candidates(duties, NOWHERE, WANT_TRUE);
            allow_candidates();
        }
    }
    // An override is an allow rule that fires.
    if ld32(EFFECT) != 0 || settled > 0 || any_allows(tree(TREE_ALLOWS)) {
        st32(EFFECT, 1);
    }
    // Fields that are wanted in full only.
    list_new(RULES);
}

/// Takes down the candidates that fire, and that they do.
fn allow_candidates() {
    let mut at = 0;
    while at < ld32(CANDIDATES + 4) {
        let candidate = ld32(ld32(CANDIDATES) + at * 4);
        let rule = ld32(candidate);
        if allow_fires(rule, ld32(candidate + CANDIDATE_PROVEN)) {
            st32(EFFECT, 1);
            push(RULES, rule);
            if ld32(H_OBLIGES) != 0 {
                if rule_duties(rule_row(rule)) != NOWHERE {
                    push(OBLIGED, rule);
                }
            }
        }
        at += 1;
    }
}

/// The effect alone; stops as soon as it is settled. Whether it is allow.
pub fn effect_allows() -> bool {
    let settled = denies_settled();
    if settled != 0 {
        return settled > 0;
    }
    return any_allows(tree(TREE_ALLOWS)) || ld32(H_OBLIGES) != 0 && any_allows(tree(TREE_DUTIES));
}

/// Whether any deny rule fires and is overridden; -1 when one stands.
fn denies_settled() -> i32 {
    let mut overridden = 0;
    if ld32(H_DENIES) == 0 {
        return 0;
    }
    walk_start(tree(TREE_DENIES), WANT_NOT_FALSE);
    loop {
        let entry = walk_next();
        if entry == NOWHERE {
            return overridden;
        }
        if condition_truth(entry_rule(entry), ld32(WALK_PROVEN), WANT_NOT_FALSE) != FALSE {
            if overridden_truth(entry_rule(entry)) != TRUE {
                return -1;
            }
            overridden = 1;
        }
    }
}

/// Whether any allow rule of a division fires.
fn any_allows(division: i32) -> bool {
    walk_start(division, WANT_TRUE);
    loop {
        let entry = walk_next();
        if entry == NOWHERE {
            return false;
        }
        if allow_fires(entry_rule(entry), ld32(WALK_PROVEN)) {
            return true;
        }
    }
}

fn decide_in_full() {
    find_fired();
    if !any_stands() {
        walk_candidates(tree(TREE_DUTIES), tree(TREE_ALLOWS), WANT_TRUE);
        allow_candidates();
    }
    if ld32(EFFECT) == 0 {
        denied();
    }
    find_audited();
    if ld32(EFFECT) == 0 {
        challenge_find();
    }
}

/// Whether any deny rule that fires is not overridden. Takes down those that are.
fn any_stands() -> bool {
    if ld32(H_OVERRIDES) == 0 {
        return ld32(H_DENIES) != 0 && ld32(FIRED + 4) != 0;
    }
    let mut stands = false;
    let mut fired = ld32(FIRED);
    let end = fired + ld32(FIRED + 4) * 4;
    while fired != end {
        if ld32(fired + 8) == TRUE {
            push(OVERRIDDEN, ld32(fired));
        } else {
            stands = true;
        }
        fired += FIRED_NUMBERS * 4;
    }
    return stands;
}

/// The deny rules that fire, in source order.
fn find_fired() {
    if ld32(H_DENIES) == 0 {
        return;
    }
    walk_candidates(tree(TREE_DENIES), NOWHERE, WANT_NOT_FALSE);
    let mut at = 0;
    while at < ld32(CANDIDATES + 4) {
        let candidate = ld32(ld32(CANDIDATES) + at * 4);
        let rule = ld32(candidate);
        let truth = condition_truth(rule, ld32(candidate + CANDIDATE_PROVEN), WANT_NOT_FALSE);
        if truth != FALSE {
            let overridden = overridden_truth(rule);
            push(FIRED, rule);
            push(FIRED, truth);
            push(FIRED, overridden);
        }
        at += 1;
    }
    if ld32(FAILED) != 0 {
        list_new(FIRED);
    }
}

/// Why, by which rules, and what is unknown.
fn denied() {
    let mut reason = REASON_NO_RULE;
    let mut is_closed = false;
    let mut fired = ld32(FIRED);
    let end = fired + ld32(FIRED + 4) * 4;
    while ld32(H_DENIES) != 0 && fired != end {
        let truth = ld32(fired + 4);
        let overridden = ld32(fired + 8);
        if overridden != TRUE {
            push(RULES, ld32(fired));
            if truth == TRUE {
                reason = REASON_RULE;
                // No override is open: nothing that could be found out changes the denial.
                if overridden == FALSE {
                    is_closed = true;
                }
            } else if reason == REASON_NO_RULE {
                reason = REASON_UNKNOWN;
            }
        }
        fired += FIRED_NUMBERS * 4;
    }
    st32(REASON, reason);
    if !is_closed {
        find_unknown();
    }
}

/// What could change the denial if it were known.
fn find_unknown() {
    walk_candidates(tree(TREE_DUTIES), tree(TREE_ALLOWS), WANT_NOT_FALSE);
    let mut no_allow_fires = true;
    let mut at = 0;
    let count = ld32(CANDIDATES + 4);
    while at < count {
        let candidate = ld32(ld32(CANDIDATES) + at * 4);
        let rule = ld32(candidate);
        let condition = condition_truth(rule, ld32(candidate + CANDIDATE_PROVEN), WANT_NOT_FALSE);
        let truth = args_truth(rule, condition);
        if truth == TRUE {
            no_allow_fires = false;
        }
        // What was proven does not matter any more.
        st32(candidate + CANDIDATE_PROVEN, truth);
        at += 1;
    }
    let open = keep_open(no_allow_fires);
    if no_allow_fires && open == 0 {
        return;
    }
    leaves_start();
    let mut fired = ld32(FIRED);
    let end = fired + ld32(FIRED + 4) * 4;
    while ld32(H_DENIES) != 0 && fired != end {
        if ld32(fired + 4) == UNKNOWN && ld32(fired + 8) != TRUE {
            leaves_of_rule(rule_row(ld32(fired)));
        }
        fired += FIRED_NUMBERS * 4;
    }
    at = 0;
    while at < open && ld32(FAILED) == 0 {
        leaves_of_allow(ld32(ld32(ld32(CANDIDATES) + at * 4)));
        at += 1;
    }
    sort_from(UNKNOWNS, 0, ORDER_UNKNOWNS);
    list_dedup(UNKNOWNS, 0, ORDER_UNKNOWNS);
}

/// Leaves of the candidates those that could change the denial; how many.
fn keep_open(no_allow_fires: bool) -> i32 {
    let mut wanted = UNKNOWN;
    if !no_allow_fires {
        mark_overriding();
        wanted = OVERRIDES;
    }
    let candidates = ld32(CANDIDATES);
    let count = ld32(CANDIDATES + 4);
    let mut kept = 0;
    let mut at = 0;
    while at < count {
        let candidate = ld32(candidates + at * 4);
        if ld32(candidate + CANDIDATE_PROVEN) == wanted {
            st32(candidates + kept * 4, candidate);
            kept += 1;
        }
        at += 1;
    }
    return kept;
}

/// Marks those of the unknown candidates that override a deny rule that stands.
fn mark_overriding() {
    if ld32(H_OVERRIDES) == 0 {
        return;
    }
    let mut fired = ld32(FIRED);
    let end = fired + ld32(FIRED + 4) * 4;
    while fired != end {
        if ld32(fired + 8) != TRUE {
            let overriders = rule_overriders(rule_row(ld32(fired)));
            let count = number_at(overriders);
            let mut at = 0;
            while at < count {
                mark_open(listed(overriders, at));
                at += 1;
            }
        }
        fired += FIRED_NUMBERS * 4;
    }
}

/// Marks a rule, if it is among the candidates, which are in source order, and unknown.
fn mark_open(rule: i32) {
    let mut low = 0;
    let mut high = ld32(CANDIDATES + 4);
    while low < high {
        let middle = (low + high) >> 1;
        let candidate = ld32(ld32(CANDIDATES) + middle * 4);
        let found = ld32(candidate);
        if found == rule {
            if ld32(candidate + CANDIDATE_PROVEN) == UNKNOWN {
                st32(candidate + CANDIDATE_PROVEN, OVERRIDES);
            }
            return;
        }
        if found < rule {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
}

fn leaves_of_allow(rule: i32) {
    let row = rule_row(rule);
    leaves_of_rule(row);
    if ld32(H_OBLIGES) == 0 {
        return;
    }
    let duties = rule_duties(row);
    if duties == NOWHERE {
        return;
    }
    let mut duty = duties + 4;
    let end = duty + ld32(duties) * DUTY;
    while duty != end {
        let nodes = ld32(duty + DUTY_NODES);
        let count = ld32(duty + DUTY_COUNT);
        let mut at = 0;
        while at < count {
            leaves_of_argument(ld32(nodes + at * 4));
            at += 1;
        }
        duty += DUTY;
    }
}

/// The `audit` rules that would fire.
fn find_audited() {
    if ld32(H_AUDITS) == 0 {
        return;
    }
    walk_candidates(tree(TREE_AUDITS), NOWHERE, WANT_NOT_FALSE);
    let mut at = 0;
    while at < ld32(CANDIDATES + 4) {
        let candidate = ld32(ld32(CANDIDATES) + at * 4);
        let rule = ld32(candidate);
        let truth = condition_truth(rule, ld32(candidate + CANDIDATE_PROVEN), WANT_NOT_FALSE);
        let fires = if rule_is_deny(rule_row(rule)) { truth != FALSE } else { args_truth(rule, truth) == TRUE };
        if fires {
            push(AUDIT, rule);
        }
        at += 1;
    }
}

/// Decides a request that stands somewhere outside of the arena, and writes the decision.
pub fn decide_json(at: i32, len: i32, full: bool) {
    arena_start(ld32(H_ARENA));
    if !bind_request(at, len) {
        st32(ERROR, 1);
    }
    decide(full);
    write_decision();
}
