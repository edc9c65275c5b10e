//! Second pass: the types that declarations name, parents, sources and action groups.
//!
//! A type that could not be resolved has a diagnostic and becomes [`error_type`], which fits everything, so that one
//! mistake is reported once.

use std::collections::BTreeSet;

use petgraph::algo::kosaraju_scc;
use petgraph::graphmap::DiGraphMap;
use zt_eval::id::{ActionId, EntityTypeId, SourceId};
use zt_eval::schema::{self, Schema, Type};

use super::{Def, Namespace, Owner, Resolved, Symbols};
use crate::diag::{Code, Diagnostic};
use crate::names::nearest_declared;
use crate::package::PackageId;
use crate::span::Span;
use crate::syntax::ast::{self, ItemKind, Modifier};

/// The type of what has been reported already: an entity of no type.
#[must_use]
pub fn error_type() -> Type {
    Type::Entity(Vec::new())
}

/// Records within records: as deep as documents may nest by default.
const RECORD_DEPTH_MAX: usize = 64;

/// Names of the types that the language itself has.
const SCALARS: &[(&str, Type)] = &[
    ("Bool", Type::Bool),
    ("Int", Type::Int),
    ("Decimal", Type::Decimal),
    ("String", Type::String),
    ("Timestamp", Type::Timestamp),
    ("Duration", Type::Duration),
    ("Ip", Type::Ip),
    ("IpRange", Type::IpRange),
    ("Version", Type::Version),
    ("Quantity", Type::Quantity),
    ("Path", Type::Path),
    ("Host", Type::Host),
];

/// Resolves what [`collect`](super::collect) left open.
pub fn fill(resolved: &mut Resolved<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let mut schema = std::mem::take(&mut resolved.schema);
    let mut names = Names { symbols: &resolved.symbols, diagnostics };
    let mut group_members = Vec::new();
    let mut next = Next::default();
    for (package, file_items) in resolved.packages.iter().map(|(id, package)| (id, &package.files)) {
        for item in file_items.iter().flat_map(|file| &file.items) {
            names.item(package, item, &mut schema, &mut next, &mut group_members);
        }
    }
    names.attributes(resolved, &mut schema);
    for (declared, param) in resolved.params.iter().zip(&mut schema.params) {
        param.ty = names.given_type(declared.package, &declared.node.ty, "a parameter");
    }
    report_recursive_records(&schema, &resolved.packages_records(), names.diagnostics);
    resolved.groups = groups(&group_members, names.diagnostics);
    resolved.schema = schema;
}

/// How many declarations of a kind were seen: ids follow the same walk as in the first pass.
#[derive(Default)]
struct Next {
    entity: usize,
    record: usize,
    obligation: usize,
    action: usize,
}

fn take(counter: &mut usize) -> usize {
    let now = *counter;
    *counter += 1;
    now
}

struct GroupMembers {
    name: ast::Ident,
    members: Vec<(Def, Span)>,
}

struct Names<'s, 'd> {
    symbols: &'s Symbols,
    diagnostics: &'d mut Vec<Diagnostic>,
}

