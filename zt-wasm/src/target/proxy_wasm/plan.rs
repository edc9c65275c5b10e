//! What origins mean for a policy: where each part of a request document comes from.
//!
//! Everything that a policy reads has an origin here, of its type and no less trusted than its source; where that cannot be,
//! there is no plan, and the message says what to write.

use std::collections::BTreeMap;

use toml::Spanned;
use zt_eval::codegen::{Extent, member};
use zt_eval::graph::{self, Node};
use zt_eval::id::{ActionId, EntityTypeId, NodeId, RecordId, SourceId};
use zt_eval::schema::{Action, Attribute, Schema, Type};
use zt_eval::{Policy, Store};

use super::messages::{example, key, unmapped, unsupplied};
use super::origin::{self, JWT_AUTHN, METADATA, Origin, TARGET, URI_SAN};
use super::origins::{Attributes, Entity, Origins, OriginsError, Parent, Written};
use crate::layout::*;
use crate::profile;
use crate::tables::data::number;

const REQUEST: &str = "zt.http.Request";
const REQUEST_LINE: &str = "zt.http.RequestLine";
const CLAIMS: &str = "zt.oidc.Claims";

/// Where each part of a request document comes from.
#[derive(Default)]
pub(super) struct Plan {
    pub action: u32,
    pub properties: Vec<Property>,
    /// The property that claims are members of.
    pub token: u32,
    pub subjects: Vec<Who>,
    pub resource: Who,
    pub context: Vec<Fill>,
    /// For each rule, what it writes to headers: the node of the value, its type, the header.
    pub heads: Vec<Vec<(NodeId, Type, String)>>,
    /// All headers that obligations can be written to.
    pub headers: Vec<String>,
}

/// Something that can be known of a request.
#[derive(PartialEq)]
pub(super) struct Property {
    /// One of `FROM_`.
    pub from: i32,
    pub name: String,
    /// What it is a member of, which comes before.
    pub of: Option<u32>,
}

/// An entity that a request may be about.
#[derive(Default)]
pub(super) struct Who {
    pub ty: u32,
    /// How its id is made, and of which property; none for one that has no id.
    pub id: Option<(i32, u32)>,
    /// Properties, and the text that they must be.
    pub when: Vec<(u32, String)>,
    pub fills: Vec<Fill>,
    /// Types of parents, and how their ids are made of which property.
    pub parents: Vec<(u32, i32, u32)>,
}

/// A value of an attribute, or of a record's field.
pub(super) struct Fill {
    pub of: Of,
    pub kind: i32,
    pub from: From,
    /// What is written when it is not there.
    pub missing: i32,
}

/// What a value is the value of.
pub(super) enum Of {
    Slot(graph::Slot),
    Field(String),
}

/// What a value is made of.
pub(super) enum From {
    Property(u32),
    Header(String),
    Record(Vec<Fill>),
    Nothing,
}

impl Plan {
    /// The plan for a policy that decides with these entities.
    ///
    /// # Errors
    ///
    /// When something has no origin, or one that does not fit.
    pub fn of(policy: &Policy, entities: &Store, origins: &Origins) -> Result<Self, OriginsError> {
        let payload = origins.file().jwt.payload.as_ref().map_or("jwt", |payload| payload.get_ref());
        let mut planner =
            Planner { policy, schema: policy.schema(), entities, origins, payload, plan: Self::default() };
        let (id, action) = planner.action()?;
        planner.plan.action = number(id.index());
        planner.plan.subjects = planner.subjects(action)?;
        planner.plan.resource = planner.resource(action)?;
        planner.plan.context = planner.context()?;
        planner.obligations(id)?;
        Ok(planner.plan)
    }
}

struct Planner<'a> {
    policy: &'a Policy,
    schema: &'a Schema,
    entities: &'a Store,
    origins: &'a Origins,
    payload: &'a str,
    plan: Plan,
}

