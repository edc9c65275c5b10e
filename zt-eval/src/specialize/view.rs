//! What the checker knows at a place of a text: which conditions stand before it, and of which types paths are there.

use super::literal::{joined, type_of};
use crate::graph::{Node, Policy};
use crate::id::{EntityTypeId, NodeId, PatternId};
use crate::schema::{Action, Type};

/// What the conditions before a place say, as the checker sees it.
#[derive(Clone, Default)]
pub(super) struct Facts {
    pub present: Vec<NodeId>,
    pub types: Vec<(NodeId, Vec<EntityTypeId>)>,
    pub matches: Vec<(NodeId, PatternId)>,
}

/// A place in a rule.
#[derive(Clone)]
pub(super) struct View<'a> {
    policy: &'a Policy,
    action: &'a Action,
    pub facts: Facts,
    /// The collections of the quantifiers around, outermost first.
    pub overs: Vec<NodeId>,
}

impl<'a> View<'a> {
    pub fn new(policy: &'a Policy, action: &'a Action) -> Self {
        Self { policy, action, facts: Facts::default(), overs: Vec::new() }
    }

    // ---- what is assumed

    pub fn assume(&mut self, id: NodeId) {
        match self.policy.node(id) {
            Some(Node::And(all)) => all.iter().for_each(|part| self.assume(*part)),
            Some(Node::Not(of)) => self.assume_not(*of),
            Some(Node::IsPresent(of)) => self.assume_present(*of),
            Some(Node::Is(of, types)) => self.facts.types.push((*of, types.to_vec())),
            Some(Node::Matches(of, pattern)) => self.facts.matches.push((*of, *pattern)),
            _ => {}
        }
    }

    pub fn assume_not(&mut self, id: NodeId) {
        match self.policy.node(id) {
            Some(Node::Or(all)) => all.iter().for_each(|part| self.assume_not(*part)),
            Some(Node::Not(of)) => {
                let matches = self.facts.matches.len();
                self.assume(*of);
                self.facts.matches.truncate(matches);
            }
            Some(Node::Is(of, types)) => {
                let rest: Vec<EntityTypeId> =
                    self.entity_types(*of).into_iter().filter(|ty| !types.contains(ty)).collect();
                if !rest.is_empty() {
                    self.facts.types.push((*of, rest));
                }
            }
            _ => {}
        }
    }

    pub fn assume_present(&mut self, id: NodeId) {
        self.facts.present.push(id);
        if let Some(Node::Attribute { of, .. } | Node::Field { of, .. }) = self.policy.node(id) {
            self.assume_present(*of);
        }
    }

    // ---- types, as the checker sees them

    /// The type of a node, as far as it is one that can be optional, an entity's, or a collection's.
    pub fn declared(&self, id: NodeId) -> Option<Type> {
        let schema = &self.policy.schema;
        Some(match self.policy.node(id)? {
            Node::Const(_) => type_of(self.policy.constant_of(id)?)?,
            Node::Param(param) => schema.param(*param)?.ty.clone(),
            Node::Subject => Type::Entity(self.action.subjects.clone()),
            Node::Resource => Type::Entity(self.action.resources.clone()),
            Node::Context(at) => schema.context.get(*at as usize)?.ty.clone(),
            Node::Attribute { of, ty, attribute } => {
                let ty = schema.entity(*ty)?.attributes.get(*attribute as usize)?.ty.clone();
                if self.is_optional(*of) { ty.optional() } else { ty }
            }
            Node::Field { of, record, field } => {
                let ty = schema.record(*record)?.fields.get(*field as usize)?.ty.clone();
                if self.is_optional(*of) { ty.optional() } else { ty }
            }
            Node::Element(level) => {
                match self.declared(*self.overs.get(usize::from(*level).checked_sub(1)?)?)?.present() {
                    Type::Set(inner) | Type::List(inner) | Type::Map(inner) => (**inner).clone(),
                    _ => return None,
                }
            }
            Node::Index(map, _) => match self.declared(*map)?.present() {
                Type::Map(inner) => (**inner).clone().optional(),
                _ => return None,
            },
            Node::If { condition, then, otherwise } => {
                let (mut held, mut failed) = (self.clone(), self.clone());
                held.assume(*condition);
                failed.assume_not(*condition);
                let (a, b) = (held.declared(*then), failed.declared(*otherwise));
                let is_optional = |view: &Self, id, ty: &Option<Type>| {
                    ty.as_ref().is_some_and(Type::is_optional) && !view.facts.present.contains(&id)
                };
                let optional = is_optional(&held, *then, &a) || is_optional(&failed, *otherwise, &b);
                let both = [a, b].into_iter().flatten().map(|ty| ty.present().clone()).reduce(joined)?;
                if optional { both.optional() } else { both }
            }
            Node::Otherwise(first, second) => {
                let first = self.declared(*first)?.present().clone();
                self.declared(*second).into_iter().fold(first, joined)
            }
            Node::SetOperation(_, a, b) => {
                joined(self.declared(*a)?.present().clone(), self.declared(*b)?.present().clone())
            }
            Node::Set(all) | Node::List(all) => {
                let types: Option<Vec<Type>> =
                    all.iter().map(|each| Some(self.declared(*each)?.present().clone())).collect();
                Type::Set(Box::new(types?.into_iter().reduce(joined)?))
            }
            _ => return None,
        })
    }

    pub fn is_optional(&self, id: NodeId) -> bool {
        !self.facts.present.contains(&id) && self.declared(id).is_some_and(|ty| ty.is_optional())
    }

    /// Whether it is a collection that the checker holds for optional whatever stands before it: it remembers of paths only
    /// that they are present. Behind its guard any other value may stand in for it where it is absent.
    pub fn is_unguardable_collection(&self, id: NodeId) -> bool {
        let unguarded = View { facts: Facts::default(), ..self.clone() };
        let is_collection = |ty: &Type| matches!(ty.present(), Type::Set(_) | Type::List(_) | Type::Map(_));
        !self.is_path(id) && unguarded.declared(id).is_some_and(|ty| ty.is_optional() && is_collection(&ty))
    }

    fn is_path(&self, id: NodeId) -> bool {
        match self.policy.node(id) {
            Some(Node::Attribute { of, .. } | Node::Field { of, .. }) => self.is_path(*of),
            Some(Node::Index(map, key)) => {
                self.is_path(*map) && (self.policy.constant_of(*key).is_some() || self.is_path(*key))
            }
            Some(
                Node::Const(_) | Node::Subject | Node::Resource | Node::Context(_) | Node::Element(_) | Node::Key(_),
            ) => true,
            _ => false,
        }
    }

    /// The types that an entity can have here; none if that cannot be told.
    pub fn entity_types(&self, id: NodeId) -> Vec<EntityTypeId> {
        let Some(Type::Entity(mut types)) = self.declared(id).map(|ty| ty.present().clone()) else { return Vec::new() };
        for (_, known) in self.facts.types.iter().filter(|(of, _)| *of == id) {
            let both: Vec<EntityTypeId> = types.iter().copied().filter(|ty| known.contains(ty)).collect();
            if !both.is_empty() {
                types = both;
            }
        }
        types
    }
}
