//! The syntax tree: what the author wrote, before any name is resolved.
//!
//! Every node knows its place. Equality ignores places, so that printing and parsing a tree can be compared.
//! Chains of `and` and `or` are flat lists; what remains of nesting is bounded by the parser.

use std::sync::Arc;

use crate::span::Span;

/// Something together with its place.
#[derive(Clone, Debug)]
pub struct Spanned<T> {
    /// The thing.
    pub node: T,
    /// Where it stands.
    pub span: Span,
}

impl<T> Spanned<T> {
    /// `node`, standing at `span`.
    pub fn new(node: T, span: Span) -> Self {
        Self { node, span }
    }
}

impl<T: PartialEq> PartialEq for Spanned<T> {
    fn eq(&self, other: &Self) -> bool {
        self.node == other.node
    }
}

/// A name as written, without backquotes.
pub type Ident = Spanned<Arc<str>>;

/// A possibly qualified name: `Document`, `http.Request`, `a.b.c`.
#[derive(Clone, PartialEq, Debug)]
pub struct Name {
    /// The segments; at least one.
    pub segments: Vec<Ident>,
}

impl Name {
    /// From the first segment to the last.
    #[must_use]
    pub fn span(&self) -> Span {
        let mut segments = self.segments.iter().map(|segment| segment.span);
        let first = segments.next().unwrap_or_default();
        segments.fold(first, Span::to)
    }

    /// The segments joined by dots.
    #[must_use]
    pub fn text(&self) -> String {
        self.segments.iter().map(|segment| &*segment.node).collect::<Vec<_>>().join(".")
    }
}

/// A string literal: the text between the quotes exactly as written. Its meaning depends on what is expected of it
/// (plain text, a pattern, a regex), so that escapes are undone by the checker, with [`unescape`](super::unescape).
#[derive(Clone, PartialEq, Debug)]
pub struct StringLit {
    /// The raw text between the quotes.
    pub raw: Arc<str>,
}

/// One file's items, in order. Items that could not be parsed are missing and have a diagnostic instead.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct File {
    /// The items.
    pub items: Vec<Item>,
    /// Where items stand that could not be parsed: names they would have declared are not unknown.
    pub broken: Vec<Span>,
}

/// A declaration, rule, test or proof.
#[derive(Clone, Debug)]
pub struct Item {
    /// The `///` lines before it, without the slashes and one leading space.
    pub doc: Option<Arc<str>>,
    /// `@name("text")`, in order.
    pub annotations: Vec<Annotation>,
    /// The item itself.
    pub kind: ItemKind,
    /// From its keyword to its end.
    pub span: Span,
}

impl PartialEq for Item {
    fn eq(&self, other: &Self) -> bool {
        (&self.doc, &self.annotations, &self.kind) == (&other.doc, &other.annotations, &other.kind)
    }
}

/// `@owner("team-x")` or `@experimental`.
#[derive(Clone, PartialEq, Debug)]
pub struct Annotation {
    /// The name after `@`.
    pub name: Ident,
    /// The text, if any.
    pub value: Option<Spanned<StringLit>>,
}

/// The kinds of item.
#[derive(Clone, PartialEq, Debug)]
#[expect(missing_docs, reason = "each variant is named after its item word")]
pub enum ItemKind {
    Package(Name),
    Use(Use),
    Enum(Enum),
    Source(Source),
    Entity(Entity),
    Record(Record),
    Context(Vec<Attribute>),
    Obligation(Obligation),
    Action(Action),
    Let(Let),
    Fn(Fn),
    Param(Param),
    Rule(Rule),
    Test(Test),
    Prove(Prove),
}

/// `use zt.http as h` or `use team scope resource in Folder::"a"`.
#[derive(Clone, PartialEq, Debug)]
pub struct Use {
    /// The package's full name.
    pub package: Name,
    /// The name it goes by here, when not its last segment.
    pub alias: Option<Ident>,
    /// Where its rules act; empty when not scoped.
    pub scope: Vec<Target>,
}

/// `enum Clearance { public < internal < secret }`.
#[derive(Clone, PartialEq, Debug)]
pub struct Enum {
    /// Its name.
    pub name: Ident,
    /// Whether the members are separated by `<`.
    pub ordered: bool,
    /// The members; at least one.
    pub members: Vec<Ident>,
}

/// `source idp verified complete`.
#[derive(Clone, PartialEq, Debug)]
pub struct Source {
    /// Its name.
    pub name: Ident,
    /// `verified` or `unverified`.
    pub verified: bool,
    /// Whether a missing key is a fact to this source.
    pub complete: bool,
}