impl<'a> Planner<'a> {
    fn action(&self) -> Result<(ActionId, &'a Action), OriginsError> {
        let schema = self.schema;
        if let Some(name) = &self.origins.file().action {
            let found = schema.find_action(name.get_ref()).and_then(|id| Some((id, schema.action(id)?)));
            return found
                .ok_or_else(|| self.origins.error(name, format!("the policy has no action `{}`", name.get_ref())));
        }
        let takes = |action: &Action| {
            let is_request = |ty: &EntityTypeId| schema.entity(*ty).is_some_and(|ty| &*ty.name == REQUEST);
            schema.actions.len() == 1 || action.resources.iter().any(is_request)
        };
        let mut found = (0..).map(ActionId::new).zip(&schema.actions).filter(|(_, action)| takes(action));
        match (found.next(), found.next()) {
            (Some(only), None) => Ok(only),
            _ => {
                let names: Vec<String> = schema.actions.iter().map(|action| format!("`{}`", action.name)).collect();
                Err(OriginsError::missing(format!(
                    "the policy has the actions {}: say which one a request asks for, in the origins\n\naction = \"NAME\"",
                    names.join(", ")
                )))
            }
        }
    }

    fn subjects(&mut self, action: &Action) -> Result<Vec<Who>, OriginsError> {
        let origins = self.origins;
        let Some(last) = origins.file().subject.len().checked_sub(1) else {
            return self.only_subject(action).map(|subject| vec![subject]);
        };
        let mut subjects = Vec::new();
        for (at, written) in origins.file().subject.iter().enumerate() {
            if written.id.is_none() && at < last {
                let message =
                    "a subject without `id` is always there: nobody comes to the next ones, so let it be the last";
                return Err(origins.error(&written.ty, message));
            }
            subjects.push(self.entity(written, &action.subjects, "subject")?);
        }
        Ok(subjects)
    }

    /// The subject that the token names.
    fn only_subject(&mut self, action: &Action) -> Result<Who, OriginsError> {
        let [ty] = action.subjects.as_slice() else {
            let types = self.schema.types_text(&action.subjects);
            return Err(OriginsError::missing(format!(
                "action `{}` is for {types}: say which of them asks, in the origins\n\n[[subject]]\ntype = \"NAME\"\nid = \"jwt.sub\"",
                action.name
            )));
        };
        let origin = self.parse(&["jwt".into(), "sub".into()]).map_err(OriginsError::missing)?;
        let id = self.property_of(&origin).unwrap_or_default();
        let fills = self.attributes(*ty, &Attributes::new())?;
        Ok(Who { ty: number(ty.index()), id: Some((T_FILL_VALUE, id)), fills, ..Who::default() })
    }

    fn resource(&mut self, action: &Action) -> Result<Who, OriginsError> {
        if let Some(written) = &self.origins.file().resource {
            return self.entity(written, &action.resources, "resource");
        }
        let found = action.resources.iter().find(|ty| self.entity_name(**ty) == REQUEST);
        let Some(ty) = found else {
            let types = self.schema.types_text(&action.resources);
            return Err(OriginsError::missing(format!(
                "action `{}` is about {types}: say what a request is about, in the origins\n\n[resource]\ntype = \"NAME\"\nid = \"request.host\"",
                action.name
            )));
        };
        let fills = self.attributes(*ty, &Attributes::new())?;
        Ok(Who { ty: number(ty.index()), fills, ..Who::default() })
    }

    fn entity_name(&self, ty: EntityTypeId) -> String {
        self.schema.entity(ty).map_or_else(String::new, |entity| entity.name.to_string())
    }

