//! Rules and proofs.

use zt_eval::graph::{Effect, Place};
use zt_eval::id::{ActionId, ObligationId, SourceId};

use super::{Checker, Scope, ty};
use crate::diag::{Code, Diagnostic};
use crate::hir;
use crate::names::nearest_declared;
use crate::package::PackageId;
use crate::resolve::{Declared, Def, Namespace, segments};
use crate::span::Span;
use crate::syntax::ast;

impl Checker<'_, '_> {
    /// Checks all rules.
    pub fn rules(&mut self) -> Vec<hir::Rule> {
        let resolved = self.resolved;
        resolved.rules.iter().map(|declared| self.rule(declared)).collect()
    }

    /// A rule that could not be checked keeps its place, so that positions stay what names resolved to.
    pub fn rule(&mut self, declared: &Declared<'_, ast::Rule>) -> hir::Rule {
        let Declared { package, item, node } = declared;
        self.misplaced_clauses(node);
        let actions = self.actions(*package, &node.actions);
        let mut scope = self.rule_scope(*package, &actions);
        let subject_from = self.unverified_subject(&actions);
        let mut conditions = self.delegated_scopes(*package, &mut scope, &actions);
        let own =
            if actions.is_empty() { None } else { self.conditions(&mut scope, &node.targets, node.when.as_ref()) };
        let own = own.unwrap_or_default();
        let duties: Vec<hir::Duty> = node.obliges.iter().filter_map(|oblige| self.duty(&mut scope, oblige)).collect();
        if node.effect == ast::Effect::Allow {
            self.verify_allow(node, &own, &duties, subject_from);
        }
        conditions.extend(own);
        hir::Rule {
            name: self.resolved.packages.qualified(*package, &node.name.node),
            span: node.name.span,
            place: self.sources.start(node.name.span).unwrap_or_else(|| Place::new("", 0, 0)),
            effect: effect(node.effect),
            audit: node.audit,
            actions,
            conditions,
            because: node.because.as_ref().and_then(|text| self.plain_text(text)),
            overrides: self.overrides(*package, node),
            duties,
            controls: self.texts(&node.controls),
            annotations: self.annotations(item.annotations.iter()),
            doc: item.doc.clone(),
        }
    }

    fn misplaced_clauses(&mut self, node: &ast::Rule) {
        let mut misplaced = |span: Span, message: &str, help: &str| {
            self.diagnostics.push(Diagnostic::new(Code::CLAUSE_MISPLACED, span, message).help(help));
        };
        if node.effect == ast::Effect::Deny {
            if let Some(oblige) = node.obliges.first() {
                misplaced(
                    oblige.name.span(),
                    "a deny rule has no obligations",
                    "obligations come with access; say why it is denied with `because`",
                );
            }
            if let Some(name) = node.overrides.first() {
                misplaced(name.span(), "a deny rule overrides nothing", "only an `allow` rule can override a deny");
            }
        } else if let Some(overridable) = &node.overridable {
            misplaced(
                overridable.span,
                "an allow rule is not overridden",
                "a deny rule ends it already; `overridable` belongs to `deny`",
            );
        }
    }

    fn unverified_subject(&self, actions: &[ActionId]) -> Option<SourceId> {
        let sources = actions.iter().filter_map(|action| self.schema.action(*action)).map(|action| action.subject_from);
        sources.into_iter().find(|id| self.schema.source(*id).is_some_and(|source| !source.verified))
    }

    /// The scopes of all delegations that lead to a package, the outermost first.
    fn delegated_scopes(&mut self, package: PackageId, scope: &mut Scope, actions: &[ActionId]) -> Vec<hir::Expr> {
        let mut delegations = Vec::new();
        let mut current = package;
        while let Some(delegation) = self.resolved.packages.get(current).and_then(|found| found.delegation) {
            delegations.push(delegation);
            current = delegation.by;
            if delegations.len() > self.resolved.packages.list.len() {
                break;
            }
        }
        let mut conditions = Vec::new();
        for delegation in delegations.into_iter().rev() {
            let own = std::mem::replace(&mut scope.package, delegation.by);
            let before = self.diagnostics.len();
            scope.shared = true;
            let found = if actions.is_empty() { None } else { self.targets(scope, delegation.scope) };
            scope.shared = false;
            scope.package = own;
            self.report_scope_once(before);
            for condition in found.into_iter().flatten() {
                let place = condition.span;
                let from = self.unverified_subject(actions);
                let before = self.diagnostics.len();
                self.require_verified(&condition, || "the scope of a delegation".to_owned(), place, from);
                self.report_scope_once(before);
                conditions.push(condition);
            }
        }
        conditions
    }

