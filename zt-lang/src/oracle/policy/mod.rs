//! Well-typed policies.
//!
//! A policy is written as text, so that the parser and the checker are part of what is tested. It must compile: if it does
//! not, this generator or the checker is wrong about the language.

mod condition;
mod crowd;
mod expr;
mod rule;
mod scope;
mod vocabulary;

use zt_eval::schema::{Schema, Type};

use super::choices::Choices;
use crate::source::Sources;
use scope::Fact;

/// A generated policy: its files by name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Files(pub Vec<(String, String)>);

impl Files {
    /// The files as what a compiler reads.
    #[must_use]
    pub fn sources(&self) -> Sources {
        let mut sources = Sources::new();
        for (name, text) in &self.0 {
            sources.add(name, text.as_bytes());
        }
        sources
    }
}

impl std::fmt::Display for Files {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|(name, text)| writeln!(f, "// ---- {name}\n{text}"))
    }
}

/// A condition, and what it says about what follows it.
struct Condition {
    text: String,
    /// Where it is true.
    holds: Vec<Fact>,
    /// Where it is false.
    fails: Vec<Fact>,
}

/// A `let`, a parameter or a function.
#[derive(Clone)]
struct Named {
    name: String,
    params: Vec<Type>,
    ty: Type,
    verified: bool,
}

/// Who writes.
struct Author<'c, 'b> {
    choices: &'c mut Choices<'b>,
    schema: &'c Schema,
    groups: &'c [(&'static str, Vec<usize>)],
    named: Vec<Named>,
    names: u32,
}

impl Author<'_, '_> {
    /// A name that nothing has yet.
    fn fresh(&mut self, prefix: &str) -> String {
        self.names += 1;
        format!("{prefix}{}", self.names)
    }
}

/// A policy that the choices make.
#[must_use]
pub fn policy(choices: &mut Choices<'_>) -> Files {
    write(choices, |author, declarations| author.files(declarations))
}

/// A policy of many rules over few slots that the choices make.
#[must_use]
pub fn crowded(choices: &mut Choices<'_>) -> Files {
    write(choices, |author, declarations| author.crowded_files(declarations))
}

fn write(choices: &mut Choices<'_>, files: impl FnOnce(&mut Author<'_, '_>, &str) -> Vec<(String, String)>) -> Files {
    let vocabulary = vocabulary::vocabulary(choices);
    let params = vocabulary.schema.params.iter();
    let named = params.map(|param| Named {
        name: param.name.to_string(),
        params: Vec::new(),
        ty: param.ty.clone(),
        verified: true,
    });
    let named = named.collect();
    let mut author = Author { choices, schema: &vocabulary.schema, groups: &vocabulary.groups, named, names: 0 };
    Files(files(&mut author, &vocabulary.text))
}
