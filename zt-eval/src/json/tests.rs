use proptest::prelude::*;

use super::*;

fn skip(text: &[u8], depth_max: u32) -> Result<Range<usize>, JsonError> {
    let mut scanner = Scanner::new(text, depth_max);
    let range = scanner.skip()?;
    scanner.finish()?;
    Ok(range)
}

/// Reads any value through the reading half of the scanner.
fn build(scanner: &mut Scanner<'_>) -> Result<serde_json::Value, JsonError> {
    use serde_json::Value;
    Ok(match scanner.peek()? {
        Kind::Null => scanner.null().map(|()| Value::Null)?,
        Kind::Bool => Value::Bool(scanner.bool()?),
        // Exact text is compared elsewhere; here numbers only need to be told apart.
        Kind::Number => Value::String(format!("#{}", scanner.number()?)),
        Kind::String => Value::String(scanner.string()?.into_owned()),
        Kind::Array => {
            let mut elements = Vec::new();
            scanner.array(|scanner| build(scanner).map(|value| elements.push(value)))?;
            Value::Array(elements)
        }
        Kind::Object => {
            let mut members = serde_json::Map::new();
            scanner
                .object(|scanner, key, _| build(scanner).map(|value| drop(members.insert(key.to_owned(), value))))?;
            Value::Object(members)
        }
    })
}

fn read(text: &[u8], depth_max: u32) -> Result<serde_json::Value, JsonError> {
    let mut scanner = Scanner::new(text, depth_max);
    let value = build(&mut scanner)?;
    scanner.finish()?;
    Ok(value)
}

/// The same, as serde_json reads it.
fn expected(text: &[u8]) -> Option<serde_json::Value> {
    fn mark(value: serde_json::Value) -> serde_json::Value {
        use serde_json::Value;
        match value {
            Value::Number(number) => Value::String(format!("#{number}")),
            Value::Array(elements) => elements.into_iter().map(mark).collect(),
            Value::Object(members) => members.into_iter().map(|(key, value)| (key, mark(value))).collect(),
            other => other,
        }
    }
    serde_json::from_slice(text).ok().map(mark)
}

#[test]
fn mistakes_name_their_byte() {
    use JsonErrorKind::*;
    let cases: &[(&[u8], usize, JsonErrorKind)] = &[
        (b"", 0, EndOfText),
        (b"  ", 2, EndOfText),
        (b"nul", 3, EndOfText),
        (b"nulx", 3, UnexpectedByte(b'x')),
        (b"x", 0, UnexpectedByte(b'x')),
        (b"\xef\xbb\xbf1", 0, UnexpectedByte(0xef)),
        (b"[1 2]", 3, UnexpectedByte(b'2')),
        (b"[1,]", 3, UnexpectedByte(b']')),
        (b"[,1]", 1, UnexpectedByte(b',')),
        (b"[1}", 2, UnexpectedByte(b'}')),
        (b"{\"a\" 1}", 5, UnexpectedByte(b'1')),
        (b"{\"a\":1,}", 7, UnexpectedByte(b'}')),
        (b"{a:1}", 1, UnexpectedByte(b'a')),
        (b"{\"a\":1", 6, EndOfText),
        (b"\"ab", 3, EndOfText),
        (b"\"a\nb\"", 2, ControlCharacter),
        (b"\"a\\x\"", 2, BadEscape),
        (b"\"\\u12g4\"", 1, BadEscape),
        (b"\"\\", 2, EndOfText),
        (b"\"\\ud800\"", 1, LoneSurrogate),
        (b"\"\\ud800\\u0041\"", 1, LoneSurrogate),
        (b"\"\\udc00\\ud800\"", 1, LoneSurrogate),
        (b"\"a\xff\"", 2, InvalidUtf8),
        (b"\"\xed\xa0\x80\"", 1, InvalidUtf8),
        (b"01", 1, BadNumber),
        (b"-", 1, EndOfText),
        (b"-a", 1, BadNumber),
        (b"1.", 2, EndOfText),
        (b"1.e1", 2, BadNumber),
        (b"1e+", 3, EndOfText),
        (b"1 1", 2, TrailingData),
        (b"1x", 1, TrailingData),
        (b"[[[]]]", 2, DepthLimit { limit: 2 }),
        (b"[{\"a\":[]}]", 6, DepthLimit { limit: 2 }),
    ];
    for (text, offset, kind) in cases {
        let error = JsonError { offset: *offset, kind: *kind };
        assert_eq!(skip(text, 2), Err(error), "{}", text.escape_ascii());
        assert_eq!(read(text, 2), Err(error), "{}", text.escape_ascii());
    }
}

