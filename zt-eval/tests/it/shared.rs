//! Actions with the same rules share their lists: a policy of many actions and many rules for any of them is no larger than
//! their number.

use std::sync::Arc;

use zt_eval::Policy;
use zt_eval::graph::ActionRules;
use zt_eval::id::ActionId;

const COUNT: usize = 400;

fn policy() -> Policy {
    let mut text = String::from("package many\nentity User\nentity Paper\ncontext { risk: Int }\n");
    for at in 0..COUNT {
        text.push_str(&format!("action a{at}: User -> Paper\nallow r{at}: any\n  when context.risk == {at}\n"));
    }
    text.push_str("deny one: a7\n  when context.risk > 5\n");
    let mut sources = zt_lang::Sources::new();
    sources.add("many.zt", text.as_bytes());
    zt_lang::parse(sources, &zt_lang::Options::default()).typecheck().unwrap().lower().unwrap()
}

fn rules(policy: &Policy, action: usize) -> &ActionRules {
    policy.rules_for(ActionId::new(action)).unwrap()
}

#[test]
fn actions_share_the_lists_that_are_equal() {
    let built = policy();
    let bytes = built.to_bytes();
    assert!(bytes.len() < COUNT * 40, "{} bytes", bytes.len());
    let read = Policy::from_bytes(&bytes).unwrap();
    assert_eq!(read.to_bytes(), bytes);
    for policy in [&built, &read] {
        for action in 1..COUNT {
            assert!(Arc::ptr_eq(&rules(policy, 0).allows, &rules(policy, action).allows));
            assert_eq!(rules(policy, action).denies.len(), usize::from(action == 7));
        }
        assert_eq!(rules(policy, 0).allows.len(), COUNT);
        assert_eq!(policy.cost().action, Some(ActionId::new(7)));
    }
}
