//! The index: the same candidates, the same evidence.

use std::fmt::Write;

use zt_eval::codegen::{By, Filing, LookupKind};

use super::cases::{compile, decisions};

const HEAD: &str = r#"package p
entity User {}
entity Document {}
context { ready: Bool from pep, word: String from pep, name: String from pep, score: Int from pep }
action read: User -> Document
"#;

/// Requests with every choice of these members of the context, of which the empty text leaves one unknown.
fn requests(members: [&[&str]; 4]) -> Vec<String> {
    let mut contexts = vec![String::new()];
    for (name, values) in ["ready", "word", "name", "score"].into_iter().zip(members) {
        let mut longer = Vec::new();
        for context in &contexts {
            longer.extend(values.iter().map(|value| match (*value, context.as_str()) {
                ("", _) => context.clone(),
                (value, "") => format!("\"{name}\":{value}"),
                (value, _) => format!("{context},\"{name}\":{value}"),
            }));
        }
        contexts = longer;
    }
    let request = |context| {
        format!(
            r#"{{"subject":{{"type":"User","id":"a"}},"action":{{"name":"read"}},"resource":{{"type":"Document","id":"d"}},"context":{{{context}}}}}"#
        )
    };
    contexts.into_iter().map(request).collect()
}

/// Decides all of them in both modes, beside `zt-eval`; the decisions in full.
fn decide(rules: &str, members: [&[&str]; 4]) -> Vec<String> {
    let policy = compile(&format!("{HEAD}{rules}"));
    let requests = requests(members);
    let requests: Vec<&str> = requests.iter().map(String::as_str).collect();
    decisions(&policy, "[]", &requests, Some(0)).into_iter().skip(1).step_by(2).collect()
}

fn index(rules: &str) -> zt_eval::codegen::Index {
    compile(&format!("{HEAD}{rules}")).index().unwrap()
}

/// A rule for each number, of every kind.
fn rules(count: usize, condition: impl Fn(usize) -> String) -> String {
    let mut text = String::new();
    for at in 0..count {
        let kind = ["deny", "allow"][at % 2];
        let audit = if at % 5 == 4 { " audit" } else { "" };
        writeln!(text, "{kind} r{at}{audit}: read when {}", condition(at)).unwrap();
    }
    text
}

