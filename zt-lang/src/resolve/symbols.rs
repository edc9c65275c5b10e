//! The table of declared names.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use zt_eval::id::{ActionId, EntityTypeId, EnumId, ObligationId, ParamId, RecordId, SourceId};

use crate::package::{PackageId, Packages};
use crate::span::Span;

/// Names of different namespaces do not meet.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Namespace {
    Type,
    Value,
    Action,
    Source,
    Obligation,
    Rule,
}

/// What a name stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Def {
    Enum(EnumId),
    Entity(EntityTypeId),
    Record(RecordId),
    /// A function or a `let`, by position among both.
    Function(usize),
    Param(ParamId),
    Action(ActionId),
    /// An action group, by position.
    Group(usize),
    Source(SourceId),
    Obligation(ObligationId),
    /// A rule, by position.
    Rule(usize),
}

/// A declared name.
#[derive(Debug)]
pub struct Symbol {
    /// The name.
    pub name: Arc<str>,
    /// What it stands for.
    pub def: Def,
    /// Where it is declared.
    pub span: Span,
    /// The package that declares it.
    pub package: PackageId,
    /// Whether anything names it.
    pub used: Cell<bool>,
}

/// The declared names of all packages, and what each package can see.
#[derive(Debug, Default)]
pub struct Symbols {
    /// In the order of their declaration.
    symbols: Vec<(Namespace, Symbol)>,
    /// Positions in `symbols`.
    table: HashMap<(PackageId, Namespace), HashMap<Arc<str>, usize>>,
    /// By package: names of the packages it uses, by alias and by full name.
    aliases: Vec<HashMap<Arc<str>, PackageId>>,
    /// By package: who delegates to it.
    delegators: Vec<Option<PackageId>>,
    /// (user, used): that a name of `used` was written in `user`.
    named: RefCell<BTreeSet<(PackageId, PackageId)>>,
}

impl Symbols {
    /// A table without names that knows who sees whom.
    #[must_use]
    pub fn new(packages: &Packages<'_>) -> Self {
        let aliases = packages.list.iter().map(|package| {
            let full = |id: PackageId| packages.get(id).map(|used| used.name.clone()).unwrap_or_default();
            let pairs = package
                .uses
                .iter()
                .flat_map(|used| [(used.alias.clone(), used.package), (full(used.package), used.package)]);
            pairs.collect()
        });
        let delegators = packages.list.iter().map(|package| package.delegation.map(|delegation| delegation.by));
        Self { aliases: aliases.collect(), delegators: delegators.collect(), ..Self::default() }
    }

    /// Adds a name; gives back the earlier symbol if there is one.
    pub fn insert(&mut self, namespace: Namespace, symbol: Symbol) -> Result<(), Span> {
        let names = self.table.entry((symbol.package, namespace)).or_default();
        if let Some((_, earlier)) = names.get(&symbol.name).and_then(|at| self.symbols.get(*at)) {
            return Err(earlier.span);
        }
        names.insert(symbol.name.clone(), self.symbols.len());
        self.symbols.push((namespace, symbol));
        Ok(())
    }

    /// What a dotted name means in `package`, and marks it as used.
    #[must_use]
    pub fn find(&self, package: PackageId, namespace: Namespace, segments: &[&str]) -> Option<&Symbol> {
        let (last, qualifier) = segments.split_last()?;
        if qualifier.is_empty() {
            return self.visible_from(package).find_map(|seen| self.get(seen, namespace, last));
        }
        let target = self.find_package(package, qualifier)?;
        let found = self.get(target, namespace, last);
        if found.is_some() {
            self.named.borrow_mut().insert((package, target));
        }
        found
    }

    /// The package that a dotted name means in `package`.
    #[must_use]
    pub fn find_package(&self, package: PackageId, qualifier: &[&str]) -> Option<PackageId> {
        let text = qualifier.join(".");
        self.visible_from(package).find_map(|seen| self.aliases.get(seen.0)?.get(text.as_str()).copied())
    }

    /// The names of a namespace that can be written in `package`, for suggestions.
    pub fn candidates(&self, package: PackageId, namespace: Namespace) -> impl Iterator<Item = &str> {
        let seen: Vec<PackageId> = self.visible_from(package).collect();
        let inside = move |symbol: &Symbol| seen.contains(&symbol.package);
        let symbols = self.symbols.iter().filter(move |(found, symbol)| *found == namespace && inside(symbol));
        symbols.map(|(_, symbol)| &*symbol.name)
    }

    /// Every symbol with its namespace, in the order of declaration.
    pub fn iter(&self) -> impl Iterator<Item = (Namespace, &Symbol)> {
        self.symbols.iter().map(|(namespace, symbol)| (*namespace, symbol))
    }

    /// Whether a name of `used` was written in `user`.
    #[must_use]
    pub fn names_package(&self, user: PackageId, used: PackageId) -> bool {
        self.named.borrow().contains(&(user, used))
    }

    /// The package itself, then those whose vocabulary it speaks because they delegate to it.
    fn visible_from(&self, package: PackageId) -> impl Iterator<Item = PackageId> + '_ {
        let next = move |seen: &PackageId| self.delegators.get(seen.0).copied().flatten();
        std::iter::successors(Some(package), next).take(self.delegators.len().max(1))
    }

    fn get(&self, package: PackageId, namespace: Namespace, name: &str) -> Option<&Symbol> {
        let at = self.table.get(&(package, namespace))?.get(name)?;
        let (_, symbol) = self.symbols.get(*at)?;
        symbol.used.set(true);
        Some(symbol)
    }
}
