//! Makes a matcher of `grammar/zt.pest`.
//!
//! The grammar is the only description of the language. From it pest makes a parser that tells what could have stood where
//! a text goes wrong, and keeping account of that takes most of its time. This makes a second one that keeps no such
//! account: it accepts the same texts with the same productions, and texts that it refuses are left to pest to explain.

mod emit;
mod first;
mod set;

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;
use std::{env, fs};

use pest_meta::ast::{Expr, RuleType};
use pest_meta::parser::{Rule, consume_rules, parse};

/// Where the grammar is, from the manifest's folder.
const GRAMMAR: &str = "../grammar/zt.pest";

/// The productions that texts are matched against as a whole.
const ROOTS: [&str; 2] = ["alone", "item"];

/// The productions of a grammar, by name.
struct Grammar(BTreeMap<String, Production>);

struct Production {
    kind: RuleType,
    expr: Expr,
}

impl Grammar {
    fn of(text: &str) -> Result<Self, Box<dyn Error>> {
        let pairs = parse(Rule::grammar_rules, text).map_err(|error| error.to_string())?;
        let rules = consume_rules(pairs).map_err(|errors| format!("{errors:?}"))?;
        let productions = rules.into_iter().map(|rule| (rule.name, Production { kind: rule.ty, expr: rule.expr }));
        Ok(Self(productions.collect()))
    }

    fn get(&self, name: &str) -> Result<&Production, Box<dyn Error>> {
        self.0.get(name).ok_or_else(|| format!("the grammar has no production `{name}`").into())
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={GRAMMAR}");
    println!("cargo::rerun-if-changed=build");
    let grammar = Grammar::of(&fs::read_to_string(GRAMMAR)?)?;
    let matcher = emit::matcher(&grammar, &ROOTS)?;
    fs::write(Path::new(&env::var("OUT_DIR")?).join("matcher.rs"), matcher)?;
    Ok(())
}