#[test]
fn gates_are_looked_at_first() {
    let text =
        rules(60, |at| format!("context.ready and context.score == {} and context.word == \"w{}\"", at / 4, at % 3));
    assert!(index(&text).divisions.iter().any(|division| !division.gates.is_empty()));
    let found =
        decide(&text, [&["", "true", "false"], &["", "\"w0\"", "\"w1\"", "\"x\""], &[""], &["", "0", "3", "99"]]);
    // Behind a gate that is shut, nothing is consulted.
    assert!(found.iter().any(|decision| decision.contains(r#""depends_on":["context.ready"]"#)));
    assert!(found.iter().any(|decision| decision.contains(r#""effect":"allow""#)));
}

#[test]
fn what_is_proven_behind_an_unknown_gate_is_not() {
    let text = rules(40, |at| format!("context.ready and context.score == {}", at / 8));
    let found = decide(&text, [&["", "true"], &[""], &[""], &["0", "1", "7"]]);
    assert!(found[0].contains(r#""unknown":["context.ready"]"#), "{}", found[0]);
}

#[test]
fn intervals_hold_what_is_filed_under_equal_ones() {
    let text = rules(90, |at| format!("context.score >= {} and context.score < {}", at % 12, at % 12 + at % 4));
    let index = index(&text);
    assert!(index.lookups.iter().any(|lookup| matches!(lookup.kind, LookupKind::Point)));
    let dimensions = index.divisions.iter().flat_map(|division| &division.dimensions);
    let mut intervals = dimensions.filter_map(|dimension| match &dimension.by {
        By::Intervals { intervals, .. } => Some(intervals),
        By::Keys { .. } => None,
    });
    assert!(intervals.any(|intervals| intervals.iter().any(|(_, _, count)| *count > 1)));
    let scores: Vec<String> = (-1..16).map(|score| score.to_string()).collect();
    let scores: Vec<&str> = scores.iter().map(String::as_str).chain([""]).collect();
    decide(&text, [&[""], &[""], &[""], &scores]);
}

#[test]
fn patterns_that_are_put_together_are_found_in_their_order() {
    let text = rules(80, |at| match at % 4 {
        0 => format!("context.name like \"t*-{}*\"", at / 4),
        1 => format!("context.name matches \"(?i)t{}-[a-z]*\"", at / 4),
        2 => format!("context.word == \"w{}\" and context.name matches \"[a-z0-9]+-[{}a-z]*\"", at % 3, at / 8),
        _ => format!("context.score >= {} and context.name matches \"(?i)t[0-9]{{{}}}.*\"", at / 8, at / 20),
    });
    let index = index(&text);
    let are_patterns = |filings: &Vec<Filing>| filings.iter().all(|filing| matches!(filing, Filing::Matches(..)));
    assert!(index.keys.iter().any(|filings| filings.len() > 4 && are_patterns(filings)));
    let names = ["", "\"T7-abc\"", "\"t7-a\"", "\"t12-5\"", "\"t-1-1\"", "\"x\"", "\"\"", "\"t33é\""];
    let found = decide(&text, [&[""], &["", "\"w1\"", "\"x\""], &names, &["", "5"]]);
    assert!(found.iter().any(|decision| decision.contains(r#""rules":[{"#)));
}

#[test]
fn an_equality_and_a_pattern_are_of_the_same_text() {
    let text = rules(40, |at| match at / 2 % 2 {
        0 => format!("context.word == \"w{}\"", at / 4),
        _ => format!("context.word like \"w{}\"", at / 4),
    });
    let found = decide(&text, [&[""], &["", "\"w4\"", "\"x\""], &[""], &[""]]);
    assert!(found[1].contains(r#""rule":"r16""#) && found[1].contains(r#""rule":"r18""#), "{}", found[1]);
}

/// Paths and hosts are found by their segments and labels.
#[test]
fn paths_and_hosts_find_rules() {
    let head = HEAD.replace("word: String from pep, name: String", "place: Path from pep, peer: Host");
    let text = rules(90, |at| match at / 2 % 3 {
        0 => format!("context.place like \"/r{}/{{id}}\"", at / 6),
        1 => format!("context.place starts_with \"/r{}\"", at / 12),
        _ => format!("context.peer like \"*.h{}.example\"", at / 6),
    });
    let policy = compile(&format!("{head}{text}"));
    let filings: Vec<Filing> = policy.index().unwrap().keys.into_iter().flatten().collect();
    assert!(filings.iter().any(|filing| matches!(filing, Filing::Path(..))));
    assert!(filings.iter().any(|filing| matches!(filing, Filing::Host(..))));
    let values = |all: &[&str], name: &str| -> Vec<String> {
        all.iter()
            .map(|value| if value.is_empty() { String::new() } else { format!("\"{name}\":\"{value}\"") })
            .collect()
    };
    let places = values(&["", "/", "/r3", "/r3/x", "/r3/x/y", "/r", "/R3/x", "/r14/%41", "/r3/../r4/x"], "place");
    let peers = values(&["", "a.h4.example", "h4.example", "a.b.h4.example", "A.H7.example", "example"], "peer");
    let contexts = places.iter().flat_map(|place| peers.iter().map(move |peer| [place.as_str(), peer.as_str()]));
    let requests = contexts.map(|members| {
        let members = members.into_iter().filter(|member| !member.is_empty()).collect::<Vec<_>>().join(",");
        requests([&[""], &[""], &[""], &[""]])[0].replace("\"context\":{}", &format!("\"context\":{{{members}}}"))
    });
    let requests: Vec<String> = requests.collect();
    let requests: Vec<&str> = requests.iter().map(String::as_str).collect();
    let found = decisions(&policy, "[]", &requests, Some(0));
    assert!(found.iter().any(|decision| decision.contains(r#""effect":"allow""#)));
}
