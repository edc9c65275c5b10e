//! The typed form of a policy: every name resolved, every expression typed, every literal a value.
//!
//! Only [`lower`](crate::lower) and the [`reference`](crate::reference) interpreter read it. Expressions that yield values
//! follow the rule of the graph: an operator with an operand that is not a value yields unknown, unless its documentation
//! in [`zt_eval::graph::Node`] says otherwise; the variants here mean what the nodes of the same name mean.

use std::sync::Arc;

use zt_eval::graph::{Effect, Place, Weekdays};
use zt_eval::id::{ActionId, EntityTypeId, ObligationId, ParamId, RecordId};
use zt_eval::pattern::Pattern;
use zt_eval::schema::{Schema, Type};
use zt_eval::value::{Arith, Duration, SetOp, Timestamp, Value};
use zt_eval::zone::Zone;

use crate::span::Span;

/// A whole policy.
#[derive(Clone, Debug)]
pub struct Policy {
    /// The root package.
    pub name: Arc<str>,
    /// What it declares.
    pub schema: Schema,
    /// How far in the future evidence may be established.
    pub clock_skew: Duration,
    /// Functions and `let`s; a function calls only those before it.
    pub functions: Vec<Function>,
    /// Rules in source order.
    pub rules: Vec<Rule>,
    /// Tests in source order.
    pub tests: Vec<Test>,
    /// Proofs in source order.
    pub proofs: Vec<Proof>,
}

/// A function or, without parameters, a `let`.
#[derive(Clone, Debug)]
pub struct Function {
    /// Its name with its package.
    pub name: Arc<str>,
    /// The locals that hold its arguments.
    pub params: Vec<LocalId>,
    /// Its body.
    pub body: Expr,
}

/// A function, by position in [`Policy::functions`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct FunctionId(pub u32);

/// A function's parameter or a quantifier's variable; unique in the whole policy.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct LocalId(pub u32);

/// A rule.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Its name, with its package unless that is the root.
    pub name: Arc<str>,
    /// Its name's place.
    pub span: Span,
    /// The same in words.
    pub place: Place,
    /// Allow or deny.
    pub effect: Effect,
    /// Reported and never deciding.
    pub audit: bool,
    /// The actions it applies to, sorted.
    pub actions: Vec<ActionId>,
    /// The conditions of scope, `for` and `when`; all must hold.
    pub conditions: Vec<Expr>,
    /// Why it denies.
    pub because: Option<Arc<str>>,
    /// The deny rules it overrides, by position in [`Policy::rules`].
    pub overrides: Vec<u32>,
    /// What it obliges to.
    pub duties: Vec<Duty>,
    /// Controls that it serves.
    pub controls: Vec<Arc<str>>,
    /// Annotations.
    pub annotations: Vec<(Arc<str>, Option<Arc<str>>)>,
    /// Its doc comment.
    pub doc: Option<Arc<str>>,
}

/// An obligation with its arguments, in the order of its parameters.
#[derive(Clone, Debug)]
pub struct Duty {
    /// The obligation.
    pub obligation: ObligationId,
    /// Its arguments.
    pub args: Vec<Expr>,
}

/// A test.
#[derive(Clone, Debug)]
pub struct Test {
    /// What it says.
    pub name: Arc<str>,
    /// Its name's place.
    pub span: Span,
    /// The instant of the decision.
    pub now: Option<Timestamp>,
    /// Values of parameters.
    pub params: Vec<(ParamId, Value)>,
    /// The request as a JSON document, without its action.
    pub request: serde_json::Map<String, serde_json::Value>,
    /// The entities of the store, as JSON.
    pub store: Vec<serde_json::Value>,
    /// What must come of it.
    pub expects: Vec<Expect>,
}

/// What a test expects of one action.
#[derive(Clone, Debug)]
pub struct Expect {
    /// Its place.
    pub span: Span,
    /// The action asked for.
    pub action: ActionId,
    /// The effect.
    pub effect: Effect,
    /// Names of all determining rules.
    pub by: Option<Vec<Arc<str>>>,
    /// Names of all step-ups of the challenge; empty for none.
    pub challenge: Option<Vec<Arc<str>>>,
    /// Texts that must be among the unknown.
    pub unknown: Vec<String>,
    /// All obligations.
    pub duties: Option<Vec<(ObligationId, Vec<Value>)>>,
    /// Text of a determining rule.
    pub because: Option<Arc<str>>,
    /// Why it is denied: `rule`, `unknown`, `no_rule` or `invalid`.
    pub reason: Option<Arc<str>>,
}

