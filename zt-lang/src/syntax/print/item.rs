//! Declarations, rules and proofs.

use super::builder::{Builder, STEP, value_word};
use super::expr::{Rank, hugs};
use super::layout::{Gap, Op, width};
use crate::span::Span;
use crate::syntax::ast::{
    Action, Actions, Annotation, Attribute, Effect, Entity, Enum, Expr, ExprKind, Field, Fn, Ident, Item, ItemKind,
    Let, Modifier, Name, Param, Prove, Record, Rule, Source, Spanned, Target, Type, Use, Whom,
};

/// Wider types do not push their neighbours' modifiers to the right.
const TYPE_COLUMN_MAX: usize = 28;

impl Builder<'_> {
    /// An item with its doc comment and annotations.
    pub(super) fn item(&mut self, item: &Item) {
        self.doc(item.doc.as_ref());
        for annotation in &item.annotations {
            self.annotation(annotation);
            self.hard();
        }
        match &item.kind {
            ItemKind::Package(name) => self.headed("package", |b| b.package(name)),
            ItemKind::Use(node) => self.headed("use", |b| b.use_(node)),
            ItemKind::Enum(node) => self.enum_(node),
            ItemKind::Source(node) => self.headed("source", |b| b.source(node)),
            ItemKind::Entity(node) => self.entity(node),
            ItemKind::Record(node) => self.record_type(node),
            ItemKind::Context(attributes) => self.context(attributes, item.span),
            ItemKind::Obligation(node) => self.headed("obligation", |b| {
                b.declares_value(&node.name);
                b.params(&node.params, Self::field);
            }),
            ItemKind::Action(node) => self.headed("action", |b| b.group(|b| b.action(node))),
            ItemKind::Let(node) => self.headed("let", |b| b.let_(node)),
            ItemKind::Fn(node) => self.headed("fn", |b| b.fn_(node)),
            ItemKind::Param(node) => self.headed("param", |b| b.param(node)),
            ItemKind::Rule(node) => self.headed(effect(node.effect), |b| b.rule(node)),
            ItemKind::Test(node) => self.test_block(node),
            ItemKind::Prove(node) => self.headed("prove", |b| b.prove(node)),
        }
    }

    /// An item word and, indented, what follows it.
    fn headed(&mut self, word: &str, content: impl FnOnce(&mut Self)) {
        self.word(word);
        self.indented(|b| {
            b.space();
            content(b);
        });
    }

    fn annotation(&mut self, annotation: &Annotation) {
        self.word("@");
        self.indented(|b| {
            b.any(&annotation.name);
            if let Some(value) = &annotation.value {
                b.word("(");
                b.string(&value.node);
                b.word(")");
            }
        });
    }

    fn package(&mut self, name: &Name) {
        for (position, segment) in name.segments.iter().enumerate() {
            if position > 0 {
                self.word(".");
                self.declares_field(segment);
            } else {
                self.declares_value(segment);
            }
        }
    }

    fn use_(&mut self, node: &Use) {
        self.name(&node.package);
        if let Some(alias) = &node.alias {
            self.spaced("as");
            self.declares_value(alias);
        }
        if !node.scope.is_empty() {
            self.spaced("scope");
            self.targets(&node.scope);
        }
    }

    fn enum_(&mut self, node: &Enum) {
        self.word("enum");
        self.push_op(Op::In(STEP));
        self.space();
        self.declares_type(&node.name);
        self.space();
        self.group(|b| {
            b.word("{");
            b.push_op(Op::Line(1, Gap::Inner));
            for (position, member) in node.members.iter().enumerate() {
                if position > 0 && !node.ordered {
                    b.optional(",");
                }
                if position > 0 {
                    b.push_op(Op::Line(1, Gap::Kept));
                }
                if position > 0 && node.ordered {
                    b.word("<");
                    b.space();
                }
                b.declares_value(member);
            }
            b.close_block();
        });
    }

    /// The end of a block whose entries are as deep as its head's further lines.
    pub(super) fn close_block(&mut self) {
        self.push_op(Op::Dangle);
        self.push_op(Op::Out(STEP));
        self.line();
        self.word("}");
    }

    fn source(&mut self, node: &Source) {
        self.declares_value(&node.name);
        self.space();
        self.word(if node.verified { "verified" } else { "unverified" });
        if node.complete {
            self.space();
            self.word("complete");
        }
    }

    fn entity(&mut self, node: &Entity) {
        self.word("entity");
        self.push_op(Op::In(STEP));
        self.space();
        self.declares_type(&node.name);
        if !node.parents.is_empty() {
            self.spaced("in");
            self.names(&node.parents);
        }
        if let Some(from) = &node.parents_from {
            self.spaced("from");
            self.name(from);
        }
        if node.attributes.is_empty() {
            return self.push_op(Op::Out(STEP));
        }
        let last_parent = node.parents_from.as_ref().or(node.parents.last()).map(Name::span);
        self.space();
        self.attributes(&node.attributes, last_parent.unwrap_or(node.name.span));
    }

    fn context(&mut self, attributes: &[Attribute], item: Span) {
        self.word("context");
        self.push_op(Op::In(STEP));
        self.space();
        let head = Span { end: item.start, ..item };
        self.attributes(attributes, head);
    }

    /// `{ name: Type … }`, of which the head ends at `head`; lines are kept where the author had them.
    fn attributes(&mut self, attributes: &[Attribute], head: Span) {
        let names = attributes.iter().map(|attribute| &attribute.name);
        let types = attributes.iter().filter(|attribute| !attribute.modifiers.is_empty());
        let columns = types.map(|attribute| type_width(&attribute.ty)).filter(|&wide| wide <= TYPE_COLUMN_MAX);
        let (name_column, type_column) = (name_column(names), columns.max().unwrap_or(0));
        self.block(attributes.iter().map(|attribute| attribute.name.span), head, true, |b, group, position| {
            let Some(attribute) = attributes.get(position) else { return };
            b.doc(attribute.doc.as_ref());
            b.group(|b| {
                b.typed_name(&attribute.name, &attribute.ty, group, name_column);
                let wide = type_width(&attribute.ty);
                b.indented(|b| b.modifiers(&attribute.modifiers, group, type_column.saturating_sub(wide) + 1));
            });
        });
    }

    fn record_type(&mut self, node: &Record) {
        self.word("record");
        self.push_op(Op::In(STEP));
        self.space();
        self.declares_type(&node.name);
        self.space();
        let column = name_column(node.fields.iter().map(|field| &field.name));
        self.block(node.fields.iter().map(|field| field.name.span), node.name.span, false, |b, group, position| {
            let Some(field) = node.fields.get(position) else { return };
            b.doc(field.doc.as_ref());
            b.typed_name(&field.name, &field.ty, group, column);
        });
    }

    /// A block with an entry at each of `places`. Without a text it is broken as `default` says.
    fn block(
        &mut self,
        places: impl Iterator<Item = Span>,
        head: Span,
        default: bool,
        mut entry: impl FnMut(&mut Self, usize, usize),
    ) {
        let places: Vec<Span> = places.collect();
        let broken = places.last().is_some_and(|last| self.breaks_between(head, *last).unwrap_or(default));
        let group = self.ops.len();
        self.push_op(Op::Open(broken));
        self.word("{");
        for position in 0..places.len() {
            let separator = if position == 0 { Op::Line(1, Gap::Inner) } else { Op::Line(2, Gap::Kept) };
            self.push_op(separator);
            entry(self, group, position);
        }
        if places.is_empty() {
            self.push_op(Op::Dangle);
            self.push_op(Op::Out(STEP));
            self.word("}");
        } else {
            self.close_block();
        }
        self.push_op(Op::Close);
    }

    /// `name: Type`, the type in a column if the group is broken.
    fn typed_name(&mut self, name: &Ident, ty: &Spanned<Type>, group: usize, column: usize) {
        self.declares_field(name);
        self.word(":");
        self.push_op(Op::Pad(column.saturating_sub(width(&value_word(&name.node))) + 1, group));
        self.type_(ty);
    }

    fn modifiers(&mut self, modifiers: &[Spanned<Modifier>], group: usize, gap: usize) {
        for (position, modifier) in modifiers.iter().enumerate() {
            if position == 0 {
                self.push_op(Op::Pad(gap, group));
            } else {
                self.line();
            }
            self.modifier(&modifier.node);
        }
    }

    fn modifier(&mut self, modifier: &Modifier) {
        match modifier {
            Modifier::From(source) => {
                self.word("from");
                self.space();
                self.name(source);
            }
            Modifier::FreshSince { age, since } => {
                self.word("fresh");
                self.space();
                let first = self.tokens.len();
                self.expr(age);
                if let Some(token) = self.tokens.get_mut(first).filter(|token| token.text == "until") {
                    token.text = "`until`".to_owned();
                }
                self.spaced("since");
                self.name(since);
            }
            Modifier::FreshUntil(until) => {
                self.word("fresh");
                self.spaced("until");
                self.name(until);
            }
            Modifier::StepUp { acr, gives } => {
                self.word("step_up");
                self.space();
                self.string(&acr.node);
                self.spaced("gives");
                self.expr(gives);
            }
            Modifier::Sensitive => self.word("sensitive"),
        }
    }

    /// Parameters in parentheses that, when broken, close below the item's word.
    fn params(&mut self, params: &[Field], each: impl FnMut(&mut Self, &Field)) {
        self.push_op(Op::Out(STEP));
        self.bracketed("(", params, ")", each);
        self.push_op(Op::In(STEP));
    }

    /// A parameter of an obligation.
    fn field(&mut self, field: &Field) {
        self.doc(field.doc.as_ref());
        self.declares_field(&field.name);
        self.word(":");
        self.space();
        self.type_(&field.ty);
    }

    fn type_(&mut self, ty: &Spanned<Type>) {
        match &ty.node {
            Type::Name(name) => self.type_name(name),
            Type::Set(inner) => self.generic("Set", inner),
            Type::List(inner) => self.generic("List", inner),
            Type::Map(inner) => self.generic("Map", inner),
            Type::Union(names) => self.types(names),
            Type::Optional(inner) => {
                self.type_(inner);
                self.word("?");
            }
        }
    }

    fn generic(&mut self, word: &str, inner: &Spanned<Type>) {
        self.word(word);
        self.word("<");
        self.type_(inner);
        self.word(">");
    }

    /// `A | B`, broken before the bars.
    pub(super) fn types(&mut self, names: &[Name]) {
        self.group(|b| {
            b.indented(|b| {
                for (position, name) in names.iter().enumerate() {
                    if position > 0 {
                        b.line();
                        b.word("|");
                        b.space();
                    }
                    b.type_name(name);
                }
            });
        });
    }

    /// A type's name; what begins like a collection or a test behind `is` needs backquotes.
    fn type_name(&mut self, name: &Name) {
        let first = name.segments.first().map_or("", |segment| &*segment.node);
        if matches!(first, "Set" | "List" | "Map" | "present" | "empty") {
            self.word(format!("`{first}`"));
            for segment in name.segments.iter().skip(1) {
                self.word(".");
                self.any(segment);
            }
        } else {
            self.name(name);
        }
    }

    /// `a, b, c`
    pub(super) fn names(&mut self, names: &[Name]) {
        self.group(|b| b.indented(|b| b.commas(names, Self::name)));
    }

    fn action(&mut self, node: &Action) {
        match node {
            Action::Declared { names, subjects, subject_from, resources } => {
                self.group(|b| b.indented(|b| b.commas(names, Self::declares_value)));
                self.word(":");
                self.indented(|b| {
                    b.line();
                    b.types(subjects);
                    if let Some(source) = subject_from {
                        b.spaced("from");
                        b.name(source);
                    }
                    b.spaced("->");
                    b.types(resources);
                });
            }
            Action::Group { name, members } => {
                self.declares_value(name);
                self.spaced("=");
                self.names(members);
            }
        }
    }

    fn let_(&mut self, node: &Let) {
        self.declares_value(&node.name);
        if let Some(ty) = &node.ty {
            self.word(":");
            self.space();
            self.type_(ty);
        }
        self.definition(&node.value);
    }

    fn param(&mut self, node: &Param) {
        self.declares_value(&node.name);
        self.word(":");
        self.space();
        self.type_(&node.ty);
        if let Some(default) = &node.default {
            self.definition(default);
        }
    }

    fn fn_(&mut self, node: &Fn) {
        self.declares_value(&node.name);
        self.params(&node.params, |b, field| {
            b.doc(field.doc.as_ref());
            b.declares_value(&field.name);
            b.word(":");
            b.space();
            b.type_(&field.ty);
        });
        self.definition(&node.body);
    }

    fn rule(&mut self, node: &Rule) {
        self.declares_value(&node.name);
        if node.audit {
            self.space();
            self.word("audit");
        }
        if let Some(overridable) = &node.overridable {
            self.space();
            self.word("overridable");
            if !overridable.by.is_empty() {
                self.spaced("by");
                self.names(&overridable.by);
            }
        }
        self.word(":");
        self.space();
        self.actions(&node.actions);
        let mut clauses = clauses(node);
        clauses.sort_by_key(|(place, _)| *place);
        for (_, clause) in clauses {
            self.hard();
            clause(self);
        }
    }

    fn actions(&mut self, actions: &Actions) {
        match actions {
            Actions::Any(_) => self.word("any"),
            Actions::Named(names) => self.names(names),
        }
    }

    fn for_(&mut self, targets: &[Target]) {
        self.word("for");
        self.space();
        self.targets(targets);
    }

    fn targets(&mut self, targets: &[Target]) {
        self.group(|b| b.indented(|b| b.commas(targets, Self::target)));
    }

    fn target(&mut self, target: &Target) {
        self.word(match target.whom.node {
            Whom::Subject => "subject",
            Whom::Resource => "resource",
        });
        if !target.is.is_empty() {
            self.spaced("is");
            self.types(&target.is);
        }
        let tests = [("in", &target.within), ("==", &target.equals)];
        for (word, side) in tests {
            let Some(side) = side else { continue };
            self.spaced(word);
            // Conditions belong into `when`; only parentheses make them values.
            self.ranked(side, Rank::Otherwise);
        }
    }

    fn when(&mut self, condition: &Expr) {
        self.word("when");
        self.space();
        self.expr(condition);
    }

    fn prove(&mut self, node: &Prove) {
        self.declares_value(&node.name);
        self.word(":");
        self.space();
        let targets = node.targets.first().map(|target| target.whom.span);
        let condition = node.when.as_ref().map(|when| when.span);
        let head = match &node.actions {
            Actions::Any(place) => place.0,
            Actions::Named(names) => names.last().map(Name::span).unwrap_or_default(),
        };
        let first = [targets, condition].into_iter().flatten().min();
        let broken = first.is_some_and(|first| self.breaks_between(head, first).unwrap_or(false));
        self.push_op(Op::Open(broken));
        self.word(if node.always { "always" } else { "never" });
        self.spaced(effect(node.effect));
        self.actions(&node.actions);
        let condition_first = targets.is_some() && condition.is_some_and(|condition| Some(condition) < targets);
        if let (true, Some(when)) = (condition_first, &node.when) {
            self.line();
            self.when(when);
        }
        if targets.is_some() {
            self.line();
            self.for_(&node.targets);
        }
        if let (false, Some(when)) = (condition_first, &node.when) {
            self.line();
            self.when(when);
        }
        self.push_op(Op::Close);
    }
}

