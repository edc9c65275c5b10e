//! Order, equality, arithmetic, collections, agreement.

use proptest::prelude::*;
use zt_eval::Truth;
use zt_eval::value::{self as meaning, Arith, Datum, SetOp, Value};

use super::super::super::agree::*;
use super::super::super::arithmetic::*;
use super::super::super::collection::*;
use super::super::super::glob::text_find;
use super::super::super::order::*;
use super::super::bind::machine::brief;
use super::generate;
use super::*;

/// What an operator on values gives for data.
fn both<T>(a: &Datum, b: &Datum, apply: impl FnOnce(&Value, &Value) -> Option<T>) -> Option<T> {
    a.value().zip(b.value()).and_then(|(a, b)| apply(a, b))
}

fn int(int: i64) -> Value {
    Value::Int(int)
}

/// A datum whose records have as many fields as those of another at the same places: of one type, fewer cells are those of
/// fields of which nothing is read.
fn of_one_length(datum: &Datum, other: &Datum) -> Datum {
    match (datum, other) {
        (Datum::Value(value), Datum::Value(other)) => Datum::Value(value_of_one_length(value, other)),
        _ => datum.clone(),
    }
}

fn value_of_one_length(value: &Value, other: &Value) -> Value {
    match (value, other) {
        (Value::Record(a), Value::Record(b)) => {
            let field = |at| a.get(at).cloned().unwrap_or(Datum::Unknown);
            let among = |at| b.get(at).cloned().unwrap_or(Datum::Unknown);
            Value::Record((0..a.len().max(b.len())).map(|at| of_one_length(&field(at), &among(at))).collect())
        }
        (Value::List(a), Value::List(b)) if a.len() == b.len() => {
            Value::List(a.iter().zip(b.iter()).map(|(a, b)| value_of_one_length(a, b)).collect())
        }
        (Value::Map(a), Value::Map(b)) if a.len() == b.len() => {
            let pairs = a.iter().zip(b.iter()).map(|((key, a), (_, b))| (key.clone(), value_of_one_length(a, b)));
            Value::Map(pairs.collect())
        }
        _ => value.clone(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn data_are_ordered_and_compared(pair in generate::pair()) {
        let (a, b) = &pair;
        let [left, right] = given([a, b]);
        let base = env::ld32(ARENA);
        prop_assert_eq!(value_order(left, right), a.cmp(b) as i32);
        prop_assert_eq!(truth(values_equal(left, right)), truth_of(both(a, b, meaning::equal)));
        let order = both(a, b, meaning::compare);
        prop_assert_eq!(truth(values_less(left, right, false)), truth_of(order.map(|order| order.is_lt())));
        prop_assert_eq!(truth(values_less(left, right, true)), truth_of(order.map(|order| order.is_le())));
        prop_assert_eq!(env::ld32(ARENA), base);
    }

    #[test]
    fn collections_and_texts_are_looked_into(pair in generate::pair()) {
        let (a, b) = &pair;
        let [left, right] = given([a, b]);
        let base = env::ld32(ARENA);
        prop_assert_eq!(truth(contains(left, right)), truth_of(both(a, b, meaning::contains)));
        prop_assert_eq!(truth(contains_any(left, right)), truth_of(both(a, b, meaning::contains_any)));
        prop_assert_eq!(truth(contains_all(left, right)), truth_of(both(a, b, meaning::contains_all)));
        prop_assert_eq!(truth(starts_with(left, right)), truth_of(both(a, b, meaning::starts_with)));
        prop_assert_eq!(truth(ends_with(left, right)), truth_of(both(a, b, meaning::ends_with)));
        prop_assert_eq!(env::ld32(ARENA), base);
        prop_assert_eq!(datum(left), a.clone(), "operators change nothing");
    }

    #[test]
    fn maps_are_indexed(entries in prop::collection::btree_map("[ab]{0,2}", generate::value(), 0..6), key in "[ab]{0,2}") {
        let map = Value::map(entries.iter().map(|(key, value)| (key.as_str().into(), value.clone())).collect()).unwrap();
        let key = Value::String(key.into());
        let [cell, at] = given([&known(&map), &known(&key)]);
        prop_assert_eq!(datum(map_index(cell, at)), meaning::index(&map, &key).unwrap());
        prop_assert_eq!(datum(map_index(at, at)), Datum::Unknown);
        prop_assert_eq!(datum(map_index(CELL_ABSENT, CELL_UNKNOWN)), Datum::Absent);
    }

    #[test]
    fn data_are_described(a in generate::datum()) {
        let [cell] = given([&a]);
        prop_assert_eq!(truth(is_empty(cell)), truth_of(a.value().and_then(meaning::is_empty)));
        prop_assert_eq!(datum(size_of(cell)), Datum::from(a.value().and_then(meaning::size)));
        prop_assert_eq!(datum(lower(cell)), Datum::from(a.value().and_then(meaning::lower)));
        prop_assert_eq!(datum(negate(cell)), Datum::from(a.value().and_then(meaning::negate)));
        let is_known = match &a {
            Datum::Unknown => false,
            Datum::Absent => true,
            Datum::Value(value) => value.is_wholly_known(),
        };
        prop_assert_eq!(wholly_known(cell), is_known);
        let present = match &a {
            Datum::Unknown => Truth::Unknown,
            Datum::Absent => Truth::False,
            Datum::Value(_) => Truth::True,
        };
        prop_assert_eq!(truth(is_present(cell)), present);
        let types = put(&[0b010]);
        let is_of = match &a {
            Datum::Value(Value::Entity(uid)) => Some(uid.ty.index() == 1),
            _ => None,
        };
        prop_assert_eq!(truth(entity_is(cell, types)), truth_of(is_of));
        let condition = match &a {
            Datum::Value(Value::Bool(holds)) => Some(*holds),
            _ => None,
        };
        prop_assert_eq!(truth(cell_truth(cell)), truth_of(condition));
        prop_assert_eq!(cell_truth(truth_cell(cell_truth(cell))), cell_truth(cell));
    }

    #[test]
    fn numbers_are_computed(pair in generate::pair()) {
        let (a, b) = &pair;
        let [left, right] = given([a, b]);
        for (number, op) in [(ARITH_ADD, Arith::Add), (ARITH_SUB, Arith::Sub), (ARITH_MUL, Arith::Mul)] {
            let expected = Datum::from(both(a, b, |a, b| meaning::arith(op, a, b)));
            prop_assert_eq!(datum(arith(number, left, right)), expected, "{:?}", op);
        }
    }

    #[test]
    fn products_are_exact_or_unknown(a in any::<i64>(), b in any::<i64>(), by in 0_u32..64, bits in 0_u32..64) {
        let (a, b) = (a >> by, b >> bits);
        let [left, right] = given([&known(&int(a)), &known(&int(b))]);
        for (number, op) in [(ARITH_ADD, Arith::Add), (ARITH_SUB, Arith::Sub), (ARITH_MUL, Arith::Mul)] {
            let expected = Datum::from(meaning::arith(op, &int(a), &int(b)));
            prop_assert_eq!(datum(arith(number, left, right)), expected, "{:?}", op);
        }
    }

    #[test]
    fn sets_are_made_of_sets(pair in generate::pair()) {
        let (a, b) = &pair;
        let [left, right] = given([a, b]);
        let ops = [(SET_UNION, SetOp::Union), (SET_INTERSECTION, SetOp::Intersection), (SET_DIFFERENCE, SetOp::Difference)];
        for (number, op) in ops {
            let expected = Datum::from(both(a, b, |a, b| meaning::set_operation(op, a, b)));
            prop_assert_eq!(datum(set_operation(number, left, right)), expected, "{:?}", op);
        }
    }

    #[test]
    fn sets_and_lists_are_made_of_data(
        data in prop_oneof![
            prop::collection::vec(generate::datum(), 0..6),
            prop::collection::vec(generate::scalar_of(1).prop_map(Datum::Value), 0..40),
        ],
    ) {
        given([]);
        let mut segment = Data::new(ARENA_AT as u32);
        let list_at = segment.cells(&data) as i32;
        let mut copies = Data::new(segment.end().next_multiple_of(8));
        let set_at = copies.cells(&data) as i32;
        put(&segment.into_bytes());
        put(&copies.into_bytes());
        let count = data.len() as i32;
        let values: Option<Vec<Value>> = data.iter().map(|datum| datum.value().cloned()).collect();
        let list = values.clone().map(|values| Value::List(values.into()));
        prop_assert_eq!(datum(list_of(list_at, count)), Datum::from(list));
        let set = values.filter(|values| values.iter().all(Value::is_wholly_known)).map(Value::set);
        prop_assert_eq!(datum(set_of(set_at, count)), Datum::from(set));
    }

    #[test]
    fn data_agree(pair in generate::pair()) {
        let (a, b) = &pair;
        let [left, right] = given([a, b]);
        let (longer, other) = (of_one_length(a, b), of_one_length(b, a));
        let found = brief(&[datum(agreement(left, right))]);
        prop_assert_eq!(found, brief(&[meaning::agreement(&longer, &other)]));
        prop_assert_eq!(datum(left), a.clone());
        prop_assert_eq!(datum(right), b.clone());
    }

    #[test]
    fn texts_are_found(text in "[ab]{0,40}", part in "[ab]{0,5}") {
        given([]);
        let (at, part_at) = (put(text.as_bytes()), put(part.as_bytes()));
        let found = text_find(at, text.len() as i32, part_at, part.len() as i32);
        prop_assert_eq!(found, text.find(&part).map_or(-1, |at| at as i32));
    }
}

#[test]
fn fields_are_absent_where_the_record_is() {
    let record = Value::Record([Datum::Unknown, known(&int(7))].into());
    let [cell] = given([&known(&record)]);
    assert_eq!([0, 1, 2, -1].map(|field| datum(field_of(cell, field))), {
        [Datum::Unknown, known(&int(7)), Datum::Unknown, Datum::Unknown]
    });
    assert_eq!([CELL_ABSENT, CELL_UNKNOWN, CELL_TRUE].map(|cell| datum(field_of(cell, 0))), {
        [Datum::Absent, Datum::Unknown, Datum::Unknown]
    });
}

#[test]
fn least_numbers_have_no_opposite_and_no_product_with_minus_one() {
    let [least, minus_one, two_62, two] = given([i64::MIN, -1, 1 << 62, 2].map(|n| known(&int(n))).each_ref());
    assert_eq!(negate(least), CELL_UNKNOWN);
    for (a, b) in [(least, minus_one), (minus_one, least), (two_62, two), (least, least)] {
        assert_eq!(arith(ARITH_MUL, a, b), CELL_UNKNOWN);
    }
    let product = arith(ARITH_MUL, arith(ARITH_MUL, two_62, minus_one), two);
    assert_eq!(datum(product), known(&int(i64::MIN)));
}

/// A list in a list and so on, with a record inside.
fn nested(depth: usize, inner: Datum) -> Datum {
    let record = Value::Record([inner, known(&int(1))].into());
    known(&(0..depth).fold(record, |value, _| Value::List([int(0), value].into())))
}

#[test]
fn what_nests_deeply_is_walked_without_recursion() {
    let [a, b, c] = given([known(&int(1)), known(&int(2)), Datum::Unknown].map(|inner| nested(200, inner)).each_ref());
    let base = env::ld32(ARENA);
    assert_eq!([value_order(a, a), value_order(a, b), value_order(b, a), value_order(c, a)], [0, -1, 1, -1]);
    assert_eq!([a, b, c].map(wholly_known), [true, true, false]);
    assert_eq!(values_equal(a, b), UNKNOWN);
    assert_eq!(env::ld32(ARENA), base);
    assert_eq!(datum(agreement(a, b)), nested(200, Datum::Unknown));
}

#[test]
fn where_memory_ends_the_request_has_failed() {
    let many = Value::List((0..1_000).map(|at| Value::List([int(at)].into())).collect());
    let other = Value::List((0..1_000).map(|at| Value::List([int(at + at % 2)].into())).collect());
    let [a, b] = given([&known(&many), &known(&other)]);
    env::st32(H_ARENA, env::ld32(ARENA));
    // Room for what may be written at the arena's begin in spite of all, and for nothing else.
    alloc(env::ld32(ARENA_END) - env::ld32(ARENA));
    env::allow_pages(0);
    for op in [SET_UNION, SET_DIFFERENCE] {
        set_operation(op, a, b);
    }
    agreement(a, b);
    contains_any(a, b);
    value_order(a, b);
    values_equal(a, b);
    assert!(env::ld32(FAILED) == 1);
    assert_eq!((datum(a), datum(b)), (known(&many), known(&other)));
}

#[test]
fn finding_a_text_takes_time_linear_in_it() {
    let text = "a".repeat(64 << 10);
    let part = format!("{}b", "a".repeat(32 << 10));
    given([]);
    let (at, part_at) = (put(text.as_bytes()), put(part.as_bytes()));
    // Each of the 2^16 places tried by itself would be 2^31 steps.
    assert_eq!(text_find(at, text.len() as i32, part_at, part.len() as i32), -1);
}

#[test]
fn sorting_takes_n_log_n_steps_whatever_the_order() {
    let count = 4_096;
    for order in [|at: i64| at, |at: i64| -at, |at: i64| at ^ 0x555, |at: i64| at % 7] {
        let values: Vec<Value> = (0..count).map(|at| int(order(at))).collect();
        let [list] = given([&known(&Value::List(values.clone().into()))]);
        let set = set_of(env::ld32(list + 8), count as i32);
        assert_eq!(value(set), Value::set(values));
    }
}
