//! First pass: every declaration gets its id and its symbol.

use std::cell::Cell;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use zt_eval::id::{ActionId, EntityTypeId, EnumId, ObligationId, ParamId, RecordId, SourceId};
use zt_eval::schema::{self, Schema, Type};

use super::{AttributeDecl, Declared, Def, FunctionDecl, Namespace, Owner, Resolved, Symbol, Symbols};
use crate::diag::{Code, Diagnostic};
use crate::package::{PackageId, Packages};
use crate::span::Span;
use crate::syntax::ast::{self, ItemKind};

/// Collects the declarations of all packages.
pub fn collect<'a>(packages: Packages<'a>, diagnostics: &mut Vec<Diagnostic>) -> Resolved<'a> {
    let symbols = Symbols::new(&packages);
    let pep = schema::Source { name: "pep".into(), verified: true, complete: false };
    let schema = Schema { sources: vec![pep], ..Schema::default() };
    let items: Vec<(PackageId, &'a ast::Item)> = packages
        .iter()
        .flat_map(|(id, package)| {
            package.files.iter().flat_map(move |file| file.items.iter().map(move |item| (id, item)))
        })
        .collect();
    let resolved = Resolved {
        packages,
        symbols,
        schema,
        functions: Vec::new(),
        params: Vec::new(),
        attributes: Vec::new(),
        attribute_spans: HashMap::new(),
        groups: Vec::new(),
        rules: Vec::new(),
        tests: Vec::new(),
        proofs: Vec::new(),
    };
    let mut collector = Collector { resolved, placed: HashMap::new(), diagnostics };
    for (package, item) in items {
        collector.item(package, item);
    }
    collector.resolved
}

struct Collector<'a, 'd> {
    resolved: Resolved<'a>,
    /// Names of attributes by owner, with their places.
    placed: HashMap<Owner, HashMap<&'a Arc<str>, Span>>,
    diagnostics: &'d mut Vec<Diagnostic>,
}

