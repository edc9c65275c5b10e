//! What a program says in a request: values before they are read against the types, and who says them.

use std::net::IpAddr;
use std::sync::Arc;

use crate::value::{Duration, Timestamp, Value};

/// A value as a program gives it. Text stands for whatever the declared type makes of it, as in JSON.
#[derive(Clone, PartialEq, Debug)]
pub enum Given {
    /// Nothing there: absent for an optional type, unknown for others.
    Null,
    /// A truth value.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// Text.
    Text(Arc<str>),
    /// A reference to an entity.
    Entity {
        /// The name of its type.
        ty: Arc<str>,
        /// Its id.
        id: Arc<str>,
    },
    /// Elements of a set or list.
    List(Vec<Given>),
    /// Fields of a record, entries of a map.
    Record(Vec<(Arc<str>, Given)>),
    /// A value that is one already; limits on text and elements do not apply to it.
    Known(Value),
}

impl Given {
    /// A reference to an entity.
    #[must_use]
    pub fn entity(ty: &str, id: &str) -> Self {
        Self::Entity { ty: ty.into(), id: id.into() }
    }

    /// A record or a map.
    #[must_use]
    pub fn record<K: Into<Arc<str>>, V: Into<Self>>(entries: impl IntoIterator<Item = (K, V)>) -> Self {
        Self::Record(entries.into_iter().map(|(key, value)| (key.into(), value.into())).collect())
    }
}

macro_rules! from {
    ($($from:ty => |$value:ident| $given:expr),+ $(,)?) => {$(
        impl From<$from> for Given {
            fn from($value: $from) -> Self {
                $given
            }
        }
    )+};
}

from! {
    bool => |value| Self::Bool(value),
    i64 => |value| Self::Int(value),
    i32 => |value| Self::Int(value.into()),
    u32 => |value| Self::Int(value.into()),
    &str => |value| Self::Text(value.into()),
    String => |value| Self::Text(value.into()),
    Arc<str> => |value| Self::Text(value),
    IpAddr => |value| Self::Text(value.to_string().into()),
    Timestamp => |value| Self::Known(Value::Timestamp(value)),
    Duration => |value| Self::Known(Value::Duration(value)),
    Value => |value| Self::Known(value),
}

impl<T: Into<Self>> From<Option<T>> for Given {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl<T: Into<Self>> From<Vec<T>> for Given {
    fn from(values: Vec<T>) -> Self {
        Self::List(values.into_iter().map(Into::into).collect())
    }
}

impl<T: Into<Self>, const N: usize> From<[T; N]> for Given {
    fn from(values: [T; N]) -> Self {
        Self::List(values.into_iter().map(Into::into).collect())
    }
}

/// What one speaker says in a request.
#[derive(Clone, Default, PartialEq, Debug)]
pub struct Part {
    pub(super) context: Option<Vec<(Arc<str>, Given)>>,
    pub(super) entities: Vec<PartEntity>,
    pub(super) names_subject: bool,
}

/// What one speaker says of an entity.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct PartEntity {
    pub ty: Arc<str>,
    pub id: Arc<str>,
    pub attributes: Option<Vec<(Arc<str>, Given)>>,
    pub parents: Vec<Vec<(Arc<str>, Arc<str>)>>,
}

impl Part {
    /// A speaker that has not yet said anything.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Says an attribute of the context.
    #[must_use]
    pub fn context(mut self, attribute: &str, value: impl Into<Given>) -> Self {
        self.context.get_or_insert_default().push((attribute.into(), value.into()));
        self
    }

    /// Says an attribute of an entity.
    #[must_use]
    pub fn attribute(self, ty: &str, id: &str, attribute: &str, value: impl Into<Given>) -> Self {
        let said = (attribute.into(), value.into());
        self.change(ty, id, |entity| entity.attributes.get_or_insert_default().push(said))
    }

    /// Says all the parents of an entity, by type and id.
    #[must_use]
    pub fn parents<'a>(self, ty: &str, id: &str, parents: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let parents = parents.into_iter().map(|(ty, id)| (ty.into(), id.into())).collect();
        self.change(ty, id, |entity| entity.parents.push(parents))
    }

    /// Says that nothing more is to be said of an entity: what is not, is absent, if the source is complete.
    #[must_use]
    pub fn describes(self, ty: &str, id: &str) -> Self {
        self.change(ty, id, |entity| {
            entity.attributes.get_or_insert_default();
        })
    }

    /// The same of the context.
    #[must_use]
    pub fn describes_context(mut self) -> Self {
        self.context.get_or_insert_default();
        self
    }

    /// Says that the subject is who the request says, as an action wants it whose subject comes from this source.
    #[must_use]
    pub fn names_subject(mut self) -> Self {
        self.names_subject = true;
        self
    }

    fn change(mut self, ty: &str, id: &str, change: impl FnOnce(&mut PartEntity)) -> Self {
        match self.entities.iter_mut().find(|each| *each.ty == *ty && *each.id == *id) {
            Some(entity) => change(entity),
            None => {
                let (ty, id) = (ty.into(), id.into());
                let mut entity = PartEntity { ty, id, attributes: None, parents: Vec::new() };
                change(&mut entity);
                self.entities.push(entity);
            }
        }
        self
    }
}
