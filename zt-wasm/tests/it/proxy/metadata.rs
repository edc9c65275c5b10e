//! Metadata as Envoy gives them: `envoy.config.core.v3.Metadata`, of a `google.protobuf.Struct` for each filter.

use std::collections::BTreeMap;

use serde_json::Value as Json;

/// A `google.protobuf.Value`. Unlike JSON it has doubles that are no numbers.
#[derive(Clone, PartialEq, Debug)]
pub enum Said {
    Null,
    Number(f64),
    Text(String),
    Bool(bool),
    Struct(BTreeMap<String, Said>),
    List(Vec<Said>),
}

impl From<&Json> for Said {
    fn from(json: &Json) -> Self {
        match json {
            Json::Null => Self::Null,
            Json::Bool(truth) => Self::Bool(*truth),
            Json::Number(number) => Self::Number(number.as_f64().unwrap()),
            Json::String(text) => Self::Text(text.clone()),
            Json::Array(all) => Self::List(all.iter().map(Self::from).collect()),
            Json::Object(members) => {
                Self::Struct(members.iter().map(|(name, value)| (name.clone(), value.into())).collect())
            }
        }
    }
}

impl From<Json> for Said {
    fn from(json: Json) -> Self {
        Self::from(&json)
    }
}

impl From<&str> for Said {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<f64> for Said {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl From<bool> for Said {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}

impl Said {
    /// The member at a path.
    pub fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |said, name| match said {
            Self::Struct(members) => members.get(*name),
            _ => None,
        })
    }

    /// Puts a member at a path.
    pub fn put(&mut self, path: &[&str], value: Self) {
        let [name, rest @ ..] = path else {
            *self = value;
            return;
        };
        if !matches!(self, Self::Struct(_)) {
            *self = Self::Struct(BTreeMap::new());
        }
        let Self::Struct(members) = self else { panic!("no structure") };
        members.entry((*name).to_owned()).or_insert(Self::Null).put(rest, value);
    }

    fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Null => vec![0x08, 0],
            Self::Number(number) => [&[0x11], &number.to_le_bytes()[..]].concat(),
            Self::Text(text) => field(0x1a, text.as_bytes()),
            Self::Bool(truth) => vec![0x20, u8::from(*truth)],
            Self::Struct(members) => field(0x2a, &entries(members, Self::bytes)),
            Self::List(all) => field(0x32, &all.iter().flat_map(|item| field(0x0a, &item.bytes())).collect::<Vec<_>>()),
        }
    }

    /// As metadata of filters, each with a structure.
    pub fn metadata(&self) -> Vec<u8> {
        let Self::Struct(filters) = self else { panic!("no filters") };
        entries(filters, |said| match said {
            Self::Struct(members) => entries(members, Self::bytes),
            other => panic!("a filter says {other:?}"),
        })
    }
}

fn entries(members: &BTreeMap<String, Said>, bytes: impl Fn(&Said) -> Vec<u8>) -> Vec<u8> {
    let entry = |(name, said): (&String, &Said)| {
        field(0x0a, &[field(0x0a, name.as_bytes()), field(0x12, &bytes(said))].concat())
    };
    members.iter().flat_map(entry).collect()
}

/// A field that has a length.
pub fn field(tag: u8, bytes: &[u8]) -> Vec<u8> {
    let mut written = vec![tag];
    let mut len = bytes.len();
    while len > 127 {
        written.push(len as u8 | 128);
        len >>= 7;
    }
    written.push(len as u8);
    written.extend(bytes);
    written
}