    /// A scope is checked with each rule that it bounds, and its mistakes are reported with the first.
    fn report_scope_once(&mut self, before: usize) {
        let fresh = self.diagnostics.split_off(before.min(self.diagnostics.len()));
        for diagnostic in fresh {
            if !self.diagnostics.iter().any(|known| known.code == diagnostic.code && known.span() == diagnostic.span())
            {
                self.diagnostics.push(diagnostic);
            }
        }
    }

    fn verify_allow(
        &mut self,
        node: &ast::Rule,
        conditions: &[hir::Expr],
        duties: &[hir::Duty],
        subject_from: Option<SourceId>,
    ) {
        let name = node.name.span;
        let what = || format!("the rule `{}`", node.name.node);
        for condition in conditions {
            if !self.require_verified(condition, what, name, subject_from) {
                return;
            }
        }
        for duty in duties {
            for arg in &duty.args {
                self.require_verified(arg, || format!("an obligation of {}", what()), name, subject_from);
                self.warn_sensitive(arg, duty.obligation);
            }
        }
    }

    fn warn_sensitive(&mut self, arg: &hir::Expr, obligation: ObligationId) {
        let Some(attribute) = self.sensitive_part(arg) else { return };
        let name = self.schema.obligation(obligation).map(|found| found.name.to_string()).unwrap_or_default();
        let message = format!("the sensitive `{attribute}` is handed to the obligation `{name}`");
        self.report(
            Diagnostic::new(Code::SENSITIVE_DUTY, arg.span, message)
                .help("explanations and logs never print it, and the enforcement point will receive it; hand over something that stands for it"),
        );
    }

    /// `audit(level: "high")`, its arguments in the order of the declaration.
    pub fn duty(&mut self, scope: &mut Scope, oblige: &ast::Oblige) -> Option<hir::Duty> {
        let obligation = self.obligation(scope.package, &oblige.name)?;
        let params = self.schema.obligation(obligation)?.params.clone();
        let (mut args, mut whole) = (Vec::new(), true);
        for param in &params {
            let given = oblige.args.iter().find(|(name, _)| name.node == param.name);
            let arg = match given {
                _ if ty::is_error(&param.ty) => None,
                Some((_, value)) => self.check(scope, value, &param.ty),
                None => {
                    let message = format!("the obligation `{}` also needs `{}`", oblige.name.text(), param.name);
                    let help = format!("add `{}: …`, {}", param.name, ty::described(&self.schema, &param.ty));
                    self.report(Diagnostic::new(Code::OBLIGATION_ARGUMENTS, oblige.name.span(), message).help(help));
                    None
                }
            };
            whole &= arg.is_some();
            args.extend(arg);
        }
        for (index, (name, _)) in oblige.args.iter().enumerate() {
            let known = params.iter().any(|param| param.name == name.node);
            if !known {
                let message = format!("the obligation `{}` has no parameter `{}`", oblige.name.text(), name.node);
                let diagnostic = Diagnostic::new(Code::OBLIGATION_ARGUMENTS, name.span, message);
                self.report(
                    match nearest_declared(self.diagnostics, &name.node, params.iter().map(|param| &*param.name)) {
                        Some(near) => diagnostic.help(format!("did you mean `{near}`?")).fix(name.span, near),
                        None => diagnostic,
                    },
                );
            } else if oblige.args.iter().take(index).any(|(earlier, _)| earlier == name) {
                let message = format!("`{}` is given twice", name.node);
                self.report(Diagnostic::new(Code::OBLIGATION_ARGUMENTS, name.span, message));
            }
        }
        whole.then_some(hir::Duty { obligation, args })
    }

    fn obligation(&mut self, package: PackageId, name: &ast::Name) -> Option<ObligationId> {
        let symbols = &self.resolved.symbols;
        if let Some(Def::Obligation(id)) =
            symbols.find(package, Namespace::Obligation, &segments(name)).map(|symbol| symbol.def)
        {
            return Some(id);
        }
        let text = name.text();
        let message = format!("nothing declares an obligation `{text}`");
        let diagnostic = Diagnostic::new(Code::UNKNOWN_OBLIGATION, name.span(), message);
        let diagnostic =
            match nearest_declared(self.diagnostics, &text, symbols.candidates(package, Namespace::Obligation)) {
                Some(near) => diagnostic.help(format!("did you mean `{near}`?")).fix(name.span(), near),
                None => diagnostic.help(format!("declare it with its parameters: `obligation {text}(level: String)`")),
            };
        self.report(diagnostic);
        None
    }