impl Names<'_, '_> {
    fn item(
        &mut self,
        package: PackageId,
        item: &ast::Item,
        schema: &mut Schema,
        next: &mut Next,
        groups: &mut Vec<GroupMembers>,
    ) {
        match &item.kind {
            ItemKind::Entity(node) => {
                let parents = self.entity_types(package, &node.parents);
                let from = node.parents_from.as_ref().map_or(Schema::PEP, |name| self.source(package, name));
                if let Some(entity) = schema.entities.get_mut(take(&mut next.entity)) {
                    (entity.parents, entity.parents_from) = (parents, from);
                }
            }
            ItemKind::Record(node) => {
                let fields = self.fields(package, &node.fields);
                if let Some(record) = schema.records.get_mut(take(&mut next.record)) {
                    record.fields = fields;
                }
            }
            ItemKind::Obligation(node) => {
                let fields = node.params.iter().map(|param| schema::Field {
                    name: param.name.node.clone(),
                    ty: self.given_type(package, &param.ty, "an obligation's parameter"),
                });
                let fields = fields.collect();
                if let Some(obligation) = schema.obligations.get_mut(take(&mut next.obligation)) {
                    obligation.params = fields;
                }
            }
            ItemKind::Action(ast::Action::Declared { names, subjects, subject_from, resources }) => {
                let subjects = self.entity_types(package, subjects);
                let resources = self.entity_types(package, resources);
                let from = subject_from.as_ref().map_or(Schema::PEP, |name| self.source(package, name));
                for _ in names {
                    if let Some(action) = schema.actions.get_mut(take(&mut next.action)) {
                        (action.subjects, action.resources) = (subjects.clone(), resources.clone());
                        action.subject_from = from;
                    }
                }
            }
            ItemKind::Action(ast::Action::Group { name, members }) => {
                let members = members.iter().filter_map(|member| Some((self.action(package, member)?, member.span())));
                groups.push(GroupMembers { name: name.clone(), members: members.collect() });
            }
            _ => {}
        }
    }

    fn attributes(&mut self, resolved: &Resolved<'_>, schema: &mut Schema) {
        for declared in &resolved.attributes {
            let node = declared.node;
            let from = node.modifiers.iter().find_map(|modifier| match &modifier.node {
                Modifier::From(name) => Some(self.source(declared.package, name)),
                _ => None,
            });
            let attribute = schema::Attribute {
                name: node.name.node.clone(),
                ty: self.ty(declared.package, &node.ty).unwrap_or_else(error_type),
                from: from.unwrap_or(Schema::PEP),
                freshness: Vec::new(),
                step_up: None,
                sensitive: node.modifiers.iter().any(|modifier| matches!(modifier.node, Modifier::Sensitive)),
                doc: node.doc.clone(),
            };
            match declared.owner {
                Owner::Context => schema.context.push(attribute),
                Owner::Entity(id) => {
                    if let Some(entity) = schema.entities.get_mut(id.index()) {
                        entity.attributes.push(attribute);
                    }
                }
            }
        }
    }

    fn fields(&mut self, package: PackageId, fields: &[ast::Field]) -> Vec<schema::Field> {
        let field = |field: &ast::Field| schema::Field {
            name: field.name.node.clone(),
            ty: self.ty(package, &field.ty).unwrap_or_else(error_type),
        };
        fields.iter().map(field).collect()
    }

    /// A type of values that are given as a whole: they cannot be absent.
    fn given_type(&mut self, package: PackageId, ty: &ast::Spanned<ast::Type>, what: &str) -> Type {
        let resolved = self.ty(package, ty).unwrap_or_else(error_type);
        if !resolved.is_optional() {
            return resolved;
        }
        self.diagnostics.push(
            Diagnostic::new(Code::BAD_TYPE, ty.span, format!("{what} cannot be optional"))
                .help("leave out the `?`: a value is always given"),
        );
        error_type()
    }

    fn ty(&mut self, package: PackageId, ty: &ast::Spanned<ast::Type>) -> Option<Type> {
        resolve_type(self.symbols, package, ty, self.diagnostics)
    }

    fn entity_types(&mut self, package: PackageId, names: &[ast::Name]) -> Vec<EntityTypeId> {
        let mut types: Vec<EntityTypeId> =
            names.iter().filter_map(|name| entity_type(self.symbols, package, name, self.diagnostics)).collect();
        types.sort_unstable();
        types.dedup();
        types
    }

