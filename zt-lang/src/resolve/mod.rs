//! Names: what the packages declare, under which ids, and what a name means where it stands.
//!
//! Resolving makes two passes. [`collect`] gives every declaration its id, so that declarations may stand in any order;
//! [`schema`] then resolves the types within them. Freshness, step-up and defaults hold expressions: the checker adds them.

mod collect;
mod schema;
mod symbols;

use std::collections::HashMap;

use zt_eval::id::{ActionId, EntityTypeId};
use zt_eval::schema::Schema;

use crate::diag::Diagnostic;
use crate::package::{PackageId, Packages};
use crate::span::Span;
use crate::syntax::ast;

pub use schema::{entity_type, error_type, find_action, resolve_type, segments};
pub use symbols::{Def, Namespace, Symbol, Symbols};

/// The declarations of a policy, named and typed, with the expressions in them not yet checked.
#[derive(Debug)]
pub struct Resolved<'a> {
    /// The packages, root first.
    pub packages: Packages<'a>,
    /// What names mean.
    pub symbols: Symbols,
    /// Declared types; attributes still without freshness and step-up, parameters without defaults.
    pub schema: Schema,
    /// Functions and `let`s.
    pub functions: Vec<FunctionDecl<'a>>,
    /// Parameters, by id.
    pub params: Vec<Declared<'a, ast::Param>>,
    /// Attributes with their places in the schema.
    pub attributes: Vec<AttributeDecl<'a>>,
    /// The places of attributes.
    pub attribute_spans: HashMap<(Owner, u32), Span>,
    /// Action groups, resolved to the actions in them, sorted.
    pub groups: Vec<Vec<ActionId>>,
    /// Rules in source order.
    pub rules: Vec<Declared<'a, ast::Rule>>,
    /// Tests in source order.
    pub tests: Vec<Declared<'a, ast::Test>>,
    /// Proofs in source order.
    pub proofs: Vec<Declared<'a, ast::Prove>>,
}

/// A declaration with the package and the item that it stands in.
#[derive(Debug)]
pub struct Declared<'a, T> {
    /// Its package.
    pub package: PackageId,
    /// Its item.
    pub item: &'a ast::Item,
    /// The declaration.
    pub node: &'a T,
}

/// A function, or a `let`, which is a function without parameters.
#[derive(Debug)]
pub struct FunctionDecl<'a> {
    /// Its package.
    pub package: PackageId,
    /// Its name.
    pub name: &'a ast::Ident,
    /// Its parameters.
    pub params: &'a [ast::Field],
    /// The type that a `let` states.
    pub ty: Option<&'a ast::Spanned<ast::Type>>,
    /// Its body.
    pub body: &'a ast::Expr,
    /// Whether it is a `let`.
    pub is_let: bool,
}

/// Whose attribute an attribute is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Owner {
    /// An entity type's.
    Entity(EntityTypeId),
    /// The context's.
    Context,
}

/// An attribute's declaration and its place in the schema.
#[derive(Debug)]
pub struct AttributeDecl<'a> {
    /// Its package.
    pub package: PackageId,
    /// Whose it is.
    pub owner: Owner,
    /// Its position there.
    pub index: u32,
    /// The declaration.
    pub node: &'a ast::Attribute,
}

impl Resolved<'_> {
    /// The actions that a name of an action or a group stands for.
    #[must_use]
    pub fn actions(&self, def: Def) -> Vec<ActionId> {
        match def {
            Def::Action(id) => vec![id],
            Def::Group(index) => self.groups.get(index).cloned().unwrap_or_default(),
            _ => Vec::new(),
        }
    }

    /// The place of an attribute's declaration.
    #[must_use]
    pub fn attribute_span(&self, owner: Owner, index: u32) -> Option<Span> {
        self.attribute_spans.get(&(owner, index)).copied()
    }
}

/// Resolves the declarations of `packages`.
pub fn resolve<'a>(packages: Packages<'a>, diagnostics: &mut Vec<Diagnostic>) -> Resolved<'a> {
    let mut resolved = collect::collect(packages, diagnostics);
    schema::fill(&mut resolved, diagnostics);
    resolved
}
