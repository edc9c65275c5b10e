//! Generated rules for compiling and loading, of the shape that the comparisons of decisions have: members of a group may
//! read what they own in a folder, with a second factor and at low risk.

use std::fmt::Write;

/// What the rules of [`zt`] stand on.
const ZT_HEAD: &str = "package company

source idp verified
source scorer verified

entity Group in Group from idp
entity User in Group from idp
entity Folder in Folder
entity Document in Folder { owner: User }

context { mfa: Bool from idp, risk: Int from scorer }

action read: User -> Document
";

/// The same for Cedar's validator.
pub const CEDAR_SCHEMA: &str = "
entity Group in [Group];
entity User in [Group];
entity Folder in [Folder];
entity Document in [Folder] = { owner: User };
action read appliesTo { principal: [User], resource: [Document], context: { mfa: Bool, risk: Long } };
";

/// So many rules in zt.
#[must_use]
pub fn zt(rules: usize) -> String {
    written(ZT_HEAD, rules, |text, number, group, folder| {
        writeln!(
            text,
            "\nallow rule_{number}: read\n  for subject in Group::\"{group}\", resource in Folder::\"{folder}\"\n  when context.mfa and context.risk < 50 and resource.owner == subject"
        )
    })
}

/// The same rules in Cedar.
#[must_use]
pub fn cedar(rules: usize) -> String {
    written("", rules, |text, _, group, folder| {
        writeln!(
            text,
            "\npermit(principal in Group::\"{group}\", action == Action::\"read\", resource in Folder::\"{folder}\")\nwhen {{ context.mfa && context.risk < 50 && resource.owner == principal }};"
        )
    })
}

/// Each rule's text after a head. Groups and folders are as many as the root of five times the rules; the step between
/// neighbours is a prime.
fn written(head: &str, rules: usize, write: impl Fn(&mut String, usize, usize, usize) -> std::fmt::Result) -> String {
    let names = (rules * 5).isqrt().max(10);
    let mut text = String::from(head);
    for number in 0..rules {
        // Writing to a string does not fail.
        let _ = write(&mut text, number, number % names, number.wrapping_mul(7_919) / names % names);
    }
    text
}

#[cfg(test)]
mod tests {
    use std::str::FromStr;

    use cedar_policy::PolicySet;
    use zt_lang::Sources;

    use super::*;

    #[test]
    fn both_texts_are_so_many_rules() {
        let policy = crate::compile(Sources::single("company.zt", &zt(300))).unwrap();
        assert_eq!(policy.rules().len(), 300);
        assert_eq!(PolicySet::from_str(&cedar(300)).unwrap().policies().count(), 300);
    }
}
