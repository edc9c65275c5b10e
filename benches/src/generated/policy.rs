//! The rules, written for each engine.

use std::fmt::Write;

use casbin::rhai::{Dynamic, INT};
use rustc_hash::FxHashMap;
use serde_json::{Value, json};

use crate::floor::{Decide, Numbered};
use crate::peers::casbin::Lines;
use crate::world::{Ask, Attribute, Uid, World, uid};

/// Generated rules.
pub(super) struct Policy {
    pub(super) rules: Vec<Rule>,
}

/// A rule; groups and folders are numbers.
pub(super) struct Rule {
    pub(super) group: usize,
    pub(super) folder: usize,
    /// An allow rule bears less risk than this; a deny rule is against risk of [`DENIED_RISK`] and more.
    pub(super) risk_max: i64,
    pub(super) is_deny: bool,
}

/// The risk from which on deny rules fire; there are requests on both sides of it.
const DENIED_RISK: i64 = 75;

const ZT: &str = "package company

source idp verified
source scorer verified

entity Group in Group from idp
entity User in Group from idp
entity Folder in Folder
entity Document in Folder { owner: User }

context { mfa: Bool from idp, risk: Int from scorer }

action read: User -> Document
";

/// What decides in both Rego policies.
pub(super) const REGO_RULE: &str = "data.company.allow";

const REGO: &str = "package company

import rego.v1

default allow := false

subject := data.entities[input.subject]

resource := data.entities[input.resource]

allow if {
	granted
	not denied
}

default denied := false

default granted := false
";

/// Looks only at the rules of the groups and folders that the request is in, which its author has put into a table.
pub(super) const REGO_INDEXED: &str = "package company

import rego.v1

default allow := false

subject := data.entities[input.subject]

resource := data.entities[input.resource]

allow if {
	granted
	not denied
}

granted if {
	input.context.mfa
	resource.owner == input.subject
	some group, _ in subject.is_in
	some folder, _ in resource.is_in
	some rule in data.rules.allow[group][folder]
	input.context.risk < rule
}

denied if {
	some group, _ in subject.is_in
	some folder, _ in resource.is_in
	some rule in data.rules.deny[group][folder]
	input.context.risk >= rule
}
";

pub(super) const CASBIN_MODEL: &str = "
[request_definition]
r = sub, obj, owner, mfa, risk

[policy_definition]
p = sub, obj

[role_definition]
g = _, _
g2 = _, _

[policy_effect]
e = some(where (p.eft == allow))

[matchers]
m = r.mfa && r.risk < 50 && r.owner == r.sub && g(r.sub, p.sub) && g2(r.obj, p.obj)
";

impl Policy {
    /// The text of each rule after a head.
    fn text(&self, head: &str, rule: impl Fn(usize, &Rule) -> String) -> String {
        let mut text = String::from(head);
        for (number, each) in self.rules.iter().enumerate() {
            // Writing to a string does not fail.
            let _ = writeln!(text, "\n{}", rule(number, each));
        }
        text
    }

    pub(super) fn zt(&self) -> String {
        self.text(ZT, |number, Rule { group, folder, risk_max, is_deny }| {
            let places = format!("for subject in Group::\"{group}\", resource in Folder::\"{folder}\"");
            if *is_deny {
                return format!("deny rule_{number}: read\n  {places}\n  when context.risk >= {DENIED_RISK}");
            }
            format!(
                "allow rule_{number}: read\n  {places}\n  when context.mfa and context.risk < {risk_max} and resource.owner == subject"
            )
        })
    }

    pub(super) fn cedar(&self) -> String {
        self.text("", |_, Rule { group, folder, risk_max, is_deny }| {
            let places = format!(
                "(principal in Group::\"{group}\", action == Action::\"read\", resource in Folder::\"{folder}\")"
            );
            if *is_deny {
                return format!("forbid {places}\nwhen {{ context.risk >= {DENIED_RISK} }};");
            }
            format!(
                "permit {places}\nwhen {{ context.mfa && context.risk < {risk_max} && resource.owner == principal }};"
            )
        })
    }

    pub(super) fn rego(&self) -> String {
        self.text(REGO, |_, Rule { group, folder, risk_max, is_deny }| {
            let places = format!("\tsubject.is_in[\"Group::{group}\"]\n\tresource.is_in[\"Folder::{folder}\"]");
            if *is_deny {
                return format!("denied if {{\n{places}\n\tinput.context.risk >= {DENIED_RISK}\n}}");
            }
            format!(
                "granted if {{\n{places}\n\tinput.context.mfa\n\tinput.context.risk < {risk_max}\n\tresource.owner == input.subject\n}}"
            )
        })
    }

