//! Packages: which files make one, which use which, and which is the root.
//!
//! The files of a package share its namespace. The root is the package that no other uses; a policy has one. A package is
//! *delegated to* when it is used with a scope: it speaks the vocabulary of the package that delegates, and nothing in it
//! acts outside the scope.

mod delegation;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;

use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};

use crate::diag::{Code, Diagnostic};
use crate::library;
use crate::names::nearest_declared;
use crate::span::{FileId, Span};
use crate::syntax::ast;

/// A package, by position in [`Packages`]; the root is the first.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct PackageId(pub usize);

/// A package with its files in the order given.
#[derive(Debug)]
pub struct Package<'a> {
    /// Its full name.
    pub name: Arc<str>,
    /// Its files.
    pub files: Vec<&'a ast::File>,
    /// The packages it uses.
    pub uses: Vec<Use<'a>>,
    /// Who delegates to it, and where it may act.
    pub delegation: Option<Delegation<'a>>,
}

/// A `use` that was found.
#[derive(Debug)]
pub struct Use<'a> {
    /// The package.
    pub package: PackageId,
    /// The name it goes by in the using package.
    pub alias: Arc<str>,
    /// The clause.
    pub clause: &'a ast::Use,
    /// The clause's place.
    pub span: Span,
}

/// That a package was used with a scope.
#[derive(Clone, Copy, Debug)]
pub struct Delegation<'a> {
    /// The package that delegates.
    pub by: PackageId,
    /// Where its rules may act, within what binds `by`; empty where only delegated packages use it.
    pub scope: &'a [ast::Target],
}

/// The packages of a policy, the root first, then in the order in which they are used.
#[derive(Debug)]
pub struct Packages<'a> {
    /// The packages.
    pub list: Vec<Package<'a>>,
}

impl<'a> Packages<'a> {
    /// A package by id. Ids are made here only, so that a missing one is the root.
    #[must_use]
    pub fn get(&self, id: PackageId) -> Option<&Package<'a>> {
        self.list.get(id.0)
    }

    /// The place at which a package is delegated to, directly or as part of one that is.
    #[must_use]
    pub fn delegated_at(&self, id: PackageId) -> Option<Span> {
        let above = |package: &&Package<'a>| self.get(package.delegation?.by);
        let chain = std::iter::successors(self.get(id), above).take(self.list.len());
        let mut scopes = chain.filter_map(|package| package.delegation?.scope.first());
        scopes.next().map(|target| target.whom.span)
    }

    /// All packages with their ids.
    pub fn iter(&self) -> impl Iterator<Item = (PackageId, &Package<'a>)> {
        self.list.iter().enumerate().map(|(index, package)| (PackageId(index), package))
    }

    /// How declarations of a package are called outside the policy: bare for the root.
    #[must_use]
    pub fn qualified(&self, package: PackageId, name: &Arc<str>) -> Arc<str> {
        match self.get(package) {
            Some(found) if package != PackageId(0) => format!("{}.{name}", found.name).into(),
            _ => name.clone(),
        }
    }
}

/// The name in a file's `package` line.
pub fn package_name(file: &ast::File) -> Option<&ast::Name> {
    file.items.iter().find_map(|item| match &item.kind {
        ast::ItemKind::Package(name) => Some(name),
        _ => None,
    })
}

/// The full names of the built-in packages that files use.
pub fn used_library<'a>(files: impl Iterator<Item = &'a ast::File>) -> Vec<String> {
    let uses = files.flat_map(|file| &file.items).filter_map(|item| match &item.kind {
        ast::ItemKind::Use(clause) => Some(clause.package.text()),
        _ => None,
    });
    uses.filter(|name| library::find(name).is_some()).collect()
}

/// Groups files into packages, resolves their `use` clauses and orders them.
pub fn assemble<'a>(files: &'a [(FileId, ast::File)], diagnostics: &mut Vec<Diagnostic>) -> Packages<'a> {
    let mut list = group(files, diagnostics);
    connect(&mut list, diagnostics);
    delegation::bind(&mut list, diagnostics);
    report_cycles(&list, diagnostics);
    order(list, diagnostics)
}

fn group<'a>(files: &'a [(FileId, ast::File)], diagnostics: &mut Vec<Diagnostic>) -> Vec<Package<'a>> {
    let mut list: Vec<Package<'a>> = Vec::new();
    let mut by_name = HashMap::new();
    for (id, file) in files {
        check_package_line(*id, file, diagnostics);
        let name = package_name(file).map_or_else(|| String::from("policy"), ast::Name::text);
        let index = *by_name.entry(name.clone()).or_insert_with(|| {
            let name = name.as_str().into();
            list.push(Package { name, files: Vec::new(), uses: Vec::new(), delegation: None });
            list.len() - 1
        });
        if let Some(package) = list.get_mut(index) {
            package.files.push(file);
        }
    }
    list
}

