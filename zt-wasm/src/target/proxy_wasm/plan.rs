//! What origins mean for a policy: where each part of a request document comes from.
//!
//! Everything that a policy reads has an origin here, of its type and no less trusted than its source; where that cannot be,
//! there is no plan, and the message says what to write.

use toml::Spanned;
use zt_eval::graph;
use zt_eval::id::{ActionId, EntityTypeId, SourceId};
use zt_eval::schema::{Action, Schema, Type};
use zt_eval::{Policy, Store};

use super::duties::Duties;
use super::origin::{Origin, TARGET, URI_SAN, Word};
use super::origins::{Attributes, Entity, Origins, OriginsError, Parent, Written};
use crate::layout::*;
use crate::tables::data::number;

pub(super) const REQUEST: &str = "zt.http.Request";

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
    pub duties: Duties,
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
        planner.plan.duties = Duties::of(policy, origins, id)?;
        Ok(planner.plan)
    }
}

pub(super) struct Planner<'a> {
    pub policy: &'a Policy,
    pub schema: &'a Schema,
    pub entities: &'a Store,
    pub origins: &'a Origins,
    /// The name under which the proxy keeps the claims.
    pub payload: &'a str,
    pub plan: Plan,
}

/// What an attribute is of.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Subject,
    Resource,
    Context,
}

impl Role {
    /// What it says of a request.
    fn says(self) -> &'static str {
        if self == Self::Subject { "who asks" } else { "what is asked about" }
    }
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
            subjects.push(self.entity(written, &action.subjects, Role::Subject)?);
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
        let fills = self.attributes(*ty, &Attributes::new(), Role::Subject)?;
        Ok(Who { ty: number(ty.index()), id: Some((T_FILL_VALUE, id)), fills, ..Who::default() })
    }

    fn resource(&mut self, action: &Action) -> Result<Who, OriginsError> {
        if let Some(written) = &self.origins.file().resource {
            return self.entity(written, &action.resources, Role::Resource);
        }
        let found = action.resources.iter().find(|ty| self.entity_name(**ty) == REQUEST);
        let Some(ty) = found else {
            let types = self.schema.types_text(&action.resources);
            return Err(OriginsError::missing(format!(
                "action `{}` is about {types}: say what a request is about, in the origins\n\n[resource]\ntype = \"NAME\"\nid = \"request.host\"",
                action.name
            )));
        };
        let fills = self.attributes(*ty, &Attributes::new(), Role::Resource)?;
        Ok(Who { ty: number(ty.index()), fills, ..Who::default() })
    }

    pub fn entity_name(&self, ty: EntityTypeId) -> String {
        self.schema.entity(ty).map_or_else(String::new, |entity| entity.name.to_string())
    }

    fn entity(&mut self, written: &Entity, types: &[EntityTypeId], role: Role) -> Result<Who, OriginsError> {
        let origins = self.origins;
        let name = written.ty.get_ref();
        let ty = self.schema.find_entity(name).filter(|ty| types.contains(ty)).ok_or_else(|| {
            let types = self.schema.types_text(types);
            let part = if role == Role::Subject { "subject" } else { "resource" };
            origins.error(&written.ty, format!("the action's {part} is no `{name}` but {types}"))
        })?;
        let id = written.id.as_ref().map(|id| self.text(id, &id.get_ref().parts(), role, Schema::PEP)).transpose()?;
        let mut when = Vec::new();
        for (origin, text) in &written.when {
            let parts = Written::Dotted(origin.get_ref().clone()).parts();
            let (kind, property) = self.text(origin, &parts, role, Schema::PEP)?;
            if !matches!(kind, T_FILL_VALUE | T_FILL_NAME) {
                return Err(
                    origins.error(origin, "a condition compares texts as they are, and this has to be cut first")
                );
            }
            when.push((property, text.clone()));
        }
        let fills = self.attributes(ty, &written.attributes, role)?;
        let parents = written.parents.iter().map(|parent| self.parent(ty, parent, role)).collect::<Result<_, _>>()?;
        Ok(Who { ty: number(ty.index()), id, when, fills, parents })
    }

    fn parent(&mut self, of: EntityTypeId, written: &Parent, role: Role) -> Result<(u32, i32, u32), OriginsError> {
        let origins = self.origins;
        let name = written.ty.get_ref();
        let declared = self.schema.entity(of);
        let may = declared.map_or(&[][..], |entity| &entity.parents);
        let ty = self.schema.find_entity(name).filter(|ty| may.contains(ty)).ok_or_else(|| {
            let message = format!("a `{}` has no parents of type `{name}`", self.entity_name(of));
            origins.error(&written.ty, message)
        })?;
        let source = declared.map_or(Schema::PEP, |entity| entity.parents_from);
        let (kind, property) = self.text(&written.id, &written.id.get_ref().parts(), role, source)?;
        Ok((number(ty.index()), kind, property))
    }

    /// A text that says who or what a request is about, of a source: no client's word, whatever the source.
    fn text<T>(
        &mut self,
        at: &Spanned<T>,
        parts: &[String],
        role: Role,
        source: SourceId,
    ) -> Result<(i32, u32), OriginsError> {
        let origins = self.origins;
        let origin = self.parse(parts).map_err(|message| origins.error(at, message))?;
        let least = if role == Role::Subject { Word::Proxy } else { self.least(source, role).max(Word::Asked) };
        if origin.word() < least {
            let message = format!(
                "`{}` {}: it cannot say {}; take that from what the proxy knows, such as {}",
                parts.join("."),
                origin.word().why(),
                role.says(),
                if role == Role::Subject { "`jwt.sub` or `mtls.uri_san`" } else { "the route's metadata" }
            );
            return Err(origins.error(at, message));
        }
        let kind = origin.fills(&Type::String);
        kind.zip(self.property_of(&origin)).ok_or_else(|| origins.error(at, "this is no text"))
    }

    /// Whose word at least is taken for what a source vouches for. What a request asks for is the enforcement point's own
    /// observation, and no other source's; and it says nothing of who asks.
    pub fn least(&self, source: SourceId, role: Role) -> Word {
        match self.schema.source(source) {
            Some(source) if !source.verified => Word::Client,
            _ if source == Schema::PEP && role != Role::Subject => Word::Asked,
            _ => Word::Proxy,
        }
    }

    pub fn parse(&self, parts: &[String]) -> Result<Origin, String> {
        Origin::parse(parts, self.payload)
    }

    /// The number of the property that an origin is, if it is one.
    pub fn property_of(&mut self, origin: &Origin) -> Option<u32> {
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

    pub fn property(&mut self, from: i32, name: &str, of: Option<u32>) -> u32 {
        let property = Property { from, name: name.to_owned(), of };
        let known = &mut self.plan.properties;
        let found = known.iter().position(|other| *other == property);
        number(found.unwrap_or_else(|| {
            known.push(property);
            known.len() - 1
        }))
    }
}