    /// Risks of allow and deny rules, by group, then by folder.
    pub(super) fn rego_index(&self) -> Value {
        let mut index = json!({"allow": {}, "deny": {}});
        for Rule { group, folder, risk_max, is_deny } in &self.rules {
            let (effect, risk) = if *is_deny { ("deny", DENIED_RISK) } else { ("allow", *risk_max) };
            let rules = &mut index[effect][format!("Group::{group}")][format!("Folder::{folder}")];
            match rules.as_array_mut() {
                Some(rules) => rules.push(risk.into()),
                None => *rules = json!([risk]),
            }
        }
        index
    }

    /// For rules that bear a risk of less than 50 and allow.
    pub(super) fn casbin(&self, world: &World) -> Lines {
        let place = |ty, number: usize| uid(ty, number).to_string();
        let mut rules: Vec<Vec<String>> =
            self.rules.iter().map(|rule| vec![place("Group", rule.group), place("Folder", rule.folder)]).collect();
        // Casbin refuses a line that it has.
        rules.sort();
        rules.dedup();
        let mut lines = Lines { rules, ..Lines::default() };
        for entity in &world.entities {
            let edges = entity.parents.iter().map(|parent| vec![entity.uid.to_string(), parent.to_string()]);
            match entity.uid.ty {
                "User" | "Group" => lines.subjects.extend(edges),
                _ => lines.resources.extend(edges),
            }
        }
        lines
    }

    /// Decides with a table from group and folder to rules.
    pub(super) fn floor(&self, world: &World, asks: &[Ask]) -> Decide {
        let numbered = Numbered::new(world);
        let owners: Vec<u32> = world.entities.iter().map(|entity| numbered.one(entity, "owner")).collect();
        let index = self.index(&numbered);
        let asked = |ask: &Ask| {
            let (mfa, risk) = (ask.context.contains(&("mfa", Attribute::Bool(true))), risk(ask));
            (numbered.number(&ask.subject), numbered.number(&ask.resource), mfa, risk)
        };
        let asks: Vec<(u32, u32, bool, i64)> = asks.iter().map(asked).collect();
        Box::new(move |request| {
            let (subject, resource, mfa, risk) = asks[request];
            let may_be_allowed = mfa && owners[resource as usize] == subject;
            let mut is_allowed = false;
            for group in numbered.ancestors(subject) {
                for folder in numbered.ancestors(resource) {
                    for (risk_max, is_deny) in index.get(&(*group, *folder)).into_iter().flatten() {
                        if *is_deny && risk >= DENIED_RISK {
                            return false;
                        }
                        is_allowed |= !*is_deny && may_be_allowed && risk < *risk_max;
                    }
                }
            }
            is_allowed
        })
    }

    fn index(&self, numbered: &Numbered) -> FxHashMap<(u32, u32), Vec<(i64, bool)>> {
        let mut index: FxHashMap<_, Vec<(i64, bool)>> = FxHashMap::default();
        for rule in &self.rules {
            let places = (numbered.number(&uid("Group", rule.group)), numbered.number(&uid("Folder", rule.folder)));
            index.entry(places).or_default().push((rule.risk_max, rule.is_deny));
        }
        index
    }

    /// How many rules have groups and folders that a request is in, on average.
    #[cfg(test)]
    pub(super) fn candidates(&self, world: &World, asks: &[Ask]) -> f64 {
        let numbered = Numbered::new(world);
        let index = self.index(&numbered);
        let of = |ask: &Ask| -> usize {
            let [subject, resource] = [&ask.subject, &ask.resource].map(|uid| numbered.ancestors(numbered.number(uid)));
            let pairs = subject.iter().flat_map(|group| resource.iter().map(move |folder| (*group, *folder)));
            pairs.filter_map(|pair| index.get(&pair)).map(Vec::len).sum()
        };
        asks.iter().map(of).sum::<usize>() as f64 / asks.len() as f64
    }
}

fn risk(ask: &Ask) -> i64 {
    match ask.context.last() {
        Some((_, Attribute::Int(risk))) => *risk,
        other => panic!("{other:?}"),
    }
}

/// A request in casbin's own values.
pub(super) fn casbin_request(ask: &Ask, owner: &Uid) -> Vec<Dynamic> {
    let mfa = ask.context.contains(&("mfa", Attribute::Bool(true)));
    vec![
        ask.subject.to_string().into(),
        ask.resource.to_string().into(),
        owner.to_string().into(),
        mfa.into(),
        Dynamic::from_int(INT::try_from(risk(ask)).unwrap()),
    ]
}

/// The owner of each document.
pub(super) fn owners(world: &World) -> FxHashMap<&Uid, &Uid> {
    let owners = world.entities.iter().filter_map(|entity| match entity.attributes.first() {
        Some((_, Attribute::Entity(owner))) => Some((&entity.uid, owner)),
        _ => None,
    });
    owners.collect()
}
