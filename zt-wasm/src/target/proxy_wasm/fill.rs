//! What attributes are made of: from which origin each value comes, and whether that may say it.

use zt_eval::codegen::{Extent, member};
use zt_eval::graph::{self, Node};
use zt_eval::id::{EntityTypeId, RecordId};
use zt_eval::schema::{Attribute, Schema, Type};

use super::messages::{key, unsupplied};
use super::origin::{JWT_AUTHN, METADATA, Origin, Word};
use super::origins::{Attributes, OriginsError};
use super::plan::{Fill, From, Of, Planner, REQUEST, Role};
use crate::layout::*;
use crate::profile;
use crate::tables::data::number;

const REQUEST_LINE: &str = "zt.http.RequestLine";
const CLAIMS: &str = "zt.oidc.Claims";

/// The source that vouches for tokens.
const TOKEN: &str = "zt.oidc.token";

/// Attributes that are declared, what has them, and what it is to the request.
#[derive(Clone, Copy)]
struct Declared<'a> {
    of: &'a str,
    attributes: &'a [Attribute],
    role: Role,
}

impl Planner<'_> {
    pub fn context(&mut self) -> Result<Vec<Fill>, OriginsError> {
        let (policy, schema) = (self.policy, self.schema);
        let extent = |at: usize| policy.context_extent(at);
        let written = &self.origins.file().context;
        let slot = |at| graph::Slot::Context(at);
        let declared = Declared { of: "the context", attributes: &schema.context, role: Role::Context };
        let mut fills = self.fills(declared, extent, slot, written)?;
        for (at, attribute) in schema.context.iter().enumerate() {
            if *policy.context_extent(at) == Extent::Nothing || is_written(written, &attribute.name) {
                continue;
            }
            match self.context_default(attribute) {
                Some(parts) => {
                    let fill = self.fill(slot(number(at)), (attribute, Role::Context), &parts, extent(at));
                    fills.push(fill.map_err(OriginsError::missing)?);
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

    fn unsupplied_context(&mut self, at: usize, attribute: &Attribute) -> OriginsError {
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
        let slot = graph::Slot::Context(number(at));
        let example = self.example(slot, (attribute, Role::Context), self.policy.context_extent(at));
        let lines = example.map(|example| format!("[context]\n{} = {example}", key(&attribute.name)));
        unsupplied(rule, &format!("context.{name}"), lines, &self.schema.type_text(&attribute.ty), "")
    }

    /// Values of attributes that are written, as far as they are read.
    fn fills<'e>(
        &mut self,
        declared: Declared<'_>,
        extent: impl Fn(usize) -> &'e Extent,
        slot: impl Fn(u32) -> graph::Slot,
        written: &Attributes,
    ) -> Result<Vec<Fill>, OriginsError> {
        let origins = self.origins;
        let mut fills = Vec::new();
        for (name, written) in written {
            let Declared { of, attributes, role } = declared;
            let found = attributes.iter().position(|attribute| *attribute.name == **name.get_ref());
            let attribute = found.and_then(|at| Some((at, attributes.get(at)?)));
            let (at, attribute) =
                attribute.ok_or_else(|| origins.error(name, format!("{of} has no attribute `{}`", name.get_ref())))?;
            let fill = self.fill(slot(number(at)), (attribute, role), &written.get_ref().parts(), extent(at));
            let fill = fill.map_err(|message| origins.error(written, message))?;
            if *extent(at) != Extent::Nothing {
                fills.push(fill);
            }
        }
        Ok(fills)
    }

    /// Values of an entity's attributes, of which those that its store says are left to it.
    pub fn attributes(
        &mut self,
        ty: EntityTypeId,
        written: &Attributes,
        role: Role,
    ) -> Result<Vec<Fill>, OriginsError> {
        let (policy, schema) = (self.policy, self.schema);
        let Some(entity) = schema.entity(ty) else { return Ok(Vec::new()) };
        let extent = |at: usize| policy.attribute_extent(ty, at);
        let of = format!("`{}`", entity.name);
        let slot = |at| graph::Slot::Attribute(ty, at);
        let declared = Declared { of: &of, attributes: &entity.attributes, role };
        let mut fills = self.fills(declared, extent, slot, written)?;
        let mut unsaid = Vec::new();
        for (at, attribute) in entity.attributes.iter().enumerate() {
            if *extent(at) == Extent::Nothing || is_written(written, &attribute.name) {
                continue;
            }
            if &*entity.name == REQUEST {
                let parts = ["request".to_owned(), attribute.name.to_string()];
                let fill = self.fill(slot(number(at)), (attribute, role), &parts, extent(at));
                fills.push(fill.map_err(OriginsError::missing)?);
            } else if self.entities.entities().any(|stored| stored.uid().ty == ty) {
                unsaid.push((slot(number(at)), attribute));
            } else {
                return Err(self.unsupplied_attribute(ty, at, (attribute, role)));
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

    fn unsupplied_attribute(
        &mut self,
        of: EntityTypeId,
        at: usize,
        (attribute, role): (&Attribute, Role),
    ) -> OriginsError {
        let rule = profile::first(self.policy, |node| match node {
            Node::Attribute { ty, attribute, .. } => (*ty == of && *attribute as usize == at).then(String::new),
            _ => None,
        });
        let (name, key, entity) = (member(&attribute.name), key(&attribute.name), self.entity_name(of));
        let slot = graph::Slot::Attribute(of, number(at));
        let example = self.example(slot, (attribute, role), self.policy.attribute_extent(of, at));
        let lines =
            example.map(|example| format!("attributes = {{ {key} = {example} }}\n\nwhere the type `{entity}` stands"));
        let otherwise = format!(", or give entities of type `{entity}`");
        unsupplied(rule, &format!("{entity}.{name}"), lines, &self.schema.type_text(&attribute.ty), &otherwise)
    }

    /// An origin that an attribute may have, as it is written.
    fn example(&mut self, slot: graph::Slot, wanted: (&Attribute, Role), extent: &Extent) -> Option<String> {
        let (attribute, _) = wanted;
        let name = &*attribute.name;
        let is_of_token = self.schema.source(attribute.from).is_some_and(|source| &*source.name == TOKEN);
        let mut candidates: Vec<&[&str]> = Vec::new();
        let (claim, said) = (["jwt", name], ["metadata", "FILTER", name]);
        if is_of_token {
            candidates.extend([&claim[..], &["jwt"]]);
        }
        if *attribute.ty.present() == Type::Ip {
            candidates.push(&["source", "address"]);
        }
        candidates.extend([&said[..], &["request"], &["request", "query"], &["request", "headers"]]);
        candidates.into_iter().find_map(|parts| {
            let parts: Vec<String> = parts.iter().map(|part| (*part).to_owned()).collect();
            self.fill(slot, wanted, &parts, extent).is_ok().then(|| written(&parts))
        })
    }

    /// Whether an attribute counts as absent where nothing is said of it.
    fn is_silent(&self, attribute: &Attribute) -> bool {
        attribute.ty.is_optional() && self.schema.source(attribute.from).is_some_and(|source| source.complete)
    }

    /// An attribute's value from an origin.
    fn fill(
        &mut self,
        slot: graph::Slot,
        wanted: (&Attribute, Role),
        parts: &[String],
        extent: &Extent,
    ) -> Result<Fill, String> {
        let (attribute, _) = wanted;
        let origin = self.parse(parts)?;
        self.check_word(wanted, &origin, parts)?;
        let (kind, from) = self.value(wanted, (&attribute.name, &attribute.ty), &origin, extent)?;
        let mut fill = Fill { of: Of::Slot(slot), kind, from, missing: MISSING_LEFT_OUT };
        if self.is_silent(attribute) && !matches!(fill.from, From::Record(_)) {
            let is_claim = matches!(origin, Origin::Typed { is_claim: true, .. });
            fill.missing = if is_claim { MISSING_IN_TOKEN } else { MISSING_UNKNOWN };
        }
        // All headers are known: one that does not come is not there.
        if matches!(origin, Origin::Header(_)) && attribute.ty.is_optional() {
            fill.missing = MISSING_NULL;
        }
        if origin == Origin::Claims {
            fill.missing = MISSING_IN_TOKEN;
        }
        if fill.missing == MISSING_IN_TOKEN {
            let of = self.property(FROM_MESSAGE, METADATA, None);
            let of = self.property(FROM_MEMBER, JWT_AUTHN, Some(of));
            self.plan.token = self.property(FROM_MEMBER, self.payload, Some(of));
        }
        Ok(fill)
    }

    /// Whether an origin may say what an attribute's source vouches for.
    fn check_word(
        &self,
        (attribute, role): (&Attribute, Role),
        origin: &Origin,
        parts: &[String],
    ) -> Result<(), String> {
        let least = self.least(attribute.from, role);
        if origin.word() >= least {
            return Ok(());
        }
        let source = self.schema.source(attribute.from).map_or("", |source| &source.name);
        let (name, why) = (parts.join("."), origin.word().why());
        let help = match (origin.word(), role) {
            (Word::Asked, Role::Subject) => "which is not who asks: take it from the token or the certificate",
            (Word::Asked, _) => "take it from elsewhere, or declare it without `from`, as the proxy's own observation",
            _ => "take it from elsewhere, or declare it of an unverified source",
        };
        Err(format!("source `{source}` vouches for `{}`, and `{name}` {why}: {help}", attribute.name))
    }

    /// How a value is made, and what of.
    fn value(
        &mut self,
        wanted: (&Attribute, Role),
        (name, ty): (&str, &Type),
        origin: &Origin,
        extent: &Extent,
    ) -> Result<(i32, From), String> {
        let Some(kind) = origin.fills(ty) else {
            return Err(format!("`{name}` is of type {}, which this cannot give", self.schema.type_text(ty)));
        };
        let from = match (origin, ty.present()) {
            (Origin::Claims | Origin::RequestLine, Type::Record(record)) => {
                From::Record(self.record(wanted, *record, origin, extent)?)
            }
            (Origin::Header(header), _) => From::Header(header.clone()),
            _ => self.property_of(origin).map_or(From::Nothing, From::Property),
        };
        Ok((kind, from))
    }

    /// A record's fields, as far as they are read.
    fn record(
        &mut self,
        wanted: (&Attribute, Role),
        record: RecordId,
        of: &Origin,
        extent: &Extent,
    ) -> Result<Vec<Fill>, String> {
        let declared = self.schema.record(record).map_or(&[][..], |record| &record.fields);
        let root = if *of == Origin::Claims { "jwt" } else { "request" };
        let mut fills = Vec::new();
        for (at, field) in declared.iter().enumerate() {
            if *extent.field(at) == Extent::Nothing {
                continue;
            }
            let parts = [root.to_owned(), field.name.to_string()];
            let origin = self.parse(&parts)?;
            self.check_word(wanted, &origin, &parts)?;
            let (kind, from) = self.value(wanted, (&field.name, &field.ty), &origin, &Extent::Whole)?;
            fills.push(Fill { of: Of::Field(field.name.to_string()), kind, from, missing: MISSING_LEFT_OUT });
        }
        Ok(fills)
    }
}

fn is_written(written: &Attributes, name: &str) -> bool {
    written.keys().any(|key| key.get_ref() == name)
}

/// An origin as it is written; filters' names have dots.
fn written(parts: &[String]) -> String {
    let is_list = parts.len() > 2 || parts.iter().any(|part| part.contains('.'));
    if is_list { format!("{parts:?}") } else { format!("{:?}", parts.join(".")) }
}
