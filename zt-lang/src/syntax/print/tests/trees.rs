//! Random trees, of every shape that the parser makes.

use std::sync::Arc;

use proptest::prelude::*;

use crate::span::Span;
use crate::syntax::ast::*;

fn at<T>(node: T) -> Spanned<T> {
    Spanned::new(node, Span::default())
}

fn ident(name: &str) -> Ident {
    at(Arc::from(name))
}

fn idents() -> impl Strategy<Value = Ident> {
    let names =
        ["a", "owner", "x_1", "_b", "present", "empty", "audit", "until", "store", "given", "complete", "fresh"];
    let odd = ["all", "count", "source", "context", "Office", "app.kubernetes.io/name", "two words", "1st", "ä"];
    prop_oneof![8 => prop::sample::select(names.to_vec()), 2 => prop::sample::select(odd.to_vec())].prop_map(ident)
}

fn type_idents() -> impl Strategy<Value = Ident> {
    prop::sample::select(vec!["User", "Document", "Group", "Clearance", "lower", "Set", "Any", "any"]).prop_map(ident)
}

fn name() -> impl Strategy<Value = Name> {
    prop::collection::vec(idents(), 1..3).prop_map(|segments| Name { segments })
}

fn type_name() -> impl Strategy<Value = Name> {
    (prop::option::weighted(0.2, idents()), type_idents())
        .prop_map(|(package, name)| Name { segments: package.into_iter().chain([name]).collect() })
}

fn names() -> impl Strategy<Value = Vec<Name>> {
    prop::collection::vec(name(), 1..4)
}

fn string() -> impl Strategy<Value = StringLit> {
    let texts = ["", "a", "secret text", "a \\\" b", "\\\\*", "// no comment", "[a-z]+\\\\d", "ä { ( `"];
    let long = "a rather long text that fills a line for the better part so that something has to be broken";
    prop_oneof![9 => prop::sample::select(texts.to_vec()), 1 => Just(long)]
        .prop_map(|raw| StringLit { raw: raw.into() })
}

fn spanned_string() -> impl Strategy<Value = Spanned<StringLit>> {
    string().prop_map(at)
}

fn doc() -> impl Strategy<Value = Option<Arc<str>>> {
    let docs = ["one line", "two\nlines", "a\n\n b // c", ""];
    prop::option::weighted(0.2, prop::sample::select(docs.to_vec()).prop_map(Arc::from))
}

fn ty() -> impl Strategy<Value = Spanned<Type>> {
    let union = prop::collection::vec(type_name(), 2..4).prop_map(Type::Union);
    let leaf = prop_oneof![4 => type_name().prop_map(Type::Name), 1 => union].prop_map(at);
    let nested = leaf.prop_recursive(3, 6, 1, |inner| {
        let boxed = || inner.clone().prop_map(Box::new);
        let plain = prop_oneof![boxed().prop_map(Type::Set), boxed().prop_map(Type::List), boxed().prop_map(Type::Map)];
        plain.prop_map(at)
    });
    (nested, prop::bool::weighted(0.3)).prop_map(|(ty, optional)| match (optional, &ty.node) {
        (true, Type::Optional(_)) | (false, _) => ty,
        (true, _) => at(Type::Optional(Box::new(ty))),
    })
}

fn literal() -> impl Strategy<Value = ExprKind> {
    prop_oneof![
        any::<bool>().prop_map(ExprKind::Bool),
        (0..i64::MAX).prop_map(ExprKind::Int),
        prop::sample::select(vec!["3.50", "0.1"]).prop_map(|text| ExprKind::Decimal(text.into())),
        prop::sample::select(vec!["15m", "1h30m", "500ms"]).prop_map(|text| ExprKind::Duration(text.into())),
        prop::sample::select(vec!["08:00", "24:00", "08:00:30"]).prop_map(|text| ExprKind::Time(text.into())),
        prop::sample::select(vec!["10.1.2.3", "::1", "fe80::1", "a:b:c:d:1:2:3:4"])
            .prop_map(|text| ExprKind::Ip(text.into())),
        prop::sample::select(vec!["10.0.0.0/8", "2001:db8::/32", "fd00::/8", "::/0"])
            .prop_map(|text| ExprKind::IpRange(text.into())),
        string().prop_map(ExprKind::String),
        prop::sample::select(vec!["subject", "resource", "context", "now"])
            .prop_map(|name| ExprKind::Name(name.into())),
        idents().prop_map(|name| ExprKind::Name(name.node)),
        (type_name(), spanned_string()).prop_map(|(name, id)| ExprKind::Entity(name, id)),
    ]
}

