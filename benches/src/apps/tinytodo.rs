//! Lists of tasks. Teams are in teams; a list has an owner, a team of readers and a team of writers.

use fastrand::Rng;

use super::{App, names, one_of, some_of};
use crate::floor::{Decide, Numbered};
use crate::world::{Ask, Attribute, World, uid};

pub(super) const APP: App = App {
    zt: include_str!("tinytodo.zt"),
    cedar: include_str!("tinytodo.cedar"),
    rego: include_str!("tinytodo.rego"),
    rego_rule: "data.tinytodo.allow",
    world,
    actions: &[
        ("create_list", "Application"),
        ("get_lists", "Application"),
        ("get_list", "TaskList"),
        ("update_list", "TaskList"),
        ("create_task", "TaskList"),
        ("update_task", "TaskList"),
        ("delete_task", "TaskList"),
        ("delete_list", "TaskList"),
    ],
    floor,
};

fn world(size: usize, rng: &mut Rng) -> World {
    let (users, teams) = (names("User", size), names("Team", size));
    let interns = uid("Team", "interns");
    let mut world = World::default();
    world.add(uid("Application", "tinytodo"), vec![], vec![]);
    world.add(interns.clone(), vec![], vec![]);
    // A team is in those before it only, which makes cycles impossible.
    for (at, team) in teams.iter().enumerate() {
        world.add(team.clone(), vec![], some_of(&teams[..at], rng));
    }
    for user in &users {
        let mut parents = [some_of(&teams, rng), vec![one_of(&teams, rng)]].concat();
        if rng.u8(..5) == 0 {
            parents.push(interns.clone());
        }
        parents.sort();
        parents.dedup();
        world.add(user.clone(), vec![], parents);
    }
    for list in names("TaskList", size) {
        let attributes = vec![
            ("owner", Attribute::Entity(one_of(&users, rng))),
            ("readers", Attribute::Entity(one_of(&teams, rng))),
            ("writers", Attribute::Entity(one_of(&teams, rng))),
        ];
        world.add(list, attributes, vec![]);
    }
    world
}

#[derive(Clone, Copy)]
enum Action {
    Create,
    Overview,
    Read,
    Write,
    Delete,
}

fn floor(world: &World, asks: &[Ask]) -> Decide {
    let numbered = Numbered::new(world);
    let interns = numbered.number(&uid("Team", "interns"));
    let lists: Vec<[u32; 3]> = world
        .entities
        .iter()
        .map(|entity| ["owner", "readers", "writers"].map(|name| numbered.one(entity, name)))
        .collect();
    let asked = |ask: &Ask| {
        let action = match ask.action {
            "create_list" => Action::Create,
            "get_lists" => Action::Overview,
            "get_list" => Action::Read,
            "delete_list" => Action::Delete,
            _ => Action::Write,
        };
        (numbered.number(&ask.subject), action, numbered.number(&ask.resource))
    };
    let asks: Vec<(u32, Action, u32)> = asks.iter().map(asked).collect();
    Box::new(move |request| {
        let (subject, action, resource) = asks[request];
        let [owner, readers, writers] = lists[resource as usize];
        match action {
            Action::Create => !numbered.is_in(subject, interns),
            Action::Overview => true,
            Action::Read => subject == owner || numbered.is_in(subject, readers) || numbered.is_in(subject, writers),
            Action::Write => subject == owner || numbered.is_in(subject, writers),
            Action::Delete => subject == owner,
        }
    })
}
