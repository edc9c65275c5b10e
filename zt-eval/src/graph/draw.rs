//! Drawing a policy's rules and what they share.
//!
//! A rule points to the tests that must all hold. Tests that several rules (or connectives) use are drawn once; what only
//! one uses, and is short, is written into its label. Pictures are for people: DOT for tools that lay graphs out, SVG laid
//! out here, with rules on the left and shared tests to their right.

mod layout;
mod svg;

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;

use petgraph::graph::{DiGraph, NodeIndex};

use super::{Effect, Node, Policy};
use crate::id::{ActionId, NodeId, RuleId};

/// Bytes of a label.
const LABEL_MAX: usize = 160;

/// Bytes of a connective that is written out rather than drawn.
const INLINE_MAX: usize = 48;

/// What to draw.
#[derive(Clone, Debug, Default)]
pub struct DrawOptions {
    /// The rules of this action only.
    pub action: Option<ActionId>,
    /// These rules only; all when empty.
    pub rules: Vec<RuleId>,
}

/// A box of the picture.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Shape {
    kind: Kind,
    label: String,
}

/// What a box stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Rule(Effect, Audit),
    All,
    Any,
    Not,
    /// A test, and whether more than one box uses it.
    Test(Shared),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Audit {
    Yes,
    No,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Shared {
    Yes,
    No,
}

/// Why one box points to another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Line {
    /// The one needs the other.
    Needs,
    /// The one needs that the other does not hold.
    NeedsNot,
    /// An allow rule overrides a deny rule.
    Overrides,
}

type Picture = DiGraph<Shape, Line>;

impl Policy {
    /// The rules and their tests in the DOT language.
    #[must_use]
    pub fn to_dot(&self, options: &DrawOptions) -> String {
        let picture = Drafter::draft(self, options);
        let mut dot = String::from("digraph policy {\n  rankdir=LR;\n  node [fontname=\"monospace\", fontsize=11];\n");
        for index in picture.node_indices() {
            if let Some(shape) = picture.node_weight(index) {
                // Writing to a string does not fail.
                let _ = writeln!(
                    dot,
                    "  n{} [label={}, {}];",
                    index.index(),
                    dot_text(&shape.label),
                    dot_style(shape.kind)
                );
            }
        }
        for edge in picture.edge_indices() {
            if let (Some((from, to)), Some(line)) = (picture.edge_endpoints(edge), picture.edge_weight(edge)) {
                let _ = writeln!(dot, "  n{} -> n{}{};", from.index(), to.index(), dot_line(*line));
            }
        }
        dot.push_str("}\n");
        dot
    }

    /// The rules and their tests as a picture.
    #[must_use]
    pub fn to_svg(&self, options: &DrawOptions) -> String {
        svg::render(self.name(), &Drafter::draft(self, options))
    }
}

fn dot_text(label: &str) -> String {
    format!("\"{}\"", label.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}

fn dot_style(kind: Kind) -> &'static str {
    match kind {
        Kind::Rule(Effect::Allow, Audit::No) => "shape=box, style=filled, fillcolor=\"#d9f2e0\", color=\"#1a7f37\"",
        Kind::Rule(Effect::Deny, Audit::No) => "shape=box, style=filled, fillcolor=\"#fde2e1\", color=\"#b42318\"",
        Kind::Rule(Effect::Allow, Audit::Yes) => "shape=box, style=dashed, color=\"#1a7f37\"",
        Kind::Rule(Effect::Deny, Audit::Yes) => "shape=box, style=dashed, color=\"#b42318\"",
        Kind::All | Kind::Any | Kind::Not => "shape=ellipse, color=\"#57606a\"",
        Kind::Test(Shared::Yes) => "shape=box, style=\"rounded,filled\", fillcolor=\"#eaf2ff\", color=\"#0b57d0\"",
        Kind::Test(Shared::No) => "shape=box, style=rounded, color=\"#57606a\"",
    }
}

fn dot_line(line: Line) -> &'static str {
    match line {
        Line::Needs => "",
        Line::NeedsNot => " [style=dashed, label=\"not\"]",
        Line::Overrides => " [color=\"#9a6700\", label=\"overrides\", constraint=false]",
    }
}

/// Decides what becomes a box and what a label.
struct Drafter<'a> {
    policy: &'a Policy,
    picture: Picture,
    /// How many drawn parents a node has.
    uses: HashMap<NodeId, u32>,
    /// Nodes of the skeleton that are drawn whatever their length, since something below them is shared.
    boxes: BTreeMap<NodeId, NodeIndex>,
}

impl<'a> Drafter<'a> {
    fn draft(policy: &'a Policy, options: &DrawOptions) -> Picture {
        let rules = chosen(policy, options);
        let uses = uses(policy, &rules);
        let mut drafter = Self { policy, picture: Picture::new(), uses, boxes: BTreeMap::new() };
        let mut drawn = BTreeMap::new();
        for id in rules {
            if let Some(index) = drafter.rule(id) {
                drawn.insert(id, index);
            }
        }
        drafter.overrides(&drawn);
        drafter.picture
    }

