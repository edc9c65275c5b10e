//! Every production and the tree that it becomes.

use super::*;
use crate::syntax::ast::{
    Action, Actions, Effect, ExpectDetail, Expr, ExprKind, Given, ItemKind, Modifier, Part, Type,
};

fn item(text: &str) -> ast::Item {
    let (file, diagnostics) = read(text);
    assert_eq!(diagnostics, [], "{text}");
    assert_eq!(file.items.len(), 1, "{text}");
    file.items.into_iter().next().unwrap()
}

fn kind(text: &str) -> ItemKind {
    item(text).kind
}

fn names(names: &[ast::Name]) -> String {
    names.iter().map(ast::Name::text).collect::<Vec<_>>().join("|")
}

/// A tree in prefix form.
fn show(expr: &Expr) -> String {
    let list =
        |word: &str, parts: &[Expr]| format!("({word} {})", parts.iter().map(show).collect::<Vec<_>>().join(" "));
    match &expr.node {
        ExprKind::Bool(value) => value.to_string(),
        ExprKind::Int(value) => value.to_string(),
        ExprKind::Decimal(text) => format!("dec:{text}"),
        ExprKind::Duration(text) => format!("dur:{text}"),
        ExprKind::Time(text) => format!("time:{text}"),
        ExprKind::Ip(text) => format!("ip:{text}"),
        ExprKind::IpRange(text) => format!("net:{text}"),
        ExprKind::String(text) => format!("'{}'", text.raw),
        ExprKind::Null => "null".to_owned(),
        ExprKind::Name(name) => name.to_string(),
        ExprKind::Entity(name, id) => format!("{}::{}", name.text(), id.node.raw),
        ExprKind::List(elements) => list("list", elements),
        ExprKind::Record(entries) => {
            let entries: Vec<_> = entries.iter().map(|(key, value)| format!("{}:{}", key.node, show(value))).collect();
            format!("{{{}}}", entries.join(" "))
        }
        ExprKind::Range(low, high) => format!("({}..{})", show(low), show(high)),
        ExprKind::Field(base, name) => format!("{}.{}", show(base), name.node),
        ExprKind::Index(base, key) => format!("{}[{}]", show(base), show(key)),
        ExprKind::Call(base, arguments) => format!("{}{}", show(base), list("call", arguments)),
        ExprKind::Not(inner) => format!("(not {})", show(inner)),
        ExprKind::Neg(inner) => format!("(neg {})", show(inner)),
        ExprKind::And(parts) => list("and", parts),
        ExprKind::Or(parts) => list("or", parts),
        ExprKind::Binary(op, left, right) => format!("({:?} {} {})", op.node, show(left), show(right)),
        ExprKind::Is(inner, types) => format!("(is {} {})", show(inner), names(types)),
        ExprKind::IsPresent(inner) => format!("(present {})", show(inner)),
        ExprKind::IsEmpty(inner) => format!("(empty {})", show(inner)),
        ExprKind::Like(inner, text) => format!("(like {} '{}')", show(inner), text.node.raw),
        ExprKind::Matches(inner, text) => format!("(matches {} '{}')", show(inner), text.node.raw),
        ExprKind::If(condition, then, other) => format!("(if {} {} {})", show(condition), show(then), show(other)),
        ExprKind::Quantified { quantifier, vars, over, body } => {
            let vars: Vec<_> = vars.iter().map(|var| &*var.node).collect();
            format!("({quantifier:?} {} {} {})", vars.join(","), show(over), show(body))
        }
    }
}

fn expr(text: &str) -> String {
    let ItemKind::Let(item) = kind(&format!("let x = {text}")) else { panic!("{text}") };
    show(&item.value)
}

