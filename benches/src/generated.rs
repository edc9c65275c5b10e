//! Many rules of one shape: members of a group may read the documents in a folder that they own, with a second factor and
//! at low risk. Each rule names a group and a folder, of hierarchies of three levels.
//!
//! In most workloads the hierarchies grow with the rules, so that a request finds a handful of rules that could apply; in
//! `crowded` they do not, so that it finds a tenth of all or so.

mod hierarchy;
mod policy;

use fastrand::Rng;

use crate::harness::{Case, Contender, Workload, effect};
use crate::peers::{casbin, cedar, rego};
use crate::world::{Ask, Attribute, World, uid};
use crate::zt;

use hierarchy::Hierarchy;
use policy::{Policy, Rule};

/// Requests of a case.
const REQUESTS: usize = 1_000;
/// Numbers of rules.
const CASES: &[&str] = &["10", "100", "1000", "10000", "100000"];
/// Rules beyond which the programs of regorus's virtual machine are too short for one of them each.
const RVM_RULES_MAX: usize = 1_000;
/// Rules beyond which its interpreter takes a second for a decision.
const REGO_RULES_MAX: usize = 10_000;
/// Rules beyond which casbin takes a second for a decision.
const CASBIN_RULES_MAX: usize = 10_000;

/// All workloads of generated rules.
#[must_use]
pub fn workloads() -> [Workload; 5] {
    let workload = |name, about, build| Workload { name, about, axis: "rules", cases: CASES, build };
    [
        workload(
            "generated/spread",
            "Rules over as many groups and folders as leave a handful of rules to a request. Beyond 1,000 rules regorus's virtual \
             machine takes them as data only; its interpreter and casbin stop at 10,000.",
            |case| Plan::new(case, Crowd::Few, 0).case(true),
        ),
        workload(
            "generated/crowded",
            "The same rules over ten groups and ten folders: a tenth of all rules or so could apply to a request, and \
             differ in the risk that they bear.",
            |case| Plan::new(case, Crowd::Many, 0).case(false),
        ),
        workload("generated/denies", "As `spread`, but one rule in ten is a deny rule, against high risk.", |case| {
            Plan::new(case, Crowd::Few, 10).case(false)
        }),
        workload(
            "generated/hidden",
            "As `denies`, asked by subjects whose groups nobody tells: every deny rule on a folder of the document could \
             apply. Only `zt` counts what is hidden as unknown, so that there is nobody to compare it with.",
            |case| Plan::new(case, Crowd::Few, 10).hidden(false),
        ),
        workload(
            "generated/hidden-both",
            "As `hidden`, and nobody tells the documents' folders either: every deny rule could apply.",
            |case| Plan::new(case, Crowd::Few, 10).hidden(true),
        ),
    ]
}

/// How many rules a group and folder have.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Crowd {
    Few,
    Many,
}

/// What is generated, before any engine sees it.
struct Plan {
    policy: Policy,
    world: World,
    asks: Vec<Ask>,
}

impl Plan {
    /// One rule in `denies` is a deny rule; none for zero.
    fn new(case: &str, crowd: Crowd, denies: usize) -> Self {
        let rules: usize = case.parse().expect("cases are numbers");
        let mut rng = Rng::with_seed(20_260_302);
        let names = match crowd {
            // Of the pairs of these, a rule has one, and a request has ten or so.
            Crowd::Few => (rules * 5).isqrt().max(10),
            Crowd::Many => 10,
        };
        let (groups, folders) = (Hierarchy::new(names, &mut rng), Hierarchy::new(names, &mut rng));
        let rule = |number| Rule {
            group: rng.usize(..names),
            folder: rng.usize(..names),
            risk_max: if crowd == Crowd::Many { rng.i64(10..60) } else { 50 },
            is_deny: denies != 0 && number % denies == denies - 1,
        };
        let policy = Policy { rules: (0..rules).map(rule).collect() };
        let mut world = World::default();
        groups.describe("Group", &mut world);
        folders.describe("Folder", &mut world);
        let asks = asks(&policy, &groups, &folders, &mut world, &mut rng);
        Self { policy, world, asks }
    }