/// `entity User in Group from idp { … }`.
#[derive(Clone, PartialEq, Debug)]
pub struct Entity {
    /// Its name.
    pub name: Ident,
    /// The types that its parents may have.
    pub parents: Vec<Name>,
    /// Who vouches for its parents.
    pub parents_from: Option<Name>,
    /// Its attributes.
    pub attributes: Vec<Attribute>,
}

/// An attribute of an entity or of the context.
#[derive(Clone, PartialEq, Debug)]
pub struct Attribute {
    /// The `///` lines before it.
    pub doc: Option<Arc<str>>,
    /// Its name.
    pub name: Ident,
    /// Its type.
    pub ty: Spanned<Type>,
    /// What stands behind the type, in the order written.
    pub modifiers: Vec<Spanned<Modifier>>,
}

/// What may stand behind an attribute's type.
#[derive(Clone, PartialEq, Debug)]
pub enum Modifier {
    /// `from idp`
    From(Name),
    /// `fresh 15m since auth_time`
    FreshSince {
        /// The greatest age.
        age: Expr,
        /// The sibling that says when it was established.
        since: Name,
    },
    /// `fresh until exp`
    FreshUntil(Name),
    /// `step_up "urn:example:acr:mfa" gives true`
    StepUp {
        /// The authentication context class reference.
        acr: Spanned<StringLit>,
        /// The value that the attribute then has.
        gives: Expr,
    },
    /// `sensitive`
    Sensitive,
}

/// `record Token { sub: String }`.
#[derive(Clone, PartialEq, Debug)]
pub struct Record {
    /// Its name.
    pub name: Ident,
    /// Its fields.
    pub fields: Vec<Field>,
}

/// `name: Type`, of a record, an obligation or a function.
#[derive(Clone, PartialEq, Debug)]
pub struct Field {
    /// The `///` lines before it.
    pub doc: Option<Arc<str>>,
    /// Its name.
    pub name: Ident,
    /// Its type.
    pub ty: Spanned<Type>,
}

/// A type as written.
#[derive(Clone, PartialEq, Debug)]
pub enum Type {
    /// `Bool`, `User`, `http.Request`
    Name(Name),
    /// `Set<T>`
    Set(Box<Spanned<Type>>),
    /// `List<T>`
    List(Box<Spanned<Type>>),
    /// `Map<T>`
    Map(Box<Spanned<Type>>),
    /// `A | B`; at least two
    Union(Vec<Name>),
    /// `T?`
    Optional(Box<Spanned<Type>>),
}

/// `obligation audit(level: String)`.
#[derive(Clone, PartialEq, Debug)]
pub struct Obligation {
    /// Its name.
    pub name: Ident,
    /// Its parameters.
    pub params: Vec<Field>,
}

/// `action read, list: User -> Document` or `action change = write, delete`.
#[derive(Clone, PartialEq, Debug)]
pub enum Action {
    /// Actions that can be asked for.
    Declared {
        /// Their names.
        names: Vec<Ident>,
        /// The types a subject may have.
        subjects: Vec<Name>,
        /// Who vouches for the subject.
        subject_from: Option<Name>,
        /// The types a resource may have.
        resources: Vec<Name>,
    },
    /// A name for several actions.
    Group {
        /// The group's name.
        name: Ident,
        /// Actions and groups.
        members: Vec<Name>,
    },
}

/// `let office: Set<IpRange> = [10.0.0.0/8]`.
#[derive(Clone, PartialEq, Debug)]
pub struct Let {
    /// Its name.
    pub name: Ident,
    /// Its type, when written.
    pub ty: Option<Spanned<Type>>,
    /// What it stands for.
    pub value: Expr,
}

/// `fn cleared(u: User, d: Document) = u.clearance >= d.classification`.
#[derive(Clone, PartialEq, Debug)]
pub struct Fn {
    /// Its name.
    pub name: Ident,
    /// Its parameters.
    pub params: Vec<Field>,
    /// Its body.
    pub body: Expr,
}

/// `param max_risk: Int = 50`.
#[derive(Clone, PartialEq, Debug)]
pub struct Param {
    /// Its name.
    pub name: Ident,
    /// Its type.
    pub ty: Spanned<Type>,
    /// The value when none is given.
    pub default: Option<Expr>,
}