/// A `prove` clause.
#[derive(Clone, Debug)]
pub struct Proof {
    /// Its name.
    pub name: Arc<str>,
    /// Its name's place.
    pub span: Span,
    /// `always` as against `never`.
    pub always: bool,
    /// The effect in question.
    pub effect: Effect,
    /// The actions it is about, sorted.
    pub actions: Vec<ActionId>,
    /// The conditions of `for` and `when`.
    pub conditions: Vec<Expr>,
}

/// A typed expression.
#[derive(Clone, Debug)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Its type.
    pub ty: Type,
    /// Its place.
    pub span: Span,
}

/// Comparisons.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "each variant is named after its operator")]
pub enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// Quantifiers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "each variant is named after its keyword")]
pub enum Quantifier {
    All,
    Any,
    None,
    Count,
}

/// The kinds of expression.
#[derive(Clone, Debug)]
pub enum ExprKind {
    /// A value.
    Const(Value),
    /// A parameter's value.
    Param(ParamId),
    /// `subject`
    Subject,
    /// `resource`
    Resource,
    /// An attribute of the context.
    Context(u32),
    /// An attribute of an entity of type `ty`.
    Attribute {
        /// The entity; absent gives absent.
        of: Box<Expr>,
        /// The type that declares it.
        ty: EntityTypeId,
        /// Its position.
        attribute: u32,
    },
    /// A field of a record.
    Field {
        /// The record; absent gives absent.
        of: Box<Expr>,
        /// Its type.
        record: RecordId,
        /// The field's position.
        field: u32,
    },
    /// A function's argument or a quantifier's variable.
    Local(LocalId),
    /// A call, or the use of a `let`.
    Call(FunctionId, Vec<Expr>),
    /// Conjunction of two or more.
    And(Vec<Expr>),
    /// Disjunction of two or more.
    Or(Vec<Expr>),
    /// Negation.
    Not(Box<Expr>),
    /// `if condition then a else b`
    If(Box<Expr>, Box<Expr>, Box<Expr>),
    /// A comparison.
    Compare(Comparison, Box<Expr>, Box<Expr>),
    /// Entity `in` entity or entities.
    Within(Box<Expr>, Box<Expr>),
    /// Collection first, element second; also ranges with an address, a text with a text.
    Contains(Box<Expr>, Box<Expr>),
    /// `a contains_any b`
    ContainsAny(Box<Expr>, Box<Expr>),
    /// `a contains_all b`
    ContainsAll(Box<Expr>, Box<Expr>),
    /// `a starts_with b`
    StartsWith(Box<Expr>, Box<Expr>),
    /// `a ends_with b`
    EndsWith(Box<Expr>, Box<Expr>),
    /// `x is T | U`, sorted
    Is(Box<Expr>, Vec<EntityTypeId>),
    /// `x is present`
    IsPresent(Box<Expr>),
    /// `x is empty`
    IsEmpty(Box<Expr>),
    /// `like` and `matches`
    Matches(Box<Expr>, Arc<Pattern>),
    /// A capture of a route.
    Capture {
        /// The path that was matched.
        of: Box<Expr>,
        /// The route.
        pattern: Arc<Pattern>,
        /// Position among its captures.
        index: u32,
    },
    /// `now OP t`
    Now(Comparison, Box<Expr>),
    /// Whether it is one of these weekdays there.
    Weekday(Arc<Zone>, Weekdays),
    /// Whether the time of day there is in one of these ranges of milliseconds.
    TimeOfDay(Arc<Zone>, Vec<(u32, u32)>),
    /// A quantifier.
    Quantified {
        /// Which.
        quantifier: Quantifier,
        /// The collection.
        over: Box<Expr>,
        /// The variable that holds a map's key.
        key: Option<LocalId>,
        /// The variable that holds the element, or the map's value.
        element: LocalId,
        /// The condition.
        body: Box<Expr>,
    },
    /// `x otherwise d`
    Otherwise(Box<Expr>, Box<Expr>),
    /// Arithmetic.
    Arith(Arith, Box<Expr>, Box<Expr>),
    /// `-x`
    Negate(Box<Expr>),
    /// `lower(x)`
    Lower(Box<Expr>),
    /// `size(x)`
    Size(Box<Expr>),
    /// `union(a, b)` and its kin
    SetOperation(SetOp, Box<Expr>, Box<Expr>),
    /// `m[k]`; absent when the map is, or has no such key.
    Index(Box<Expr>, Box<Expr>),
    /// A set of expressions that are not all constant.
    Set(Vec<Expr>),
    /// A list of expressions that are not all constant.
    List(Vec<Expr>),
}