    /// The deny rules that an allow rule overrides, by position.
    fn overrides(&mut self, package: PackageId, node: &ast::Rule) -> Vec<u32> {
        let mut found = Vec::new();
        for name in &node.overrides {
            if let Some(index) = self.rule_index(package, name)
                && self.may_override(package, name, index)
            {
                found.push(u32::try_from(index).unwrap_or(u32::MAX));
            }
        }
        if !node.overrides.is_empty() && node.obliges.is_empty() && node.effect == ast::Effect::Allow {
            let message = format!("`{}` overrides a deny and obliges to nothing", node.name.node);
            self.report(
                Diagnostic::new(Code::OVERRIDE_WITHOUT_DUTY, node.name.span, message)
                    .help("breaking the glass leaves a trace: add an `oblige`, such as `oblige page(who: \"oncall\")`"),
            );
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// The position of the rule that a name stands for.
    pub fn rule_index(&mut self, package: PackageId, name: &ast::Name) -> Option<usize> {
        let symbols = &self.resolved.symbols;
        if let Some(Def::Rule(index)) = symbols.find(package, Namespace::Rule, &segments(name)).map(|symbol| symbol.def)
        {
            return Some(index);
        }
        let text = name.text();
        let diagnostic = Diagnostic::new(Code::UNKNOWN_RULE, name.span(), format!("there is no rule `{text}`"));
        let diagnostic = match nearest_declared(self.diagnostics, &text, symbols.candidates(package, Namespace::Rule)) {
            Some(near) => diagnostic.help(format!("did you mean `{near}`?")).fix(name.span(), near),
            None => diagnostic.help("rules of other packages are named with their package: `platform.after_hours`"),
        };
        self.report(diagnostic);
        None
    }

    fn may_override(&mut self, package: PackageId, name: &ast::Name, index: usize) -> bool {
        let Some(target) = self.resolved.rules.get(index) else { return false };
        let place = target.node.name.span;
        let refusal = match &target.node.overridable {
            _ if target.node.effect == ast::Effect::Allow => Some("is an allow rule".to_owned()),
            None => Some("is not overridable".to_owned()),
            Some(overridable) => {
                let named = overridable.by.iter().any(|by| self.package_of(target.package, by) == Some(package));
                let permitted = package == target.package || named;
                (!permitted).then(|| "does not name this package in `overridable by`".to_owned())
            }
        };
        let Some(refusal) = refusal else { return true };
        let text = name.text();
        self.report(
            Diagnostic::new(Code::NOT_OVERRIDABLE, name.span(), format!("`{text}` {refusal}"))
                .also(place, "declared here")
                .help(format!(
                    "a rule that can be overridden says so: `deny {} overridable: …`",
                    target.node.name.node
                )),
        );
        false
    }

    fn package_of(&self, from: PackageId, name: &ast::Name) -> Option<PackageId> {
        let root = self.resolved.packages.iter().find(|(_, package)| *package.name == *name.text()).map(|(id, _)| id);
        self.resolved.symbols.find_package(from, &segments(name)).or(root)
    }

    /// Packages named in `overridable by` exist.
    pub fn overridable_names(&mut self) {
        let resolved = self.resolved;
        for declared in &resolved.rules {
            for name in declared.node.overridable.iter().flat_map(|overridable| &overridable.by) {
                if self.package_of(declared.package, name).is_none() {
                    let message = format!("there is no package `{}`", name.text());
                    let known: Vec<&str> = resolved.packages.list.iter().map(|package| &*package.name).collect();
                    let diagnostic = Diagnostic::new(Code::UNKNOWN_PACKAGE, name.span(), message);
                    self.report(match nearest_declared(self.diagnostics, &name.text(), known) {
                        Some(near) => diagnostic.help(format!("did you mean `{near}`?")).fix(name.span(), near),
                        None => diagnostic,
                    });
                }
            }
        }
    }

    /// Checks all proofs.
    pub fn proofs(&mut self) -> Vec<hir::Proof> {
        self.overridable_names();
        let resolved = self.resolved;
        let mut names: Vec<&ast::Ident> = Vec::new();
        let mut proofs = Vec::new();
        for Declared { package, node, .. } in &resolved.proofs {
            if let Some(earlier) = names.iter().find(|earlier| earlier.node == node.name.node) {
                let message = format!("`{}` is declared twice", node.name.node);
                self.diagnostics.push(
                    Diagnostic::new(Code::DUPLICATE, node.name.span, message).also(earlier.span, "first declared here"),
                );
            }
            names.push(&node.name);
            let actions = self.actions(*package, &node.actions);
            let mut scope = self.rule_scope(*package, &actions);
            if actions.is_empty() {
                continue;
            }
            let Some(conditions) = self.conditions(&mut scope, &node.targets, node.when.as_ref()) else { continue };
            proofs.push(hir::Proof {
                name: self.resolved.packages.qualified(*package, &node.name.node),
                span: node.name.span,
                always: node.always,
                effect: effect(node.effect),
                actions,
                conditions,
            });
        }
        proofs
    }
}

/// The effect that a keyword stands for.
pub fn effect(effect: ast::Effect) -> Effect {
    match effect {
        ast::Effect::Allow => Effect::Allow,
        ast::Effect::Deny => Effect::Deny,
    }
}