#[test]
fn values_come_out_exact() {
    let text = br#" {"n": -12.50E+3, "s": "a\u00e9\ud83d\ude00\/\b", "d": 1, "d": [true, false, null]} "#;
    let mut scanner = Scanner::new(text, 4);
    let mut seen = Vec::new();
    let result = scanner.object(|scanner, key, offset| -> Result<(), JsonError> {
        assert_eq!(text.get(offset), Some(&b'"'));
        seen.push(match scanner.peek()? {
            Kind::Number => format!("{key}={}", scanner.number()?),
            Kind::String => format!("{key}={}", scanner.string()?),
            _ => format!("{key}={}", text.get(scanner.skip()?).unwrap_or_default().escape_ascii()),
        });
        Ok(())
    });
    assert_eq!(result.and_then(|()| scanner.finish()), Ok(()));
    assert_eq!(seen, ["n=-12.50E+3", "s=aé😀/\u{8}", "d=1", "d=[true, false, null]"]);
}

#[test]
fn plain_strings_are_borrowed() {
    assert!(matches!(Scanner::new(br#""plain""#, 0).string(), Ok(Cow::Borrowed("plain"))));
    assert!(matches!(Scanner::new(br#""""#, 0).string(), Ok(Cow::Borrowed(""))));
}

#[test]
fn a_callback_must_read_its_value() {
    let result = Scanner::new(b"[1]", 1).array(|_| Ok::<(), JsonError>(()));
    assert_eq!(result.map_err(|error| error.offset), Err(1));
}

#[test]
fn skipping_neither_recurses_nor_loops() {
    let deep = [b"[".repeat(1_000_000), b"]".repeat(1_000_000)].concat();
    assert_eq!(skip(&deep, 1_000_000), Ok(0..2_000_000));
    assert_eq!(skip(&deep, 999_999).map_err(|error| error.offset), Err(999_999));
}

fn json() -> impl Strategy<Value = String> {
    let string = any::<String>().prop_map(|text| serde_json::to_string(&text).unwrap());
    let scalar = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|truth| truth.to_string()),
        any::<i32>().prop_map(|number| number.to_string()),
        string.clone(),
        "\"(\\\\u[0-9a-d][0-9a-f]{3}|[a-z]){0,4}\"",
    ];
    scalar.prop_recursive(4, 32, 4, move |inner| {
        let member = (string.clone(), inner.clone()).prop_map(|(key, value)| format!("{key} :{value}"));
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(|elements| format!("[{}]", elements.join(" ,"))),
            prop::collection::vec(member, 0..4).prop_map(|members| format!("{{{}}}", members.join(", "))),
        ]
    })
}

proptest! {
    #[test]
    fn any_bytes_agree_with_serde_json(text in prop::collection::vec(any::<u8>(), 0..24)) {
        agrees(&text)?;
    }

    #[test]
    fn near_json_agrees_with_serde_json(text in "[\\[\\]{}:,\" 0-9.eE+\\\\u-]{0,16}") {
        agrees(text.as_bytes())?;
    }

    #[test]
    fn documents_agree_with_serde_json(text in json()) {
        let read = read(text.as_bytes(), 16).ok();
        prop_assert_eq!(&read, &expected(text.as_bytes()));
        prop_assert_eq!(skip(text.as_bytes(), 16).ok(), read.map(|_| 0..text.len()));
    }

    #[test]
    fn damaged_documents_agree_with_serde_json(text in json(), at in any::<prop::sample::Index>(), byte: u8) {
        let mut text = text.into_bytes();
        let at = at.index(text.len());
        text[at] = byte;
        agrees(&text)?;
    }
}

/// The reading and the skipping half give the same error or none, and accept what serde_json accepts.
fn agrees(text: &[u8]) -> Result<(), TestCaseError> {
    let read = read(text, 64).map(|_| ());
    prop_assert_eq!(skip(text, 64).map(|_| ()), read);
    let theirs = serde_json::from_slice::<serde_json::Value>(text);
    // Numbers beyond f64 are an error there and text here.
    let is_out_of_range = theirs.as_ref().is_err_and(|error| error.to_string().contains("out of range"));
    prop_assert!(is_out_of_range || read.is_ok() == theirs.is_ok(), "{:?} {:?}", read, theirs);
    Ok(())
}
