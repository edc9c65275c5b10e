//! How much expressions are once every function is put in where it is called.
//!
//! Sharing keeps graphs small where functions repeat themselves, and a walk without memory would still take time
//! exponential in the length of a chain of them. So sizes are computed first, once for each function, callees first.

use zt_eval::Limits;

use super::LowerError;
use crate::hir::{self, Expr, ExprKind};
use crate::typecheck::children;

/// The size of an expression, functions included. Arguments count once, where they are written.
#[derive(Clone, Copy, Default)]
pub(super) struct Measure {
    /// Expressions in it.
    pub size: u64,
    /// Expressions inside expressions.
    pub depth: u64,
}

/// The measures of all functions.
pub(super) struct Measures(Vec<Measure>);

impl Measures {
    /// A function calls only those before it.
    pub fn of(functions: &[hir::Function]) -> Self {
        let mut measures = Self(Vec::with_capacity(functions.len()));
        for function in functions {
            let measure = measures.expr(&function.body);
            measures.0.push(measure);
        }
        measures
    }

    fn expr(&self, expr: &Expr) -> Measure {
        let callee = match &expr.kind {
            ExprKind::Call(function, _) => self.0.get(function.0 as usize).copied(),
            _ => None,
        };
        let inner = children(expr).map(|child| self.expr(child)).chain(callee);
        let inner = inner.fold(Measure::default(), |all, part| Measure {
            size: all.size.saturating_add(part.size),
            depth: all.depth.max(part.depth),
        });
        Measure { size: inner.size.saturating_add(1), depth: inner.depth.saturating_add(1) }
    }

    /// Refuses a rule that is too large or too deep to be walked.
    pub fn check(&self, rule: &hir::Rule, limits: &Limits) -> Result<(), LowerError> {
        let args = rule.duties.iter().flat_map(|duty| &duty.args);
        let parts: Vec<Measure> = rule.conditions.iter().chain(args).map(|part| self.expr(part)).collect();
        let size = parts.iter().fold(0, |all: u64, part| all.saturating_add(part.size));
        let depth = parts.iter().map(|part| part.depth).max().unwrap_or(0);
        if size > u64::from(limits.nodes_max) {
            return Err(LowerError::size(rule, size, limits.nodes_max));
        }
        // A graph may be flatter than what it is made from: calls leave no nodes, and connectives are merged.
        let depth_max = u64::from(limits.node_depth_max).saturating_mul(2);
        if depth > depth_max {
            return Err(LowerError::depth(rule, depth, depth_max));
        }
        Ok(())
    }
}