fn check_package_line(id: FileId, file: &ast::File, diagnostics: &mut Vec<Diagnostic>) {
    let lines = file.items.iter().filter(|item| matches!(item.kind, ast::ItemKind::Package(_)));
    for extra in lines.skip(1) {
        diagnostics.push(
            Diagnostic::new(Code::PACKAGE_LINE, extra.span, "this file names its package a second time")
                .help("a file belongs to one package; move what follows into a file of its own"),
        );
    }
    let first = file.items.first();
    if first.is_none() && diagnostics.iter().any(|found| found.span().file == id) {
        // What stands there could not be read.
        return;
    }
    if !first.is_some_and(|first| matches!(first.kind, ast::ItemKind::Package(_))) {
        let place = first.map_or(Span::new(id, 0, 0), |first| Span { end: first.span.start, ..first.span });
        let problem = match package_name(file) {
            Some(_) => "the package line is not the first item of the file",
            None => "this file does not say which package it belongs to",
        };
        diagnostics.push(
            Diagnostic::new(Code::PACKAGE_LINE, place, problem)
                .label("the package line belongs here")
                .help("begin the file with a line such as `package documents`")
                .fix(Span { file: id, start: 0, end: 0 }, "package documents\n\n"),
        );
    }
}

fn connect(list: &mut Vec<Package<'_>>, diagnostics: &mut Vec<Diagnostic>) {
    let ids: HashMap<Arc<str>, usize> =
        (0..).zip(list.iter()).map(|(id, package)| (package.name.clone(), id)).collect();
    for user in 0..list.len() {
        let files = list.get(user).map(|package| package.files.clone()).unwrap_or_default();
        for item in files.iter().flat_map(|file| &file.items) {
            let ast::ItemKind::Use(clause) = &item.kind else { continue };
            let Some(&used) = ids.get(clause.package.text().as_str()) else {
                let unknown = unknown_package(clause, ids.keys(), diagnostics);
                diagnostics.push(unknown);
                continue;
            };
            add_use(list, user, used, clause, item.span, diagnostics);
        }
    }
}

fn add_use<'a>(
    list: &mut [Package<'a>],
    user: usize,
    used: usize,
    clause: &'a ast::Use,
    span: Span,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let Some(last) = clause.alias.as_ref().or(clause.package.segments.last()) else { return };
    let alias = last.node.clone();
    if let Some(package) = list.get_mut(user) {
        if let Some(earlier) = package.uses.iter().find(|earlier| earlier.alias == alias) {
            let same = earlier.package == PackageId(used) && clause.scope.is_empty();
            if !same {
                diagnostics.push(
                    Diagnostic::new(Code::DUPLICATE, last.span, format!("two packages go by the name `{alias}` here"))
                        .also(earlier.span, "the first one")
                        .help(format!("give this one another name: `use {} as other`", clause.package.text())),
                );
            }
            return;
        }
        package.uses.push(Use { package: PackageId(used), alias, clause, span });
    }
    if clause.scope.is_empty() {
        return;
    }
    if library::find(&clause.package.text()).is_some() {
        diagnostics.push(
            Diagnostic::new(
                Code::SCOPE,
                span,
                format!("`{}` is a library without rules: there is nothing to bound", clause.package.text()),
            )
            .help(format!("leave the scope out: `use {}`", clause.package.text()))
            .fix(span, format!("use {}", clause.package.text())),
        );
        return;
    }
    let Some(target) = list.get_mut(used) else { return };
    if target.delegation.is_some() {
        let message = format!("the package `{}` is delegated to twice", clause.package.text());
        diagnostics.push(
            Diagnostic::new(Code::DELEGATED_TWICE, clause.package.span(), message)
                .help("state one scope for it, or split its rules into two packages"),
        );
    } else {
        target.delegation = Some(Delegation { by: PackageId(user), scope: &clause.scope });
    }
}

