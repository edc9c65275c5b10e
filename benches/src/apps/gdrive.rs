//! Sharing documents. Folders and documents are in folders, and in the views of those with whom they are shared.

use fastrand::Rng;

use super::{App, names, one_of, some_of};
use crate::floor::{Decide, Numbered, has};
use crate::world::{Ask, Attribute, Entity, World, uid};

pub(super) const APP: App = App {
    zt: include_str!("gdrive.zt"),
    cedar: include_str!("gdrive.cedar"),
    rego: include_str!("gdrive.rego"),
    rego_rule: "data.gdrive.allow",
    world,
    actions: &[
        ("read", "Document"),
        ("write", "Document"),
        ("share", "Document"),
        ("change_owner", "Document"),
        ("create_document", "Folder"),
    ],
    floor,
};

fn world(size: usize, rng: &mut Rng) -> World {
    let (users, folders, documents) = (names("User", size), names("Folder", size), names("Document", size));
    let views: Vec<_> = users.iter().map(|user| uid("View", &user.id)).collect();
    let mut world = World::default();
    // A folder is in those before it only, which makes cycles impossible.
    for (at, folder) in folders.iter().enumerate() {
        let parents = [some_of(&folders[..at], rng), some_of(&views, rng)].concat();
        world.add(folder.clone(), vec![], parents);
    }
    for document in &documents {
        let public = Attribute::Bool(rng.f64() < super::EDGE);
        let parents = [some_of(&folders, rng), some_of(&views, rng)].concat();
        world.add(document.clone(), vec![("public", public)], parents);
    }
    for view in &views {
        world.add(view.clone(), vec![], vec![]);
    }
    let owners: Vec<_> = documents.iter().map(|_| one_of(&users, rng)).collect();
    let folder_owners: Vec<_> = folders.iter().map(|_| one_of(&users, rng)).collect();
    for (user, view) in users.iter().zip(&views) {
        let owned = |all: &[_], owners: &[_]| {
            Attribute::Entities(
                all.iter().zip(owners).filter(|(_, owner)| *owner == user).map(|(each, _)| each).cloned().collect(),
            )
        };
        let attributes = vec![
            ("view", Attribute::Entity(view.clone())),
            ("owned_documents", owned(&documents, &owners)),
            ("owned_folders", owned(&folders, &folder_owners)),
        ];
        world.add(user.clone(), attributes, vec![]);
    }
    world
}

struct Known {
    is_public: bool,
    view: u32,
    documents: Box<[u32]>,
    folders: Box<[u32]>,
}

#[derive(Clone, Copy)]
enum Action {
    Read,
    Change,
    GiveAway,
    Create,
}

fn floor(world: &World, asks: &[Ask]) -> Decide {
    let numbered = Numbered::new(world);
    let known = |entity: &Entity| Known {
        is_public: entity.attributes.contains(&("public", Attribute::Bool(true))),
        view: numbered.one(entity, "view"),
        documents: numbered.attribute(entity, "owned_documents"),
        folders: numbered.attribute(entity, "owned_folders"),
    };
    let known: Vec<Known> = world.entities.iter().map(known).collect();
    let asked = |ask: &Ask| {
        let action = match ask.action {
            "read" => Action::Read,
            "change_owner" => Action::GiveAway,
            "create_document" => Action::Create,
            _ => Action::Change,
        };
        (numbered.number(&ask.subject), action, numbered.number(&ask.resource))
    };
    let asks: Vec<(u32, Action, u32)> = asks.iter().map(asked).collect();
    Box::new(move |request| {
        let (subject, action, resource) = asks[request];
        let user = &known[subject as usize];
        let is_owner = || has(&user.documents, resource);
        let is_within = || user.folders.iter().any(|folder| numbered.is_in(resource, *folder));
        match action {
            Action::Read => {
                known[resource as usize].is_public || numbered.is_in(resource, user.view) || is_owner() || is_within()
            }
            Action::Change => is_owner() || is_within(),
            Action::GiveAway => is_owner(),
            Action::Create => has(&user.folders, resource),
        }
    })
}
