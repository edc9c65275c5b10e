//! Texts, numbers and names as they are written.

use proptest::prelude::*;
use zt_eval::Schema;
use zt_eval::id::EntityTypeId;
use zt_eval::schema::EntityType;
use zt_eval::value::EntityUid;

use super::super::super::declared::*;
use super::*;

/// Texts with all that is escaped somewhere.
fn texts() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ -~]{0,40}",
        r#"[a-z"\\\x00-\x1f\x7f-\xa1é漢🦀]{0,24}"#,
        any::<String>(),
        r#"[a-z ]{0,30}["\\\n\x7f][a-z ]{0,30}"#,
    ]
}

#[test]
fn words_of_json_are_written() {
    start();
    let words = written(|| {
        out_null();
        out_bool(1);
        out_bool(0);
    });
    assert_eq!(words, "nulltruefalse");
}

#[test]
fn members_stand_in_backquotes_unless_they_are_words() {
    for name in ["a", "_", "A_9z", "", "9a", "a-b", "é", "a b", "[", "@a", "`", "a{", "Z/", "a:"] {
        start();
        let (at, len) = place(name);
        let is_word = name.chars().all(|each| each.is_ascii_alphanumeric() || each == '_')
            && name.starts_with(|each: char| !each.is_ascii_digit());
        let expected = if is_word { name.to_owned() } else { format!("`{name}`") };
        assert_eq!(written(|| out_member(at, len)), expected);
    }
}

#[test]
fn a_text_that_outgrows_its_place_goes_on_elsewhere() {
    start();
    let (at, len) = place(&"0123456789".repeat(700));
    let text = written(|| {
        (0..40).for_each(|_| out_bytes(at, len));
        (0..3000).for_each(|_| out_byte(b'x'.into()));
    });
    assert_eq!(text, "0123456789".repeat(28_000) + &"x".repeat(3000));
    assert_eq!(env::ld32(FAILED), 0);
}

#[test]
fn a_text_is_cut_where_memory_ends() {
    start();
    env::allow_pages(5);
    let (at, len) = place(&"0123456789".repeat(700));
    let text = written(|| (0..100).for_each(|_| out_bytes(at, len)));
    assert!(text.len() >= 70_000 && "0123456789".repeat(70_000).starts_with(&text), "{}", text.len());
    assert_eq!(env::ld32(FAILED), 1);
    // Even then there is room for a denial.
    check_room_for_a_denial();
}

fn check_room_for_a_denial() {
    let text = written(|| (0..OUT_FIRST).for_each(|_| out_byte(b'x'.into())));
    assert_eq!(text.len(), OUT_FIRST as usize);
}

proptest! {
    #[test]
    fn integers_are_written(number in any::<i64>(), shift in 0..64u32) {
        for number in [number, number >> shift, i64::MIN, i64::MAX, 0, -1] {
            start();
            prop_assert_eq!(written(|| out_int(number)), number.to_string());
            prop_assert_eq!(written(|| out_uint(number as u64)), (number as u64).to_string());
        }
    }

    #[test]
    fn json_strings_are_written(text in texts(), before in "[ -~]{0,9}") {
        start();
        let (at, len) = place(&text);
        prop_assert_eq!(written(|| out_json_text(at, len)), serde_json::to_string(&text).unwrap());
        let (before_at, before_len) = place(&before);
        let again = written(|| {
            out_bytes(before_at, before_len);
            let mark = env::ld32(OUT + 4);
            out_json_text(at, len);
            out_as_json(mark);
        });
        let twice = serde_json::to_string(&serde_json::to_string(&text).unwrap()).unwrap();
        prop_assert_eq!(again, before + &twice);
    }

    #[test]
    fn entities_are_written(id in texts(), name in "[A-Z][a-z.]{0,12}", ty in 0..3usize) {
        start();
        let entity = |name: &str| EntityType {
            name: name.into(),
            parents: Vec::new(),
            parents_from: Schema::PEP,
            attributes: Vec::new(),
        };
        let schema = Schema { entities: vec![entity("A"), entity(&name), entity("Last")], ..Schema::default() };
        env::st32(H_WIDE, 1);
        env::st32(H_MANY, 1);
        let table = alloc(3 * entity_width());
        env::st32(H_ENTITY_TYPES, table);
        for (index, entity) in schema.entities.iter().enumerate() {
            let (at, len) = place(&entity.name);
            env::st64(table + index as i32 * entity_width(), span(at, len));
        }
        let (at, len) = place(&id);
        let uid = cell(T_ENTITY, ty as i32, span(at, len));
        let expected = schema.uid_text(&EntityUid { ty: EntityTypeId::new(ty), id: id.as_str().into() });
        prop_assert_eq!(written(|| out_uid(uid)), expected);
    }
}