    fn entity(&mut self, written: &Entity, types: &[EntityTypeId], role: &str) -> Result<Who, OriginsError> {
        let origins = self.origins;
        let name = written.ty.get_ref();
        let ty = self.schema.find_entity(name).filter(|ty| types.contains(ty)).ok_or_else(|| {
            let types = self.schema.types_text(types);
            origins.error(&written.ty, format!("the action's {role} is no `{name}` but {types}"))
        })?;
        let id = written.id.as_ref().map(|id| self.id(id)).transpose()?;
        let mut when = Vec::new();
        for (origin, text) in &written.when {
            let parts = Written::Dotted(origin.get_ref().clone()).parts();
            let parsed = self.parse(&parts).map_err(|message| origins.error(origin, message))?;
            let (kind, property) = self.trusted_text(origin, &parsed)?;
            if !matches!(kind, T_FILL_VALUE | T_FILL_NAME) {
                return Err(
                    origins.error(origin, "a condition compares texts as they are, and this has to be cut first")
                );
            }
            when.push((property, text.clone()));
        }
        let fills = self.attributes(ty, &written.attributes)?;
        let parents = written.parents.iter().map(|parent| self.parent(ty, parent)).collect::<Result<_, _>>()?;
        Ok(Who { ty: number(ty.index()), id, when, fills, parents })
    }

    fn parent(&mut self, of: EntityTypeId, written: &Parent) -> Result<(u32, i32, u32), OriginsError> {
        let origins = self.origins;
        let name = written.ty.get_ref();
        let may = self.schema.entity(of).map_or(&[][..], |entity| &entity.parents);
        let ty = self.schema.find_entity(name).filter(|ty| may.contains(ty)).ok_or_else(|| {
            let message = format!("a `{}` has no parents of type `{name}`", self.entity_name(of));
            origins.error(&written.ty, message)
        })?;
        let origin = self.parse_written(&written.id)?;
        let (kind, property) = self.trusted_text(&written.id, &origin)?;
        Ok((number(ty.index()), kind, property))
    }

    fn id(&mut self, written: &Spanned<Written>) -> Result<(i32, u32), OriginsError> {
        let origin = self.parse_written(written)?;
        self.trusted_text(written, &origin)
    }

    /// A text that nobody but a client's enforcement point says.
    fn trusted_text<T>(&mut self, at: &Spanned<T>, origin: &Origin) -> Result<(i32, u32), OriginsError> {
        if origin.is_clients_word() {
            let message = "headers are the client's word: they cannot say who asks, or what is asked about";
            return Err(self.origins.error(at, message));
        }
        let kind = origin.fills(&Type::String);
        kind.zip(self.property_of(origin)).ok_or_else(|| self.origins.error(at, "this is no text"))
    }

    fn parse_written(&self, written: &Spanned<Written>) -> Result<Origin, OriginsError> {
        self.parse(&written.get_ref().parts()).map_err(|message| self.origins.error(written, message))
    }

    fn parse(&self, parts: &[String]) -> Result<Origin, String> {
        Origin::parse(parts, self.payload)
    }

    /// The number of the property that an origin is, if it is one.
    fn property_of(&mut self, origin: &Origin) -> Option<u32> {
        Some(match origin {
            Origin::Text(path) | Origin::Address(path) => self.property(FROM_TEXT, path, None),
            Origin::Spiffe(_) => self.property(FROM_TEXT, URI_SAN, None),
            Origin::Pair(name) => self.property(FROM_HEADER, name, None),
            Origin::Path | Origin::Query => self.property(FROM_HEADER, TARGET, None),
            Origin::Typed { of, path, .. } => {
                let root = self.property(FROM_MESSAGE, of, None);
                path.iter().fold(root, |of, name| self.property(FROM_MEMBER, name, Some(of)))
            }
            Origin::Headers | Origin::Header(_) | Origin::RequestLine | Origin::Claims => return None,
        })
    }

    fn property(&mut self, from: i32, name: &str, of: Option<u32>) -> u32 {
        let property = Property { from, name: name.to_owned(), of };
        let known = &mut self.plan.properties;
        let found = known.iter().position(|other| *other == property);
        number(found.unwrap_or_else(|| {
            known.push(property);
            known.len() - 1
        }))
    }

