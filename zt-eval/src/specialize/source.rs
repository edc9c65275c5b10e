//! A residual as a policy's text.
//!
//! One self-contained file: all declarations, those of packages included, under the names that requests use, and the rules
//! that are left, for the one action. It compiles to a policy that decides as the residual does, on the same requests and
//! entity data. Limits and clock skew are not part of a policy's text, and places are those of the new file.

use std::collections::HashSet;
use std::error::Error;
use std::fmt::{self, Write as _};

use super::Residual;
use super::expression::Writer;
use super::literal::{literal, type_of};
use crate::graph::{Effect, Policy, Rule};
use crate::id::{RuleId, SourceId};
use crate::pattern::Pattern;
use crate::schema::text::{is_word, member, quoted};
use crate::schema::{Action, Attribute, Clock, EntityType, Field, Freshness, Param, Schema, Type};
use crate::value::Value;

/// Words that are no names.
const RESERVED: &[&str] = &[
    "action",
    "all",
    "allow",
    "and",
    "any",
    "because",
    "contains",
    "contains_all",
    "contains_any",
    "context",
    "control",
    "count",
    "deny",
    "else",
    "ends_with",
    "entity",
    "enum",
    "false",
    "fn",
    "for",
    "if",
    "in",
    "is",
    "let",
    "like",
    "matches",
    "none",
    "not",
    "now",
    "null",
    "obligation",
    "oblige",
    "or",
    "otherwise",
    "overrides",
    "package",
    "param",
    "prove",
    "record",
    "resource",
    "source",
    "starts_with",
    "subject",
    "test",
    "then",
    "true",
    "use",
    "when",
];

/// What cannot be written as text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NotWritable {
    what: &'static str,
    text: String,
}

impl NotWritable {
    pub(super) fn new(what: &'static str, text: &str) -> Self {
        Self { what, text: text.to_owned() }
    }
}

impl fmt::Display for NotWritable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, text } = self;
        let part = if text.is_empty() { String::new() } else { format!(": `{text}`") };
        write!(f, "the residual cannot be written as a policy's text, because of {what}{part}")
    }
}

impl Error for NotWritable {}

/// A name where any word that is not reserved may stand.
pub(super) fn ident(name: &str) -> String {
    if is_word(name) && !RESERVED.contains(&name) { name.to_owned() } else { format!("`{name}`") }
}

/// A type as it is declared.
pub(super) fn type_text(schema: &Schema, ty: &Type) -> String {
    match ty {
        Type::Enum(id) => ident(schema.enum_type(*id).map_or("", |ty| &ty.name)),
        Type::Record(id) => ident(schema.record(*id).map_or("", |ty| &ty.name)),
        Type::Entity(types) => {
            let names: Vec<String> =
                types.iter().map(|ty| ident(schema.entity(*ty).map_or("", |entity| &entity.name))).collect();
            names.join(" | ")
        }
        Type::Set(of) => format!("Set<{}>", type_text(schema, of)),
        Type::List(of) => format!("List<{}>", type_text(schema, of)),
        Type::Map(of) => format!("Map<{}>", type_text(schema, of)),
        Type::Optional(of) => format!("{}?", type_text(schema, of)),
        scalar => schema.type_text(scalar),
    }
}

/// Constants that are given a name and a type, and the names of quantifiers' variables.
pub(super) struct Lets {
    taken: HashSet<String>,
    named: Vec<(Value, String)>,
    text: String,
}

impl Lets {
    fn new(policy: &Policy) -> Self {
        let params = policy.schema.params.iter().map(|param| param.name.to_string());
        let enums = policy.schema.enums.iter().map(|ty| ty.name.to_string());
        let routes = policy.patterns.iter().filter_map(|pattern| match pattern {
            Pattern::Route(route) => Some(route.names().map(str::to_owned).collect::<Vec<_>>()),
            _ => None,
        });
        Self { taken: params.chain(enums).chain(routes.flatten()).collect(), named: Vec::new(), text: String::new() }
    }

    fn free(&self, name: String) -> String {
        let mut free = name;
        while self.taken.contains(&free) {
            free.push('_');
        }
        free
    }

    pub fn element(&self, level: u8) -> String {
        self.free(if level == 1 { "x".to_owned() } else { format!("x{level}") })
    }

    pub fn key(&self, level: u8) -> String {
        self.free(if level == 1 { "k".to_owned() } else { format!("k{level}") })
    }

