//! Hosting code. Each repository has a group for every level of access, each in the next lower one; an organization has
//! groups of readers, writers and admins of all of its repositories.

use fastrand::Rng;

use super::{App, names, one_of, some_of};
use crate::floor::{Decide, Numbered};
use crate::world::{Ask, Attribute, Uid, World, uid};

pub(super) const APP: App = App {
    zt: include_str!("github.zt"),
    cedar: include_str!("github.cedar"),
    rego: include_str!("github.rego"),
    rego_rule: "data.github.allow",
    world,
    actions: &[
        ("pull", "Repository"),
        ("fork", "Repository"),
        ("triage", "Repository"),
        ("push", "Repository"),
        ("maintain", "Repository"),
        ("add_reader", "Repository"),
        ("add_admin", "Repository"),
    ],
    floor,
};

/// From the lowest: each may what those before it may.
const LEVELS: [&str; 5] = ["readers", "triagers", "writers", "maintainers", "admins"];
/// The levels at which an organization lets groups into all of its repositories.
const SHARED: [usize; 3] = [0, 2, 4];

fn world(size: usize, rng: &mut Rng) -> World {
    let (users, teams) = (names("User", size), names("Team", size));
    let (repositories, organizations) = (names("Repository", size), names("Organization", size));
    let mut world = World::default();
    let mut groups = Vec::new();
    // The repositories that each organization owns.
    let mut owned = vec![Vec::new(); organizations.len()];
    for repository in &repositories {
        owned[rng.usize(..organizations.len())].push(repository);
        let levels = LEVELS.map(|level| group(repository, level));
        for (level, uid) in levels.iter().enumerate() {
            let lower = level.checked_sub(1).map(|lower| levels[lower].clone());
            world.add(uid.clone(), vec![], lower.into_iter().collect());
        }
        let attributes = LEVELS.into_iter().zip(levels.iter().cloned().map(Attribute::Entity)).collect();
        world.add(repository.clone(), attributes, vec![]);
        groups.extend(levels);
    }
    let mut shared = Vec::new();
    for (organization, owned) in organizations.iter().zip(&owned) {
        for level in SHARED.map(|level| LEVELS[level]) {
            let parents = owned.iter().map(|repository| group(repository, level)).collect();
            world.add(group(organization, level), vec![], parents);
            shared.push(group(organization, level));
        }
    }
    // A team is in those before it only, which makes cycles impossible.
    for (at, team) in teams.iter().enumerate() {
        let parents =
            [some_of(&teams[..at], rng), some_of(&repositories, rng).iter().map(|to| any_level(to, rng)).collect()];
        world.add(team.clone(), vec![], parents.concat());
    }
    for user in users {
        let direct = some_of(&repositories, rng).iter().map(|to| any_level(to, rng)).collect();
        let parents = [some_of(&teams, rng), direct, vec![one_of(&shared, rng)]];
        world.add(user, vec![], parents.concat());
    }
    world
}

fn group(of: &Uid, level: &str) -> Uid {
    uid("UserGroup", format_args!("{}-{level}", of.id))
}

fn any_level(repository: &Uid, rng: &mut Rng) -> Uid {
    group(repository, LEVELS[rng.usize(..LEVELS.len())])
}

fn floor(world: &World, asks: &[Ask]) -> Decide {
    let numbered = Numbered::new(world);
    let levels: Vec<[u32; 5]> =
        world.entities.iter().map(|entity| LEVELS.map(|level| numbered.one(entity, level))).collect();
    let asked = |ask: &Ask| {
        let level: usize = match ask.action {
            "pull" | "fork" => 0,
            "triage" => 1,
            "push" => 2,
            "maintain" => 3,
            _ => 4,
        };
        (numbered.number(&ask.subject), level, numbered.number(&ask.resource))
    };
    let asks: Vec<(u32, usize, u32)> = asks.iter().map(asked).collect();
    Box::new(move |request| {
        let (subject, level, resource) = asks[request];
        numbered.is_in(subject, levels[resource as usize][level])
    })
}
