//! Why a policy that is well-typed does not compile.

use std::fmt;

use zt_eval::graph::build::BuildError;

use crate::hir;
use crate::span::Span;

/// Why a policy that is well-typed does not compile: it exceeds a limit.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LowerError {
    span: Span,
    message: String,
}

impl LowerError {
    /// The name of the rule that first exceeds the limit.
    #[must_use]
    pub fn span(&self) -> Span {
        self.span
    }

    fn of(rule: &hir::Rule, message: String) -> Self {
        Self { span: rule.span, message }
    }

    /// The rule takes the builder beyond a limit.
    pub(super) fn rule(rule: &hir::Rule, error: &BuildError) -> Self {
        let name = &rule.name;
        let message = match error.exceeded() {
            Some(("nodes_max", max, usage)) => {
                format!(
                    "up to the rule `{name}` the policy needs {usage} nodes or more; the limit `nodes_max` is {max}"
                )
            }
            Some(("node_depth_max", max, usage)) => {
                format!(
                    "the rule `{name}` nests its conditions {usage} deep or deeper; the limit `node_depth_max` is {max}"
                )
            }
            Some(("quantifier_depth_max", max, usage)) => format!(
                "the rule `{name}` nests quantifiers {usage} deep or deeper, those in functions included; the limit \
                 `quantifier_depth_max` is {max}"
            ),
            Some((limit, max, usage)) => {
                format!("the rule `{name}` needs {usage} or more, and the limit `{limit}` is {max}")
            }
            None => return Self::whole(rule.span, error),
        };
        Self::of(rule, message)
    }

    /// The parts do not fit together.
    pub(super) fn whole(span: Span, error: &BuildError) -> Self {
        Self { span, message: format!("the compiler has made a policy that it does not accept: {error}") }
    }

    pub(super) fn unbound(rule: &hir::Rule) -> Self {
        Self::of(rule, format!("the compiler has lost a variable in the rule `{}`", rule.name))
    }

    pub(super) fn size(rule: &hir::Rule, size: u64, max: u32) -> Self {
        let size = if size == u64::MAX { "more than can be counted".to_owned() } else { size.to_string() };
        let name = &rule.name;
        Self::of(
            rule,
            format!("with its functions put in, the rule `{name}` has {size} parts; the limit `nodes_max` is {max}"),
        )
    }

    pub(super) fn depth(rule: &hir::Rule, depth: u64, max: u64) -> Self {
        let name = &rule.name;
        Self::of(
            rule,
            format!(
                "with its functions put in, the rule `{name}` nests {depth} deep; the limit, twice `node_depth_max`, is {max}"
            ),
        )
    }
}

impl fmt::Display for LowerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for LowerError {}
