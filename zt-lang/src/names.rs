//! "did you mean": the nearest of the names that could stand in a place.

use crate::diag::Diagnostic;

/// Mistakes after which no nearest name is looked for: whoever has made so many mends the first ones first.
const MISTAKES_MAX: usize = 100;
/// Names of about the same length that are compared for one mistake.
const COMPARED_MAX: usize = 4096;

/// The candidate nearest to `name`, if one is near enough to be what was meant.
#[must_use]
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = name.chars().count();
    let near_enough = (length / 3).max(1);
    candidates
        .into_iter()
        .filter(|candidate| candidate.chars().count().abs_diff(length) <= near_enough && *candidate != name)
        .take(COMPARED_MAX)
        .map(|candidate| (distance(name, candidate), candidate))
        .filter(|(distance, _)| *distance <= near_enough)
        .min()
        .map(|(_, candidate)| candidate)
}

/// The same among what a policy declares, unless too many mistakes have been found already.
#[must_use]
pub fn nearest_declared<'a>(
    found: &[Diagnostic],
    name: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    if found.len() < MISTAKES_MAX { nearest(name, candidates) } else { None }
}

/// Edit distance; a difference in letter case alone counts as the least.
fn distance(a: &str, b: &str) -> usize {
    if a.eq_ignore_ascii_case(b) { 1 } else { strsim::osa_distance(a, b) }
}

/// Names that a message lists; of more it says how many.
const LISTED_MAX: usize = 24;

/// `` `a`, `b` or `c` ``
#[must_use]
pub fn listed<S: AsRef<str>>(names: &[S], joiner: &str) -> String {
    let quoted = |names: &[S]| names.iter().map(|name| format!("`{}`", name.as_ref())).collect::<Vec<_>>().join(", ");
    match names.split_last() {
        None => String::new(),
        Some((last, [])) => format!("`{}`", last.as_ref()),
        Some((last, rest)) if rest.len() < LISTED_MAX => format!("{} {joiner} `{}`", quoted(rest), last.as_ref()),
        Some(_) => {
            let (first, rest) = names.split_at(LISTED_MAX.min(names.len()));
            format!("{} {joiner} {} more", quoted(first), rest.len())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::Code;
    use crate::span::{FileId, Span};

    #[test]
    fn the_nearest_is_near() {
        assert_eq!(nearest("clearence", ["owner", "clearance", "clear"]), Some("clearance"));
        assert_eq!(nearest("MFA", ["mfa", "mfb"]), Some("mfa"));
        assert_eq!(nearest("mfa", ["owner", "x"]), None);
        assert_eq!(nearest("mfa", ["mfa"]), None);
    }

    #[test]
    fn it_is_not_looked_for_without_end() {
        let mistake = Diagnostic::new(Code::UNKNOWN_NAME, Span::new(FileId::default(), 0, 0), "x");
        let found = |count| nearest_declared(&vec![mistake.clone(); count], "mfb", ["mfa"]);
        assert_eq!((found(99), found(100)), (Some("mfa"), None));
        let others: Vec<String> = (0..COMPARED_MAX).map(|number| format!("n{number:07}")).collect();
        let all = others.iter().map(|name| &**name).chain(["abcdefgi"]);
        assert_eq!(nearest("abcdefgh", all.clone()), None);
        assert_eq!(nearest("abcdefgh", all.skip(1)), Some("abcdefgi"));
    }

    #[test]
    fn lists_end() {
        assert_eq!(listed::<&str>(&[], "and"), "");
        assert_eq!(listed(&["a"], "and"), "`a`");
        assert_eq!(listed(&["a", "b", "c"], "or"), "`a`, `b` or `c`");
        let many = vec!["x"; 30];
        assert!(listed(&many[..24], "and").ends_with("`x` and `x`"));
        assert!(listed(&many, "and").ends_with("`x` and 6 more"));
    }
}