/// `allow` or `deny`.
pub(super) fn effect(effect: Effect) -> &'static str {
    match effect {
        Effect::Allow => "allow",
        Effect::Deny => "deny",
    }
}

type Clause<'n> = Box<dyn FnOnce(&mut Builder<'_>) + 'n>;

/// A rule's clauses with their places. The tree holds them by kind; those without a place keep this order.
fn clauses(node: &Rule) -> Vec<(Span, Clause<'_>)> {
    let mut clauses: Vec<(Span, Clause<'_>)> = Vec::new();
    if let Some(first) = node.targets.first() {
        clauses.push((first.whom.span, Box::new(|b| b.for_(&node.targets))));
    }
    if let Some(when) = &node.when {
        clauses.push((when.span, Box::new(|b| b.when(when))));
    }
    if let Some(first) = node.overrides.first() {
        let print: Clause<'_> = Box::new(|b| {
            b.word("overrides");
            b.space();
            b.names(&node.overrides);
        });
        clauses.push((first.span(), print));
    }
    for (position, duty) in node.obliges.iter().enumerate() {
        let print: Clause<'_> = Box::new(move |b| {
            b.repeated("oblige", position);
            b.call_by_name(&duty.name, &duty.args);
        });
        clauses.push((duty.name.span(), print));
    }
    let controls = node.controls.iter().enumerate().map(|(position, text)| ("control", position, text));
    let because = node.because.iter().map(|text| ("because", 0, text));
    for (word, position, text) in controls.chain(because) {
        let print: Clause<'_> = Box::new(move |b| {
            b.repeated(word, position);
            b.string(&text.node);
        });
        clauses.push((text.span, print));
    }
    clauses
}

/// The width of the widest name.
fn name_column<'a>(names: impl Iterator<Item = &'a Ident>) -> usize {
    names.map(|name| width(&value_word(&name.node))).max().unwrap_or(0)
}

fn type_width(ty: &Spanned<Type>) -> usize {
    Builder::width_of(|b| b.type_(ty))
}

impl Builder<'_> {
    /// A clause's word; a further clause of the kind may have been written behind a comma instead.
    fn repeated(&mut self, word: &str, position: usize) {
        if position == 0 {
            self.word(word)
        } else {
            self.optional(word)
        }
        self.space();
    }

    /// `= value`, on a line of its own if it does not fit behind the sign.
    fn definition(&mut self, value: &Expr) {
        self.space();
        self.group(|b| {
            b.word("=");
            if matches!(value.node, ExprKind::List(_)) {
                b.space();
                b.push_op(Op::Out(STEP));
                b.expr(value);
                b.push_op(Op::In(STEP));
            } else if hugs(value) {
                b.space();
                b.expr(value);
            } else {
                b.line();
                b.flush(value);
            }
        });
    }
}
