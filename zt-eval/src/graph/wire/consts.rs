//! Constants: text and entities, of which a policy may have as many as rules, and the unusual others.
//!
//! | kind | then |
//! |---|---|
//! | 0 | nothing: the next of the unusual constants, which stand in the head |
//! | 1 | a text: a string |
//! | 2 | number of the type, a text: an entity |

use super::bytes::{Flaw, Reader, Writer};
use crate::id::EntityTypeId;
use crate::value::{EntityUid, Text, Value};

const UNUSUAL: u8 = 0;
const STRING: u8 = 1;
const ENTITY: u8 = 2;

/// The constants that stand in the head.
pub(super) fn unusual(consts: &[Value]) -> Vec<&Value> {
    consts.iter().filter(|value| is_unusual(value)).collect()
}

fn is_unusual(value: &Value) -> bool {
    !matches!(value, Value::String(_) | Value::Entity(_))
}

pub(super) fn write(writer: &mut Writer, consts: &[Value]) {
    writer.count(consts.len());
    for value in consts {
        match value {
            Value::String(text) => {
                writer.byte(STRING);
                writer.text(text);
            }
            Value::Entity(uid) => {
                writer.byte(ENTITY);
                writer.count(uid.ty.index());
                writer.text(&uid.id);
            }
            _ => writer.byte(UNUSUAL),
        }
    }
}

pub(super) fn read(reader: &mut Reader<'_>, unusual: Vec<Value>) -> Result<Vec<Value>, Flaw> {
    let mut unusual = unusual.into_iter();
    let consts = reader.list(|reader| match reader.byte()? {
        // What has a form of its own is not unusual.
        UNUSUAL => unusual.next().filter(is_unusual).ok_or(Flaw::Unusual),
        STRING => Ok(Value::String(Text::new(reader.text()?))),
        ENTITY => {
            let ty = EntityTypeId::new(reader.number()? as usize);
            Ok(Value::Entity(EntityUid { ty, id: Text::new(reader.text()?) }))
        }
        _ => Err(Flaw::Kind),
    })?;
    if unusual.next().is_some() { Err(Flaw::Unusual) } else { Ok(consts) }
}