impl<'a> Collector<'a, '_> {
    fn item(&mut self, package: PackageId, item: &'a ast::Item) {
        self.refuse_in_delegated(package, item);
        match &item.kind {
            ItemKind::Package(_) | ItemKind::Use(_) => {}
            ItemKind::Enum(node) => self.enumeration(package, node),
            ItemKind::Source(node) => self.source(package, node),
            ItemKind::Entity(node) => self.entity(package, node),
            ItemKind::Record(node) => self.record(package, node),
            ItemKind::Context(attributes) => self.attributes(package, Owner::Context, attributes),
            ItemKind::Obligation(node) => self.obligation(package, node),
            ItemKind::Action(node) => self.action(package, node),
            ItemKind::Let(node) => self.function(package, &node.name, &[], node.ty.as_ref(), &node.value, true),
            ItemKind::Fn(node) => self.function(package, &node.name, &node.params, None, &node.body, false),
            ItemKind::Param(node) => self.param(package, item, node),
            ItemKind::Rule(node) => {
                let def = Def::Rule(self.resolved.rules.len());
                self.declare(package, Namespace::Rule, &node.name, def);
                self.resolved.rules.push(Declared { package, item, node });
            }
            ItemKind::Test(node) => self.resolved.tests.push(Declared { package, item, node }),
            ItemKind::Prove(node) => self.resolved.proofs.push(Declared { package, item, node }),
        }
    }

    /// A scoped package cannot say what counts as evidence: only whom it lets do what, within its scope.
    fn refuse_in_delegated(&mut self, package: PackageId, item: &ast::Item) {
        let what = match &item.kind {
            ItemKind::Source(_) => "a source",
            ItemKind::Entity(_) => "an entity type",
            ItemKind::Context(_) => "context attributes",
            ItemKind::Action(_) => "an action",
            _ => return,
        };
        let Some(found) = self.resolved.packages.get(package) else { return };
        if found.delegation.is_none() {
            return;
        }
        let place = self.resolved.packages.delegated_at(package).unwrap_or(item.span);
        let message = format!("the delegated package `{}` declares {what}", found.name);
        self.diagnostics.push(
            Diagnostic::new(Code::DELEGATED_DECLARATION, item.span, message)
                .also(place, "it is delegated to here")
                .help("move it to the package that delegates; this one can name it without a prefix"),
        );
    }

    fn declare(&mut self, package: PackageId, namespace: Namespace, name: &ast::Ident, def: Def) {
        let symbol = Symbol { name: name.node.clone(), def, span: name.span, package, used: Cell::new(false) };
        if let Err(earlier) = self.resolved.symbols.insert(namespace, symbol) {
            self.duplicate(name, earlier);
        }
    }

    fn duplicate(&mut self, name: &ast::Ident, earlier: Span) {
        self.diagnostics.push(
            Diagnostic::new(Code::DUPLICATE, name.span, format!("`{}` is declared twice", name.node))
                .label("declared again")
                .also(earlier, "first declared here"),
        );
    }

    fn qualified(&self, package: PackageId, name: &ast::Ident) -> Arc<str> {
        self.resolved.packages.qualified(package, &name.node)
    }

    fn enumeration(&mut self, package: PackageId, node: &'a ast::Enum) {
        self.refuse_duplicates(&node.members);
        let id = EnumId::new(self.resolved.schema.enums.len());
        self.declare(package, Namespace::Type, &node.name, Def::Enum(id));
        let members = node.members.iter().map(|member| member.node.clone()).collect();
        let name = self.qualified(package, &node.name);
        self.resolved.schema.enums.push(schema::EnumType { name, members, ordered: node.ordered });
    }

    fn source(&mut self, package: PackageId, node: &'a ast::Source) {
        if &*node.name.node == "pep" {
            self.diagnostics.push(
                Diagnostic::new(Code::DUPLICATE, node.name.span, "`pep` is declared already, by the language")
                    .help("`pep` is the enforcement point itself; give this source another name"),
            );
        }
        let id = SourceId::new(self.resolved.schema.sources.len());
        self.declare(package, Namespace::Source, &node.name, Def::Source(id));
        let name = self.qualified(package, &node.name);
        self.resolved.schema.sources.push(schema::Source { name, verified: node.verified, complete: node.complete });
    }

    fn entity(&mut self, package: PackageId, node: &'a ast::Entity) {
        let id = EntityTypeId::new(self.resolved.schema.entities.len());
        self.declare(package, Namespace::Type, &node.name, Def::Entity(id));
        if id.index() == Schema::ENTITY_TYPES_MAX {
            let (number, max) = (Schema::ENTITY_TYPES_MAX + 1, Schema::ENTITY_TYPES_MAX);
            let message = format!("`{}` is entity type {number}; a policy has {max} at most", node.name.node);
            self.diagnostics.push(
                Diagnostic::new(Code::TOO_LARGE, node.name.span, message)
                    .help("those of all packages count; tell entities that are used alike apart by an attribute"),
            );
        }
        let name = self.qualified(package, &node.name);
        let entity =
            schema::EntityType { name, parents: Vec::new(), parents_from: Schema::PEP, attributes: Vec::new() };
        self.resolved.schema.entities.push(entity);
        self.attributes(package, Owner::Entity(id), &node.attributes);
    }

    fn attributes(&mut self, package: PackageId, owner: Owner, attributes: &'a [ast::Attribute]) {
        for node in attributes {
            let named = self.placed.entry(owner).or_default();
            let index = u32::try_from(named.len()).unwrap_or(u32::MAX);
            match named.entry(&node.name.node) {
                Entry::Occupied(earlier) => {
                    let span = *earlier.get();
                    self.duplicate(&node.name, span);
                }
                Entry::Vacant(free) => {
                    free.insert(node.name.span);
                    self.resolved.attribute_spans.insert((owner, index), node.name.span);
                    self.resolved.attributes.push(AttributeDecl { package, owner, index, node });
                }
            }
        }
    }

    fn record(&mut self, package: PackageId, node: &'a ast::Record) {
        let names: Vec<ast::Ident> = node.fields.iter().map(|field| field.name.clone()).collect();
        self.refuse_duplicates(&names);
        let id = RecordId::new(self.resolved.schema.records.len());
        self.declare(package, Namespace::Type, &node.name, Def::Record(id));
        let name = self.qualified(package, &node.name);
        self.resolved.schema.records.push(schema::RecordType { name, fields: Vec::new() });
    }

    fn obligation(&mut self, package: PackageId, node: &'a ast::Obligation) {
        let names: Vec<ast::Ident> = node.params.iter().map(|field| field.name.clone()).collect();
        self.refuse_duplicates(&names);
        let id = ObligationId::new(self.resolved.schema.obligations.len());
        self.declare(package, Namespace::Obligation, &node.name, Def::Obligation(id));
        let name = self.qualified(package, &node.name);
        self.resolved.schema.obligations.push(schema::Obligation { name, params: Vec::new() });
    }

    fn action(&mut self, package: PackageId, node: &'a ast::Action) {
        match node {
            ast::Action::Declared { names, .. } => {
                for name in names {
                    let id = ActionId::new(self.resolved.schema.actions.len());
                    self.declare(package, Namespace::Action, name, Def::Action(id));
                    let name = self.qualified(package, name);
                    let action =
                        schema::Action { name, subjects: Vec::new(), subject_from: Schema::PEP, resources: Vec::new() };
                    self.resolved.schema.actions.push(action);
                }
            }
            ast::Action::Group { name, .. } => {
                let def = Def::Group(self.resolved.groups.len());
                self.declare(package, Namespace::Action, name, def);
                self.resolved.groups.push(Vec::new());
            }
        }
    }

    fn function(
        &mut self,
        package: PackageId,
        name: &'a ast::Ident,
        params: &'a [ast::Field],
        ty: Option<&'a ast::Spanned<ast::Type>>,
        body: &'a ast::Expr,
        is_let: bool,
    ) {
        let names: Vec<ast::Ident> = params.iter().map(|field| field.name.clone()).collect();
        self.refuse_duplicates(&names);
        let def = Def::Function(self.resolved.functions.len());
        self.declare(package, Namespace::Value, name, def);
        self.resolved.functions.push(FunctionDecl { package, name, params, ty, body, is_let });
    }

    fn param(&mut self, package: PackageId, item: &'a ast::Item, node: &'a ast::Param) {
        let id = ParamId::new(self.resolved.schema.params.len());
        self.declare(package, Namespace::Value, &node.name, Def::Param(id));
        let name = self.qualified(package, &node.name);
        self.resolved.schema.params.push(schema::Param { name, ty: Type::Bool, value: None });
        self.resolved.params.push(Declared { package, item, node });
    }

    fn refuse_duplicates(&mut self, names: &[ast::Ident]) {
        let mut seen = HashMap::new();
        for name in names {
            let first = *seen.entry(&name.node).or_insert(name.span);
            if first != name.span {
                self.duplicate(name, first);
            }
        }
    }
}