    fn context(&mut self) -> Result<Vec<Fill>, OriginsError> {
        let (policy, schema) = (self.policy, self.schema);
        let extent = |at: usize| policy.context_extent(at);
        let written = &self.origins.file().context;
        let slot = |at| graph::Slot::Context(at);
        let mut fills = self.fills("the context", &schema.context, extent, slot, written)?;
        for (at, attribute) in schema.context.iter().enumerate() {
            if *policy.context_extent(at) == Extent::Nothing || is_written(written, &attribute.name) {
                continue;
            }
            match self.context_default(attribute) {
                Some(parts) => {
                    let origin = self.parse(&parts).map_err(OriginsError::missing)?;
                    let slot = graph::Slot::Context(number(at));
                    let fill = self.fill(slot, attribute, &origin, extent(at)).map_err(OriginsError::missing)?;
                    fills.push(fill);
                }
                None => return Err(self.unsupplied_context(at, attribute)),
            }
        }
        Ok(fills)
    }

    /// Where an attribute of the context comes from if nothing is written.
    fn context_default(&self, attribute: &Attribute) -> Option<Vec<String>> {
        let record = |id: &RecordId| self.schema.record(*id).map(|record| &*record.name);
        let parts: &[&str] = match attribute.ty.present() {
            Type::Record(id) if record(id) == Some(CLAIMS) => &["jwt"],
            Type::Record(id) if record(id) == Some(REQUEST_LINE) => &["request"],
            Type::Ip if attribute.from == Schema::PEP && &*attribute.name == "source_ip" => &["source", "address"],
            _ => return None,
        };
        Some(parts.iter().map(|part| (*part).to_owned()).collect())
    }

    fn unsupplied_context(&self, at: usize, attribute: &Attribute) -> OriginsError {
        let reads = |position: u32| {
            let asked = self.schema.context.get(position as usize);
            let by_clock =
                |asked: &Attribute| asked.freshness.iter().any(|bound| bound.clock().attribute as usize == at);
            position as usize == at || asked.is_some_and(by_clock)
        };
        let rule = profile::first(self.policy, |node| match node {
            Node::Context(position) => reads(*position).then(String::new),
            _ => None,
        });
        let name = member(&attribute.name);
        unsupplied(
            rule,
            &format!("context.{name}"),
            &format!("[context]\n{} = {}", key(&attribute.name), example(attribute, self.schema)),
        )
    }

