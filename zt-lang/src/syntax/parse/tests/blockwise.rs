//! Reading block by block gives what reading the whole gives.

use std::path::Path;

use super::matching::policies;
use crate::span::FileId;
use crate::syntax::lex::tokens;
use crate::syntax::parse::{SyntaxLimits, in_blocks, whole};

/// What blocks of every size make of a text, if they can read it, is what the whole makes of it; tells whether they can.
fn agree(text: &str) -> bool {
    let limits = SyntaxLimits::default();
    let (file, diagnostics) = whole(FileId(0), text, &limits);
    for size in [1, 40] {
        match in_blocks(FileId(0), text, &limits, size) {
            Some(items) => {
                assert_eq!(diagnostics.len(), 0, "{text}");
                // Equality ignores places.
                assert_eq!(format!("{items:?}"), format!("{:?}", file.items), "{text}");
            }
            None => assert_ne!(diagnostics.len(), 0, "{text}"),
        }
    }
    diagnostics.is_empty()
}

fn texts() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut texts = Vec::new();
    ["../examples", "src/library", "tests"].iter().for_each(|folder| policies(&root.join(folder), &mut texts));
    texts
}

#[test]
fn on_every_policy() {
    let read = texts().iter().filter(|text| agree(text)).count();
    assert!(read > 20, "{read}");
}

#[test]
fn on_policies_that_lack_a_token_or_have_one_too_many() {
    let mut texts = texts();
    texts.sort_by_key(String::len);
    for text in texts.iter().filter(|text| text.len() > 200).take(12) {
        for token in tokens(text).iter().step_by(5) {
            let (before, after) = (&text[..token.start], &text[token.end..]);
            agree(&format!("{before}{after}"));
            for more in ["@", "(", "}", "\n", "never", "test", "\ncontext {"] {
                agree(&format!("{before}{more} {}", &text[token.start..]));
            }
        }
    }
}

#[test]
fn annotations_and_comments_belong_to_what_follows() {
    let text = "package p\n/// Doc.\n@a(\"b\")\nallow r: any\n// c\n/// More.\nallow s: any\n@c\n allow t: any\nallow u: any // end";
    assert!(agree(text));
    let items = in_blocks(FileId(0), text, &SyntaxLimits::default(), 1).unwrap();
    let docs: Vec<_> = items.iter().map(|item| item.doc.as_deref()).collect();
    assert_eq!(docs, [None, Some("Doc."), Some("More."), None, None]);
}