#[test]
fn literals() {
    for (text, tree) in [
        ("42", "42"),
        ("1_000", "1000"),
        ("9223372036854775807", "9223372036854775807"),
        ("-9223372036854775808", "-9223372036854775808"),
        ("3.50", "dec:3.50"),
        ("15m", "dur:15m"),
        ("500ms", "dur:500ms"),
        ("1h30m", "dur:1h30m"),
        ("08:00", "time:08:00"),
        ("24:00", "time:24:00"),
        ("08:00:30", "time:08:00:30"),
        ("10.1.2.3", "ip:10.1.2.3"),
        ("10.0.0.0/8", "net:10.0.0.0/8"),
        ("2001:db8::1", "ip:2001:db8::1"),
        ("2001:db8::/32", "net:2001:db8::/32"),
        ("::1", "ip:::1"),
        ("::", "ip:::"),
        ("::/0", "net:::/0"),
        ("fe80::1", "ip:fe80::1"),
        ("fd00::/8", "net:fd00::/8"),
        ("::ffff:10.0.0.1", "ip:::ffff:10.0.0.1"),
        ("a:b:c:d:1:2:3:4", "ip:a:b:c:d:1:2:3:4"),
        ("true", "true"),
        ("null", "null"),
        (r#""a\"b""#, r#"'a\"b'"#),
        ("User::\"ann\"", "User::ann"),
        ("http.Request::\"r\"", "http.Request::r"),
        ("`odd type`::\"r\"", "odd type::r"),
        ("Face::\"x\"", "Face::x"),
        ("[]", "(list )"),
        ("[1, 2,]", "(list 1 2)"),
        ("{ a: 1, \"b c\": 2 `d.e`: 3 }", "{a:1 b c:2 d.e:3}"),
        ("{ in: a }", "{in:a}"),
        ("{ a: ::1 b: fe80::1, c:1 }", "{a:ip:::1 b:ip:fe80::1 c:1}"),
    ] {
        assert_eq!(expr(text), tree, "{text}");
    }
}

#[test]
fn names_and_postfixes() {
    for (text, tree) in [
        ("orbit", "orbit"),
        ("notes", "notes"),
        ("inner", "inner"),
        ("iffy", "iffy"),
        ("allowed", "allowed"),
        ("nullable", "nullable"),
        ("`not`", "not"),
        ("subject", "subject"),
        ("now", "now"),
        ("context.mfa", "context.mfa"),
        ("a.in.not.`x y`", "a.in.not.x y"),
        ("bad", "bad"),
        ("c0ffee", "c0ffee"),
        ("Posture.compliant", "Posture.compliant"),
        ("m[\"k\"].x", "m['k'].x"),
        ("f(a, b,)", "f(call a b)"),
        ("f()", "f(call )"),
        ("pkg.f(a)(b)", "pkg.f(call a)(call b)"),
        ("now.weekday(\"Europe/Berlin\")", "now.weekday(call 'Europe/Berlin')"),
    ] {
        assert_eq!(expr(text), tree, "{text}");
    }
}

#[test]
fn operators_bind_as_the_table_says() {
    for (text, tree) in [
        ("a or b and c or d", "(or a (and b c) d)"),
        ("(a and b) and c", "(and a b c)"),
        ("a or (b or c)", "(or a b c)"),
        ("not a == b", "(not (Eq a b))"),
        ("not not a and b", "(and (not (not a)) b)"),
        ("a and not b", "(and a (not b))"),
        ("a + b * c - d", "(Sub (Add a (Mul b c)) d)"),
        ("a - (b - c)", "(Sub a (Sub b c))"),
        ("- -a * b", "(Mul (neg (neg a)) b)"),
        ("a otherwise b otherwise c", "(Otherwise a (Otherwise b c))"),
        ("a otherwise 0 + 1 >= b", "(Ge (Otherwise a (Add 0 1)) b)"),
        ("a in b", "(In a b)"),
        ("a not  // why\n in b", "(NotIn a b)"),
        ("a != b", "(Ne a b)"),
        ("a < b", "(Lt a b)"),
        ("a <= b", "(Le a b)"),
        ("a > b", "(Gt a b)"),
        ("a contains b", "(Contains a b)"),
        ("a contains_any b", "(ContainsAny a b)"),
        ("a contains_all b", "(ContainsAll a b)"),
        ("a starts_with b", "(StartsWith a b)"),
        ("a ends_with b", "(EndsWith a b)"),
        ("a like \"x*\"", "(like a 'x*')"),
        ("a matches \"\\d+\"", "(matches a '\\d+')"),
        ("a is present", "(present a)"),
        ("a.b is empty", "(empty a.b)"),
        ("a is User | http.X", "(is a User|http.X)"),
        ("-a.b", "(neg a.b)"),
        ("-5", "(neg 5)"),
        ("a in [mon..fri, sun]", "(In a (list (mon..fri) sun))"),
        ("t in 08:00..18:00", "(In t (time:08:00..time:18:00))"),
        ("1..3", "(1..3)"),
        ("if a then b else c", "(if a b c)"),
        ("if a then b else if c then d else e", "(if a b (if c d e))"),
        ("if a then if b then c else d else e", "(if a (if b c d) e)"),
        ("(if a then b else c) + 1", "(Add (if a b c) 1)"),
        ("all x in xs: (x > 1)", "(All x xs (Gt x 1))"),
        ("none k, v in m: (v)", "(None k,v m v)"),
        ("any x in a otherwise []: (x) and b", "(and (Any x (Otherwise a (list )) x) b)"),
        ("count(x in xs: (x)) > 1", "(Gt (Count x xs x) 1)"),
    ] {
        assert_eq!(expr(text), tree, "{text}");
    }
}

#[test]
fn places_are_exact() {
    let text = "let x = (a + b) // c\n  * f(d) // e\n";
    let ItemKind::Let(item) = kind(text) else { panic!() };
    assert_eq!(&text[item.value.span.range()], "(a + b) // c\n  * f(d)");
    let ExprKind::Binary(op, left, right) = &item.value.node else { panic!() };
    assert_eq!([op.span, left.span, right.span].map(|span| &text[span.range()]), ["*", "(a + b)", "f(d)"]);
}

#[test]
fn packages_uses_enums_sources() {
    let ItemKind::Package(name) = kind("package acme.teams.a") else { panic!() };
    assert_eq!(name.text(), "acme.teams.a");
    let ItemKind::Use(item) = kind("use zt.http as h") else { panic!() };
    assert_eq!(
        (item.package.text(), item.alias.map(|alias| alias.node.to_string())),
        ("zt.http".into(), Some("h".into()))
    );
    let ItemKind::Use(item) =
        kind("use team_a scope resource in Folder::\"a\", subject is User | Service in Group::\"g\"")
    else {
        panic!()
    };
    assert_eq!((item.alias, item.scope.len(), names(&item.scope[1].is)), (None, 2, "User|Service".into()));
    for (text, ordered, count) in
        [("enum A { a < b < c }", true, 3), ("enum A { a, b c, }", false, 3), ("enum A { a }", false, 1)]
    {
        let ItemKind::Enum(item) = kind(text) else { panic!() };
        assert_eq!((item.ordered, item.members.len()), (ordered, count), "{text}");
    }
    for (text, expected) in [("source a verified complete", (true, true)), ("source a unverified", (false, false))] {
        let ItemKind::Source(item) = kind(text) else { panic!() };
        assert_eq!((item.verified, item.complete), expected, "{text}");
    }
}

#[test]
fn entities_records_contexts() {
    let ItemKind::Entity(item) =
        kind("entity User in Group, org.Team from idp { from: String from idp sensitive, x: Int? }")
    else {
        panic!()
    };
    assert_eq!(
        (names(&item.parents), item.parents_from.map(|name| name.text())),
        ("Group|org.Team".into(), Some("idp".into()))
    );
    assert_eq!(item.attributes[0].modifiers.len(), 2);
    let ItemKind::Context(attributes) = kind(
        "context { mfa: Bool from idp fresh 15m since auth_time step_up \"acr\" gives true sensitive: Bool
           token: Token fresh until token.exp sensitive }",
    ) else {
        panic!()
    };
    assert_eq!(
        attributes.iter().map(|attribute| &*attribute.name.node).collect::<Vec<_>>(),
        ["mfa", "sensitive", "token"]
    );
    assert!(matches!(attributes[0].modifiers[1].node, Modifier::FreshSince { .. }));
    assert!(matches!(attributes[0].modifiers[2].node, Modifier::StepUp { .. }));
    assert!(matches!(&attributes[2].modifiers[0].node, Modifier::FreshUntil(path) if path.text() == "token.exp"));
    assert!(matches!(attributes[2].modifiers[1].node, Modifier::Sensitive));
    let ItemKind::Record(item) = kind("record R { a: Set<String>? b: Map<List<Int>>, in: A | b.C, d: A | B? }") else {
        panic!()
    };
    assert!(matches!(&item.fields[0].ty.node, Type::Optional(inner) if matches!(inner.node, Type::Set(_))));
    assert!(matches!(&item.fields[1].ty.node, Type::Map(inner) if matches!(inner.node, Type::List(_))));
    assert!(matches!(&item.fields[2].ty.node, Type::Union(all) if names(all) == "A|b.C"));
    assert!(matches!(&item.fields[3].ty.node, Type::Optional(inner) if matches!(inner.node, Type::Union(_))));
}

