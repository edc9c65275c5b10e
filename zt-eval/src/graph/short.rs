//! Short forms of nodes: what most conditions are made of, put so that deciding need not go from node to node.
//!
//! A *path* leads from evidence that lasts through fields of records to a datum, which is borrowed from there; where it
//! leads to nothing, a constant may stand instead. A *leaf* asks one thing of what a path leads to, with a constant, the
//! subject or the resource on the other side. Both say what their nodes say, in one loop and one test.
//!
//! They are derived when a policy is built or loaded, and linear in its nodes: a path has at most [`FIELDS_MAX`] fields, and
//! goes on from another node where it would have more.

use super::{CompareOp, Derived, Node, Policy};
use crate::Truth;
use crate::eval::{Operand, compare_values, test};
use crate::id::{ConstId, EntityTypeId, NodeId};
use crate::schema::Attribute;
use crate::value::{self, Value};

/// Fields of a path.
const FIELDS_MAX: usize = 8;

/// What a node is for short.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Form {
    /// Nothing but itself.
    Node,
    Const(ConstId),
    Subject,
    Resource,
    /// Of [`Short::path`].
    Path(u32),
    /// Of [`Short::leaf`].
    Leaf(u32),
    /// Of [`Short::lies`].
    Lies(u32),
}

/// From evidence to a datum in it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Path {
    pub root: Root,
    start: u32,
    end: u32,
    /// What stands for what is absent.
    pub default: Option<ConstId>,
}

/// Where a path begins.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Root {
    /// An attribute of the context that has no bound of freshness and no step-up.
    Context(u32),
    /// An attribute of the subject, without bounds of freshness.
    Subject(EntityTypeId, u32),
    /// The same of the resource.
    Resource(EntityTypeId, u32),
    /// What a quantifier is at.
    Element(u8),
    /// What another node gives.
    Node(NodeId),
}

/// A question about what a path leads to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Leaf {
    pub path: Path,
    asks: Asks,
    /// What it is held beside.
    pub other: Other,
    /// The answer when the path leads to nothing.
    absent: Truth,
    is_negated: bool,
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Asks {
    /// Whether it is true.
    Holds,
    IsPresent,
    /// Whether it compares so with the other.
    Compares(CompareOp),
    /// Whether the other compares so with it.
    ComparesBack(CompareOp),
    /// Whether it has the other in it.
    Has,
    /// Whether the other has it.
    IsIn,
}

/// The other side of a question.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Other {
    None,
    Const(ConstId),
    Subject,
    Resource,
}

/// Whether the subject or the resource lies within what a path leads to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lies {
    pub is_subject: bool,
    /// Where the answer is kept, if it is.
    pub kept: Option<u32>,
    pub outer: Path,
}

/// The short forms of a policy's nodes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Short {
    /// By [`NodeId`].
    forms: Vec<Form>,
    paths: Vec<Path>,
    fields: Vec<u32>,
    leaves: Vec<Leaf>,
    lies: Vec<Lies>,
}

/// No node has a short form.
pub(crate) static NONE: Short =
    Short { forms: Vec::new(), paths: Vec::new(), fields: Vec::new(), leaves: Vec::new(), lies: Vec::new() };

impl Short {
    /// The short forms of nodes that are not kept, and of hierarchy tests; of what is held, that is to be looked for where it is
    /// held.
    pub fn of(policy: &Policy, kept: &[u32], held: &[u8]) -> Self {
        let mut short = Self::default();
        let mut forms: Vec<Form> = Vec::with_capacity(policy.nodes.len());
        for (at, node) in policy.nodes.iter().enumerate() {
            let is_kept = kept.get(at).is_none_or(|place| *place < Derived::BORROWED);
            let is_held = held.get(at).is_some_and(|place| *place != 0);
            let form = match node {
                Node::Within(inner, outer) => {
                    let kept = kept.get(at).copied().filter(|place| *place < Derived::BORROWED);
                    short.lies_of(&forms, *inner, *outer, kept).unwrap_or(Form::Node)
                }
                _ if is_kept || is_held => Form::Node,
                _ => short.form_of(policy, &forms, node),
            };
            forms.push(form);
        }
        short.forms = forms;
        short
    }