    /// Values of attributes that are written, as far as they are read.
    fn fills<'e>(
        &mut self,
        of: &str,
        declared: &[Attribute],
        extent: impl Fn(usize) -> &'e Extent,
        slot: impl Fn(u32) -> graph::Slot,
        written: &Attributes,
    ) -> Result<Vec<Fill>, OriginsError> {
        let origins = self.origins;
        let mut fills = Vec::new();
        for (name, written) in written {
            let found = declared.iter().position(|attribute| *attribute.name == **name.get_ref());
            let attribute = found.and_then(|at| Some((at, declared.get(at)?)));
            let (at, attribute) =
                attribute.ok_or_else(|| origins.error(name, format!("{of} has no attribute `{}`", name.get_ref())))?;
            let fail = |message| origins.error(written, message);
            let origin = self.parse(&written.get_ref().parts()).map_err(fail)?;
            let fill = self.fill(slot(number(at)), attribute, &origin, extent(at)).map_err(fail)?;
            if *extent(at) != Extent::Nothing {
                fills.push(fill);
            }
        }
        Ok(fills)
    }

    /// Values of an entity's attributes, of which those that its store says are left to it.
    fn attributes(&mut self, ty: EntityTypeId, written: &Attributes) -> Result<Vec<Fill>, OriginsError> {
        let (policy, schema) = (self.policy, self.schema);
        let Some(entity) = schema.entity(ty) else { return Ok(Vec::new()) };
        let extent = |at: usize| policy.attribute_extent(ty, at);
        let of = format!("`{}`", entity.name);
        let slot = |at| graph::Slot::Attribute(ty, at);
        let mut fills = self.fills(&of, &entity.attributes, extent, slot, written)?;
        let mut unsaid = Vec::new();
        for (at, attribute) in entity.attributes.iter().enumerate() {
            if *extent(at) == Extent::Nothing || is_written(written, &attribute.name) {
                continue;
            }
            if &*entity.name == REQUEST {
                let parts = ["request".to_owned(), attribute.name.to_string()];
                let origin = self.parse(&parts).map_err(OriginsError::missing)?;
                let fill = self.fill(slot(number(at)), attribute, &origin, extent(at));
                fills.push(fill.map_err(OriginsError::missing)?);
            } else if self.entities.entities().any(|stored| stored.uid().ty == ty) {
                unsaid.push((slot(number(at)), attribute));
            } else {
                return Err(self.unsupplied_attribute(ty, at, attribute));
            }
        }
        if !fills.is_empty() {
            // Where something is said, a complete source would otherwise say that there is nothing else.
            let complete = unsaid.into_iter().filter(|(_, attribute)| self.is_silent(attribute));
            fills.extend(complete.map(|(slot, _)| Fill {
                of: Of::Slot(slot),
                kind: T_FILL_NOTHING,
                from: From::Nothing,
                missing: MISSING_UNKNOWN,
            }));
        }
        Ok(fills)
    }

    fn unsupplied_attribute(&self, of: EntityTypeId, at: usize, attribute: &Attribute) -> OriginsError {
        let rule = profile::first(self.policy, |node| match node {
            Node::Attribute { ty, attribute, .. } => (*ty == of && *attribute as usize == at).then(String::new),
            _ => None,
        });
        let (name, key) = (member(&attribute.name), key(&attribute.name));
        let entity = self.entity_name(of);
        let lines = format!("attributes = {{ {key} = {} }}", example(attribute, self.schema));
        unsupplied(
            rule,
            &format!("{entity}.{name}"),
            &format!("{lines}\n\nwhere the type `{entity}` stands, or give entities of that type"),
        )
    }

    /// Whether an attribute counts as absent where nothing is said of it.
    fn is_silent(&self, attribute: &Attribute) -> bool {
        attribute.ty.is_optional() && self.schema.source(attribute.from).is_some_and(|source| source.complete)
    }

    fn is_verified(&self, source: SourceId) -> bool {
        self.schema.source(source).is_some_and(|source| source.verified)
    }

    /// An attribute's value from an origin.
    fn fill(
        &mut self,
        slot: graph::Slot,
        attribute: &Attribute,
        origin: &Origin,
        extent: &Extent,
    ) -> Result<Fill, String> {
        if origin.is_clients_word() && self.is_verified(attribute.from) {
            let source = self.schema.source(attribute.from).map_or("", |source| &source.name);
            let name = &attribute.name;
            return Err(format!(
                "source `{source}` vouches for `{name}`, and headers are the client's word: take it from elsewhere, or declare it of an unverified source"
            ));
        }
        let (kind, from) = self.value(&attribute.name, &attribute.ty, origin, extent)?;
        let mut fill = Fill { of: Of::Slot(slot), kind, from, missing: MISSING_LEFT_OUT };
        if self.is_silent(attribute) && !matches!(fill.from, From::Record(_)) {
            let is_claim = matches!(origin, Origin::Typed { is_claim: true, .. });
            fill.missing = if is_claim { MISSING_IN_TOKEN } else { MISSING_UNKNOWN };
        }
        // All headers are known: one that does not come is not there.
        if matches!(origin, Origin::Header(_)) && attribute.ty.is_optional() {
            fill.missing = MISSING_NULL;
        }
        if *origin == Origin::Claims {
            fill.missing = MISSING_IN_TOKEN;
        }
        if fill.missing == MISSING_IN_TOKEN {
            let of = self.property(FROM_MESSAGE, METADATA, None);
            let of = self.property(FROM_MEMBER, JWT_AUTHN, Some(of));
            self.plan.token = self.property(FROM_MEMBER, self.payload, Some(of));
        }
        Ok(fill)
    }

    /// How a value is made, and what of.
    fn value(&mut self, name: &str, ty: &Type, origin: &Origin, extent: &Extent) -> Result<(i32, From), String> {
        let Some(kind) = origin.fills(ty) else {
            return Err(format!("`{name}` is of type {}, which this cannot give", self.schema.type_text(ty)));
        };
        let from = match (origin, ty.present()) {
            (Origin::Claims | Origin::RequestLine, Type::Record(record)) => {
                From::Record(self.record(*record, origin, extent)?)
            }
            (Origin::Header(header), _) => From::Header(header.clone()),
            _ => self.property_of(origin).map_or(From::Nothing, From::Property),
        };
        Ok((kind, from))
    }

    /// A record's fields, as far as they are read.
    fn record(&mut self, record: RecordId, of: &Origin, extent: &Extent) -> Result<Vec<Fill>, String> {
        let declared = self.schema.record(record).map_or(&[][..], |record| &record.fields);
        let root = if *of == Origin::Claims { "jwt" } else { "request" };
        let mut fills = Vec::new();
        for (at, field) in declared.iter().enumerate() {
            if *extent.field(at) == Extent::Nothing {
                continue;
            }
            let origin = self.parse(&[root.to_owned(), field.name.to_string()])?;
            let (kind, from) = self.value(&field.name, &field.ty, &origin, &Extent::Whole)?;
            fills.push(Fill { of: Of::Field(field.name.to_string()), kind, from, missing: MISSING_LEFT_OUT });
        }
        Ok(fills)
    }

    fn obligations(&mut self, action: ActionId) -> Result<(), OriginsError> {
        let mut headers: BTreeMap<(&str, &str), String> = BTreeMap::new();
        let origins = self.origins;
        let schema = self.schema;
        for (name, args) in &origins.file().obligations {
            let declared = schema.obligations.iter().find(|known| *known.name == **name.get_ref());
            let declared = declared
                .ok_or_else(|| origins.error(name, format!("the policy has no obligation `{}`", name.get_ref())))?;
            for (arg, header) in args {
                if !declared.params.iter().any(|param| *param.name == **arg.get_ref()) {
                    let message = format!("obligation `{}` has no argument `{}`", declared.name, arg.get_ref());
                    return Err(origins.error(arg, message));
                }
                let name = origin::header(header.get_ref()).map_err(|message| origins.error(header, message))?;
                headers.insert((&declared.name, arg.get_ref()), name);
            }
        }
        self.plan.headers = headers.values().cloned().collect();
        self.plan.headers.sort();
        self.plan.headers.dedup();
        let asked = self.policy.rules_for(action).map_or(&[][..], |rules| &rules.allows);
        for (at, rule) in self.policy.rules().iter().enumerate() {
            let mut heads = Vec::new();
            for duty in rule.extras.duties.iter().filter(|_| asked.iter().any(|id| id.index() == at)) {
                let Some(declared) = schema.obligation(duty.obligation) else { continue };
                for (param, node) in declared.params.iter().zip(&duty.args) {
                    let header = headers.get(&(&*declared.name, &*param.name));
                    let header = header.ok_or_else(|| unmapped(&rule.name, declared))?;
                    if !origin::can_be_header(&param.ty) {
                        let (name, arg, ty) = (&declared.name, &param.name, schema.type_text(&param.ty));
                        return Err(OriginsError::missing(format!(
                            "rule `{}` obliges to `{name}`, whose argument `{arg}` is of type {ty}: no header can carry that",
                            rule.name
                        )));
                    }
                    heads.push((*node, param.ty.clone(), header.clone()));
                }
            }
            self.plan.heads.push(heads);
        }
        Ok(())
    }
}

fn is_written(written: &Attributes, name: &str) -> bool {
    written.keys().any(|key| key.get_ref() == name)
}
