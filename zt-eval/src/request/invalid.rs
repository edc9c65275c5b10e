//! Why a document is refused: the registry of codes for requests, entity data and values, with the place in the document.
//!
//! Codes are stable and never reused. A message names what is wrong, a limit also its value and what was used of it.

use std::error::Error;
use std::fmt;

use crate::json::{JsonError, JsonErrorKind};

/// Why a request, entity data or a value was refused, and where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InvalidRequest(Box<Refusal>);

/// Why entity data was refused, and where.
pub type StoreError = InvalidRequest;

/// Why a parameter's value was refused, and where.
pub type InvalidValue = InvalidRequest;

#[derive(Clone, PartialEq, Eq, Debug)]
struct Refusal {
    kind: InvalidKind,
    /// Innermost first, as the error found its way out.
    path: Vec<Segment>,
    offset: Option<usize>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Segment {
    Key(String),
    Index(usize),
}

/// What is wrong.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum InvalidKind {
    /// The document is not JSON.
    Json(JsonErrorKind),
    /// A member that must be there is not.
    Missing(&'static str),
    /// A part of the document is not what it must be: `an object`, `a string`.
    Shape(&'static str),
    /// A declared member, or a key of a declared map, is given twice.
    DuplicateKey(String),
    /// No entity type has this name.
    UnknownType(String),
    /// No action has this name.
    UnknownAction(String),
    /// No source has this name.
    UnknownSource(String),
    /// The action takes no subject of this type.
    SubjectType(String),
    /// The action takes no resource of this type.
    ResourceType(String),
    /// An attribute, or an entity's parents, are said twice by the one who vouches for them.
    SaidTwice,
    /// The list of entities describes one twice.
    DuplicateEntity(String),
    /// A source speaks of another subject or resource than the request's.
    OtherEntity(String),
    /// The action's source of the subject does not name the subject.
    SubjectNotVouched(String),
    /// Parents close a cycle, written out.
    Cycle(String),
    /// A limit of the policy is exceeded.
    Limit {
        /// The limit's name among the fields of [`Limits`](crate::Limits).
        limit: &'static str,
        /// Its value.
        max: u64,
        /// What the document uses; at least so much where counting stopped there.
        usage: u64,
    },
    /// A value is not of its declared type. In requests that makes it unknown; entity data and parameters are refused.
    Mistyped(String),
    /// An entity's parents have a type that is not permitted; what is.
    ParentType(String),
    /// Nothing of this name is declared here.
    Undeclared(String),
    /// The request was bound for another policy.
    OtherPolicy,
    /// Entity data was loaded for other declarations.
    OtherSchema,
}

impl InvalidKind {
    /// Its stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Json(_) => "R0101",
            Self::Missing(_) => "R0102",
            Self::Shape(_) => "R0103",
            Self::DuplicateKey(_) => "R0104",
            Self::UnknownType(_) => "R0105",
            Self::UnknownAction(_) => "R0106",
            Self::UnknownSource(_) => "R0107",
            Self::SubjectType(_) => "R0108",
            Self::ResourceType(_) => "R0109",
            Self::SaidTwice => "R0110",
            Self::DuplicateEntity(_) => "R0111",
            Self::OtherEntity(_) => "R0112",
            Self::SubjectNotVouched(_) => "R0113",
            Self::Cycle(_) => "R0114",
            Self::Limit { .. } => "R0115",
            Self::Mistyped(_) => "R0116",
            Self::Undeclared(_) => "R0117",
            Self::OtherPolicy => "R0118",
            Self::OtherSchema => "R0119",
            Self::ParentType(_) => "R0120",
        }
    }
}