/// Whether a rule allows or denies.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "the two keywords")]
pub enum Effect {
    Allow,
    Deny,
}

/// `allow name: actions …` or `deny name: actions …`.
#[derive(Clone, PartialEq, Debug)]
pub struct Rule {
    /// Its keyword.
    pub effect: Effect,
    /// Its name.
    pub name: Ident,
    /// Whether it is marked `audit`: reported, and never deciding.
    pub audit: bool,
    /// `overridable`, with the packages it names.
    pub overridable: Option<Overridable>,
    /// The actions it is about.
    pub actions: Actions,
    /// `for …`
    pub targets: Vec<Target>,
    /// `when …`
    pub when: Option<Expr>,
    /// `because "…"`
    pub because: Option<Spanned<StringLit>>,
    /// `overrides a, b`
    pub overrides: Vec<Name>,
    /// `oblige audit(level: "high")`, each call
    pub obliges: Vec<Oblige>,
    /// `control "…"`, each text
    pub controls: Vec<Spanned<StringLit>>,
}

/// `overridable` or `overridable by security`.
#[derive(Clone, Debug)]
pub struct Overridable {
    /// The packages besides the rule's own; may be empty.
    pub by: Vec<Name>,
    /// Where it stands.
    pub span: Span,
}

impl PartialEq for Overridable {
    fn eq(&self, other: &Self) -> bool {
        self.by == other.by
    }
}

/// The actions of a rule or a proof.
#[derive(Clone, PartialEq, Debug)]
pub enum Actions {
    /// `any`
    Any(Place),
    /// `read, change`
    Named(Vec<Name>),
}

/// A place that is not part of equality.
#[derive(Clone, Copy, Debug)]
pub struct Place(pub Span);