    fn case(self, with_casbin: bool) -> Case {
        let rules = self.policy.rules.len();
        // Engines that look at every rule would take hours for all requests.
        let some = (2_000_000 / rules).max(20);
        let mut contenders = self.zt(&self.asks).contenders();
        contenders.push(cedar::contender(&self.policy.cedar(), &self.world, &self.asks).at_most(some));
        let inputs = || self.asks.iter().map(Ask::rego);
        let mut data = serde_json::json!({"entities": self.world.rego()});
        let policy = self.policy.rego();
        if rules <= RVM_RULES_MAX {
            let plain = rego::contender("regorus", &policy, policy::REGO_RULE, &data, inputs());
            contenders.push(plain.at_most(some));
        } else if rules <= REGO_RULES_MAX {
            let plain = rego::interpreter("regorus, interpreter", &policy, policy::REGO_RULE, &data, inputs());
            contenders.push(plain.at_most(some / 10));
        }
        data["rules"] = self.policy.rego_index();
        contenders.push(rego::contender(
            "regorus, indexed by hand",
            policy::REGO_INDEXED,
            policy::REGO_RULE,
            &data,
            inputs(),
        ));
        if with_casbin && rules <= CASBIN_RULES_MAX {
            let lines = self.policy.casbin(&self.world);
            let owners = policy::owners(&self.world);
            let requests = self.asks.iter().map(|ask| policy::casbin_request(ask, owners[&ask.resource])).collect();
            contenders.push(casbin::contender(policy::CASBIN_MODEL, lines, requests).at_most((some / 10).max(20)));
        }
        let mut decide = self.policy.floor(&self.world, &self.asks);
        contenders.push(Contender::new("by hand", move |request| effect(decide(request))));
        Case { requests: self.asks.iter().map(ToString::to_string).collect(), contenders }
    }

    /// The same questions, asked by subjects, and of documents if `both`, that nobody has described.
    fn hidden(self, both: bool) -> Case {
        let stranger = |ask: &Ask| {
            let subject = uid("User", format_args!("hidden-{}", ask.subject.id));
            let resource =
                if both { uid("Document", format_args!("hidden-{}", ask.resource.id)) } else { ask.resource.clone() };
            Ask { subject, resource, ..ask.clone() }
        };
        let asks: Vec<Ask> = self.asks.iter().map(stranger).collect();
        Case { requests: asks.iter().map(ToString::to_string).collect(), contenders: self.zt(&asks).contenders() }
    }

    fn zt(&self, asks: &[Ask]) -> zt::Prepared {
        let documents: Vec<String> = asks.iter().map(Ask::zt).collect();
        zt::Prepared::new(&self.policy.zt(), &self.world.zt(), documents.iter().map(String::as_str))
    }
}

/// Requests, each by a user and for a document of its own: the user is in a group of some rule, the document in its folder.
/// Every second one breaks the rule in one of three ways.
fn asks(policy: &Policy, groups: &Hierarchy, folders: &Hierarchy, world: &mut World, rng: &mut Rng) -> Vec<Ask> {
    let mut ask = |number: usize| {
        let rule = &policy.rules[rng.usize(..policy.rules.len())];
        let (user, document) = (uid("User", number), uid("Document", number));
        let member_of = [groups.below(rule.group, rng), groups.leaf(rng)].map(|group| uid("Group", group));
        let mut parents = member_of.to_vec();
        parents.dedup();
        world.add(user.clone(), vec![], parents);
        let (mut mfa, mut risk, mut owner) = (true, rng.i64(0..rule.risk_max.min(50)), user.clone());
        if number % 2 == 1 {
            match rng.u8(..3) {
                0 => mfa = false,
                1 => risk = rng.i64(60..90),
                _ => owner = uid("User", (number + 1) % REQUESTS),
            }
        }
        let folder = uid("Folder", folders.below(rule.folder, rng));
        world.add(document.clone(), vec![("owner", Attribute::Entity(owner))], vec![folder]);
        let context = vec![("mfa", Attribute::Bool(mfa)), ("risk", Attribute::Int(risk))];
        Ask { subject: user, action: "read", resource: document, context }
    };
    (0..REQUESTS).map(&mut ask).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_engines_agree_on_generated_rules_and_both_effects_occur() {
        for workload in workloads() {
            let allowed = (workload.build)("100").compare(workload.name);
            let is_hidden = workload.name.contains("hidden");
            assert!(
                if is_hidden { allowed == 0 } else { (400..=600).contains(&allowed) },
                "{}: {allowed}",
                workload.name
            );
        }
    }

    #[test]
    fn few_rules_could_apply_to_a_request_however_many_there_are() {
        for case in ["1000", "10000"] {
            let plan = Plan::new(case, Crowd::Few, 0);
            let candidates = plan.policy.candidates(&plan.world, &plan.asks);
            assert!((1.0..8.0).contains(&candidates), "{case}: {candidates}");
        }
    }
}
