//! `for` and `scope`: who and what a rule is about.

use zt_eval::id::{ActionId, EntityTypeId};
use zt_eval::schema::Type;

use super::{Checker, Place, Scope};
use crate::diag::{Code, Diagnostic};
use crate::hir;
use crate::package::PackageId;
use crate::resolve::{Def, find_action};
use crate::syntax::ast;

impl Checker<'_, '_> {
    /// The actions that a rule or a proof names, sorted.
    pub fn actions(&mut self, package: PackageId, actions: &ast::Actions) -> Vec<ActionId> {
        let names = match actions {
            ast::Actions::Any(_) => return (0..self.schema.actions.len()).map(ActionId::new).collect(),
            ast::Actions::Named(names) => names,
        };
        let mut found: Vec<ActionId> = Vec::new();
        for name in names {
            let def = find_action(&self.resolved.symbols, package, name, self.diagnostics);
            found.extend(def.map(|def| self.resolved.actions(def)).unwrap_or_default());
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// One action by name, for a test.
    pub fn one_action(&mut self, package: PackageId, name: &ast::Name) -> Option<ActionId> {
        match find_action(&self.resolved.symbols, package, name, self.diagnostics)? {
            Def::Action(id) => Some(id),
            _ => {
                let message = format!("`{}` is a group of actions, and a request asks for one", name.text());
                self.report(Diagnostic::new(Code::BAD_TEST, name.span(), message).help("name one of its actions"));
                None
            }
        }
    }

    /// A scope in which `subject` and `resource` have the types that `actions` take.
    pub fn rule_scope(&self, package: PackageId, actions: &[ActionId]) -> Scope {
        let union = |types: fn(&zt_eval::schema::Action) -> &[EntityTypeId]| {
            let found = actions.iter().filter_map(|id| self.schema.action(*id)).flat_map(types);
            let mut all: Vec<EntityTypeId> = found.copied().collect();
            all.sort_unstable();
            all.dedup();
            Type::Entity(all)
        };
        let subject = union(|action| &action.subjects);
        let resource = union(|action| &action.resources);
        Scope::new(package, Place::Rule { subject, resource })
    }

    /// The conditions of `for` terms; what they settle is assumed from then on.
    pub fn targets(&mut self, scope: &mut Scope, targets: &[ast::Target]) -> Option<Vec<hir::Expr>> {
        let mut conditions = Vec::new();
        let mut whole = true;
        for target in targets {
            match self.target(scope, target) {
                Some(found) => conditions.extend(found),
                None => whole = false,
            }
        }
        whole.then_some(conditions)
    }

    fn target(&mut self, scope: &mut Scope, target: &ast::Target) -> Option<Vec<hir::Expr>> {
        let word = match target.whom.node {
            ast::Whom::Subject => "subject",
            ast::Whom::Resource => "resource",
        };
        let whom = ast::Spanned::new(ast::ExprKind::Name(word.into()), target.whom.span);
        let mut conditions = Vec::new();
        if let (Some(first), Some(last)) = (target.is.first(), target.is.last()) {
            let span = target.whom.span.to(first.span()).to(last.span());
            let is = ast::Spanned::new(ast::ExprKind::Is(Box::new(whom.clone()), target.is.clone()), span);
            let condition = self.check(scope, &is, &Type::Bool)?;
            scope.facts.assume(&condition);
            conditions.push(condition);
        }
        for (op, value) in [(ast::BinaryOp::In, &target.within), (ast::BinaryOp::Eq, &target.equals)] {
            let Some(value) = value else { continue };
            let span = target.whom.span.to(value.span);
            let op = ast::Spanned::new(op, span);
            let test = self.binary(scope, &op, &whom, value, None, span)?;
            conditions.push(self.coerce(test, &Type::Bool)?);
        }
        Some(conditions)
    }

    /// `for` and `when` together, after `before`, as the conditions of a rule or a proof.
    pub fn conditions(
        &mut self,
        scope: &mut Scope,
        targets: &[ast::Target],
        when: Option<&ast::Expr>,
    ) -> Option<Vec<hir::Expr>> {
        let conditions = self.targets(scope, targets);
        let when = when.map(|when| self.check(scope, when, &Type::Bool));
        let mut conditions = conditions?;
        if let Some(when) = when {
            let when = when?;
            scope.facts.assume(&when);
            conditions.push(when);
        }
        Some(conditions)
    }
}
