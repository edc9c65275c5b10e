//! Lowering: from the typed form to the decision graph.
//!
//! Functions are put in where they are called, their arguments standing for their parameters; equal conditions become one
//! node, so that the graph stays about as large as the policy. A quantifier's variable is named by its level, which is the
//! number of quantifiers around it in the *graph*: an argument that has quantifiers of its own is therefore lowered again
//! for each level at which the function uses it.
//!
//! Before a rule is lowered it is measured, so that neither lowering nor the [reference](crate::reference) ever
//! walks what functions have blown up beyond the limits.

mod error;
mod expr;
mod measure;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;

use zt_eval::Limits;
use zt_eval::graph::build::Builder;
use zt_eval::graph::{self, DutyTemplate};
use zt_eval::id::{NodeId, RuleId};
use zt_eval::schema::Schema;
use zt_eval::value::Duration;

use crate::hir::{self, Expr, FunctionId, LocalId};
use crate::span::Span;
use measure::Measures;

pub use error::LowerError;

/// What compiled policies say made them.
const COMPILER: &str = concat!("zt-lang ", env!("CARGO_PKG_VERSION"));

/// Compiles a policy to a decision graph. Rules keep their positions.
///
/// # Errors
///
/// When the graph would exceed a limit; the error names limit, usage and the rule that first does.
pub fn lower(policy: &hir::Policy, limits: &Limits) -> Result<zt_eval::Policy, LowerError> {
    let mut lowerer = Lowerer::new(policy.name.clone(), &policy.schema, &policy.functions, limits, policy.clock_skew);
    lowerer.rules(&policy.functions, &policy.rules, limits)?;
    lowerer.finish(policy.rules.last().map(|rule| rule.span).unwrap_or_default())
}

/// Lowers rules, some at a time, for whoever does not keep them.
pub(crate) struct Lowerer {
    builder: Builder,
    measures: Measures,
    calls: Calls,
}

impl Lowerer {
    pub fn new(
        name: Arc<str>,
        schema: &Schema,
        functions: &[hir::Function],
        limits: &Limits,
        clock_skew: Duration,
    ) -> Self {
        let builder = Builder::new(schema.clone(), limits.clone(), clock_skew, &name, COMPILER);
        Self { builder, measures: Measures::of(functions), calls: Calls::new() }
    }

    /// Lowers the next rules; `functions` are always those that it was made with.
    pub fn rules(
        &mut self,
        functions: &[hir::Function],
        rules: &[hir::Rule],
        limits: &Limits,
    ) -> Result<(), LowerError> {
        let Self { builder, measures, calls } = self;
        let mut lowering = Lowering { functions, builder, frames: vec![Frame::new()], calls, is_unbound: false };
        for rule in rules {
            measures.check(rule, limits)?;
            lowering.rule(rule)?;
        }
        Ok(())
    }

    /// The policy, whose last rule is at `end`.
    pub fn finish(self, end: Span) -> Result<zt_eval::Policy, LowerError> {
        let Self { builder, measures, calls } = self;
        drop((measures, calls));
        builder.finish().map_err(|error| LowerError::whole(end, &error))
    }
}

/// Functions that were put in, by their arguments and the level that they stand at.
type Calls = HashMap<(FunctionId, Box<[NodeId]>, u8), NodeId>;

struct Lowering<'p, 'b> {
    functions: &'p [hir::Function],
    builder: &'b mut Builder,
    /// What locals stand for: those of rules first, then of each function that is being put in.
    frames: Vec<Frame<'p>>,
    calls: &'b mut Calls,
    /// A local was read outside what binds it, which the checker does not let happen.
    is_unbound: bool,
}

type Frame<'p> = HashMap<LocalId, Binding<'p>>;

/// What a local stands for.
enum Binding<'p> {
    /// A quantifier's element.
    Element(u8),
    /// The key of a quantifier over a map.
    Key(u8),
    Argument(Argument<'p>),
}

/// A function's argument.
struct Argument<'p> {
    expr: &'p Expr,
    /// The frame of the call's surroundings.
    frame: usize,
    /// Its node at each level at which it was used.
    nodes: Vec<(u8, NodeId)>,
}

/// Where an expression stands.
#[derive(Clone, Copy)]
struct Place {
    frame: usize,
    /// Quantifiers around.
    level: u8,
}

impl<'p> Lowering<'p, '_> {
    fn rule(&mut self, rule: &'p hir::Rule) -> Result<RuleId, LowerError> {
        let top = Place { frame: 0, level: 0 };
        let conditions = self.all(&rule.conditions, top);
        let lowered = graph::Rule {
            name: rule.name.clone().into(),
            place: rule.place.clone(),
            effect: rule.effect,
            audit: rule.audit,
            condition: self.builder.and(conditions),
            extras: graph::Extras::from(graph::RuleExtras {
                because: rule.because.clone(),
                overrides: rule.overrides.iter().map(|index| RuleId::new(*index as usize)).collect(),
                duties: rule.duties.iter().map(|duty| self.duty(duty, top)).collect(),
                controls: rule.controls.clone(),
                annotations: rule.annotations.clone(),
            }),
        };
        if let Some(error) = self.builder.error() {
            return Err(LowerError::rule(rule, error));
        }
        if self.is_unbound {
            return Err(LowerError::unbound(rule));
        }
        Ok(self.builder.add_rule(lowered, &rule.actions))
    }

    fn duty(&mut self, duty: &'p hir::Duty, place: Place) -> DutyTemplate {
        DutyTemplate { obligation: duty.obligation, args: self.all(&duty.args, place).into() }
    }

    fn all(&mut self, exprs: &'p [Expr], place: Place) -> Vec<NodeId> {
        exprs.iter().map(|expr| self.expr(expr, place)).collect()
    }
}
