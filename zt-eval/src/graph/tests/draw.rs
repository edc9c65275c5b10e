//! Pictures of policies.

use crate::eval::tests::fixture::*;
use crate::graph::draw::DrawOptions;
use crate::graph::{CompareOp, Effect, Policy, Rule, RuleExtras};
use crate::id::RuleId;

fn policy() -> Policy {
    let mut builder = builder();
    let (subject, resource) = (builder.subject(), builder.resource());
    let owner = builder.attribute(resource, DOC, OWNER);
    let owns = builder.equal(subject, owner);
    let mfa = builder.context(MFA);
    let (count, five) = (builder.context(COUNT), builder.constant(int(5)));
    let many = builder.compare(CompareOp::Less, five, count);
    let not_mfa = builder.not(mfa);
    let risky = builder.or([many, not_mfa]);
    let write = builder.and([owns, mfa]);
    let d = builder.add_rule(rule("risk", Effect::Deny, risky), &[READ, WRITE]);
    builder.add_rule(rule("owner_read", Effect::Allow, owns), &[READ]);
    let extras = RuleExtras { overrides: vec![d], ..RuleExtras::default() }.into();
    builder.add_rule(Rule { extras, ..rule("owner_write", Effect::Allow, write) }, &[WRITE]);
    builder.finish().unwrap()
}

#[test]
fn dot_draws_shared_tests_once() {
    let dot = policy().to_dot(&DrawOptions::default());
    assert_eq!(dot.matches("subject == resource.owner").count(), 1, "{dot}");
    assert_eq!(dot.matches("context.mfa").count(), 1, "{dot}");
    assert!(dot.contains("[label=\"deny risk\""));
    assert!(dot.contains("overrides"));
}

#[test]
fn pictures_can_be_of_an_action_or_of_rules() {
    let policy = policy();
    let dot = policy.to_dot(&DrawOptions { action: Some(READ), rules: Vec::new() });
    assert!(dot.contains("owner_read") && !dot.contains("owner_write"));
    let dot = policy.to_dot(&DrawOptions { action: None, rules: vec![RuleId::new(1)] });
    assert!(dot.contains("owner_read") && !dot.contains("risk"));
}

#[test]
fn svg_is_well_formed_and_has_a_legend() {
    let svg = policy().to_svg(&DrawOptions::default());
    assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
    assert!(svg.contains("context.count &gt; 5"));
    assert!(svg.contains("deny rule"));
    assert_eq!(svg.matches("<text").count(), svg.matches("</text>").count());
    if let Ok(path) = std::env::var("ZT_DRAW_TO") {
        std::fs::write(path, svg).unwrap();
    }
}
