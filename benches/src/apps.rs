//! The three applications that Cedar was measured with (Cutler et al., "Cedar", OOPSLA 2024): sharing documents, hosting
//! code, keeping lists of tasks. The rules are the applications'; policies, data and deciders are written anew.
//!
//! As there, a case has so many entities of each kind, and an edge that could be is with a probability of 5 %; lists have
//! readers and writers among the teams. About half of the requests are allowed.

mod gdrive;
mod github;
mod tinytodo;

use fastrand::Rng;

use crate::floor::Decide;
use crate::harness::{Case, Contender, Workload, effect};
use crate::peers::{cedar, rego};
use crate::world::{Ask, Uid, World};
use crate::zt;

/// How likely an edge is.
const EDGE: f64 = 0.05;
/// Requests of a case.
const REQUESTS: usize = 1_000;
/// How often a request is drawn at most.
const TRIES: usize = 40;
/// Entities of each kind.
const CASES: &[&str] = &["5", "10", "20", "50"];

/// The applications.
#[must_use]
pub fn workloads() -> [Workload; 3] {
    let workload = |name, about, build| Workload { name, about, axis: "entities of a kind", cases: CASES, build };
    [
        workload(
            "apps/gdrive",
            "Sharing documents and folders: owners, viewers of whole folders, public documents. 5 rules.",
            |case| build(gdrive::APP, case),
        ),
        workload(
            "apps/github",
            "Hosting code: five levels of access to a repository, for users, nested teams and organizations. 6 rules.",
            |case| build(github::APP, case),
        ),
        workload(
            "apps/tinytodo",
            "Lists of tasks, with owners and nested teams of readers and writers. 5 rules, one of them a deny rule.",
            |case| build(tinytodo::APP, case),
        ),
    ]
}

/// An application.
pub(crate) struct App {
    pub(crate) zt: &'static str,
    pub(crate) cedar: &'static str,
    pub(crate) rego: &'static str,
    /// The rule that decides in Rego.
    pub(crate) rego_rule: &'static str,
    /// So many entities of each kind.
    world: fn(usize, &mut Rng) -> World,
    /// Actions, and the type of what they are done to.
    actions: &'static [(&'static str, &'static str)],
    /// Decides by hand.
    floor: fn(&World, &[Ask]) -> Decide,
}

/// The applications by name.
pub(crate) const APPS: [(&str, App); 3] =
    [("gdrive", gdrive::APP), ("github", github::APP), ("tinytodo", tinytodo::APP)];

impl App {
    /// So many entities of each kind, and requests.
    pub(crate) fn case(&self, size: usize) -> (World, Vec<Ask>) {
        let mut rng = Rng::with_seed(20_240_415);
        let world = (self.world)(size, &mut rng);
        let asks = asks(self, &world, &mut rng);
        (world, asks)
    }

    /// What is decided by hand, request by request.
    pub(crate) fn decided(&self, world: &World, asks: &[Ask]) -> Vec<bool> {
        (0..asks.len()).map((self.floor)(world, asks)).collect()
    }
}

fn build(app: App, case: &str) -> Case {
    let (world, asks) = app.case(case.parse().expect("cases are numbers"));
    let data = serde_json::json!({"entities": world.rego()});
    let documents: Vec<String> = asks.iter().map(Ask::zt).collect();
    let mut contenders = zt::Prepared::new(app.zt, &world.zt(), documents.iter().map(String::as_str)).contenders();
    contenders.push(cedar::contender(app.cedar, &world, &asks));
    contenders.push(rego::contender("regorus", app.rego, app.rego_rule, &data, asks.iter().map(Ask::rego)));
    let mut decide = (app.floor)(&world, &asks);
    contenders.push(Contender::new("by hand", move |request| effect(decide(request))));
    Case { requests: asks.iter().map(ToString::to_string).collect(), contenders }
}

/// Requests by users for what there is. Evenly drawn ones would be nearly all of one effect, so each is drawn again
/// until it has the effect whose turn it is.
fn asks(app: &App, world: &World, rng: &mut Rng) -> Vec<Ask> {
    let of = |ty: &str| -> Vec<Uid> {
        world.entities.iter().map(|entity| &entity.uid).filter(|uid| uid.ty == ty).cloned().collect()
    };
    let users = of("User");
    let actions: Vec<(&str, Vec<Uid>)> = app.actions.iter().map(|(action, ty)| (*action, of(ty))).collect();
    let mut draw = || {
        let (action, resources) = &actions[rng.usize(..actions.len())];
        let subject = users[rng.usize(..users.len())].clone();
        Ask { subject, action, resource: resources[rng.usize(..resources.len())].clone(), context: Vec::new() }
    };
    let drawn: Vec<Ask> = (0..REQUESTS * TRIES).map(|_| draw()).collect();
    let mut is_allowed = (app.floor)(world, &drawn);
    let chosen = (0..REQUESTS).map(|turn| {
        let mut tries = turn * TRIES..(turn + 1) * TRIES;
        tries.find(|at| is_allowed(*at) == turn.is_multiple_of(2)).unwrap_or(turn * TRIES)
    });
    chosen.map(|at| drawn[at].clone()).collect()
}

/// Those of `from` that chance connects.
fn some_of(from: &[Uid], rng: &mut Rng) -> Vec<Uid> {
    from.iter().filter(|_| rng.f64() < EDGE).cloned().collect()
}

fn one_of(from: &[Uid], rng: &mut Rng) -> Uid {
    from[rng.usize(..from.len())].clone()
}

/// The names of entities of a type.
fn names(ty: &'static str, count: usize) -> Vec<Uid> {
    (0..count).map(|number| crate::world::uid(ty, format_args!("{}{number}", ty.to_ascii_lowercase()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_engines_agree_on_the_applications_and_both_effects_occur() {
        for workload in workloads() {
            for case in ["5", "20"] {
                let allowed = (workload.build)(case).compare(workload.name);
                assert!((300..=600).contains(&allowed), "{}/{case}: {allowed}", workload.name);
            }
        }
    }
}
