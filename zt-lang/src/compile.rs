//! From text to a compiled policy in one go, without holding all of it in between.
//!
//! The stages of [`parse`](crate::parse) each give the whole policy in another form, for whoever wants to look at it. Who
//! wants only the graph need not pay for that: here the declarations are read first, then each block of rules is parsed,
//! checked, lowered and forgotten. Both ways call the same functions on each rule and give the same policy with the same
//! warnings. Whatever needs rules beside each other (mistakes, tests, overriding, delegation) is left to the stages.

use std::collections::{BTreeSet, HashSet};
use std::ops::Range;
use std::sync::Arc;

use crate::diag::{Diagnostic, Severity};
use crate::hir;
use crate::library;
use crate::lint::{self, Summary};
use crate::lower::Lowerer;
use crate::package::{PackageId, Packages, assemble, used_library};
use crate::pipeline::{Options, Report, parse, sorted};
use crate::resolve::{Declared, Resolved, resolve};
use crate::source::Sources;
use crate::span::{FileId, Span};
use crate::syntax::{self, ast};
use crate::typecheck::Session;

/// A compiled policy, with the warnings about it.
#[derive(Clone, Debug)]
pub struct Compiled {
    /// The policy.
    pub policy: zt_eval::Policy,
    /// The warnings, with the text that they are about.
    pub warnings: Report,
}

/// Compiles a policy.
///
/// ```
/// use zt_lang::{Options, Sources, compile};
/// let text = "package door\nentity User\nentity Door\naction open: User -> Door\nallow enter: open";
/// let compiled = compile(Sources::single("door.zt", text), &Options::default())?;
/// assert_eq!(compiled.policy.rules().len(), 1);
/// # Ok::<(), zt_lang::Report>(())
/// ```
///
/// # Errors
///
/// Everything that was found, if any of it is an error.
pub fn compile(sources: Sources, options: &Options) -> Result<Compiled, Report> {
    if let Some(compiled) = straight(&sources, options) {
        return Ok(compiled);
    }
    let checked = parse(sources, options).typecheck()?;
    Ok(Compiled { policy: checked.lower()?, warnings: checked.warnings().clone() })
}

/// Files without their rules, and where those are.
#[derive(Default)]
struct Skimmed {
    files: Vec<(FileId, ast::File)>,
    /// By file, as in `files`.
    blocks: Vec<Vec<Range<usize>>>,
}

/// The policy, unless the stages are needed for it.
fn straight(sources: &Sources, options: &Options) -> Option<Compiled> {
    let mut sources = sources.clone();
    let skimmed = skim(&mut sources, options)?;
    let mut diagnostics = Vec::new();
    let packages = assemble(&skimmed.files, &mut diagnostics);
    if packages.list.iter().any(|package| package.delegation.is_some()) {
        return None;
    }
    let order = blocks_in_order(&packages, &skimmed);
    let mut resolved = resolve(packages, &mut diagnostics);
    if has_errors(&diagnostics) || !resolved.tests.is_empty() {
        return None;
    }
    let rules = Rules { sources: &sources, options, order };
    let policy = rules.compile(&mut resolved, &mut diagnostics)?;
    drop(resolved);
    drop(skimmed);
    Some(Compiled { policy, warnings: sorted(sources, diagnostics) })
}

fn has_errors(diagnostics: &[Diagnostic]) -> bool {
    diagnostics.iter().any(|diagnostic| diagnostic.severity() == Severity::Error)
}

/// Reads all files but their rules, and the packages of the built-in library that they use.
fn skim(sources: &mut Sources, options: &Options) -> Option<Skimmed> {
    let mut skimmed = Skimmed::default();
    let mut known = BTreeSet::new();
    loop {
        let pending: Vec<FileId> = sources.iter().map(|(id, _)| id).skip(skimmed.files.len()).collect();
        if pending.is_empty() {
            return Some(skimmed);
        }
        for id in pending {
            let source = sources.get(id).filter(|source| source.invalid_at.is_none())?;
            let (items, blocks) = syntax::skim(id, &source.text, &options.syntax)?;
            skimmed.files.push((id, ast::File { items, broken: Vec::new() }));
            skimmed.blocks.push(blocks);
        }
        for name in used_library(skimmed.files.iter().map(|(_, file)| file)) {
            let text = library::find(&name);
            if let Some((file, text)) = text.filter(|_| known.insert(name)) {
                sources.add(file, text.as_bytes());
            }
        }
    }
}

/// A block of rules, and the package that they are of.
struct Block {
    package: PackageId,
    file: FileId,
    range: Range<usize>,
}

/// The blocks in the order in which the stages take rules: by package, then by file.
fn blocks_in_order(packages: &Packages<'_>, skimmed: &Skimmed) -> Vec<Block> {
    let mut order = Vec::new();
    for (package, file) in packages.iter().flat_map(|(id, package)| package.files.iter().map(move |file| (id, *file))) {
        let found = skimmed.files.iter().zip(&skimmed.blocks).find(|((_, skimmed), _)| std::ptr::eq(skimmed, file));
        let Some(((id, _), ranges)) = found else { continue };
        order.extend(ranges.iter().map(|range| Block { package, file: *id, range: range.clone() }));
    }
    order
}

struct Rules<'s> {
    sources: &'s Sources,
    options: &'s Options,
    order: Vec<Block>,
}

impl Rules<'_> {
    fn compile(&self, resolved: &mut Resolved<'_>, diagnostics: &mut Vec<Diagnostic>) -> Option<zt_eval::Policy> {
        let (limits, clock_skew) = (&self.options.limits, self.options.clock_skew);
        let mut warnings = Vec::new();
        let mut summary = Summary::default();
        let mut names: HashSet<(PackageId, Arc<str>)> = HashSet::new();
        let mut session = Session::begin(resolved, self.sources, limits, diagnostics);
        let mut lowerer = Lowerer::new(session.name(), session.schema(), session.functions(), limits, clock_skew);
        for block in &self.order {
            let mut checked = Vec::new();
            for item in &self.items(block)? {
                let ast::ItemKind::Rule(node) = &item.kind else { continue };
                if !names.insert((block.package, node.name.node.clone())) {
                    return None;
                }
                let rule = session.rule(&Declared { package: block.package, item, node });
                summary.note(&rule, block.package);
                checked.push(rule);
            }
            self.lower(&session, &checked, &mut lowerer, &mut warnings)?;
        }
        drop(names);
        let (functions, schema) = session.end()?;
        lint::whole(resolved, &functions, &schema, &summary, &mut warnings);
        drop((functions, schema));
        diagnostics.append(&mut warnings);
        lowerer.finish(Span::default()).ok()
    }

    fn items(&self, block: &Block) -> Option<Vec<ast::Item>> {
        let text = &self.sources.get(block.file)?.text;
        syntax::rules(block.file, text, block.range.clone(), &self.options.syntax)
    }

    fn lower(
        &self,
        session: &Session<'_, '_>,
        rules: &[hir::Rule],
        lowerer: &mut Lowerer,
        warnings: &mut Vec<Diagnostic>,
    ) -> Option<()> {
        if session.has_errors() {
            return None;
        }
        rules.iter().for_each(|rule| lint::rule(session.schema(), rule, warnings));
        lowerer.rules(session.functions(), rules, &self.options.limits).ok()
    }
}

#[cfg(test)]
mod tests;