    fn rule(&mut self, id: RuleId) -> Option<NodeIndex> {
        let rule = self.policy.rule(id)?;
        let (effect, audit) = (rule.effect, if rule.audit { Audit::Yes } else { Audit::No });
        let word = if effect == Effect::Allow { "allow" } else { "deny" };
        let mode = if rule.audit { " (audit)" } else { "" };
        let label = format!("{word} {}{mode}", rule.name);
        let index = self.picture.add_node(Shape { kind: Kind::Rule(effect, audit), label });
        self.needs(index, rule.condition, true);
        Some(index)
    }

    fn overrides(&mut self, drawn: &BTreeMap<RuleId, NodeIndex>) {
        for (id, from) in drawn {
            let denies = self.policy.rule(*id).into_iter().flat_map(|rule| &rule.extras.overrides);
            for to in denies.filter_map(|deny| drawn.get(deny)) {
                self.picture.add_edge(*from, *to, Line::Overrides);
            }
        }
    }

    /// Draws that a box needs a condition. `is_conjunction` when the box means that all it points to holds.
    fn needs(&mut self, from: NodeIndex, id: NodeId, is_conjunction: bool) {
        match self.policy.node(id) {
            Some(Node::And(all)) if is_conjunction && !self.is_shared(id) => {
                all.iter().for_each(|child| self.needs(from, *child, true));
            }
            Some(Node::Not(of)) if !self.is_label(id) => {
                let to = self.shape(*of);
                self.picture.add_edge(from, to, Line::NeedsNot);
            }
            _ => {
                let to = self.shape(id);
                self.picture.add_edge(from, to, Line::Needs);
            }
        }
    }

    fn shape(&mut self, id: NodeId) -> NodeIndex {
        if let Some(known) = self.boxes.get(&id) {
            return *known;
        }
        let is_label = self.is_label(id);
        let shape = match self.policy.node(id) {
            Some(Node::And(_)) if !is_label => Shape { kind: Kind::All, label: "all of".into() },
            Some(Node::Or(_)) if !is_label => Shape { kind: Kind::Any, label: "any of".into() },
            Some(Node::Not(_)) if !is_label => Shape { kind: Kind::Not, label: "not".into() },
            _ => {
                let shared = if self.is_shared(id) { Shared::Yes } else { Shared::No };
                Shape { kind: Kind::Test(shared), label: self.policy.node_text_within(id, LABEL_MAX) }
            }
        };
        let kind = shape.kind;
        let index = self.picture.add_node(shape);
        self.boxes.insert(id, index);
        if !matches!(kind, Kind::Test(_)) {
            let children = self.policy.node(id).map(Node::children).unwrap_or_default();
            children.into_iter().for_each(|child| self.needs(index, child, kind == Kind::All));
        }
        index
    }

    fn is_shared(&self, id: NodeId) -> bool {
        self.uses.get(&id).is_some_and(|uses| *uses > 1)
    }

    /// Whether a node is one box with its text: what is no connective, and short connectives of nothing shared.
    fn is_label(&self, id: NodeId) -> bool {
        match self.policy.node(id) {
            Some(node) if is_connective(node) => {
                let text = self.policy.node_text_within(id, INLINE_MAX);
                !text.ends_with('…') && !self.has_shared_part(id)
            }
            _ => true,
        }
    }

    fn has_shared_part(&self, id: NodeId) -> bool {
        let Some(node) = self.policy.node(id).filter(|node| is_connective(node)) else {
            return false;
        };
        node.children().into_iter().any(|child| self.is_shared(child) || self.has_shared_part(child))
    }
}

fn is_connective(node: &Node) -> bool {
    matches!(node, Node::And(_) | Node::Or(_) | Node::Not(_))
}

fn chosen(policy: &Policy, options: &DrawOptions) -> Vec<RuleId> {
    let of_action = |id: &RuleId| {
        options.action.is_none_or(|action| {
            let rules = policy.rules_for(action);
            rules
                .is_some_and(|rules| [&rules.denies, &rules.allows, &rules.audits].iter().any(|list| list.contains(id)))
        })
    };
    let named = |id: &RuleId| options.rules.is_empty() || options.rules.contains(id);
    (0..policy.rules().len()).map(RuleId::new).filter(of_action).filter(named).collect()
}

/// How many rules and connectives use each condition, of those that these rules reach.
fn uses(policy: &Policy, rules: &[RuleId]) -> HashMap<NodeId, u32> {
    let mut uses: HashMap<NodeId, u32> = HashMap::new();
    let mut pending: Vec<NodeId> = rules.iter().filter_map(|id| policy.rule(*id)).map(|rule| rule.condition).collect();
    while let Some(id) = pending.pop() {
        let count = uses.entry(id).or_default();
        *count += 1;
        // Children are counted once, however often their parent is used.
        if let Some(node) = policy.node(id).filter(|node| *count == 1 && is_connective(node)) {
            node.each_child(|child| pending.push(child));
        }
    }
    uses
}
