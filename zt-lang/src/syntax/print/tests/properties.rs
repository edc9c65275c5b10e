//! What holds for every tree and every text.

use proptest::prelude::*;

use super::*;
use crate::syntax::lex::TokenKind;

/// Texts with every kind of item, to put comments into.
const SAMPLES: &[&str] = &[include_str!("sample_documents.zt"), include_str!("sample_everything.zt")];

/// A text with a comment before some of its tokens, and line breaks and blank lines at random.
fn disturbed(text: &str, places: &[(usize, u8)]) -> String {
    let found = tokens(text);
    let mut out = String::new();
    let mut last = 0;
    for (index, token) in found.iter().enumerate() {
        out.push_str(text.get(last..token.start).unwrap());
        // Comments would become part of a doc comment's block, or end its line.
        let after_comment = index > 0 && found[index - 1].is_comment();
        for (number, (_, how)) in places.iter().filter(|(place, _)| place % found.len() == index).enumerate() {
            match how % 5 {
                0 if !after_comment => out.push_str(&format!(" // trailing {number}\n")),
                1 if !after_comment => out.push_str(&format!("\n// first column {number}\n  ")),
                2 => out.push_str(&format!("\n\n    // indented {number}\n\n    ")),
                3 => out.push_str("\n\n\n  "),
                _ => out.push_str("  "),
            }
        }
        out.push_str(token.text(text));
        if token.kind == TokenKind::Comment || token.kind == TokenKind::Doc {
            out.push('\n');
        }
        last = token.end;
    }
    out.push('\n');
    out
}

fn too_wide(text: &str) -> Option<&str> {
    text.lines().find(|line| layout::width(line) > 2 * WIDTH_MAX)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn parsing_what_was_printed_gives_the_tree(file in trees::file()) {
        let text = print(&file);
        let again = parse_whole(&text).unwrap_or_else(|diagnostics| panic!("{diagnostics:#?}\n{text}"));
        prop_assert_eq!(again, file, "\n{}", text);
    }

    #[test]
    fn formatting_what_was_printed_is_stable(file in trees::file()) {
        let once = formatted(&print(&file));
        prop_assert_eq!(formatted(&once), once);
    }

    #[test]
    fn comments_stay_and_formatting_is_idempotent(
        sample in 0..SAMPLES.len(),
        places in prop::collection::vec((any::<usize>(), any::<u8>()), 0..12),
    ) {
        let text = disturbed(SAMPLES[sample], &places);
        if parse_whole(&text).is_ok() {
            let once = formatted(&text);
            prop_assert_eq!(formatted(&once), once.clone(), "\n{}", text);
            prop_assert!(too_wide(&once).is_none());
        }
    }

    #[test]
    fn any_text_is_formatted_or_refused(text in "\\PC{0,200}") {
        if let Ok(once) = format(&text) {
            prop_assert_eq!(format(&once).unwrap(), once);
        }
    }
}

#[test]
fn comments_before_every_token_stay() {
    for sample in SAMPLES {
        let count = tokens(sample).len();
        let mut refused = 0;
        for place in 0..count {
            for how in 0..3 {
                let text = disturbed(sample, &[(place, how)]);
                if parse_whole(&text).is_err() {
                    refused += 1;
                    continue;
                }
                let once = formatted(&text);
                assert_eq!(formatted(&once), once, "\n{text}");
            }
        }
        assert!(refused * 20 < count, "{refused} of {count} places refused");
    }
}
