//! Against `zt-eval`'s scanner: the same documents are taken, and the same comes out.

use proptest::prelude::*;
use serde_json::Value;
use zt_eval::json::{JsonError, Kind, Scanner};

use super::super::super::json::*;
use super::super::super::layout::*;
use super::put;
use crate::runtime::env::*;

fn begin(text: &[u8], depth_max: i32) {
    let (at, len) = put(text);
    st32(H_DEPTH_MAX, depth_max);
    json_start(at, len);
}

fn text() -> String {
    String::from_utf8(read(ld32(STR), ld32(STR_LEN))).unwrap()
}

/// Any value, by way of reading.
fn build() -> Value {
    match json_peek() {
        K_NULL => {
            json_null();
            Value::Null
        }
        K_BOOL => Value::Bool(json_bool() == 1),
        K_NUMBER => {
            json_number();
            Value::String(format!("#{}", text()))
        }
        K_STRING => {
            json_string();
            Value::String(text())
        }
        K_ARRAY => {
            let mut elements = Vec::new();
            json_open(b'['.into());
            while json_next(b']'.into(), elements.is_empty()) {
                elements.push(build());
            }
            Value::Array(elements)
        }
        K_OBJECT => {
            let mut members = Vec::new();
            json_open(b'{'.into());
            while json_next_member(members.is_empty()) {
                members.push((text(), build()));
            }
            Value::Object(members.into_iter().collect())
        }
        kind => {
            assert_eq!((kind, ld32(ERROR)), (-1, 1));
            Value::Null
        }
    }
}

fn build_theirs(scanner: &mut Scanner<'_>) -> Result<Value, JsonError> {
    Ok(match scanner.peek()? {
        Kind::Null => scanner.null().map(|()| Value::Null)?,
        Kind::Bool => Value::Bool(scanner.bool()?),
        Kind::Number => Value::String(format!("#{}", scanner.number()?)),
        Kind::String => Value::String(scanner.string()?.into_owned()),
        Kind::Array => {
            let mut elements = Vec::new();
            scanner.array(|scanner| build_theirs(scanner).map(|value| elements.push(value)))?;
            Value::Array(elements)
        }
        Kind::Object => {
            let mut members = serde_json::Map::new();
            scanner.object(|scanner, key, _| {
                build_theirs(scanner).map(|value| drop(members.insert(key.to_string(), value)))
            })?;
            Value::Object(members)
        }
    })
}

/// What reading gives, if the document is taken.
fn reading(text: &[u8], depth_max: i32) -> Option<Value> {
    begin(text, depth_max);
    let value = build();
    json_finish();
    (ld32(ERROR) == 0).then_some(value)
}

/// The bytes that skipping reads past, if the document is taken.
fn skipping(text: &[u8], depth_max: i32) -> Option<Vec<u8>> {
    begin(text, depth_max);
    json_peek();
    let (start, before) = (ld32(JP), (ld32(STR), ld32(JDEPTH)));
    json_skip();
    let end = ld32(JP);
    json_finish();
    (ld32(ERROR) == 0).then(|| {
        assert_eq!((ld32(STR), ld32(JDEPTH)), before);
        read(start, end - start)
    })
}

fn agrees(text: &[u8], depth_max: i32) {
    let mut scanner = Scanner::new(text, depth_max as u32);
    let built = build_theirs(&mut scanner);
    let theirs = scanner.finish().ok().and(built.ok());
    let mut scanner = Scanner::new(text, depth_max as u32);
    let skipped = scanner.skip().map(|range| text[range].to_vec());
    let skipped = scanner.finish().ok().and(skipped.ok());
    assert_eq!(reading(text, depth_max), theirs, "{}", text.escape_ascii());
    assert_eq!(skipping(text, depth_max), skipped, "{}", text.escape_ascii());
}

