//! What a policy declares: the types of evidence, who vouches for each, and the actions that can be asked for.
//!
//! Everything that comes from outside (requests, entity data, parameters) is read against a [`Schema`]. All names in it are
//! the ones that requests use: bare for the root package, `zt.http.Request` for the packages it uses.

mod check;
pub(crate) mod text;
mod wire;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::id::{ActionId, EntityTypeId, EnumId, ObligationId, ParamId, RecordId, SourceId};
use crate::value::{Duration, Value};

/// The declarations of a compiled policy.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Schema {
    /// Enums, by [`EnumId`].
    pub enums: Vec<EnumType>,
    /// Sources, by [`SourceId`]; the first is always [`Schema::PEP`].
    pub sources: Vec<Source>,
    /// Record types, by [`RecordId`].
    pub records: Vec<RecordType>,
    /// Entity types, by [`EntityTypeId`].
    pub entities: Vec<EntityType>,
    /// The context's attributes.
    pub context: Vec<Attribute>,
    /// Obligations, by [`ObligationId`].
    pub obligations: Vec<Obligation>,
    /// Actions, by [`ActionId`].
    pub actions: Vec<Action>,
    /// Parameters, by [`ParamId`].
    pub params: Vec<Param>,
    /// What the policy says of itself: the annotations of the root package's `package` lines, in order.
    pub annotations: Vec<Annotation>,
}

/// An annotation's name, and its text if it has one.
pub type Annotation = (Arc<str>, Option<Arc<str>>);

/// A type of the language.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "wire::Form", into = "wire::Form")]
pub enum Type {
    /// `Bool`
    Bool,
    /// `Int`
    Int,
    /// `Decimal`
    Decimal,
    /// `String`
    String,
    /// `Timestamp`
    Timestamp,
    /// `Duration`
    Duration,
    /// `Ip`
    Ip,
    /// `IpRange`
    IpRange,
    /// `Version`
    Version,
    /// `Quantity`
    Quantity,
    /// `Path`
    Path,
    /// `Host`
    Host,
    /// An enum.
    Enum(EnumId),
    /// A reference to an entity of one of these types; sorted, at least one.
    Entity(Vec<EntityTypeId>),
    /// A record.
    Record(RecordId),
    /// `Set<T>`
    Set(Box<Type>),
    /// `List<T>`
    List(Box<Type>),
    /// `Map<T>`
    Map(Box<Type>),
    /// `T?`; never of an optional.
    Optional(Box<Type>),
}

impl Type {
    /// The type without its `?`.
    #[must_use]
    pub fn present(&self) -> &Self {
        match self {
            Self::Optional(inner) => inner,
            other => other,
        }
    }

    /// Whether it is `T?`.
    #[must_use]
    pub fn is_optional(&self) -> bool {
        matches!(self, Self::Optional(_))
    }

    /// `T?`, once.
    #[must_use]
    pub fn optional(self) -> Self {
        if self.is_optional() { self } else { Self::Optional(Box::new(self)) }
    }
}

/// An enum.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct EnumType {
    /// Its name.
    pub name: Arc<str>,
    /// Its members in declared order.
    pub members: Vec<Arc<str>>,
    /// Whether the order means something.
    pub ordered: bool,
}

/// Who vouches for evidence.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Source {
    /// Its name.
    pub name: Arc<str>,
    /// Whether its word can grant access.
    pub verified: bool,
    /// Whether a missing key is its statement that there is no value.
    pub complete: bool,
}

/// A record type.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct RecordType {
    /// Its name.
    pub name: Arc<str>,
    /// Its fields.
    pub fields: Vec<Field>,
}

/// A named, typed place in a record or an obligation.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Field {
    /// Its name.
    pub name: Arc<str>,
    /// Its type.
    pub ty: Type,
}

/// An entity type.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct EntityType {
    /// Its name.
    pub name: Arc<str>,
    /// Types its parents may have; empty when it has none.
    pub parents: Vec<EntityTypeId>,
    /// Who vouches for its parents.
    pub parents_from: SourceId,
    /// Its attributes.
    pub attributes: Vec<Attribute>,
}

