//! What attributes say of their evidence: freshness, step-up; and the defaults of parameters.

use std::sync::Arc;

use zt_eval::schema::{Attribute, Clock, Freshness, StepUp, Type};
use zt_eval::value::Value;

use super::{Checker, Place, Scope, ty};
use crate::diag::{Code, Diagnostic};
use crate::names::nearest_declared;
use crate::resolve::{AttributeDecl, Owner};
use crate::span::Span;
use crate::syntax::ast::{self, Modifier};

impl Checker<'_, '_> {
    /// Checks the modifiers of every attribute and completes the schema with them.
    pub fn evidence(&mut self) {
        let resolved = self.resolved;
        for attribute in &resolved.attributes {
            self.refuse_repetition(attribute.node);
            for modifier in &attribute.node.modifiers {
                match &modifier.node {
                    Modifier::FreshSince { age, since } => self.fresh_since(attribute, age, since),
                    Modifier::FreshUntil(until) => {
                        if let Some(clock) = self.clock(attribute, until) {
                            self.complete(attribute, |found| found.freshness.push(Freshness::Until { clock }));
                        }
                    }
                    Modifier::StepUp { acr, gives } => self.step_up(attribute, modifier.span, acr, gives),
                    Modifier::From(_) | Modifier::Sensitive => {}
                }
            }
        }
        self.refuse_chained_freshness();
    }

    fn complete(&mut self, attribute: &AttributeDecl<'_>, change: impl FnOnce(&mut Attribute)) {
        let siblings = match attribute.owner {
            Owner::Context => Some(&mut self.schema.context),
            Owner::Entity(id) => self.schema.entities.get_mut(id.index()).map(|entity| &mut entity.attributes),
        };
        if let Some(found) = siblings.and_then(|siblings| siblings.get_mut(attribute.index as usize)) {
            change(found);
        }
    }

    pub fn siblings(&self, owner: Owner) -> &[Attribute] {
        match owner {
            Owner::Context => &self.schema.context,
            Owner::Entity(id) => self.schema.entity(id).map(|entity| entity.attributes.as_slice()).unwrap_or_default(),
        }
    }

    fn refuse_repetition(&mut self, node: &ast::Attribute) {
        for (index, modifier) in node.modifiers.iter().enumerate() {
            let kind = std::mem::discriminant(&modifier.node);
            let mut before = node.modifiers.iter().take(index);
            if let Some(first) = before.find(|earlier| std::mem::discriminant(&earlier.node) == kind) {
                let message = format!("`{}` has this modifier already", node.name.node);
                self.report(
                    Diagnostic::new(Code::MODIFIER_TWICE, modifier.span, message).also(first.span, "the first one"),
                );
            }
        }
    }

    fn fresh_since(&mut self, attribute: &AttributeDecl<'_>, age: &ast::Expr, since: &ast::Name) {
        let mut scope = Scope::new(attribute.package, Place::Constant);
        let age_value = self.constant(&mut scope, age, &Type::Duration);
        let clock = self.clock(attribute, since);
        let Some(Value::Duration(bound)) = age_value else { return };
        if bound.millis() <= 0 {
            let message = "evidence cannot be fresh for no time at all";
            self.report(
                Diagnostic::new(Code::FRESHNESS, age.span, message).help("state the greatest age: `fresh 15m since …`"),
            );
            return;
        }
        if let Some(clock) = clock {
            self.complete(attribute, |found| found.freshness.push(Freshness::Since { age: bound, clock }));
        }
    }

    /// The sibling that tells the time, with fields within its records.
    fn clock(&mut self, attribute: &AttributeDecl<'_>, name: &ast::Name) -> Option<Clock> {
        let (first, rest) = name.segments.split_first()?;
        let siblings = self.siblings(attribute.owner);
        let Some(index) = self.positions.attribute(attribute.owner, &first.node) else {
            let message = format!("`{}` is not an attribute beside this one", first.node);
            let diagnostic = Diagnostic::new(Code::FRESHNESS, first.span, message);
            self.report(
                match nearest_declared(self.diagnostics, &first.node, siblings.iter().map(|sibling| &*sibling.name)) {
                    Some(near) => diagnostic.help(format!("did you mean `{near}`?")).fix(first.span, near),
                    None => {
                        diagnostic.help(format!("declare it in the same block: `{}: Timestamp from …`", first.node))
                    }
                },
            );
            return None;
        };
        let sibling = siblings.get(index as usize)?.clone();
        if ty::is_error(&sibling.ty) {
            return None;
        }
        self.refuse_unverified_clock(attribute, &sibling, index, name.span());
        let mut found = sibling.ty.present().clone();
        let mut fields = Vec::new();
        for segment in rest {
            let (field, inner) = self.clock_field(&found, segment)?;
            fields.push(field);
            found = inner.present().clone();
        }
        if found != Type::Timestamp {
            let message =
                format!("`{}` is {}, and does not tell a time", name.text(), ty::described(&self.schema, &found));
            self.report(
                Diagnostic::new(Code::FRESHNESS, name.span(), message).help("freshness is told by a `Timestamp`"),
            );
            return None;
        }
        Some(Clock { attribute: index, fields })
    }