    #[inline]
    pub fn form(&self, node: NodeId) -> Form {
        self.forms.get(node.index()).copied().unwrap_or(Form::Node)
    }

    #[inline]
    pub fn path(&self, at: u32) -> Option<&Path> {
        self.paths.get(at as usize)
    }

    #[inline]
    pub fn leaf(&self, at: u32) -> Option<&Leaf> {
        self.leaves.get(at as usize)
    }

    #[inline]
    pub fn lies(&self, at: u32) -> Option<&Lies> {
        self.lies.get(at as usize)
    }

    /// The fields of a path, from the outside in.
    #[inline]
    pub fn fields(&self, path: &Path) -> &[u32] {
        self.fields.get(path.start as usize..path.end as usize).unwrap_or_default()
    }

    fn form_of(&mut self, policy: &Policy, forms: &[Form], node: &Node) -> Form {
        match node {
            Node::Const(id) => return Form::Const(*id),
            Node::Subject => return Form::Subject,
            Node::Resource => return Form::Resource,
            _ => {}
        }
        if let Some(path) = self.path_of(policy, forms, node) {
            self.paths.push(path);
            return Form::Path(number(self.paths.len() - 1));
        }
        match self.leaf_of(policy, forms, node) {
            Some(leaf) => {
                self.leaves.push(leaf);
                Form::Leaf(number(self.leaves.len() - 1))
            }
            None => Form::Node,
        }
    }

    fn path_of(&mut self, policy: &Policy, forms: &[Form], node: &Node) -> Option<Path> {
        let is_lasting = |attribute: &Attribute| attribute.freshness.is_empty() && attribute.step_up.is_none();
        let root = match node {
            Node::Context(at) => {
                policy.schema.context.get(*at as usize).filter(|attribute| is_lasting(attribute))?;
                Root::Context(*at)
            }
            Node::Attribute { of, ty, attribute } => {
                let declared = policy.schema.entity(*ty)?.attributes.get(*attribute as usize);
                declared.filter(|attribute| is_lasting(attribute))?;
                match forms.get(of.index())? {
                    Form::Subject => Root::Subject(*ty, *attribute),
                    Form::Resource => Root::Resource(*ty, *attribute),
                    _ => return None,
                }
            }
            Node::Element(level) => Root::Element(*level),
            Node::Field { of, field, .. } => return Some(self.longer(forms, *of, *field)),
            Node::Otherwise(first, second) => {
                let path = *self.path(path_number(forms, *first)?)?;
                let Some(Form::Const(default)) = forms.get(second.index()) else { return None };
                return path.default.is_none().then_some(Path { default: Some(*default), ..path });
            }
            _ => return None,
        };
        Some(Path { root, start: 0, end: 0, default: None })
    }

    /// The path to a field of what a node gives.
    fn longer(&mut self, forms: &[Form], of: NodeId, field: u32) -> Path {
        let start = number(self.fields.len());
        let before = path_number(forms, of).and_then(|at| self.path(at)).copied();
        let before = before.filter(|path| path.default.is_none() && self.fields(path).len() < FIELDS_MAX);
        let root = before.map_or(Root::Node(of), |path| path.root);
        if let Some(path) = before {
            self.fields.extend_from_within(path.start as usize..path.end as usize);
        }
        self.fields.push(field);
        Path { root, start, end: number(self.fields.len()), default: None }
    }