impl PartialEq for Place {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

/// One term of `for` or `scope`: `subject is User in Group::"staff"`.
#[derive(Clone, PartialEq, Debug)]
pub struct Target {
    /// `subject` or `resource`.
    pub whom: Spanned<Whom>,
    /// `is T | U`; empty when not asked.
    pub is: Vec<Name>,
    /// `in EXPR`
    pub within: Option<Expr>,
    /// `== EXPR`
    pub equals: Option<Expr>,
}

/// Whom a term of `for` is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "the two keywords")]
pub enum Whom {
    Subject,
    Resource,
}

/// `audit(level: "high")`.
#[derive(Clone, PartialEq, Debug)]
pub struct Oblige {
    /// The obligation.
    pub name: Name,
    /// Its arguments, by name.
    pub args: Vec<(Ident, Expr)>,
}

/// `test "…" { given … expect … }`.
#[derive(Clone, PartialEq, Debug)]
pub struct Test {
    /// What it says.
    pub name: Spanned<StringLit>,
    /// The request.
    pub given: Vec<Given>,
    /// What must come of it.
    pub expects: Vec<Expect>,
}

/// A line of `given`.
#[derive(Clone, PartialEq, Debug)]
pub enum Given {
    /// `now "2026-03-02T10:00:00Z"`
    Now(Spanned<StringLit>),
    /// `param max_risk 10`
    Param(Name, Expr),
    /// What is said flatly, by the enforcement point.
    Part(Part),
    /// `evidence idp { … }`
    Evidence(Name, Vec<Part>),
}

/// What is said of a part of the request.
#[derive(Clone, PartialEq, Debug)]
pub enum Part {
    /// `subject User::"ann" in [...] { … }`
    Subject(Described),
    /// `resource Document::"d" in [...] { … }`
    Resource(Described),
    /// `entity Device::"d" { … }`
    Entity(Described),
    /// `store entity Group::"g" in [...] { … }`
    Stored(Described),
    /// `context { … }`
    Context(Spanned<Vec<(Ident, Expr)>>),
}

/// An entity with what is said of it.
#[derive(Clone, PartialEq, Debug)]
pub struct Described {
    /// The entity literal. Inside `evidence` the subject and the resource may leave it out.
    pub uid: Option<Expr>,
    /// `in […]`
    pub parents: Option<Expr>,
    /// `{ … }`
    pub attributes: Option<Vec<(Ident, Expr)>>,
    /// From its word to its end.
    pub span: Place,
}

/// `expect deny write challenge mfa`.
#[derive(Clone, PartialEq, Debug)]
pub struct Expect {
    /// Allow or deny.
    pub effect: Effect,
    /// The action asked for.
    pub action: Name,
    /// What else must hold, in the order written.
    pub details: Vec<ExpectDetail>,
    /// From `expect` to its end.
    pub span: Place,
}

/// What an `expect` says besides the effect.
#[derive(Clone, PartialEq, Debug)]
pub enum ExpectDetail {
    /// `by legal_hold, other`: the determining rules, all of them.
    By(Vec<Name>),
    /// `challenge mfa`, or `challenge none` when empty.
    Challenge(Vec<Ident>),
    /// `unknown context.mfa`: among what was unknown and mattered.
    Unknown(Vec<Name>),
    /// `oblige audit(level: "high")`: the obligations, all of them.
    Oblige(Vec<Oblige>),
    /// `because "…"`: said by a determining rule.
    Because(Spanned<StringLit>),
    /// `reason no_rule`, one of `rule`, `unknown`, `no_rule`, `invalid`.
    Reason(Ident),
}

/// `prove name: never allow change when …`.
#[derive(Clone, PartialEq, Debug)]
pub struct Prove {
    /// Its name.
    pub name: Ident,
    /// `always`, as against `never`.
    pub always: bool,
    /// The effect that always or never comes.
    pub effect: Effect,
    /// The actions it is about.
    pub actions: Actions,
    /// `for …`
    pub targets: Vec<Target>,
    /// `when …`
    pub when: Option<Expr>,
}

/// An expression.
pub type Expr = Spanned<ExprKind>;

/// A binary operator, `and` and `or` excepted.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[expect(missing_docs, reason = "each variant is named after its operator")]
pub enum BinaryOp {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    In,
    NotIn,
    Contains,
    ContainsAny,
    ContainsAll,
    StartsWith,
    EndsWith,
    Otherwise,
    Add,
    Sub,
    Mul,
}

/// A quantifier.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "each variant is named after its keyword")]
pub enum Quantifier {
    All,
    Any,
    None,
    Count,
}

/// The kinds of expression.
#[derive(Clone, PartialEq, Debug)]
pub enum ExprKind {
    /// `true`, `false`
    Bool(bool),
    /// `42`
    Int(i64),
    /// `3.50`, as written without `_`
    Decimal(Arc<str>),
    /// `15m`, as written
    Duration(Arc<str>),
    /// `08:00`, as written
    Time(Arc<str>),
    /// `10.0.0.1`, as written
    Ip(Arc<str>),
    /// `10.0.0.0/8`, as written
    IpRange(Arc<str>),
    /// `"text"`
    String(StringLit),
    /// `null`, in tests only
    Null,
    /// A bare name: a local, a `let`, a parameter, an enum's member, `subject`, `resource`, `context`, `now`, a type or a
    /// package; the resolver tells.
    Name(Arc<str>),
    /// `User::"ann"`
    Entity(Name, Spanned<StringLit>),
    /// `[a, b]`
    List(Vec<Expr>),
    /// `{ k: v }`, in tests only
    Record(Vec<(Ident, Expr)>),
    /// `a..b`: weekdays or times of day, in calendar tests only
    Range(Box<Expr>, Box<Expr>),
    /// `x.name`
    Field(Box<Expr>, Ident),
    /// `x[key]`
    Index(Box<Expr>, Box<Expr>),
    /// `f(a, b)`; `now.weekday("…")` is a call of a field
    Call(Box<Expr>, Vec<Expr>),
    /// `not x`
    Not(Box<Expr>),
    /// `-x`
    Neg(Box<Expr>),
    /// `a and b and c`; at least two
    And(Vec<Expr>),
    /// `a or b or c`; at least two
    Or(Vec<Expr>),
    /// `a OP b`; the operator has a place of its own
    Binary(Spanned<BinaryOp>, Box<Expr>, Box<Expr>),
    /// `x is A | B`
    Is(Box<Expr>, Vec<Name>),
    /// `x is present`
    IsPresent(Box<Expr>),
    /// `x is empty`
    IsEmpty(Box<Expr>),
    /// `x like "a*"`
    Like(Box<Expr>, Spanned<StringLit>),
    /// `x matches "[a-z]+"`
    Matches(Box<Expr>, Spanned<StringLit>),
    /// `if c then a else b`
    If(Box<Expr>, Box<Expr>, Box<Expr>),
    /// `all x in xs: (…)`; two variables over a map
    Quantified {
        /// Which.
        quantifier: Quantifier,
        /// One variable, or key and value.
        vars: Vec<Ident>,
        /// What is gone through.
        over: Box<Expr>,
        /// What is asked of each.
        body: Box<Expr>,
    },
}