    fn clock_field(&mut self, of: &Type, segment: &ast::Ident) -> Option<(u32, Type)> {
        let found = match of {
            Type::Record(id) => self.schema.record(*id).and_then(|record| {
                let index = self.positions.field(*id, &segment.node)?;
                Some((index, record.fields.get(index as usize)?.ty.clone()))
            }),
            _ => None,
        };
        if found.is_none() {
            let message = format!("{} has no field `{}`", ty::described(&self.schema, of), segment.node);
            self.report(Diagnostic::new(Code::UNKNOWN_ATTRIBUTE, segment.span, message).label("not declared"));
        }
        found
    }

    fn refuse_unverified_clock(&mut self, attribute: &AttributeDecl<'_>, clock: &Attribute, index: u32, span: Span) {
        let Some(source) = self.schema.source(clock.from).filter(|source| !source.verified) else { return };
        let message = format!("`{}` tells the time by the word of `{}`, which is unverified", clock.name, source.name);
        let mut diagnostic = Diagnostic::new(Code::UNVERIFIED_CLOCK, span, message)
            .help("whoever forges the clock keeps stale evidence fresh; take the time from a verified source");
        if let Some(place) = self.resolved.attribute_span(attribute.owner, index) {
            diagnostic = diagnostic.also(place, format!("from `{}`", source.name));
        }
        self.report(diagnostic);
    }

    /// A clock is read as it stands. That is sound only if nothing else says when the clock itself is stale.
    fn refuse_chained_freshness(&mut self) {
        let mut found = Vec::new();
        for attribute in &self.resolved.attributes {
            let siblings = self.siblings(attribute.owner);
            let Some(own) = siblings.get(attribute.index as usize) else { continue };
            for freshness in &own.freshness {
                let (Freshness::Since { clock, .. } | Freshness::Until { clock }) = freshness;
                let other = siblings.get(clock.attribute as usize).filter(|_| clock.attribute != attribute.index);
                if let Some(other) = other.filter(|other| !other.freshness.is_empty()) {
                    found.push((attribute.node.name.span, other.name.clone()));
                }
            }
        }
        for (span, clock) in found {
            let message = format!("the freshness of this attribute is told by `{clock}`, which can itself be stale");
            self.report(
                Diagnostic::new(Code::FRESHNESS, span, message)
                    .help(format!("leave `{clock}` without a freshness of its own")),
            );
        }
    }

    fn step_up(
        &mut self,
        attribute: &AttributeDecl<'_>,
        span: Span,
        acr: &ast::Spanned<ast::StringLit>,
        gives: &ast::Expr,
    ) {
        let acr = self.plain_text(acr);
        let Some(own) = self.siblings(attribute.owner).get(attribute.index as usize).cloned() else { return };
        if attribute.owner != Owner::Context {
            let message = "only attributes of the context can be stepped up";
            let help = "a step-up renews what the request says of this session; move the attribute to `context { … }`";
            self.report(Diagnostic::new(Code::STEP_UP, span, message).help(help));
            return;
        }
        if let Some(source) = self.schema.source(own.from).filter(|source| !source.verified) {
            let message = format!(
                "`{}` is the word of `{}`, which is unverified: a step-up could not prove it",
                own.name, source.name
            );
            self.report(Diagnostic::new(Code::STEP_UP, span, message).help("let a verified source vouch for it"));
            return;
        }
        if ty::is_error(&own.ty) {
            return;
        }
        let mut scope = Scope::new(attribute.package, Place::Constant);
        let gives = self.constant(&mut scope, gives, own.ty.present());
        if let (Some(acr), Some(gives)) = (acr, gives) {
            self.complete(attribute, |found| found.step_up = Some(StepUp { acr, gives }));
        }
    }

    /// Checks the defaults of parameters.
    pub fn params(&mut self) {
        let resolved = self.resolved;
        for (index, declared) in resolved.params.iter().enumerate() {
            let Some(default) = &declared.node.default else { continue };
            let Some(wanted) = self.schema.params.get(index).map(|param| param.ty.clone()) else { continue };
            let mut scope = Scope::new(declared.package, Place::Constant);
            if ty::is_error(&wanted) {
                continue;
            }
            let value = self.constant(&mut scope, default, &wanted);
            if let Some(param) = self.schema.params.get_mut(index) {
                param.value = value;
            }
        }
    }

    /// A string literal's text as an owned, shared text.
    pub fn texts(&mut self, literals: &[ast::Spanned<ast::StringLit>]) -> Vec<Arc<str>> {
        literals.iter().filter_map(|literal| self.plain_text(literal)).collect()
    }
}