impl fmt::Display for InvalidKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json(kind) => write!(f, "not JSON: {kind}"),
            Self::Missing(name) => write!(f, "`{name}` is missing"),
            Self::Shape(expected) => write!(f, "expected {expected}"),
            Self::DuplicateKey(key) => write!(f, "`{key}` is given twice"),
            Self::UnknownType(name) => write!(f, "there is no entity type `{name}`"),
            Self::UnknownAction(name) => write!(f, "there is no action `{name}`"),
            Self::UnknownSource(name) => write!(f, "there is no source `{name}`"),
            Self::SubjectType(name) => write!(f, "the action takes no subject of type `{name}`"),
            Self::ResourceType(name) => write!(f, "the action takes no resource of type `{name}`"),
            Self::SaidTwice => write!(f, "this is said twice by the source that vouches for it"),
            Self::DuplicateEntity(uid) => write!(f, "{uid} is described twice"),
            Self::OtherEntity(uid) => write!(f, "the source speaks of another entity than the request's {uid}"),
            Self::SubjectNotVouched(source) => {
                write!(f, "the action wants the subject from `{source}`, which does not name it")
            }
            Self::Cycle(cycle) => write!(f, "parents form a cycle: {cycle}"),
            Self::Limit { limit, max, usage } => {
                write!(f, "{usage} exceeds the limit `{limit}` of {max}")
            }
            Self::Mistyped(ty) => write!(f, "expected a value of type {ty}"),
            Self::ParentType(permitted) if permitted.is_empty() => write!(f, "entities of this type have no parents"),
            Self::ParentType(permitted) => write!(f, "expected a parent of type {permitted}"),
            Self::Undeclared(name) => write!(f, "`{name}` is not declared"),
            Self::OtherPolicy => write!(f, "the request was bound for another policy"),
            Self::OtherSchema => write!(f, "the entity data was loaded for other declarations"),
        }
    }
}

impl InvalidRequest {
    pub(crate) fn new(kind: InvalidKind, offset: Option<usize>) -> Self {
        Self(Box::new(Refusal { kind, path: Vec::new(), offset }))
    }

    pub(crate) fn other_policy() -> Self {
        Self::new(InvalidKind::OtherPolicy, None)
    }

    pub(crate) fn other_schema() -> Self {
        Self::new(InvalidKind::OtherSchema, None)
    }

    pub(crate) fn limit(limit: &'static str, max: u32, usage: usize, offset: Option<usize>) -> Self {
        let usage = u64::try_from(usage).unwrap_or(u64::MAX);
        Self::new(InvalidKind::Limit { limit, max: u64::from(max), usage }, offset)
    }

    /// Places the error below an object's member.
    pub(crate) fn under(mut self, key: &str) -> Self {
        self.0.path.push(Segment::Key(key.to_owned()));
        self
    }

    /// Places the error below an array's element.
    pub(crate) fn at(mut self, index: usize) -> Self {
        self.0.path.push(Segment::Index(index));
        self
    }

    /// What is wrong.
    #[must_use]
    pub fn kind(&self) -> &InvalidKind {
        &self.0.kind
    }

    /// Its stable code: `R0104`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.0.kind.code()
    }

    /// Where it is in the document: `$.resource.properties.tags[3]`.
    #[must_use]
    pub fn path(&self) -> String {
        let mut path = String::from("$");
        for segment in self.0.path.iter().rev() {
            match segment {
                Segment::Key(key) if crate::schema::text::is_word(key) => path.extend([".", key]),
                Segment::Key(key) => path.extend(["[", &crate::schema::text::quoted(key), "]"]),
                Segment::Index(index) => path.extend(["[", &index.to_string(), "]"]),
            }
        }
        path
    }

    /// Where it is, in bytes from the document's start, if it comes from a document.
    #[must_use]
    pub fn offset(&self) -> Option<usize> {
        self.0.offset
    }
}

impl From<JsonError> for InvalidRequest {
    fn from(error: JsonError) -> Self {
        match error.kind {
            JsonErrorKind::DepthLimit { limit } => {
                let usage = usize::try_from(limit).map_or(usize::MAX, |limit| limit.saturating_add(1));
                Self::limit("depth_max", limit, usage, Some(error.offset))
            }
            kind => Self::new(InvalidKind::Json(kind), Some(error.offset)),
        }
    }
}

impl fmt::Display for InvalidRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.kind(), self.path())?;
        match self.offset() {
            Some(offset) => write!(f, " (byte {offset})"),
            None => Ok(()),
        }
    }
}

impl Error for InvalidRequest {}
