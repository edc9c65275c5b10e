//! Paths.

use zt_eval::value::Path;

use super::super::super::path::*;
use super::*;

fn check(text: &str) {
    start();
    let read = parsed(text, path_parse);
    let expected = Path::parse(text);
    assert_eq!(read.is_some(), expected.is_some(), "{text:?}");
    if let (Some(cell), Some(path)) = (read, expected) {
        assert_eq!((env::ld32(cell), text_of(cell).as_str()), (T_PATH, path.as_str()));
        assert_eq!(written(|| out_path(cell)), serde_json::to_string(&path.to_string()).unwrap());
    }
}

#[test]
fn paths_of_every_form_are_read() {
    let texts = [
        "", "/", "//", "a", "%2f", "/a", "/a/", "/a//", "/a//b", "//a", "/.", "/..", "/...", "/.a", "/..a", "/./a", "/../a", "/a/.",
        "/a/..", "/a/./", "/.;x", "/..;x", "/.;/a", "/a;..", "/;", "/;/.", "/...;", "/.%3b", "/%2e", "/%2e%2e", "/%2E.", "/.%2e/a",
        "/%2e%3b", "/a%2fb", "/a%2Fb", "/a%5cb", "/a\\b", "/a?b", "/a#b", "/a%3fb", "/a%23b", "/a%25b", "/a%252fb", "/a%", "/a%2",
        "/a%2g", "/a%g2", "/a%/2", "/%00", "/%1f", "/%7f", "/%c2%80", "/%c2%9f", "/%c2%a0", "/\u{80}", "/\u{9f}", "/\u{a0}", "/\u{7f}",
        "/\u{1}", "/é", "/%c3%a9", "/%c3", "/%c3/%a9", "/%a9", "/\u{c3}%a9", "/%ed%a0%80", "/%f0%9f%a6%80", "/%c0%af", "/%c3é",
        "/a b", "/a%20b", "/\"", "/%22%25", "/%/a", "/a/%2e%2e/b", "/%2e%2e%2f", "/a%2", "/a/b%3F%23%25/c?", "/a%20#", "/a%20?x",
    ];
    for text in texts {
        check(text);
    }
}

proptest! {
    #[test]
    fn paths_are_read_and_written(text in "/?[a.:/%;2eF é\"-]{0,12}") {
        check(&text);
    }

    #[test]
    fn paths_near_canonical_ones_are_read(text in nearly("(/[a-z0-9.;é]{1,6}(%[2-7cC][0-9a-fA-F]){0,2}){0,4}/?".boxed(), "/.%;?#\\25ce\u{7f}\u{85}\u{1}\"é")) {
        check(&text);
    }

    #[test]
    fn encoded_bytes_are_read(bytes in prop::collection::vec(any::<u8>(), 0..6), text in "[a-zé漢]{0,3}") {
        let encoded: String = bytes.iter().map(|byte| format!("%{byte:02x}")).collect();
        check(&format!("/{text}{encoded}{text}"));
        let encoded: String = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
        check(&format!("/{encoded}/{text}"));
    }
}