fn binary_op() -> impl Strategy<Value = BinaryOp> {
    use BinaryOp::*;
    prop::sample::select(vec![
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
    ])
}

/// An `and` within an `and` is one list to the parser.
fn flat(parts: Vec<Expr>, and: bool) -> ExprKind {
    let mut all = Vec::new();
    for part in parts {
        match part.node {
            ExprKind::And(inner) if and => all.extend(inner),
            ExprKind::Or(inner) if !and => all.extend(inner),
            _ => all.push(part),
        }
    }
    if and { ExprKind::And(all) } else { ExprKind::Or(all) }
}

pub(super) fn expr() -> impl Strategy<Value = Expr> + Clone {
    literal().prop_map(at).prop_recursive(4, 24, 4, |inner| compound(inner).prop_map(at)).boxed()
}

fn compound(inner: impl Strategy<Value = Expr> + Clone + 'static) -> impl Strategy<Value = ExprKind> {
    let boxed = inner.clone().prop_map(Box::new).boxed();
    let several = prop::collection::vec(inner.clone(), 0..5);
    let entries = prop::collection::vec((idents(), inner.clone()), 0..4);
    let two = prop::collection::vec(inner.clone(), 2..5);
    let quantifier = prop::sample::select(vec![Quantifier::All, Quantifier::Any, Quantifier::None, Quantifier::Count]);
    prop_oneof![
        several.clone().prop_map(ExprKind::List),
        entries.prop_map(ExprKind::Record),
        (boxed.clone(), boxed.clone()).prop_map(|(from, to)| ExprKind::Range(from, to)),
        (boxed.clone(), idents()).prop_map(|(of, name)| ExprKind::Field(of, name)),
        (boxed.clone(), boxed.clone()).prop_map(|(of, key)| ExprKind::Index(of, key)),
        (boxed.clone(), several).prop_map(|(of, args)| ExprKind::Call(of, args)),
        boxed.clone().prop_map(ExprKind::Not),
        boxed.clone().prop_map(ExprKind::Neg),
        (two, any::<bool>()).prop_map(|(parts, and)| flat(parts, and)),
        (binary_op(), boxed.clone(), boxed.clone()).prop_map(|(op, left, right)| ExprKind::Binary(at(op), left, right)),
        (boxed.clone(), prop::collection::vec(type_name(), 1..4)).prop_map(|(of, names)| ExprKind::Is(of, names)),
        boxed.clone().prop_map(ExprKind::IsPresent),
        boxed.clone().prop_map(ExprKind::IsEmpty),
        (boxed.clone(), spanned_string()).prop_map(|(of, text)| ExprKind::Like(of, text)),
        (boxed.clone(), spanned_string()).prop_map(|(of, text)| ExprKind::Matches(of, text)),
        (boxed.clone(), boxed.clone(), boxed.clone()).prop_map(|(c, t, e)| ExprKind::If(c, t, e)),
        (quantifier, prop::collection::vec(idents(), 1..3), boxed.clone(), boxed)
            .prop_map(|(quantifier, vars, over, body)| ExprKind::Quantified { quantifier, vars, over, body }),
    ]
}

fn modifier() -> impl Strategy<Value = Spanned<Modifier>> {
    prop_oneof![
        name().prop_map(Modifier::From),
        (expr(), name()).prop_map(|(age, since)| Modifier::FreshSince { age, since }),
        name().prop_map(Modifier::FreshUntil),
        (spanned_string(), expr()).prop_map(|(acr, gives)| Modifier::StepUp { acr, gives }),
        Just(Modifier::Sensitive),
    ]
    .prop_map(at)
}

fn attributes() -> impl Strategy<Value = Vec<Attribute>> {
    let attribute = (doc(), idents(), ty(), prop::collection::vec(modifier(), 0..3))
        .prop_map(|(doc, name, ty, modifiers)| Attribute { doc, name, ty, modifiers });
    prop::collection::vec(attribute, 0..5)
}