#[test]
fn obligations_actions_values() {
    let ItemKind::Obligation(item) = kind("obligation audit(level: String, for: String?,)") else { panic!() };
    assert_eq!(item.params.len(), 2);
    let ItemKind::Action(Action::Declared { names: declared, subjects, subject_from, resources }) =
        kind("action read, list: User | Service from idp -> Document | Folder")
    else {
        panic!()
    };
    assert_eq!(
        (declared.len(), names(&subjects), names(&resources)),
        (2, "User|Service".into(), "Document|Folder".into())
    );
    assert_eq!(subject_from.map(|name| name.text()), Some("idp".into()));
    assert!(
        matches!(kind("action change = write, delete"), ItemKind::Action(Action::Group { members, .. }) if members.len() == 2)
    );
    assert!(matches!(kind("let limit: Decimal = 100"), ItemKind::Let(item) if item.ty.is_some()));
    assert!(matches!(kind("fn f(u: User, d: Document) = u.x"), ItemKind::Fn(item) if item.params.len() == 2));
    assert!(matches!(kind("fn f() = 1"), ItemKind::Fn(item) if item.params.is_empty()));
    assert!(matches!(kind("param a: Int = 50"), ItemKind::Param(item) if item.default.is_some()));
    assert!(matches!(kind("param a: Set<String>"), ItemKind::Param(item) if item.default.is_none()));
}