    fn leaf_of(&self, policy: &Policy, forms: &[Form], node: &Node) -> Option<Leaf> {
        let other = |id: &NodeId| match forms.get(id.index())? {
            Form::Const(id) => Some(Other::Const(*id)),
            Form::Subject => Some(Other::Subject),
            Form::Resource => Some(Other::Resource),
            _ => None,
        };
        let path = |id: &NodeId| self.path(path_number(forms, *id)?).copied();
        let (path, asks, other) = match node {
            Node::Not(of) => return self.negated(policy, forms, *of),
            Node::IsPresent(of) => (path(of)?, Asks::IsPresent, Other::None),
            Node::Compare(op, left, right) => match (path(left), path(right)) {
                (Some(path), None) => (path, Asks::Compares(*op), other(right)?),
                (None, Some(path)) => (path, Asks::ComparesBack(*op), other(left)?),
                _ => return None,
            },
            Node::Contains(all, one) => match (path(all), path(one)) {
                (Some(path), None) => (path, Asks::Has, other(one)?),
                (None, Some(path)) => (path, Asks::IsIn, other(all)?),
                _ => return None,
            },
            _ => return None,
        };
        let constant = |id: ConstId| policy.constant(id).map_or(Operand::Unknown, Operand::Ref);
        let instead = path.default.map_or(Operand::Absent, constant);
        // What the operator gives when the path leads to nothing: it asks for nothing else unless it compares with a default.
        let given = |id: NodeId| match forms.get(id.index()) {
            Some(Form::Const(id)) => constant(*id),
            Some(Form::Subject | Form::Resource) => Operand::Unknown,
            _ => instead.clone(),
        };
        let is_open = path.default.is_some() && matches!(other, Other::Subject | Other::Resource);
        let absent = if is_open { return None } else { test(node, &policy.patterns, given)? };
        Some(Leaf { path, asks, other, absent, is_negated: false })
    }

    fn lies_of(&mut self, forms: &[Form], inner: NodeId, outer: NodeId, kept: Option<u32>) -> Option<Form> {
        let is_subject = match forms.get(inner.index())? {
            Form::Subject => true,
            Form::Resource => false,
            _ => return None,
        };
        let outer = *self.path(path_number(forms, outer)?)?;
        self.lies.push(Lies { is_subject, kept, outer });
        Some(Form::Lies(number(self.lies.len() - 1)))
    }

    fn negated(&self, policy: &Policy, forms: &[Form], of: NodeId) -> Option<Leaf> {
        match forms.get(of.index())? {
            Form::Leaf(at) => {
                let leaf = *self.leaf(*at)?;
                Some(Leaf { absent: leaf.absent.not(), is_negated: !leaf.is_negated, ..leaf })
            }
            Form::Path(at) => {
                let path = *self.path(*at)?;
                let default = path.default.and_then(|default| policy.constant(default));
                let absent = default.map_or(Truth::Unknown, |default| holds(default).not());
                Some(Leaf { path, asks: Asks::Holds, other: Other::None, absent, is_negated: true })
            }
            _ => None,
        }
    }
}

impl Path {
    #[inline]
    pub fn has_fields(&self) -> bool {
        self.start != self.end
    }
}

impl Leaf {
    /// The answer when the path leads to nothing.
    #[inline]
    pub fn absent(&self) -> Truth {
        self.absent
    }

    /// The answer when the path leads to a value, given the other side, if there is one.
    #[inline]
    pub fn test(&self, found: &Value, other: Option<&Value>) -> Truth {
        let truth = match (self.asks, other) {
            (Asks::Holds, _) => holds(found),
            (Asks::IsPresent, _) => Truth::True,
            (_, None) => Truth::Unknown,
            (asks, Some(other)) => {
                let holds = match asks {
                    Asks::Compares(op) => compare_values(op, found, other),
                    Asks::ComparesBack(op) => compare_values(op, other, found),
                    Asks::IsIn => value::contains(other, found),
                    _ => value::contains(found, other),
                };
                holds.map_or(Truth::Unknown, Truth::from)
            }
        };
        if self.is_negated { truth.not() } else { truth }
    }
}

/// A condition's truth; whatever is not a Boolean value is unknown.
fn holds(value: &Value) -> Truth {
    match value {
        Value::Bool(known) => (*known).into(),
        _ => Truth::Unknown,
    }
}

fn path_number(forms: &[Form], node: NodeId) -> Option<u32> {
    match forms.get(node.index())? {
        Form::Path(at) => Some(*at),
        _ => None,
    }
}

/// More than `u32::MAX` of anything in a policy is beyond its limits.
fn number(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}