    /// The name of a constant.
    pub fn name(&mut self, policy: &Policy, value: &Value) -> Result<String, NotWritable> {
        if let Some((_, name)) = self.named.iter().find(|(known, _)| known == value) {
            return Ok(name.clone());
        }
        let text = literal(policy, value)?;
        let Some(ty) = type_of(value) else {
            return Err(NotWritable::new("an empty collection that nothing gives a type", &text));
        };
        let name = self.free(format!("known_{}", self.named.len() + 1));
        self.named.push((value.clone(), name.clone()));
        // Writing to a string does not fail.
        let _ = writeln!(self.text, "let {name}: {} = {text}", type_text(&policy.schema, &ty));
        Ok(name)
    }
}

impl Residual {
    /// The residual as the text of a policy.
    ///
    /// Whoever uses the text compiles it first: in rare shapes (maps asked twice, choices between empty lists) the checker
    /// wants a guard or a type that the text does not have, and refuses it. `ztc specialize` sees to that.
    ///
    /// # Errors
    ///
    /// When something in it has no text: a parameter's value that is a map or a record, or a condition that the checker
    /// could not be led to accept.
    pub fn to_source(&self) -> Result<String, NotWritable> {
        let policy = &self.policy;
        let mut text = String::new();
        if let Some(action) = policy.schema.action(self.partial.action()) {
            let mut lets = Lets::new(policy);
            let overridden: HashSet<RuleId> =
                policy.rules.iter().flat_map(|rule| &rule.extras.overrides).copied().collect();
            let mut rules = String::new();
            for (id, rule) in policy.rules.iter().enumerate() {
                rules.push('\n');
                rules.push_str(&self.rule(rule, overridden.contains(&RuleId::new(id)), action, &mut lets)?);
            }
            let package: Vec<String> = policy.name.split('.').map(ident).collect();
            text = format!("package {}\n\n{}", package.join("."), declarations(policy)?);
            if !lets.text.is_empty() {
                text.push('\n');
                text.push_str(&lets.text);
            }
            text.push_str(&rules);
        }
        Ok(text)
    }

    fn rule(&self, rule: &Rule, is_overridden: bool, action: &Action, lets: &mut Lets) -> Result<String, NotWritable> {
        let policy = &self.policy;
        let mut text = String::new();
        for (name, value) in &rule.extras.annotations {
            let value = value.as_ref().map_or_else(String::new, |value| format!("({})", quoted(value)));
            text.push_str(&format!("@{}{value}\n", member(name)));
        }
        let effect = if rule.effect == Effect::Allow { "allow" } else { "deny" };
        let audit = if rule.audit { " audit" } else { "" };
        let overridable = if is_overridden { " overridable" } else { "" };
        text.push_str(&format!("{effect} {}{audit}{overridable}: {}\n", ident(&rule.name), ident(&action.name)));
        let mut writer = Writer::new(policy, action, lets);
        let args = rule.extras.duties.iter().flat_map(|duty| &duty.args);
        let condition = writer.rule(rule.condition, args.copied())?;
        if condition != "true" {
            text.push_str(&format!("  when {condition}\n"));
        }
        let mut duties = Vec::new();
        for duty in &rule.extras.duties {
            let obligation = policy.schema.obligation(duty.obligation);
            let params = obligation.into_iter().flat_map(|obligation| &obligation.params);
            let mut args = Vec::new();
            for (param, arg) in params.zip(&duty.args) {
                args.push(format!("{}: {}", member(&param.name), writer.argument(*arg)?));
            }
            duties.push(format!("{}({})", ident(obligation.map_or("", |found| &found.name)), args.join(", ")));
        }
        let names = |rules: &[RuleId]| {
            let names = rules.iter().filter_map(|rule| policy.rule(*rule));
            names.map(|rule| ident(&rule.name)).collect::<Vec<_>>().join(", ")
        };
        let controls: Vec<String> = rule.extras.controls.iter().map(|control| quoted(control)).collect();
        let because = rule.extras.because.as_deref().map_or_else(String::new, quoted);
        let clauses = [
            ("oblige", duties.join(", ")),
            ("overrides", names(&rule.extras.overrides)),
            ("control", controls.join(", ")),
            ("because", because),
        ];
        for (clause, said) in clauses.iter().filter(|(_, said)| !said.is_empty()) {
            text.push_str(&format!("  {clause} {said}\n"));
        }
        Ok(text)
    }
}