    fn source(&mut self, package: PackageId, name: &ast::Name) -> SourceId {
        let segments = segments(name);
        if segments == ["pep"] {
            return Schema::PEP;
        }
        if let Some(Def::Source(id)) = self.symbols.find(package, Namespace::Source, &segments).map(|symbol| symbol.def)
        {
            return id;
        }
        let text = name.text();
        let mut diagnostic =
            Diagnostic::new(Code::UNKNOWN_SOURCE, name.span(), format!("nothing declares a source `{text}`"));
        let candidates = self.symbols.candidates(package, Namespace::Source).chain(["pep"]);
        diagnostic = match nearest_declared(self.diagnostics, &text, candidates) {
            Some(near) => diagnostic.help(format!("did you mean `{near}`?")).fix(name.span(), near),
            None => diagnostic
                .help(format!("declare it: `source {text} verified`, or `unverified` if it cannot be trusted")),
        };
        self.diagnostics.push(diagnostic);
        Schema::PEP
    }

    fn action(&mut self, package: PackageId, name: &ast::Name) -> Option<Def> {
        find_action(self.symbols, package, name, self.diagnostics)
    }
}

/// What a name of an action or a group stands for.
pub fn find_action(
    symbols: &Symbols,
    package: PackageId,
    name: &ast::Name,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Def> {
    if let Some(symbol) = symbols.find(package, Namespace::Action, &segments(name)) {
        return Some(symbol.def);
    }
    let text = name.text();
    let diagnostic = Diagnostic::new(Code::UNKNOWN_ACTION, name.span(), format!("nothing declares an action `{text}`"));
    let near = nearest_declared(diagnostics, &text, symbols.candidates(package, Namespace::Action));
    diagnostics.push(match near {
        Some(near) => diagnostic.help(format!("did you mean `{near}`?")).fix(name.span(), near),
        None => diagnostic.help(format!("declare it with its types: `action {text}: User -> Document`")),
    });
    None
}

/// The segments of a name as text.
pub fn segments(name: &ast::Name) -> Vec<&str> {
    name.segments.iter().map(|segment| &*segment.node).collect()
}

/// The entity type that a name stands for.
pub fn entity_type(
    symbols: &Symbols,
    package: PackageId,
    name: &ast::Name,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<EntityTypeId> {
    let is_scalar = match name.segments.as_slice() {
        [only] => SCALARS.iter().any(|(scalar, _)| *scalar == &*only.node),
        _ => false,
    };
    let def = if is_scalar { None } else { Some(type_def(symbols, package, name, diagnostics)?) };
    match def {
        Some(Def::Entity(id)) => Some(id),
        _ => {
            let message = format!("`{}` is not an entity type", name.text());
            diagnostics.push(
                Diagnostic::new(Code::BAD_TYPE, name.span(), message)
                    .help("only entities can stand here: `entity User { … }`"),
            );
            None
        }
    }
}

/// What other languages call the types of this one.
const FOREIGN_TYPES: &[(&str, &str)] = &[
    ("Boolean", "Bool"),
    ("Integer", "Int"),
    ("Long", "Int"),
    ("Int64", "Int"),
    ("Number", "Int"),
    ("Float", "Decimal"),
    ("Double", "Decimal"),
    ("Money", "Decimal"),
    ("Text", "String"),
    ("Str", "String"),
    ("Url", "String"),
    ("DateTime", "Timestamp"),
    ("Date", "Timestamp"),
    ("Time", "Timestamp"),
    ("Instant", "Timestamp"),
    ("IpAddr", "Ip"),
    ("IpAddress", "Ip"),
    ("Cidr", "IpRange"),
    ("SemVer", "Version"),
];

fn type_def(symbols: &Symbols, package: PackageId, name: &ast::Name, diagnostics: &mut Vec<Diagnostic>) -> Option<Def> {
    if let Some(symbol) = symbols.find(package, Namespace::Type, &segments(name)) {
        return Some(symbol.def);
    }
    let text = name.text();
    let diagnostic = Diagnostic::new(Code::UNKNOWN_TYPE, name.span(), format!("nothing declares a type `{text}`"));
    let foreign =
        FOREIGN_TYPES.iter().find(|(foreign, _)| foreign.eq_ignore_ascii_case(&text)).map(|(_, known)| *known);
    let scalar =
        SCALARS.iter().map(|(scalar, _)| *scalar).find(|scalar| scalar.eq_ignore_ascii_case(&text)).or(foreign);
    let declared = || nearest_declared(diagnostics, &text, symbols.candidates(package, Namespace::Type));
    diagnostics.push(match scalar.or_else(declared) {
        Some(near) => diagnostic.help(format!("did you mean `{near}`?")).fix(name.span(), near),
        None => diagnostic.help(missing_type_help(symbols, package, name)),
    });
    None
}

fn missing_type_help(symbols: &Symbols, package: PackageId, name: &ast::Name) -> String {
    match name.segments.as_slice() {
        [only] => format!("declare it as `entity {0} {{ … }}`, `record {0} {{ … }}` or `enum {0} {{ … }}`", only.node),
        [first, ..] if symbols.find_package(package, &[&first.node]).is_none() => {
            format!("no package goes by the name `{}` here; say which one with `use`", first.node)
        }
        _ => "the package does not declare it".into(),
    }
}

/// The type that is written, or `None` with a diagnostic.
pub fn resolve_type(
    symbols: &Symbols,
    package: PackageId,
    ty: &ast::Spanned<ast::Type>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Type> {
    match &ty.node {
        ast::Type::Name(name) => named_type(symbols, package, name, diagnostics),
        ast::Type::Union(names) => {
            let mut types: Vec<EntityTypeId> =
                names.iter().filter_map(|name| entity_type(symbols, package, name, diagnostics)).collect();
            types.sort_unstable();
            types.dedup();
            (!types.is_empty()).then_some(Type::Entity(types))
        }
        ast::Type::Optional(inner) => {
            let resolved = resolve_type(symbols, package, inner, diagnostics)?;
            if resolved.is_optional() {
                let diagnostic =
                    Diagnostic::new(Code::BAD_TYPE, ty.span, "an optional of an optional says nothing more");
                diagnostics.push(diagnostic.help("one `?` is enough"));
            }
            Some(resolved.optional())
        }
        ast::Type::Set(inner) => {
            let element = element_type(symbols, package, inner, "a set", diagnostics)?;
            if matches!(element, Type::Set(_) | Type::List(_) | Type::Map(_) | Type::Record(_)) {
                diagnostics.push(
                    Diagnostic::new(Code::BAD_TYPE, inner.span, "the elements of a set are single values")
                        .help("sets hold scalars, enum members and entities; use `List<…>` for anything else"),
                );
                return None;
            }
            Some(Type::Set(Box::new(element)))
        }
        ast::Type::List(inner) => {
            element_type(symbols, package, inner, "a list", diagnostics).map(|element| Type::List(Box::new(element)))
        }
        ast::Type::Map(inner) => {
            element_type(symbols, package, inner, "a map", diagnostics).map(|element| Type::Map(Box::new(element)))
        }
    }
}

fn element_type(
    symbols: &Symbols,
    package: PackageId,
    inner: &ast::Spanned<ast::Type>,
    what: &str,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Type> {
    let element = resolve_type(symbols, package, inner, diagnostics)?;
    if element.is_optional() {
        let message = format!("the elements of {what} cannot be optional");
        diagnostics.push(Diagnostic::new(Code::BAD_TYPE, inner.span, message).help("leave out the `?`"));
        return None;
    }
    Some(element)
}

fn named_type(
    symbols: &Symbols,
    package: PackageId,
    name: &ast::Name,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Type> {
    let text = name.text();
    if let Some((_, ty)) = SCALARS.iter().find(|(scalar, _)| *scalar == text) {
        return Some(ty.clone());
    }
    if ["Set", "List", "Map"].contains(&&*text) {
        let message = format!("`{text}` does not say what is in it");
        let diagnostic = Diagnostic::new(Code::BAD_TYPE, name.span(), message);
        diagnostics
            .push(diagnostic.help(format!("write `{text}<String>`")).fix(name.span(), format!("{text}<String>")));
        return None;
    }
    Some(match type_def(symbols, package, name, diagnostics)? {
        Def::Enum(id) => Type::Enum(id),
        Def::Entity(id) => Type::Entity(vec![id]),
        Def::Record(id) => Type::Record(id),
        _ => return None,
    })
}

impl Resolved<'_> {
    /// Names of the records, by id.
    fn packages_records(&self) -> Vec<ast::Ident> {
        let items = self.packages.list.iter().flat_map(|package| package.files.iter().flat_map(|file| &file.items));
        items
            .filter_map(|item| match &item.kind {
                ItemKind::Record(record) => Some(record.name.clone()),
                _ => None,
            })
            .collect()
    }
}

fn report_recursive_records(schema: &Schema, names: &[ast::Ident], diagnostics: &mut Vec<Diagnostic>) {
    let mut graph = DiGraphMap::<usize, ()>::new();
    for (index, record) in schema.records.iter().enumerate() {
        for inner in record.fields.iter().filter_map(|field| record_within(&field.ty)) {
            graph.add_edge(index, inner, ());
        }
    }
    let mut depths = vec![1; schema.records.len()];
    // Inner records come first.
    for component in kosaraju_scc(&graph) {
        let first = component.iter().min().copied().unwrap_or_default();
        let Some(name) = names.get(first) else { continue };
        if component.len() > 1 || graph.contains_edge(first, first) {
            diagnostics.push(
                Diagnostic::new(
                    Code::RECURSIVE_RECORD,
                    name.span,
                    format!("the record `{}` contains itself", name.node),
                )
                .help("records have a bounded depth; make the inner one an entity, which is referred to"),
            );
            continue;
        }
        let inner = graph.neighbors(first).filter_map(|inner| depths.get(inner)).max();
        let depth = inner.map_or(1, |depth| depth + 1);
        if depth == RECORD_DEPTH_MAX + 1 {
            let message = format!("records nest {depth} deep in `{}`; the limit is {RECORD_DEPTH_MAX}", name.node);
            let help = "no document nests deeper; make an inner one an entity, which is referred to";
            diagnostics.push(Diagnostic::new(Code::TOO_LARGE, name.span, message).help(help));
        }
        if let Some(own) = depths.get_mut(first) {
            *own = depth;
        }
    }
}

fn record_within(ty: &Type) -> Option<usize> {
    match ty {
        Type::Record(id) => Some(id.index()),
        Type::Set(inner) | Type::List(inner) | Type::Map(inner) | Type::Optional(inner) => record_within(inner),
        _ => None,
    }
}

/// Resolves each group to the actions in it. Groups that contain each other are reported once.
fn groups(members: &[GroupMembers], diagnostics: &mut Vec<Diagnostic>) -> Vec<Vec<ActionId>> {
    let mut graph = DiGraphMap::<usize, Span>::new();
    for (index, group) in members.iter().enumerate() {
        graph.add_node(index);
        for (def, span) in &group.members {
            if let Def::Group(inner) = def {
                graph.add_edge(index, *inner, *span);
            }
        }
    }
    let mut resolved: Vec<BTreeSet<ActionId>> = vec![BTreeSet::new(); members.len()];
    // Inner groups come first.
    for component in kosaraju_scc(&graph) {
        let first = component.iter().min().copied().unwrap_or_default();
        let closing = component.iter().filter_map(|index| graph.edge_weight(*index, first)).max();
        if let (Some(span), Some(group)) = (closing, members.get(first)) {
            let message = format!("the action group `{}` contains itself", group.name.node);
            diagnostics.push(Diagnostic::new(Code::ACTION_CYCLE, *span, message).label("by way of this"));
        }
        for (def, _) in members.get(first).map(|group| group.members.as_slice()).unwrap_or_default() {
            let inner = match def {
                Def::Action(id) => BTreeSet::from([*id]),
                Def::Group(inner) => resolved.get(*inner).cloned().unwrap_or_default(),
                _ => BTreeSet::new(),
            };
            if let Some(own) = resolved.get_mut(first) {
                own.extend(inner);
            }
        }
    }
    resolved.into_iter().map(|actions| actions.into_iter().collect()).collect()
}
