//! Cycles among parents, found without recursion.

use super::Request;
use super::invalid::{InvalidKind, InvalidRequest};
use crate::schema::Schema;
use crate::store::Store;
use crate::value::EntityUid;

/// A cycle in the graph of the nodes `0..count`, each once and in order, if there is one.
pub(crate) fn find(count: usize, successors: impl Fn(usize) -> Vec<usize>) -> Option<Vec<usize>> {
    let mut states = vec![State::New; count];
    for root in 0..count {
        let mut path: Vec<(usize, std::vec::IntoIter<usize>)> = Vec::new();
        let mut next = Some(root);
        loop {
            if let Some(node) = next.take()
                && let Some(state) = states.get_mut(node)
            {
                match state {
                    State::Done => {}
                    State::Open => return Some(tail(&path, node)),
                    State::New => {
                        *state = State::Open;
                        path.push((node, successors(node).into_iter()));
                    }
                }
            }
            let Some((node, rest)) = path.last_mut() else {
                break;
            };
            next = rest.next();
            if next.is_none() {
                if let Some(state) = states.get_mut(*node) {
                    *state = State::Done;
                }
                path.pop();
            }
        }
    }
    None
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    New,
    /// On the path from the root.
    Open,
    Done,
}

fn tail(path: &[(usize, std::vec::IntoIter<usize>)], from: usize) -> Vec<usize> {
    path.iter().map(|(node, _)| *node).skip_while(|node| *node != from).collect()
}

/// A cycle written out: `Group::"a" → Group::"b" → Group::"a"`.
pub(crate) fn text<'a>(schema: &Schema, cycle: impl Iterator<Item = &'a EntityUid>) -> String {
    let mut names: Vec<String> = cycle.map(|uid| schema.uid_text(uid)).collect();
    names.extend(names.first().cloned());
    names.join(" → ")
}

/// Checks the parents that a request says by themselves. There is no cycle unless one of them has parents too.
pub(super) fn check(request: &Request, schema: &Schema) -> Result<(), InvalidRequest> {
    let mut parents = request.entities.iter().flat_map(|entity| &entity.parents);
    let has_parents = |uid| request.described(uid).is_some_and(|entity| !entity.parents.is_empty());
    if !parents.any(has_parents) {
        return Ok(());
    }
    refuse(request, schema, |at| {
        let parents = request.entities.get(at).and_then(|entity| entity.parents());
        parents.unwrap_or_default().iter().filter_map(|uid| position(request, uid)).collect()
    })
}

/// Checks the parents that a request says together with a store's. A cycle through the store leaves it through an entity
/// that the store names and does not hold, so there is none unless the store has such entities.
pub(super) fn check_against(request: &Request, schema: &Schema, store: &Store) -> Result<(), InvalidRequest> {
    if !store.has_open() || request.entities.iter().all(|entity| entity.parents.is_empty()) {
        return Ok(());
    }
    refuse(request, schema, |at| {
        let Some(entity) = request.entities.get(at).filter(|entity| store.get(&entity.uid).is_none()) else {
            return Vec::new();
        };
        let mut reached = Vec::new();
        for parent in &entity.parents {
            match store.get(parent) {
                Some(stored) => reached.extend(store.open(stored).filter_map(|uid| position(request, uid))),
                None => reached.extend(position(request, parent)),
            }
        }
        reached
    })
}

fn refuse(request: &Request, schema: &Schema, successors: impl Fn(usize) -> Vec<usize>) -> Result<(), InvalidRequest> {
    let Some(cycle) = find(request.entities.len(), successors) else {
        return Ok(());
    };
    let uids = cycle.into_iter().filter_map(|at| request.entities.get(at)).map(|entity| &entity.uid);
    Err(InvalidRequest::new(InvalidKind::Cycle(text(schema, uids)), None))
}

fn position(request: &Request, uid: &EntityUid) -> Option<usize> {
    request.position(uid)
}