/// An attribute of an entity type or of the context.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Attribute {
    /// Its name.
    pub name: Arc<str>,
    /// Its type.
    pub ty: Type,
    /// Who vouches for it.
    pub from: SourceId,
    /// When it counts as known; all must hold.
    pub freshness: Vec<Freshness>,
    /// How the subject can renew it.
    pub step_up: Option<StepUp>,
    /// Never printed by explanations and logs.
    pub sensitive: bool,
    /// Its doc comment.
    pub doc: Option<Arc<str>>,
}

/// A time among the sibling attributes: an attribute, and fields within its records.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Clock {
    /// The sibling attribute's position.
    pub attribute: u32,
    /// Field positions within records.
    pub fields: Vec<u32>,
}

/// A bound on the age of evidence.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub enum Freshness {
    /// `fresh D since T`: unknown once it is older than `age`, or established later than now plus the clock skew.
    Since {
        /// The greatest age.
        age: Duration,
        /// When it was established.
        clock: Clock,
    },
    /// `fresh until T`: unknown from then on.
    Until {
        /// When it ends.
        clock: Clock,
    },
}

/// Evidence that the subject can renew (RFC 9470).
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct StepUp {
    /// Authentication context class reference to ask for.
    pub acr: Arc<str>,
    /// The value that the attribute then has.
    pub gives: Value,
}

/// An obligation that allow rules can impose on the enforcement point.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Obligation {
    /// Its name.
    pub name: Arc<str>,
    /// Its parameters.
    pub params: Vec<Field>,
}

/// An action that can be asked for.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Action {
    /// Its name.
    pub name: Arc<str>,
    /// The types a subject may have.
    pub subjects: Vec<EntityTypeId>,
    /// Who vouches for the subject.
    pub subject_from: SourceId,
    /// The types a resource may have.
    pub resources: Vec<EntityTypeId>,
}

/// A value given at build, at load, or as a host's settings.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Param {
    /// Its name.
    pub name: Arc<str>,
    /// Its type.
    pub ty: Type,
    /// Its value: the default, until one is given. Written apart from the declarations, so that giving one is cheap.
    #[serde(skip)]
    pub value: Option<Value>,
}

impl Schema {
    /// The predeclared source: what the enforcement point itself observed or looked up.
    pub const PEP: SourceId = SourceId::new(0);

    /// The most entity types: what follows from their parents grows with the square of their number.
    pub const ENTITY_TYPES_MAX: usize = 4096;

    /// An enum by id.
    #[must_use]
    pub fn enum_type(&self, id: EnumId) -> Option<&EnumType> {
        self.enums.get(id.index())
    }

    /// A source by id.
    #[must_use]
    pub fn source(&self, id: SourceId) -> Option<&Source> {
        self.sources.get(id.index())
    }

    /// A record type by id.
    #[must_use]
    pub fn record(&self, id: RecordId) -> Option<&RecordType> {
        self.records.get(id.index())
    }

    /// An entity type by id.
    #[must_use]
    pub fn entity(&self, id: EntityTypeId) -> Option<&EntityType> {
        self.entities.get(id.index())
    }

    /// An obligation by id.
    #[must_use]
    pub fn obligation(&self, id: ObligationId) -> Option<&Obligation> {
        self.obligations.get(id.index())
    }

    /// An action by id.
    #[must_use]
    pub fn action(&self, id: ActionId) -> Option<&Action> {
        self.actions.get(id.index())
    }

    /// A parameter by id.
    #[must_use]
    pub fn param(&self, id: ParamId) -> Option<&Param> {
        self.params.get(id.index())
    }

    /// An entity type by the name that requests use.
    #[must_use]
    pub fn find_entity(&self, name: &str) -> Option<EntityTypeId> {
        self.entities.iter().position(|entity| &*entity.name == name).map(EntityTypeId::new)
    }

    /// An action by name.
    #[must_use]
    pub fn find_action(&self, name: &str) -> Option<ActionId> {
        self.actions.iter().position(|action| &*action.name == name).map(ActionId::new)
    }

    /// A source by name.
    #[must_use]
    pub fn find_source(&self, name: &str) -> Option<SourceId> {
        self.sources.iter().position(|source| &*source.name == name).map(SourceId::new)
    }
}
