//! Which of many files make a policy together: for tools that are given a folder of several policies.
//!
//! Works on tokens, so that a file with mistakes finds its policy all the same.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::source::{SourceFile, Sources};
use crate::syntax::lex::{Token, TokenKind, tokens};

/// Splits files into policies: one for each package that no other package uses, with all the packages it uses, in the
/// order of the roots' first files. Packages that only use each other make a policy together. Files keep their order.
///
/// ```
/// let mut sources = zt_lang::Sources::new();
/// sources.add("a.zt", b"package a  use shared");
/// sources.add("b.zt", b"package b  use shared");
/// sources.add("shared.zt", b"package shared");
/// let policies = zt_lang::policies(&sources);
/// assert_eq!(policies.len(), 2);
/// assert!(policies.iter().all(|policy| policy.iter().count() == 2));
/// ```
#[must_use]
pub fn policies(sources: &Sources) -> Vec<Sources> {
    let packages = packages(sources);
    let used: BTreeSet<&Arc<str>> =
        packages.iter().flat_map(|(name, package)| package.uses.iter().filter(move |used| *used != name)).collect();
    let mut roots: Vec<(&Arc<str>, &Package)> = packages.iter().collect();
    roots.sort_by_key(|(name, package)| (used.contains(name), package.files.first().copied()));
    let mut reached = BTreeSet::new();
    let mut policies = Vec::new();
    for (root, _) in roots {
        if used.contains(root) && reached.contains(root) {
            continue;
        }
        let members = closure(&packages, root);
        policies.push(subset(sources, &packages, &members));
        reached.extend(members);
    }
    policies
}

/// What a package's files say of it.
#[derive(Default)]
struct Package {
    files: Vec<usize>,
    uses: BTreeSet<Arc<str>>,
}

fn packages(sources: &Sources) -> BTreeMap<Arc<str>, Package> {
    let mut packages: BTreeMap<Arc<str>, Package> = BTreeMap::new();
    for (index, (_, file)) in sources.iter().enumerate() {
        let (name, uses) = head(file);
        let package = packages.entry(name).or_default();
        package.files.push(index);
        package.uses.extend(uses);
    }
    packages
}

/// The package that a file belongs to, and those that it uses.
fn head(file: &SourceFile) -> (Arc<str>, Vec<Arc<str>>) {
    let tokens: Vec<Token> = tokens(&file.text).into_iter().filter(|token| !token.is_comment()).collect();
    let mut name = None;
    let mut uses = Vec::new();
    let mut depth = 0_u32;
    let mut is_member = false;
    for (index, token) in tokens.iter().enumerate() {
        let text = token.text(&file.text);
        match token.kind {
            TokenKind::Open => depth = depth.saturating_add(1),
            TokenKind::Close => depth = depth.saturating_sub(1),
            TokenKind::Word if depth == 0 && !is_member && text == "package" && name.is_none() => {
                name = dotted(&tokens, index + 1, &file.text);
            }
            TokenKind::Word if depth == 0 && !is_member && text == "use" => {
                uses.extend(dotted(&tokens, index + 1, &file.text));
            }
            _ => {}
        }
        is_member = token.kind == TokenKind::Punct && text == ".";
    }
    (name.unwrap_or_else(|| "policy".into()), uses)
}

/// The dotted name that starts at a token.
fn dotted(tokens: &[Token], start: usize, source: &str) -> Option<Arc<str>> {
    let mut name = String::new();
    for pair in tokens.get(start..)?.chunks(2) {
        let word = pair.first().filter(|token| matches!(token.kind, TokenKind::Word | TokenKind::Quoted))?;
        name.push_str(word.text(source).trim_matches('`'));
        if pair.get(1).is_none_or(|token| token.text(source) != ".") {
            break;
        }
        name.push('.');
    }
    Some(name.into())
}

/// A package and all that it uses, directly or not, as far as they are among the files.
fn closure(packages: &BTreeMap<Arc<str>, Package>, root: &Arc<str>) -> BTreeSet<Arc<str>> {
    let mut members = BTreeSet::new();
    let mut pending = vec![root.clone()];
    while let Some(name) = pending.pop() {
        if let Some(package) = packages.get(&name)
            && members.insert(name)
        {
            pending.extend(package.uses.iter().cloned());
        }
    }
    members
}

fn subset(sources: &Sources, packages: &BTreeMap<Arc<str>, Package>, members: &BTreeSet<Arc<str>>) -> Sources {
    let of_members = packages.iter().filter(|(name, _)| members.contains(*name));
    let files: BTreeSet<usize> = of_members.flat_map(|(_, package)| package.files.iter().copied()).collect();
    let chosen = sources.iter().enumerate().filter(|(index, _)| files.contains(index));
    chosen.map(|(_, (_, file))| file.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(texts: &[&str]) -> Vec<Vec<String>> {
        let mut sources = Sources::new();
        for (index, text) in texts.iter().enumerate() {
            sources.add(&index.to_string(), text.as_bytes());
        }
        let policies = policies(&sources);
        policies.iter().map(|policy| policy.iter().map(|(_, file)| file.name.to_string()).collect()).collect()
    }

    #[test]
    fn one_policy_stays_whole_whatever_uses_what() {
        assert_eq!(split(&["package a  use b.c as d", "package b.c", "package a"]), [["0", "1", "2"]]);
        assert_eq!(split(&["package a  use a"]), [["0"]]);
        assert_eq!(split(&["allow x: y"]), [["0"]]);
        assert!(split(&[]).is_empty());
    }

    #[test]
    fn shared_packages_join_each_policy_that_uses_them() {
        let texts = ["package b  use lib", "package lib  use base", "package a  use lib", "package base"];
        assert_eq!(split(&texts), [["0", "1", "3"], ["1", "2", "3"]]);
    }

    #[test]
    fn circles_are_not_lost() {
        assert_eq!(split(&["package a  use b", "package b  use a", "package c"]), [vec!["2"], vec!["0", "1"]]);
    }

    #[test]
    fn words_that_only_look_like_clauses_do_not_count() {
        let text = "package a // use b\nrecord R { use: String package: b }\nfn f(r: R) = r.use b";
        assert_eq!(split(&[text, "package b"]), [["0"], ["1"]]);
    }

    #[test]
    fn broken_files_stay_with_their_package() {
        assert_eq!(split(&["package a  use b\nallow (((", "package b\n}}}"]), [["0", "1"]]);
    }
}
