//! Functions and `let`s: checked callees first, each once; one that calls itself is an error.

use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};
use zt_eval::schema::Type;

use super::expr::typed;
use super::{Checker, Place, Scope};
use crate::diag::{Code, Diagnostic};
use crate::hir::{self, ExprKind};
use crate::resolve::{Def, Namespace, error_type, resolve_type};
use crate::span::Span;
use crate::syntax::ast;

/// How far the checking of a function has come.
#[derive(Clone)]
pub enum State {
    /// Not checked yet.
    Pending,
    /// It cannot be used; the reason has been reported.
    Failed,
    /// Checked.
    Done(hir::FunctionId, Vec<Type>, Type),
}

impl Checker<'_, '_> {
    /// Checks all functions.
    pub fn functions(&mut self) {
        for component in self.call_order() {
            match component.as_slice() {
                [only] if !self.callees(*only).contains(only) => self.function(*only),
                several => self.recursion(several),
            }
        }
    }

    /// Strongly connected components of the call graph, callees before callers. The search for them does not recurse: chains
    /// of calls may be long.
    fn call_order(&self) -> Vec<Vec<usize>> {
        let mut graph = DiGraph::<usize, ()>::new();
        let nodes: Vec<NodeIndex> = (0..self.resolved.functions.len()).map(|index| graph.add_node(index)).collect();
        for (index, node) in nodes.iter().enumerate() {
            for callee in self.callees(index) {
                if let Some(target) = nodes.get(callee) {
                    graph.add_edge(*node, *target, ());
                }
            }
        }
        let components = kosaraju_scc(&graph);
        components
            .iter()
            .map(|nodes| nodes.iter().filter_map(|node| graph.node_weight(*node).copied()).collect())
            .collect()
    }

    /// Functions whose names stand in a body, whatever they turn out to mean there.
    fn callees(&self, index: usize) -> Vec<usize> {
        let Some(decl) = self.resolved.functions.get(index) else { return Vec::new() };
        let mut found = Vec::new();
        for segments in decl.body.dotted_names() {
            let symbol = self.resolved.symbols.find(decl.package, Namespace::Value, &segments);
            if let Some(Def::Function(callee)) = symbol.map(|symbol| symbol.def) {
                found.push(callee);
            }
        }
        found
    }

    fn recursion(&mut self, members: &[usize]) {
        let decls = members.iter().filter_map(|member| self.resolved.functions.get(*member));
        let mut names: Vec<_> = decls.map(|decl| decl.name).collect();
        names.sort_by_key(|name| name.span);
        let Some((first, rest)) = names.split_first() else { return };
        let message = match rest {
            [] => format!("`{}` calls itself", first.node),
            _ => format!("`{}` calls itself, by way of others", first.node),
        };
        let mut diagnostic = Diagnostic::new(Code::RECURSION, first.span, message)
            .help("policies do not recurse, so that every decision ends; go through collections with `all`, `any` and `count`");
        for other in rest {
            diagnostic = diagnostic.also(other.span, "by way of this");
        }
        self.report(diagnostic);
        for member in members {
            self.set(*member, State::Failed);
        }
    }

    fn set(&mut self, index: usize, state: State) {
        if let Some(slot) = self.functions.get_mut(index) {
            *slot = state;
        }
    }

    fn function(&mut self, index: usize) {
        let Some(decl) = self.resolved.functions.get(index) else { return };
        let mut scope = Scope::new(decl.package, Place::Function);
        let mut types = Vec::new();
        let mut params = Vec::new();
        for param in decl.params {
            let ty = resolve_type(&self.resolved.symbols, decl.package, &param.ty, self.diagnostics);
            let ty = ty.unwrap_or_else(error_type);
            params.push(self.bind(&mut scope, &param.name, ty.clone()));
            types.push(ty);
        }
        let stated = decl.ty.map(|ty| resolve_type(&self.resolved.symbols, decl.package, ty, self.diagnostics));
        let body = match stated {
            Some(None) => None,
            Some(Some(ty)) => self.check(&mut scope, decl.body, &ty).map(|body| hir::Expr { ty, ..body }),
            None => self.infer(&mut scope, decl.body, None),
        };
        let body = body.map(|body| match self.fold(&body) {
            Some(value) => hir::Expr { kind: ExprKind::Const(value), ..body },
            None => body,
        });
        let state = match body {
            Some(body) => {
                let id = hir::FunctionId(u32::try_from(self.checked.len()).unwrap_or(u32::MAX));
                let ty = body.ty.clone();
                let name = self.resolved.packages.qualified(decl.package, &decl.name.node);
                self.remember_leaks(&body);
                self.checked.push(hir::Function { name, params, body });
                State::Done(id, types, ty)
            }
            None => State::Failed,
        };
        self.set(index, state);
    }

    /// A `let` and its type.
    pub fn let_value(&self, index: usize) -> Option<(hir::FunctionId, Type)> {
        match self.functions.get(index)? {
            State::Done(id, _, ty) => Some((*id, ty.clone())),
            State::Pending | State::Failed => None,
        }
    }

    /// A call of a declared function.
    pub fn declared_call(
        &mut self,
        scope: &mut Scope,
        index: usize,
        args: &[ast::Expr],
        callee: Span,
        span: Span,
    ) -> Option<hir::Expr> {
        let State::Done(id, types, ty) = self.functions.get(index)?.clone() else { return None };
        if types.len() != args.len() {
            let decl = self.resolved.functions.get(index)?;
            let (wanted, given) = (types.len(), args.len());
            let name = decl.name.node.clone();
            let arguments = if wanted == 1 { "one argument".into() } else { format!("{wanted} arguments") };
            let message = format!("`{name}` takes {arguments}, and is given {given}");
            self.report(Diagnostic::new(Code::ARITY, callee, message).also(decl.name.span, "declared here"));
            return None;
        }
        let typed_args: Vec<_> = args.iter().zip(&types).map(|(arg, ty)| self.check(scope, arg, ty)).collect();
        let args = typed_args.into_iter().collect::<Option<Vec<_>>>()?;
        Some(typed(ExprKind::Call(id, args), ty, span))
    }
}
