//! What the codes mean with which requests and data are refused: `R0101` and so on.
//!
//! Unlike mistakes in policies, these are told with their place and their cause; a few lines on each are enough.

/// All pages, one behind the other.
const PAGES: &str = include_str!("refusals.md");

/// What a code means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Refusal {
    pub code: &'static str,
    pub title: &'static str,
    /// In Markdown, with a heading.
    pub page: &'static str,
}

/// The refusals by code.
pub fn all() -> impl Iterator<Item = Refusal> {
    let pages = PAGES.split("\n## ").skip(1);
    pages.filter_map(|page| {
        let heading = page.lines().next()?;
        let (code, title) = heading.split_once(": ")?;
        Some(Refusal { code, title, page })
    })
}

/// The refusal with this code, in any case.
pub fn find(code: &str) -> Option<Refusal> {
    all().find(|refusal| refusal.code.eq_ignore_ascii_case(code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_of_the_reference_has_a_page_of_the_same_title() {
        let reference = include_str!("../../../grammar/requests.md");
        let rows = reference.lines().filter_map(|line| line.strip_prefix("| R")?.strip_suffix(" |")?.split_once(" | "));
        let rows: Vec<_> = rows.map(|(code, title)| (format!("R{code}"), title)).collect();
        assert_eq!(rows.len(), 20);
        assert_eq!(all().count(), rows.len());
        for ((code, title), refusal) in rows.iter().zip(all()) {
            assert_eq!(refusal.code, code);
            assert!(title.starts_with(refusal.title.split(',').next().unwrap()), "{code}: {title}");
            assert!(refusal.page.lines().count() > 3 && refusal.page.ends_with('\n'), "{code}");
        }
    }
}