#[test]
fn mistakes_and_what_is_next_to_them() {
    let texts = r#"|  |null|nul|nulx|nullx| true |true|tru|truE|false|fals|falsE|f|t|n|x|1|-1|0|-0|01|-01|-|-a|1.|1.5|1.e1|.5
        |1e5|1E+05|1e-0|1e|1e+|1e+x|1.5e3.2|1 1|1x|+1|[]|{}|[1]|[1 2]|[1,]|[,1]|[1}|[1|[|{"a" 1}|{"a":1,}|{a:1}|{"a":1
        |{"a":1]|{"a"}|{,}|{"a":1 "b":2}|{"a":1,"b":[2,{"c":{}}]}|[[[]]]|[{"a":[]}]|""|"|"ab|"ab"x|"a\x"|"\u12g4"|"\u00e9"
        |"\|"\"|"\\"|"\ud800"|"\ud800\u0041"|"\udc00\ud800"|"\ud83d\ude00"|"\uD83D\uDE00\/\b\f\n\r\t\"\\"|"\u12"|"\u00410"
        |"\ud800\ud800"|"\u0000"|"\uFFFF\uAbCd"|"\ud83d\ude0"|"\ud83dude00"|"1234567\n"|"12345678\n"|"1234567"|"12345678é"
        |[true,false,null]|[true false]|{"":{"":[]}}|"\ud7ff\ue000"|"\u+123"|"\u 123"|{"a":true}x"#;
    for text in texts.split('|') {
        agrees(text.as_bytes(), 2);
        agrees(text.as_bytes(), 8);
        agrees(format!("{{\"key\": [{text} , 1] }}").as_bytes(), 8);
    }
    for text in [
        &b"\xef\xbb\xbf1"[..],
        b"\"a\nb\"",
        b"\"a\x1f\"",
        b"\"a\xff\"",
        b"\"\xed\xa0\x80\"",
        b"1\x00",
        b"\x0b1",
        b"\xff",
    ] {
        agrees(text, 8);
    }
}

#[test]
fn depth_is_limited_and_counted_over_all_that_is_open() {
    for deep in [1, 2, 63, 64, 65, 66, 127, 128, 129, 130, 192, 193, 255, 256] {
        for depth_max in [deep - 1, deep, 256] {
            let arrays = ["[".repeat(deep as usize), "]".repeat(deep as usize)].concat();
            agrees(arrays.as_bytes(), depth_max);
            let mixed: String =
                (0..deep).map(|level| if level % 3 == 0 { "{\"a\":[1],\"b\":" } else { "[1," }).collect();
            let closers: String = (0..deep).rev().map(|level| if level % 3 == 0 { "}" } else { ",{}]" }).collect();
            agrees(format!("{mixed}2{closers}").as_bytes(), (depth_max + 1).min(256));
            let wrong = closers.replacen('}', "]", 1);
            agrees(format!("{mixed}2{wrong}").as_bytes(), (depth_max + 1).min(256));
        }
    }
    // The ceiling holds whatever the limit.
    let deeper = ["[".repeat(257), "]".repeat(257)].concat();
    assert_eq!((reading(deeper.as_bytes(), 1000), skipping(deeper.as_bytes(), 1000)), (None, None));
}

#[test]
fn after_a_mistake_nothing_more_is_read() {
    begin(br#"{"a": 1, "b": tru, "c": [1, 2]}"#, 8);
    let mark = (ld32(JP), ld32(JDEPTH));
    json_skip();
    assert_eq!(ld32(ERROR), 1);
    st32(JP, mark.0);
    st32(JDEPTH, mark.1);
    assert_eq!(json_peek(), -1);
    json_open(b'{'.into());
    assert!(!json_next(b'}'.into(), true));
    assert!(!json_next_member(true));
    json_string();
    assert_eq!(ld32(STR_LEN), 0);
    json_number();
    assert_eq!((ld32(STR_LEN), json_bool()), (0, 0));
    json_null();
    json_skip();
    json_finish();
    assert_eq!(ld32(ERROR), 1);
}

#[test]
fn a_mark_is_gone_back_to() {
    begin(br#"[{"a": [1]}, "b"]"#, 8);
    json_open(b'['.into());
    assert!(json_next(b']'.into(), true));
    let mark = (ld32(JP), ld32(JDEPTH));
    let first = build();
    st32(JP, mark.0);
    st32(JDEPTH, mark.1);
    assert_eq!(build(), first);
    assert!(json_next(b']'.into(), false));
    assert_eq!(build(), Value::String("b".into()));
    assert!(!json_next(b']'.into(), false));
    json_finish();
    assert_eq!((ld32(ERROR), ld32(JDEPTH)), (0, 0));
}

#[test]
fn a_string_without_escapes_is_not_copied() {
    begin(br#""plain""#, 0);
    let at = ld32(JP);
    json_string();
    assert_eq!((ld32(STR), ld32(STR_LEN)), (at + 1, 5));
}

#[test]
fn without_memory_for_a_string_the_request_is_invalid() {
    let text = format!("\"{}\\n\"", "\\u00e9".repeat(20_000));
    begin(text.as_bytes(), 0);
    allow_pages(0);
    // The arena is left too small for the text, as it is behind a large request.
    st32(ARENA, ld32(ARENA_END) - 64);
    json_string();
    assert_eq!(ld32(FAILED), 1);
}

fn json() -> impl Strategy<Value = String> {
    let string = any::<String>().prop_map(|text| serde_json::to_string(&text).unwrap());
    let scalar = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|truth| truth.to_string()),
        any::<i32>().prop_map(|number| number.to_string()),
        any::<f64>().prop_map(|number| format!("{number:e}")),
        string.clone(),
        "\"(\\\\u[0-9a-d][0-9a-f]{3}|[a-z]|\\\\[bfnrt/]){0,12}\"",
    ];
    scalar.prop_recursive(4, 32, 4, move |inner| {
        let member = (string.clone(), inner.clone()).prop_map(|(key, value)| format!("{key} :{value}"));
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(|elements| format!("[{}]", elements.join(" ,"))),
            prop::collection::vec(member, 0..4)
                .prop_map(|members| format!("{{{}}}", members.join(",\n                  "))),
        ]
    })
}

proptest! {
    #[test]
    fn any_bytes(text in prop::collection::vec(any::<u8>(), 0..24)) {
        agrees(&text, 8);
    }

    #[test]
    fn near_json(text in "[\\[\\]{}:,\" 0-9.eE+\\\\u-]{0,16}") {
        agrees(text.as_bytes(), 8);
    }

    #[test]
    fn documents(text in json(), depth_max in 0..6) {
        agrees(text.as_bytes(), depth_max);
    }

    #[test]
    fn damaged_documents(text in json(), at: prop::sample::Index, byte: u8) {
        let mut text = text.into_bytes();
        let at = at.index(text.len());
        text[at] = byte;
        agrees(&text, 16);
        agrees(&text[..at], 16);
    }
}
