//! Whom a scope binds.
//!
//! Nothing in a package that is delegated to acts outside its scope. So it can neither bring in rules that no scope binds
//! nor bind those of a package that is not its own: what it alone uses is bound as it is, and what others use as well it
//! takes as it stands.

use std::collections::BTreeSet;

use super::{Delegation, Package, PackageId};
use crate::diag::{Code, Diagnostic};
use crate::library;
use crate::syntax::ast::ItemKind;

/// Hands scopes on to the packages that only delegated ones use, and refuses those that would bind what is not theirs.
pub(super) fn bind(list: &mut [Package<'_>], diagnostics: &mut Vec<Diagnostic>) {
    let users = users(list);
    let unbound = unbound(list, &users);
    refuse_foreign_scopes(list, &users, &unbound, diagnostics);
    for (index, package) in list.iter_mut().enumerate() {
        if unbound.contains(&index) || package.delegation.is_some() || library::find(&package.name).is_some() {
            continue;
        }
        let Some(own) = users.get(index) else { continue };
        if own.len() > 1 {
            refuse_shared_rules(package, diagnostics);
        }
        package.delegation = own.first().map(|by| Delegation { by: PackageId(*by), scope: &[] });
    }
}

/// By package: the packages that use it.
fn users(list: &[Package<'_>]) -> Vec<BTreeSet<usize>> {
    let mut users = vec![BTreeSet::new(); list.len()];
    for (user, package) in list.iter().enumerate() {
        for used in &package.uses {
            if let Some(users) = users.get_mut(used.package.0) {
                users.insert(user);
            }
        }
    }
    users
}

/// The roots, and what they use without a scope, and what that uses.
fn unbound(list: &[Package<'_>], users: &[BTreeSet<usize>]) -> BTreeSet<usize> {
    let is_root = |index: &usize| users.get(*index).is_some_and(BTreeSet::is_empty);
    let mut pending: Vec<usize> = (0..list.len()).filter(is_root).collect();
    let mut unbound = BTreeSet::new();
    while let Some(index) = pending.pop() {
        let Some(package) = list.get(index).filter(|package| package.delegation.is_none()) else { continue };
        if unbound.insert(index) {
            pending.extend(package.uses.iter().map(|used| used.package.0));
        }
    }
    unbound
}

fn refuse_foreign_scopes(
    list: &[Package<'_>],
    users: &[BTreeSet<usize>],
    unbound: &BTreeSet<usize>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    for (package, users) in list.iter().zip(users) {
        let Some(by) = package.delegation.map(|delegation| delegation.by.0) else { continue };
        if unbound.contains(&by) || users.len() < 2 {
            continue;
        }
        let Some(by) = list.get(by) else { continue };
        let clauses = by.uses.iter().filter(|used| !used.clause.scope.is_empty());
        for used in clauses.filter(|used| used.clause.package.text() == *package.name) {
            let message = format!(
                "`{}` is not for the delegated package `{}` to bound: others use it too",
                package.name, by.name
            );
            diagnostics.push(
                Diagnostic::new(Code::SCOPE, used.clause.package.span(), message)
                    .help(format!("leave the scope out: `use {}`", package.name)),
            );
        }
    }
}

fn refuse_shared_rules(package: &Package<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let mut items = package.files.iter().flat_map(|file| &file.items);
    let Some(rule) = items.find(|item| matches!(item.kind, ItemKind::Rule(_))) else { return };
    let message =
        format!("`{}` has rules, and several delegated packages use it: nothing says where they act", package.name);
    diagnostics.push(
        Diagnostic::new(Code::SCOPE, rule.span, message)
            .help("move the rules to the packages that use it, or let the package that delegates use it too"),
    );
}
