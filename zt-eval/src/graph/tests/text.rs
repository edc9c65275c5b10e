//! How nodes read.

use crate::eval::tests::fixture::*;
use crate::graph::build::Builder;
use crate::graph::{CompareOp, NowOp, Quantifier, Weekdays};
use crate::id::NodeId;
use crate::pattern::{Glob, Pattern};
use crate::value::{Arith, Duration, EnumMember, IpRange, Value};
use crate::zone::Zone;

fn check(make: impl FnOnce(&mut Builder) -> NodeId, expected: &str) {
    let mut builder = builder();
    let node = make(&mut builder);
    assert_eq!(builder.node_text(node), expected);
}

#[test]
fn nodes_read_as_their_author_would_write_them() {
    check(
        |b| {
            let (subject, resource) = (b.subject(), b.resource());
            let owner = b.attribute(resource, DOC, OWNER);
            b.equal(owner, subject)
        },
        "subject == resource.owner",
    );
    check(
        |b| {
            let (x, y, z) = (b.context(A), b.context(B), b.context(C));
            let any = b.or([x, y]);
            let all = b.and([any, z]);
            b.not(all)
        },
        "not (context.c and (context.a or context.b))",
    );
    check(
        |b| {
            let (count, two, three) = (b.context(COUNT), b.constant(int(2)), b.constant(int(3)));
            let sum = b.arith(Arith::Add, count, two);
            let product = b.arith(Arith::Mul, sum, three);
            b.compare(CompareOp::Less, product, count)
        },
        "(context.count + 2) * 3 < context.count",
    );
    check(
        |b| {
            let (items, element) = (b.context(ITEMS), b.element(1));
            let image = b.field(element, ITEM, 0);
            let body = b.matches(image, Pattern::Glob(Glob::parse("reg/*").unwrap()));
            let any = b.quantified(Quantifier::Any, items, 1, body);
            b.not(any)
        },
        "none x in context.items: (x.image like \"reg/*\")",
    );
    check(
        |b| {
            let (labels, key, element) = (b.context(LABELS), b.key(1), b.element(1));
            let body = b.equal(key, element);
            b.quantified(Quantifier::All, labels, 1, body)
        },
        "all k, x in context.labels: (k == x)",
    );
}

#[test]
fn comparisons_have_their_constant_on_the_right() {
    check(
        |b| {
            let (count, five) = (b.context(COUNT), b.constant(int(5)));
            b.compare(CompareOp::Less, five, count)
        },
        "context.count > 5",
    );
    check(
        |b| {
            let (count, five) = (b.context(COUNT), b.constant(int(5)));
            let less = b.compare(CompareOp::Less, five, count);
            b.not(less)
        },
        "context.count <= 5",
    );
    check(
        |b| {
            let (count, few) = (b.context(COUNT), b.constant(Value::set(vec![int(1), int(2)])));
            let among = b.contains(few, count);
            b.not(among)
        },
        "context.count not in [1, 2]",
    );
}

#[test]
fn time_reads_as_in_the_language() {
    let zone = || Zone::new("Europe/Berlin", 3600, Vec::new(), None).unwrap();
    check(|b| b.weekday(zone(), Weekdays(0b1_1111)), "now.weekday(\"Europe/Berlin\") in [mon..fri]");
    check(|b| b.weekday(zone(), Weekdays(0b10_0000)), "now.weekday(\"Europe/Berlin\") == sat");
    check(|b| b.weekday(zone(), Weekdays(0b110_0001)), "now.weekday(\"Europe/Berlin\") in [sat..mon]");
    check(|b| b.weekday(zone(), Weekdays(0b101)), "now.weekday(\"Europe/Berlin\") in [mon, wed]");
    check(|b| b.time_of_day(zone(), [(8 * 3_600_000, 24 * 3_600_000)]), "now.time(\"Europe/Berlin\") in 08:00..24:00");
    check(
        |b| {
            let until = b.context(UNTIL);
            let before = b.now(NowOp::Before, until);
            b.not(before)
        },
        "now >= context.until",
    );
}

#[test]
fn values_read_as_literals() {
    let policy = builder().finish().unwrap();
    let check = |value: Value, expected: &str| assert_eq!(policy.value_text(&value), expected);
    check(text("a\"b"), "\"a\\\"b\"");
    check(uid(USER, "ann"), "User::\"ann\"");
    check(Value::Enum(EnumMember { ty: LEVEL, index: 1 }), "high");
    check(Value::Duration(Duration::parse("15m").unwrap()), "15m");
    check(Value::set(vec![Value::IpRange(IpRange::parse("10.0.0.0/8").unwrap())]), "[10.0.0.0/8]");
}

#[test]
fn long_texts_end_in_an_ellipsis() {
    let mut builder = builder();
    let long = builder.constant(text(&"ä".repeat(100)));
    let policy = with_rule(builder, long);
    let node = policy.rules()[0].condition;
    let short = policy.node_text_within(node, 10);
    assert_eq!(short, "\"ääää…");
}

#[test]
fn shared_nodes_do_not_make_texts_exponential() {
    let mut builder = builder();
    let mut node = builder.context(COUNT);
    for _ in 0..100 {
        node = builder.arith(Arith::Add, node, node);
    }
    assert!(builder.node_text(node).len() < 3_000);
}