fn unknown_package<'n>(
    clause: &ast::Use,
    names: impl Iterator<Item = &'n Arc<str>>,
    found: &[Diagnostic],
) -> Diagnostic {
    let text = clause.package.text();
    let diagnostic = Diagnostic::new(
        Code::UNKNOWN_PACKAGE,
        clause.package.span(),
        format!("there is no package `{text}` among the files"),
    )
    .label("not found");
    let mut known: Vec<&str> = names.map(|name| &**name).collect();
    library::names().for_each(|name| known.push(name));
    match nearest_declared(found, &text, known) {
        Some(near) => diagnostic.help(format!("did you mean `{near}`?")).fix(clause.package.span(), near),
        None => diagnostic.help("name its files, or the folder that holds them, on the command line as well"),
    }
}

fn report_cycles(list: &[Package<'_>], diagnostics: &mut Vec<Diagnostic>) {
    let mut graph = DiGraph::<usize, ()>::new();
    let nodes: Vec<NodeIndex> = (0..list.len()).map(|index| graph.add_node(index)).collect();
    for (user, package) in nodes.iter().zip(list) {
        for used in &package.uses {
            if let Some(target) = nodes.get(used.package.0) {
                graph.add_edge(*user, *target, ());
            }
        }
    }
    for cycle in kosaraju_scc(&graph) {
        let members: Vec<usize> = cycle.iter().filter_map(|node| graph.node_weight(*node).copied()).collect();
        let inside = |used: &&Use<'_>| members.contains(&used.package.0);
        let first = members.iter().filter_map(|&member| list.get(member)).find_map(|p| p.uses.iter().find(inside));
        if let Some(used) = first.filter(|_| cycle.len() > 1 || members.iter().any(|&m| uses_itself(list, m))) {
            diagnostics.push(
                Diagnostic::new(Code::PACKAGE_CYCLE, used.span, "these packages use each other")
                    .label("this closes the circle")
                    .help("move what both need into a package of its own, and use that from both"),
            );
        }
    }
}

fn uses_itself(list: &[Package<'_>], index: usize) -> bool {
    list.get(index).is_some_and(|package| package.uses.iter().any(|used| used.package.0 == index))
}

/// Puts the root first and the others in the order in which a walk along `use` clauses meets them.
fn order<'a>(list: Vec<Package<'a>>, diagnostics: &mut Vec<Diagnostic>) -> Packages<'a> {
    let used: Vec<usize> = list.iter().flat_map(|package| package.uses.iter().map(|used| used.package.0)).collect();
    let roots: Vec<usize> = (0..list.len()).filter(|index| !used.contains(index)).collect();
    if roots.len() > 1 {
        report_roots(&list, &roots, diagnostics);
    }
    let mut order = Vec::new();
    let mut stack: Vec<usize> = if roots.is_empty() { vec![0] } else { roots.into_iter().rev().collect() };
    while let Some(next) = stack.pop() {
        if order.contains(&next) {
            continue;
        }
        let Some(package) = list.get(next) else { continue };
        order.push(next);
        stack.extend(package.uses.iter().rev().map(|used| used.package.0));
    }
    renumber(list, &order)
}

fn report_roots(list: &[Package<'_>], roots: &[usize], diagnostics: &mut Vec<Diagnostic>) {
    let lines: Vec<(&str, Span)> = roots
        .iter()
        .filter_map(|&root| list.get(root))
        .filter_map(|package| Some((&*package.name, package_name(package.files.first()?)?.span())))
        .collect();
    // A file without a package line has been told so.
    let [(first, span), rest @ ..] = lines.as_slice() else { return };
    let Some((second, _)) = rest.first() else { return };
    let message = format!("nothing uses `{first}`, and nothing uses `{second}`");
    let mut diagnostic = Diagnostic::new(Code::SEVERAL_ROOTS, *span, message)
        .help("a policy has one root package; let it `use` the others, or check them one by one");
    for (name, span) in rest {
        diagnostic = diagnostic.also(*span, format!("`{name}` is not used either"));
    }
    diagnostics.push(diagnostic);
}

fn renumber<'a>(list: Vec<Package<'a>>, order: &[usize]) -> Packages<'a> {
    let new_id = |old: PackageId| PackageId(order.iter().position(|&index| index == old.0).unwrap_or(0));
    let mut slots: Vec<Option<Package<'a>>> = list.into_iter().map(Some).collect();
    let mut ordered: Vec<Package<'a>> = order.iter().filter_map(|&index| slots.get_mut(index)?.take()).collect();
    for package in &mut ordered {
        for used in &mut package.uses {
            used.package = new_id(used.package);
        }
        if let Some(delegation) = &mut package.delegation {
            delegation.by = new_id(delegation.by);
        }
    }
    Packages { list: ordered }
}