fn fields() -> impl Strategy<Value = Vec<Field>> {
    prop::collection::vec((doc(), idents(), ty()).prop_map(|(doc, name, ty)| Field { doc, name, ty }), 0..4)
}

fn target() -> impl Strategy<Value = Target> {
    let whom = prop::sample::select(vec![Whom::Subject, Whom::Resource]).prop_map(at);
    let types = prop::collection::vec(type_name(), 1..3);
    let tests = prop_oneof![
        (types, prop::option::of(expr())).prop_map(|(is, within)| (is, within, None)),
        expr().prop_map(|within| (Vec::new(), Some(within), None)),
        expr().prop_map(|equals| (Vec::new(), None, Some(equals))),
    ];
    (whom, tests).prop_map(|(whom, (is, within, equals))| Target { whom, is, within, equals })
}

fn targets() -> impl Strategy<Value = Vec<Target>> {
    prop::collection::vec(target(), 0..3)
}

fn actions() -> impl Strategy<Value = Actions> {
    use crate::syntax::ast::Place;
    prop_oneof![Just(Actions::Any(Place(Span::default()))), names().prop_map(Actions::Named)]
}

fn duty() -> impl Strategy<Value = Oblige> {
    (name(), prop::collection::vec((idents(), expr()), 0..3)).prop_map(|(name, args)| Oblige { name, args })
}

fn effects() -> impl Strategy<Value = Effect> {
    prop::sample::select(vec![Effect::Allow, Effect::Deny])
}

fn rule() -> impl Strategy<Value = ItemKind> {
    let overridable = prop::option::of(prop::collection::vec(name(), 0..3));
    let head = (effects(), idents(), any::<bool>(), overridable, actions(), targets());
    let clauses = (
        prop::option::of(expr()),
        prop::option::of(spanned_string()),
        prop::collection::vec(name(), 0..3),
        prop::collection::vec(duty(), 0..3),
        prop::collection::vec(spanned_string(), 0..3),
    );
    (head, clauses).prop_map(
        |((effect, name, audit, by, actions, targets), (when, because, overrides, obliges, controls))| {
            let overridable = by.map(|by| Overridable { by, span: Span::default() });
            ItemKind::Rule(Rule {
                effect,
                name,
                audit,
                overridable,
                actions,
                targets,
                when,
                because,
                overrides,
                obliges,
                controls,
            })
        },
    )
}

fn record_entries() -> impl Strategy<Value = Vec<(Ident, Expr)>> {
    let odd = prop::sample::select(vec!["a`b", "", "line\nbreak", "q\"uote", "back\\slash"]).prop_map(ident);
    let value = prop_oneof![5 => expr().boxed(), 1 => Just(at(ExprKind::Null)).boxed()];
    prop::collection::vec((prop_oneof![5 => idents().boxed(), 1 => odd.boxed()], value), 0..4)
}

fn described(needs_uid: bool) -> impl Strategy<Value = Described> {
    let uid = (type_name(), spanned_string()).prop_map(|(name, id)| at(ExprKind::Entity(name, id)));
    let uid = (any::<bool>(), uid).prop_map(move |(given, uid)| (given || needs_uid).then_some(uid));
    (
        uid,
        prop::option::of(expr().prop_filter("no `if`", |e| !matches!(e.node, ExprKind::If(..)))),
        prop::option::of(record_entries()),
    )
        .prop_map(|(uid, parents, attributes)| Described {
            uid,
            parents,
            attributes,
            span: Place(Span::default()),
        })
}

fn part(needs_uid: bool) -> impl Strategy<Value = Part> {
    prop_oneof![
        described(needs_uid).prop_map(Part::Subject),
        described(needs_uid).prop_map(Part::Resource),
        described(true).prop_map(Part::Entity),
        described(true).prop_map(Part::Stored),
        record_entries().prop_map(|entries| Part::Context(at(entries))),
    ]
}

fn given() -> impl Strategy<Value = Given> {
    prop_oneof![
        spanned_string().prop_map(Given::Now),
        (name(), expr()).prop_map(|(name, value)| Given::Param(name, value)),
        part(true).prop_map(Given::Part),
        (name(), prop::collection::vec(part(false), 0..3)).prop_map(|(source, parts)| Given::Evidence(source, parts)),
    ]
}