fn declarations(policy: &Policy) -> Result<String, NotWritable> {
    let schema = &policy.schema;
    let mut blocks = Vec::new();
    for ty in &schema.enums {
        let members: Vec<String> = ty.members.iter().map(|name| ident(name)).collect();
        let members = members.join(if ty.ordered { " < " } else { ", " });
        blocks.push(format!("enum {} {{ {members} }}\n", ident(&ty.name)));
    }
    for source in schema.sources.iter().skip(1) {
        let verified = if source.verified { "verified" } else { "unverified" };
        let complete = if source.complete { " complete" } else { "" };
        blocks.push(format!("source {} {verified}{complete}\n", ident(&source.name)));
    }
    for record in &schema.records {
        let fields: Vec<String> =
            record.fields.iter().map(|field| format!("  {}\n", field_text(schema, field))).collect();
        blocks.push(format!("record {} {{\n{}}}\n", ident(&record.name), fields.concat()));
    }
    for entity in &schema.entities {
        blocks.push(entity_text(policy, entity)?);
    }
    if !schema.context.is_empty() {
        blocks.push(format!("context {{\n{}}}\n", attributes(policy, &schema.context)?));
    }
    for obligation in &schema.obligations {
        let params: Vec<String> = obligation.params.iter().map(|param| field_text(schema, param)).collect();
        blocks.push(format!("obligation {}({})\n", ident(&obligation.name), params.join(", ")));
    }
    for action in &schema.actions {
        let [subjects, resources] =
            [&action.subjects, &action.resources].map(|types| type_text(schema, &Type::Entity(types.clone())));
        let from = from(schema, action.subject_from);
        blocks.push(format!("action {}: {subjects}{from} -> {resources}\n", ident(&action.name)));
    }
    for param in &schema.params {
        blocks.push(param_text(policy, param)?);
    }
    Ok(blocks.concat())
}

fn field_text(schema: &Schema, field: &Field) -> String {
    format!("{}: {}", member(&field.name), type_text(schema, &field.ty))
}

/// ` from idp`; nothing for what the enforcement point says.
fn from(schema: &Schema, source: SourceId) -> String {
    if source == Schema::PEP {
        return String::new();
    }
    format!(" from {}", ident(schema.source(source).map_or("", |source| &source.name)))
}

fn entity_text(policy: &Policy, entity: &EntityType) -> Result<String, NotWritable> {
    let schema = &policy.schema;
    let mut text = format!("entity {}", ident(&entity.name));
    if !entity.parents.is_empty() {
        let parents: Vec<String> =
            entity.parents.iter().map(|ty| type_text(schema, &Type::Entity(vec![*ty]))).collect();
        text.push_str(&format!(" in {}{}", parents.join(", "), from(schema, entity.parents_from)));
    }
    if !entity.attributes.is_empty() {
        text.push_str(&format!(" {{\n{}}}", attributes(policy, &entity.attributes)?));
    }
    text.push('\n');
    Ok(text)
}

fn attributes(policy: &Policy, siblings: &[Attribute]) -> Result<String, NotWritable> {
    let schema = &policy.schema;
    let mut text = String::new();
    for attribute in siblings {
        for line in attribute.doc.iter().flat_map(|doc| doc.lines()) {
            text.push_str(&format!("  /// {line}\n"));
        }
        text.push_str(&format!("  {}: {}", member(&attribute.name), type_text(schema, &attribute.ty)));
        text.push_str(&from(schema, attribute.from));
        for bound in &attribute.freshness {
            let clock = clock_text(schema, siblings, bound.clock());
            text.push_str(&match bound {
                Freshness::Since { age, .. } => format!(" fresh {age} since {clock}"),
                Freshness::Until { .. } => format!(" fresh until {clock}"),
            });
        }
        if let Some(step_up) = &attribute.step_up {
            text.push_str(&format!(" step_up {} gives {}", quoted(&step_up.acr), literal(policy, &step_up.gives)?));
        }
        text.push_str(if attribute.sensitive { " sensitive\n" } else { "\n" });
    }
    Ok(text)
}

/// `claims.exp`
fn clock_text(schema: &Schema, siblings: &[Attribute], clock: &Clock) -> String {
    let Some(attribute) = siblings.get(clock.attribute as usize) else { return String::new() };
    let mut text = ident(&attribute.name);
    let mut ty = &attribute.ty;
    for at in &clock.fields {
        let Type::Record(record) = ty.present() else { break };
        let Some(field) = schema.record(*record).and_then(|record| record.fields.get(*at as usize)) else { break };
        text.push_str(&format!(".{}", member(&field.name)));
        ty = &field.ty;
    }
    text
}

fn param_text(policy: &Policy, param: &Param) -> Result<String, NotWritable> {
    let value = match &param.value {
        Some(value) => format!(" = {}", literal(policy, value)?),
        None => String::new(),
    };
    Ok(format!("param {}: {}{value}\n", ident(&param.name), type_text(&policy.schema, &param.ty)))
}
