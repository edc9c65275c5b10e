//! What authors of tests are told.

use super::{Problem, TestResult, run};
use crate::reference::tests::checked;

const POLICY: &str = r#"
    package doors
    source idp verified
    entity Person { trained: Bool from idp }
    entity Door
    context { mfa: Bool from idp step_up "acr:mfa" gives true  ticket: String? }
    obligation log(level: String, door: Door)
    param strict: Bool
    action open: Person -> Door
    allow trained: open when subject.trained and context.mfa oblige log(level: "high", door: resource)
    deny locked: open for resource == Door::"vault" because "the vault stays shut"
"#;

fn results(test: &str) -> Vec<TestResult> {
    let checked = checked(&format!("{POLICY}\n{test}"));
    let policy = checked.lower().unwrap_or_else(|report| panic!("{report}"));
    run(checked.hir(), &policy, None)
}

fn failures(given: &str, expect: &str) -> Vec<String> {
    let test = format!("test \"t\" {{ given subject Person::\"ann\" {given}\n expect {expect} }}");
    let results = results(&test);
    let failures = results.iter().flat_map(|result| &result.failures);
    failures.map(|failure| format!("{failure}\n{}", failure.explanation.join("\n"))).collect()
}

const ANN: &str = "{ trained: true } resource Door::\"d\" context { mfa: true } param strict true";

#[test]
fn what_is_as_expected_passes() {
    let log = "oblige log(level: \"high\", door: Door::\"d\")";
    assert_eq!(failures(ANN, &format!("allow open by trained challenge none {log}")), [""; 0]);
    let vault = ANN.replace("\"d\"", "\"vault\"");
    assert_eq!(failures(&vault, "deny open by locked because \"the vault stays shut\" reason rule"), [""; 0]);
    let no_mfa = ANN.replace("context { mfa: true }", "");
    assert_eq!(failures(&no_mfa, "deny open challenge mfa unknown context.mfa reason no_rule"), [""; 0]);
}

#[test]
fn a_denial_says_what_was_unknown_and_what_would_help() {
    let no_mfa = ANN.replace("context { mfa: true }", "");
    assert_eq!(
        failures(&no_mfa, "allow open"),
        ["expected allow, got deny\n\
          denied because no allow rule fires\n\
          unknown: `context.mfa`\n\
          a step-up of `mfa` (\"acr:mfa\") would allow it"]
    );
}

#[test]
fn every_difference_is_told() {
    let vault = ANN.replace("\"d\"", "\"vault\"");
    let expect = "allow open by trained because \"no\" challenge mfa unknown context.mfa reason unknown \
                  oblige log(level: \"low\", door: Door::\"d\")";
    assert_eq!(
        failures(&vault, expect),
        [
            "expected allow, got deny; expected reason unknown, got reason rule; expected by `trained`, got by `locked`; \
          expected because \"no\", got because \"the vault stays shut\"; expected a challenge for `mfa`, got no \
          challenge; expected unknown: `context.mfa`, got nothing that is unknown matters; expected oblige log(level: \
          \"low\", door: Door::\"d\"), got no obligation\n\
          denied by `locked` (\"the vault stays shut\")"
        ]
    );
}

#[test]
fn a_parameter_without_a_value_is_asked_for() {
    let found = failures(&ANN.replace("param strict true", ""), "allow open");
    assert_eq!(found, ["the parameter `strict` has no value; give it one: `param strict …`\n"]);
}

#[test]
fn an_invalid_request_is_no_denial_by_chance() {
    let twice =
        "{ trained: true } resource Door::\"d\" entity Person::\"bob\" {} entity Person::\"bob\" {} param strict true";
    assert_eq!(failures(twice, "deny open reason invalid"), [""; 0]);
    let found = failures(twice, "deny open");
    assert!(
        found[0].starts_with("the request is invalid: Person::\"bob\" is described twice at `$.entities[1]"),
        "{found:?}"
    );
}

#[test]
fn a_store_that_does_not_load_fails_the_test_as_a_whole() {
    let found = results(
        "test \"t\" { given subject Person::\"ann\" resource Door::\"d\" param strict true
         store entity Door::\"d\" {} store entity Door::\"d\" {}
         expect deny open expect deny open }",
    );
    assert_eq!(found[0].failures.len(), 1);
    assert!(matches!(&found[0].failures[0].problem, Problem::Given(what) if what.contains("do not load")));
}

#[test]
fn tests_are_chosen_by_name() {
    let checked = checked(&format!(
        "{POLICY}\ntest \"one\" {{ given subject Person::\"a\" resource Door::\"d\" param strict true expect deny open }}
         test \"two\" {{ given subject Person::\"a\" resource Door::\"d\" param strict true expect deny open }}"
    ));
    let policy = checked.lower().unwrap_or_else(|report| panic!("{report}"));
    let found = run(checked.hir(), &policy, Some("tw"));
    assert_eq!(found.iter().map(|result| &*result.name).collect::<Vec<_>>(), ["two"]);
    assert!(found.iter().all(TestResult::passed));
}