fn expect() -> impl Strategy<Value = Expect> {
    let paths = (prop::sample::select(vec!["context", "subject", "a"]), idents())
        .prop_map(|(first, second)| Name { segments: vec![ident(first), second] });
    let detail = prop_oneof![
        names().prop_map(ExpectDetail::By),
        prop::collection::vec(idents(), 0..3).prop_map(ExpectDetail::Challenge),
        prop::collection::vec(paths, 1..3).prop_map(ExpectDetail::Unknown),
        prop::collection::vec(duty(), 1..3).prop_map(ExpectDetail::Oblige),
        spanned_string().prop_map(ExpectDetail::Because),
        Just(ExpectDetail::Reason(ident("no_rule"))),
    ];
    (effects(), name(), prop::collection::vec(detail, 0..3)).prop_map(|(effect, action, details)| Expect {
        effect,
        action,
        details,
        span: Place(Span::default()),
    })
}

fn declaration() -> impl Strategy<Value = ItemKind> {
    let members = prop::collection::vec(idents(), 1..12);
    let enumeration = (type_idents(), any::<bool>(), members).prop_map(|(name, ordered, members)| {
        ItemKind::Enum(Enum { name, ordered: ordered && members.len() > 1, members })
    });
    let source = (idents(), any::<bool>(), any::<bool>())
        .prop_map(|(name, verified, complete)| ItemKind::Source(Source { name, verified, complete }));
    let parents =
        prop_oneof![Just((Vec::new(), None)), (prop::collection::vec(type_name(), 1..3), prop::option::of(name())),];
    let entity = (type_idents(), parents, attributes()).prop_map(|(name, (parents, parents_from), attributes)| {
        ItemKind::Entity(Entity { name, parents, parents_from, attributes })
    });
    let types = || prop::collection::vec(type_name(), 1..3);
    let declared = (prop::collection::vec(idents(), 1..4), types(), prop::option::of(name()), types()).prop_map(
        |(names, subjects, subject_from, resources)| Action::Declared { names, subjects, subject_from, resources },
    );
    let group = (idents(), names()).prop_map(|(name, members)| Action::Group { name, members });
    prop_oneof![
        name().prop_map(ItemKind::Package),
        (name(), prop::option::of(idents()), targets()).prop_map(|(package, alias, scope)| ItemKind::Use(Use {
            package,
            alias,
            scope
        })),
        enumeration,
        source,
        entity,
        (type_idents(), fields()).prop_map(|(name, fields)| ItemKind::Record(Record { name, fields })),
        attributes().prop_map(ItemKind::Context),
        (idents(), fields()).prop_map(|(name, params)| ItemKind::Obligation(Obligation { name, params })),
        prop_oneof![declared, group].prop_map(ItemKind::Action),
        (idents(), prop::option::of(ty()), expr()).prop_map(|(name, ty, value)| ItemKind::Let(Let { name, ty, value })),
        (idents(), fields(), expr()).prop_map(|(name, params, body)| ItemKind::Fn(Fn { name, params, body })),
        (idents(), ty(), prop::option::of(expr())).prop_map(|(name, ty, default)| ItemKind::Param(Param {
            name,
            ty,
            default
        })),
    ]
}

fn item() -> impl Strategy<Value = Item> {
    let test = (spanned_string(), prop::collection::vec(given(), 0..4), prop::collection::vec(expect(), 1..3))
        .prop_map(|(name, given, expects)| ItemKind::Test(Test { name, given, expects }));
    let prove = (idents(), any::<bool>(), effects(), actions(), targets(), prop::option::of(expr())).prop_map(
        |(name, always, effect, actions, targets, when)| {
            ItemKind::Prove(Prove { name, always, effect, actions, targets, when })
        },
    );
    let annotation =
        (idents(), prop::option::of(spanned_string())).prop_map(|(name, value)| Annotation { name, value });
    let kind = prop_oneof![3 => declaration(), 2 => rule(), 1 => test, 1 => prove];
    (doc(), prop::collection::vec(annotation, 0..2), kind).prop_map(|(doc, annotations, kind)| Item {
        doc,
        annotations,
        kind,
        span: Span::default(),
    })
}

/// Files of a few items.
pub(super) fn file() -> impl Strategy<Value = File> {
    prop::collection::vec(item(), 0..5).prop_map(|items| File { items, ..File::default() })
}