#[test]
fn rules_and_proofs() {
    let ItemKind::Rule(rule) = kind(
        "allow emergency audit overridable by a, b.c: read, change
           control \"X\", \"Y\" because \"why\" oblige page(who: \"me\"), log() overrides d, e.f
           for subject is User | Bot in Group::\"g\", resource == Document::\"d\" when a and b control \"Z\" oblige log()",
    ) else { panic!() };
    assert_eq!((rule.effect, &*rule.name.node, rule.audit), (Effect::Allow, "emergency", true));
    assert_eq!(rule.overridable.as_ref().map(|it| names(&it.by)), Some("a|b.c".into()));
    assert_eq!((rule.controls.len(), rule.obliges.len(), names(&rule.overrides)), (3, 3, "d|e.f".into()));
    assert_eq!(
        (rule.targets.len(), rule.targets[1].equals.is_some(), rule.targets[0].within.is_some()),
        (2, true, true)
    );
    assert!(rule.when.is_some() && rule.because.is_some());
    let ItemKind::Rule(rule) = kind("deny audit overridable: any") else { panic!() };
    assert!(
        !rule.audit && rule.overridable.is_some_and(|it| it.by.is_empty()) && matches!(rule.actions, Actions::Any(_))
    );
    let ItemKind::Prove(prove) = kind("prove p: always deny change, read when x for resource in y") else { panic!() };
    assert!(prove.always && prove.effect == Effect::Deny && prove.when.is_some() && prove.targets.len() == 1);
    assert!(matches!(kind("prove p:\nnever\nallow any"), ItemKind::Prove(prove) if !prove.always));
}

#[test]
fn tests_of_policies() {
    let text = r#"test "all of it" {
given now "2026-03-02T10:00:00Z"
subject User::"ann" in [Group::"staff"] { clearance: secret, manager: null }
resource Document::"d1"
entity Device::"d1" { posture: compliant },
store entity Group::"staff" in [] {}
context { auth_time: now - 2h, token: { sub: "x" } }
evidence idp { subject { a: 1 } resource in [] entity X::"y" {} context { b: 2 } }
param max_risk 10
expect allow read
expect deny write by a, p.b challenge mfa, x unknown context.mfa, subject because "no" oblige audit(level: "high") reason no_rule
expect deny write challenge none
}"#;
    let ItemKind::Test(test) = kind(text) else { panic!() };
    assert_eq!((&*test.name.node.raw, test.given.len(), test.expects.len()), ("all of it", 8, 3));
    assert!(
        matches!(&test.given[1], Given::Part(Part::Subject(it)) if it.parents.is_some() && it.attributes.as_ref().unwrap().len() == 2)
    );
    assert!(matches!(&test.given[4], Given::Part(Part::Stored(_))));
    assert!(matches!(&test.given[6], Given::Evidence(_, parts) if parts.len() == 4));
    assert_eq!(test.expects[1].details.len(), 6);
    assert!(
        matches!(&test.expects[1].details[2], ExpectDetail::Unknown(paths) if names(paths) == "context.mfa|subject")
    );
    assert!(matches!(&test.expects[2].details[0], ExpectDetail::Challenge(attributes) if attributes.is_empty()));
}

#[test]
fn docs_and_annotations_belong_to_what_follows() {
    let text = "/// One.\n///   Two. \n// no\n@owner(\"team-x\") @new\n/// Three.\nrecord R {\n  /// A.\n  a: Int, /// B.\n  b: Int\n}";
    let item = item(text);
    assert_eq!(item.doc.as_deref(), Some("One.\n  Two.\nThree."));
    assert_eq!(item.annotations.iter().map(|it| it.value.is_some()).collect::<Vec<_>>(), [true, false]);
    assert!(text[item.span.range()].starts_with("record") && text[item.span.range()].ends_with('}'));
    let ItemKind::Record(record) = item.kind else { panic!() };
    assert_eq!(record.fields.iter().map(|field| field.doc.as_deref().unwrap()).collect::<Vec<_>>(), ["A.", "B."]);
}

#[test]
fn items_need_no_line_breaks() {
    let (file, diagnostics) = read(
        "package p source idp verified source c unverified let a = b let c = d.context param p: Set<A> deny x: any @k allow y: z",
    );
    assert_eq!((file.items.len(), diagnostics), (8, vec![]));
}
