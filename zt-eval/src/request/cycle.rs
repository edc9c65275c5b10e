//! Cycles among parents, found without recursion.

use super::Request;
use super::invalid::{InvalidKind, InvalidRequest};
use crate::schema::Schema;
use crate::store::Store;
use crate::value::EntityUid;

/// Memory for the search.
#[derive(Debug, Default)]
pub(crate) struct Cycles {
    /// By node.
    states: Vec<State>,
    /// From a root: the nodes that are gone through, with where those begin in `pending` that each of them leads to.
    path: Vec<(usize, usize)>,
    /// Where the nodes of the path lead and the search has not been, the next of them last.
    pending: Vec<usize>,
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum State {
    New,
    /// On the path from the root.
    Open,
    Done,
}

impl Cycles {
    /// A cycle in the graph of the nodes `0..count`, each once and in order, if there is one. `successors` adds those of a
    /// node.
    fn find(
        &mut self,
        count: usize,
        successors: impl Fn(usize, &mut Vec<usize>),
    ) -> Option<impl Iterator<Item = usize>> {
        self.states.clear();
        self.states.resize(count, State::New);
        self.path.clear();
        self.pending.clear();
        let again = (0..count).find_map(|root| self.find_from(root, &successors))?;
        Some(self.path.iter().map(|(node, _)| *node).skip_while(move |node| *node != again))
    }

    /// The first node found to lead to itself, on a way from this one; the path then ends where that leads to it.
    fn find_from(&mut self, root: usize, successors: &impl Fn(usize, &mut Vec<usize>)) -> Option<usize> {
        let mut next = Some(root);
        loop {
            if let Some(node) = next
                && self.enter(node, successors)
            {
                return next;
            }
            let (node, start) = *self.path.last()?;
            next = if self.pending.len() > start { self.pending.pop() } else { None };
            if next.is_none() {
                if let Some(state) = self.states.get_mut(node) {
                    *state = State::Done;
                }
                self.path.pop();
            }
        }
    }

    /// Puts a new node on the path. Whether it is there already.
    fn enter(&mut self, node: usize, successors: &impl Fn(usize, &mut Vec<usize>)) -> bool {
        let Some(state @ State::New) = self.states.get_mut(node) else {
            return self.states.get(node) == Some(&State::Open);
        };
        *state = State::Open;
        let start = self.pending.len();
        self.path.push((node, start));
        successors(node, &mut self.pending);
        self.pending.get_mut(start..).unwrap_or_default().reverse();
        false
    }
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
    refuse(&mut Cycles::default(), request, schema, |at, reached| {
        let parents = request.entities.get(at).and_then(|entity| entity.parents());
        reached.extend(parents.unwrap_or_default().iter().filter_map(|uid| request.position(uid)));
    })
}

impl Cycles {
    /// Checks the parents that a request says together with a store's. A cycle through the store leaves it through an
    /// entity that the store names and does not hold, so there is none unless the store has such entities.
    pub fn check_against(&mut self, request: &Request, schema: &Schema, store: &Store) -> Result<(), InvalidRequest> {
        if !store.has_open() || request.entities.iter().all(|entity| entity.parents.is_empty()) {
            return Ok(());
        }
        refuse(self, request, schema, |at, reached| {
            let Some(entity) = request.entities.get(at).filter(|entity| store.get(&entity.uid).is_none()) else {
                return;
            };
            for parent in &entity.parents {
                match store.get(parent) {
                    Some(stored) => reached.extend(store.open(stored).filter_map(|uid| request.position(uid))),
                    None => reached.extend(request.position(parent)),
                }
            }
        })
    }
}

fn refuse(
    cycles: &mut Cycles,
    request: &Request,
    schema: &Schema,
    successors: impl Fn(usize, &mut Vec<usize>),
) -> Result<(), InvalidRequest> {
    let Some(cycle) = cycles.find(request.entities.len(), successors) else {
        return Ok(());
    };
    let uids = cycle.filter_map(|at| request.entities.get(at)).map(|entity| &entity.uid);
    Err(InvalidRequest::new(InvalidKind::Cycle(text(schema, uids)), None))
}
