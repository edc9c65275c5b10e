//! Requests in slots decide as the documents in JSON that say the same. What bytes say is read here once more, plainly; the
//! engine decides on that, and refuses bytes that say nothing.

use serde_json::Value as Json;
use zt_eval::decision::Mode;
use zt_eval::graph::Slot;
use zt_eval::id::EntityTypeId;
use zt_eval::request::Given;
use zt_eval::schema::{Attribute, Type};
use zt_eval::value::{Duration, Ip, Timestamp, Value};
use zt_eval::{Policy, Store};
use zt_lang::oracle::Choices;
use zt_lang::oracle::request::{instant, request};
use zt_lang::{Options, Sources};
use zt_wasm::Slots;
use zt_wasm::slots::SlotError;
use zt_wasm::target::core;

use crate::agree::{Both, decided, host};
use crate::generated::damage;

/// What numbers stand for.
pub struct Names<'p> {
    policy: &'p Policy,
    slots: Vec<Slot>,
}

impl<'p> Names<'p> {
    pub fn of(policy: &'p Policy) -> Self {
        let schema = policy.schema();
        let context = (0u32..).zip(&schema.context).map(|(at, _)| Slot::Context(at));
        let entities = schema.entities.iter().enumerate().flat_map(|(ty, entity)| {
            (0u32..).zip(&entity.attributes).map(move |(at, _)| Slot::Attribute(EntityTypeId::new(ty), at))
        });
        let all: Vec<Slot> = context.chain(entities).collect();
        let find = |path: &String| all.iter().copied().find(|slot| policy.slot_text(*slot) == *path).unwrap();
        Self { policy, slots: Slots::of(policy).slots.iter().map(|slot| find(&slot.path)).collect() }
    }

    fn attribute(&self, slot: Slot) -> &'p Attribute {
        let schema = self.policy.schema();
        match slot {
            Slot::Context(at) => &schema.context[at as usize],
            Slot::Attribute(ty, at) => &schema.entity(ty).unwrap().attributes[at as usize],
            _ => unreachable!(),
        }
    }
}

/// From bytes to JSON text, or to nothing where they are no request.
struct Decoder<'b, 'p> {
    bytes: &'b [u8],
    names: &'b Names<'p>,
}

fn text(text: &str) -> String {
    Json::from(text).to_string()
}

impl Decoder<'_, '_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.bytes.split_first_chunk::<N>()?;
        self.bytes = rest;
        Some(*taken)
    }

    fn number(&mut self) -> Option<u32> {
        self.take().map(u32::from_le_bytes)
    }

    fn text(&mut self) -> Option<String> {
        let len = self.number()? as usize;
        let (taken, rest) = self.bytes.split_at_checked(len)?;
        self.bytes = rest;
        String::from_utf8(taken.to_vec()).ok()
    }

    fn request(mut self) -> Option<String> {
        let schema = self.names.policy.schema();
        (self.number()? == 1).then_some(())?;
        let action = text(&schema.actions.get(self.number()? as usize)?.name);
        let (subject, resource) = (self.entity()?, self.entity()?);
        let context = self.said(None)?.map_or(String::new(), |said| format!(r#","context":{said}"#));
        let count = self.number()?;
        let mut entities = Vec::new();
        for _ in 0..count {
            entities.push(self.entity()?);
        }
        self.bytes.is_empty().then_some(())?;
        let entities = entities.join(",");
        Some(format!(
            r#"{{"subject":{subject},"action":{{"name":{action}}},"resource":{resource}{context},"entities":[{entities}]}}"#
        ))
    }

    fn entity(&mut self) -> Option<String> {
        let number = self.number()? as usize;
        let name = text(&self.names.policy.schema().entities.get(number)?.name);
        let mut entity = format!(r#"{{"type":{name},"id":{}"#, text(&self.text()?));
        if let Some(said) = self.said(Some(EntityTypeId::new(number)))? {
            entity += &format!(r#","properties":{said}"#);
        }
        if self.bytes.first()? == &0 {
            self.take::<1>()?;
        } else {
            let parents = Type::List(Type::Entity(Vec::new()).into());
            entity += &format!(r#","parents":{}"#, self.value(Some(&parents))?);
        }
        Some(entity + "}")
    }

    fn said(&mut self, owner: Option<EntityTypeId>) -> Option<Option<String>> {
        let count = self.number()?;
        if count == u32::MAX {
            return Some(None);
        }
        let mut members = Vec::new();
        for _ in 0..count {
            let slot = *self.names.slots.get(self.number()? as usize)?;
            let is_owned = match slot {
                Slot::Context(_) => owner.is_none(),
                Slot::Attribute(ty, _) => owner == Some(ty),
                _ => false,
            };
            is_owned.then_some(())?;
            let declared = self.names.attribute(slot);
            members.push(format!("{}:{}", text(&declared.name), self.value(Some(&declared.ty))?));
        }
        Some(Some(format!("{{{}}}", members.join(","))))
    }

    /// A value for a place of this type. What is not for such a place is something in JSON that is not either.
    fn value(&mut self, ty: Option<&Type>) -> Option<String> {
        let ty = ty.map(Type::present);
        let other = if ty == Some(&Type::Bool) { "0" } else { "true" };
        Some(match self.take::<1>()?[0] {
            1 => "null".to_owned(),
            2 => "false".to_owned(),
            3 => "true".to_owned(),
            4 => i64::from_le_bytes(self.take()?).to_string(),
            5 => text(&self.text()?),
            6 => {
                let millis = i64::from_le_bytes(self.take()?);
                match ty {
                    Some(Type::Timestamp) => {
                        Timestamp::from_millis(millis).map_or(other.to_owned(), |time| text(&time.to_string()))
                    }
                    Some(Type::Duration) => text(&Duration::from_millis(millis).to_string()),
                    _ => other.to_owned(),
                }
            }
            7 => self.ip(ty, std::net::IpAddr::from(self.bytes.first_chunk::<4>().copied()?), 4, other),
            8 => self.ip(ty, std::net::IpAddr::from(self.bytes.first_chunk::<16>().copied()?), 16, other),
            9 => {
                let (number, id) = (self.number()?, self.text()?);
                let entities = &self.names.policy.schema().entities;
                let name = entities.get(number as usize).map_or(" nobody ", |entity| &entity.name);
                match ty {
                    Some(Type::Entity(_)) => format!(r#"{{"type":{},"id":{}}}"#, text(name), text(&id)),
                    Some(Type::Set(_) | Type::List(_)) => "{}".to_owned(),
                    _ => "[]".to_owned(),
                }
            }
            10 => {
                let of = match ty {
                    Some(Type::Set(of) | Type::List(of)) => Some(&**of),
                    _ => None,
                };
                let count = self.number()?;
                let mut all = Vec::new();
                for _ in 0..count {
                    all.push(self.value(of)?);
                }
                format!("[{}]", all.join(","))
            }
            11 => self.object(ty)?,
            _ => return None,
        })
    }

    fn ip(&mut self, ty: Option<&Type>, addr: std::net::IpAddr, len: usize, other: &str) -> String {
        self.bytes = &self.bytes[len..];
        if ty == Some(&Type::Ip) { text(&addr.to_string()) } else { other.to_owned() }
    }

    fn object(&mut self, ty: Option<&Type>) -> Option<String> {
        let schema = self.names.policy.schema();
        let count = self.number()?;
        let mut members = Vec::new();
        for _ in 0..count {
            let key = self.text()?;
            let of = match ty {
                Some(Type::Map(of)) => Some(&**of),
                Some(Type::Record(id)) => {
                    let fields = &schema.record(*id).unwrap().fields;
                    fields.iter().find(|field| *field.name == *key).map(|field| &field.ty)
                }
                _ => None,
            };
            let value = self.value(of)?;
            // An entity is written as an object, but an object is none.
            let is_list = matches!(ty, Some(Type::Entity(_)));
            members.push(if is_list { value } else { format!("{}:{value}", text(&key)) });
        }
        let members = members.join(",");
        Some(if matches!(ty, Some(Type::Entity(_))) { format!("[{members}]") } else { format!("{{{members}}}") })
    }
}

/// From JSON to what a program gives; `None` where it would say something else.
fn given(json: &Json, ty: Option<&Type>, names: &Names<'_>) -> Option<Given> {
    let ty = ty.map(Type::present);
    Some(match json {
        Json::Null => Given::Null,
        Json::Bool(value) => Given::Bool(*value),
        Json::Number(number) => Given::Int(number.as_i64()?),
        Json::String(text) => {
            let typed = match ty {
                Some(Type::Ip) => Ip::parse(text).map(Value::Ip),
                Some(Type::Timestamp) => Timestamp::parse_rfc3339(text).map(Value::Timestamp),
                Some(Type::Duration) => Duration::parse(text).map(Value::Duration),
                _ => None,
            };
            typed.map_or_else(|| Given::Text(text.as_str().into()), Given::Known)
        }
        Json::Array(all) => {
            let of = match ty {
                Some(Type::Set(of) | Type::List(of)) => Some(&**of),
                _ => None,
            };
            Given::List(all.iter().map(|json| given(json, of, names)).collect::<Option<_>>()?)
        }
        Json::Object(members) => {
            if let Some(Type::Entity(_)) = ty {
                let known = |json: &&Json| names.policy.schema().find_entity(json.as_str().unwrap_or(" ")).is_some();
                let ty = members.get("type").filter(known)?;
                return Some(Given::entity(ty.as_str()?, members.get("id")?.as_str()?));
            }
            let of = |key: &str| match ty {
                Some(Type::Map(of)) => Some(&**of),
                Some(Type::Record(id)) => {
                    let fields = &names.policy.schema().record(*id)?.fields;
                    fields.iter().find(|field| *field.name == *key).map(|field| &field.ty)
                }
                _ => None,
            };
            let entry = |(key, json): (&String, &Json)| Some((key.clone(), given(json, of(key), names)?));
            Given::record(members.iter().map(entry).collect::<Option<Vec<_>>>()?)
        }
    })
}

/// A flat document as a request in slots, if it can be said in one.
pub fn encode(json: &Json, names: &Names<'_>, slots: &Slots) -> Option<Vec<u8>> {
    let name = |entity: &Json| Some((entity.get("type")?.as_str()?.to_owned(), entity.get("id")?.as_str()?.to_owned()));
    let (subject, resource) = (name(json.get("subject")?)?, name(json.get("resource")?)?);
    let action = json.get("action")?.get("name")?.as_str()?;
    let mut request = slots.request(action, (&subject.0, &subject.1), (&resource.0, &resource.1)).ok()?;
    let ty = |slot: u32| Some(&names.attribute(names.slots[slot as usize]).ty);
    let path = |of: &str, name: &str| format!("{of}.{}", zt_eval::codegen::member(name));
    if let Some(context) = json.get("context").filter(|context| !context.is_null()) {
        request = request.describes_context();
        for (name, value) in context.as_object()? {
            let Some(slot) = slots.find(&path("context", name)) else { continue };
            request = request.context(name, given(value, ty(slot), names)?).ok()?;
        }
    }
    let no_entities = Vec::new();
    let entities = json.get("entities").map_or(Some(&no_entities), Json::as_array)?;
    let mut said = vec![subject.clone(), resource.clone()];
    said.dedup();
    for (at, entity) in [json.get("subject")?, json.get("resource")?].into_iter().chain(entities).enumerate() {
        let (of, id) = name(entity)?;
        if at >= 2 && said.contains(&(of.clone(), id.clone())) || at == 1 && said.len() == 1 {
            // A program says everything of an entity at once.
            return None;
        }
        said.push((of.clone(), id.clone()));
        if let Some(properties) = entity.get("properties").filter(|properties| !properties.is_null()) {
            request = request.describes(&of, &id).ok()?;
            for (name, value) in properties.as_object()? {
                let Some(slot) = slots.find(&path(&of, name)) else { continue };
                request = request.attribute(&of, &id, name, given(value, ty(slot), names)?).ok()?;
            }
        }
        if let Some(parents) = entity.get("parents") {
            let parents = parents.as_array()?.iter().map(&name).collect::<Option<Vec<_>>>()?;
            request = request.parents(&of, &id, parents.iter().map(|(ty, id)| (&**ty, &**id))).ok()?;
        }
    }
    Some(request.to_bytes())
}

/// Decides bytes and what they say in JSON; whether they say anything.
fn agrees(
    policy: &Policy,
    names: &Names<'_>,
    both: &mut Both<'_>,
    bytes: &[u8],
    now: Option<Timestamp>,
    mode: Mode,
) -> Result<bool, String> {
    let json = Decoder { bytes, names }.request();
    let text = json.clone().unwrap_or_default();
    let expected = decided(policy, both.store(), text.as_bytes(), now, mode).1;
    let found = both.instance().decide_slots(bytes, now, mode).map_err(|error| error.to_string())?;
    if found == expected.as_bytes() {
        return Ok(json.is_some());
    }
    let found = String::from_utf8_lossy(found);
    Err(format!("{mode:?} at {now:?} of {bytes:?}\nwhich is {json:?}\nengine {expected}\nmodule {found}"))
}

/// Encodes generated requests, decides them and what they become by damage; for [`crate::generated`].
pub fn generated(policy: &Policy, both: &mut Both<'_>, choices: &mut Choices<'_>) -> Result<[u64; 2], String> {
    let (names, slots) = (Names::of(policy), Slots::of(policy));
    let (mut asked, mut encoded) = (0, 0);
    for _ in 0..50 {
        let (text, now) = (request(policy.schema(), choices), instant(choices));
        let Ok(json) = serde_json::from_str::<Json>(&text) else { continue };
        if json.get("evidence").is_some() {
            continue;
        }
        let Some(mut bytes) = encode(&json, &names, &slots) else { continue };
        encoded += 1;
        for mode in [Mode::Full, Mode::Effect] {
            let expected = decided(policy, both.store(), text.as_bytes(), now, mode).1;
            let found = both.instance().decide_slots(&bytes, now, mode).map_err(|error| error.to_string())?;
            // A document that gives a key twice says something else than what was encoded.
            if found != expected.as_bytes() && !expected.contains(r#""reason":"invalid""#) {
                let found = String::from_utf8_lossy(found);
                return Err(format!("{mode:?} at {now:?} of {text}\nengine {expected}\nmodule {found}"));
            }
            asked += 1;
        }
        for _ in 0..6 {
            agrees(policy, &names, both, &bytes, now, Mode::Full)?;
            damage(&mut bytes, choices);
            asked += 1;
        }
    }
    Ok([asked, encoded])
}

const POLICY: &str = r#"package shop

source idp verified complete
enum Tier { basic, gold }
record Area { code: Int }
record Place { city: String, near: Area? }
entity Group in Group
entity User in Group from idp { tier: Tier? from idp, home: Place? from idp, friends: Set<User>, unread: Int }
entity Order { total: Decimal, owner: User, size: Quantity, hosts: List<Host>, labels: Map<List<Int>> }
context {
  ip: Ip
  at: Timestamp
  age: Duration
  nets: Set<IpRange>
  app: Version
  path: Path
  ok: Bool
}
action buy, look: User -> Order
allow gold: buy for subject in Group::"buyers"
  when subject.tier is present and subject.tier == gold and resource.total <= 100.50 and context.ip in [10.0.0.0/8] and context.age < 2h
allow friends: look when resource.owner in subject.friends and context.at < now and resource.size <= "2Gi"
deny far: any when subject.home is present and (subject.home.city == "far" or subject.home.near is present)
deny old: any when context.app < "1.2.0" or size(context.nets) > 3 or not context.ok
deny labelled: any when resource.labels contains "x" or resource.hosts contains "evil.example" or context.path like "/admin/**"
"#;

fn shop() -> Policy {
    let mut sources = Sources::new();
    sources.add("shop.zt", POLICY.as_bytes());
    zt_lang::parse(sources, &Options::default()).typecheck().unwrap().lower().unwrap()
}

/// A request that says everything.
fn full(slots: &Slots) -> Result<Vec<u8>, SlotError> {
    let friend = || Given::entity("User", "bob");
    let place = |near| Given::record([("city", Given::from("Rome")), ("near", near)]);
    let request = slots
        .request("buy", ("User", "ann"), ("Order", "o1"))?
        .context("ip", Value::Ip(Ip::parse("::ffff:10.1.2.3").unwrap()))?
        .context("at", Timestamp::parse_rfc3339("2026-03-02T09:00:00Z").unwrap())?
        .context("age", Duration::parse("1h30m").unwrap())?
        .context("nets", vec!["192.168.0.0/16"])?
        .context("app", "1.10.0-rc.1")?
        .context("path", "/shop/1")?
        .context("ok", true)?
        .attribute("User", "ann", "tier", "gold")?
        .attribute("User", "ann", "home", place(Given::Null))?
        .attribute("User", "ann", "friends", vec![friend(), friend()])?
        .attribute("Order", "o1", "total", 7)?
        .attribute("Order", "o1", "owner", friend())?
        .attribute("Order", "o1", "size", "512Mi")?
        .attribute("Order", "o1", "hosts", vec!["a.example", "b.example"])?
        .attribute("Order", "o1", "labels", Given::record([("y", vec![1, 2]), ("", vec![])]))?
        .parents("User", "ann", [("Group", "vip")])?
        .parents("Group", "vip", [("Group", "buyers"), ("Group", "all")])?
        .describes("User", "bob")?;
    Ok(request.to_bytes())
}

#[test]
fn every_byte_of_a_request_counts_as_in_json() {
    let (policy, store, now) = (shop(), Store::empty(), Timestamp::parse_rfc3339("2026-03-02T10:00:00Z"));
    let (names, slots) = (Names::of(&policy), Slots::of(&policy));
    let mut both = Both::with(&host(), &policy, &store, core::Options::default().with_slots(true));
    let bytes = full(&slots).unwrap();
    assert_eq!(agrees(&policy, &names, &mut both, &bytes, now, Mode::Full), Ok(true));
    let decision = both.instance().decide_slots(&bytes, now, Mode::Effect).unwrap();
    assert!(String::from_utf8_lossy(decision).contains(r#""effect":"allow""#));
    let mut said = 0;
    for at in 0..bytes.len() {
        assert_eq!(agrees(&policy, &names, &mut both, &bytes[..at], now, Mode::Full), Ok(false), "{at}");
        for byte in
            [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0x7f, 0x80, 0xc3, 0xff, bytes[at] ^ 1, bytes[at].wrapping_add(1)]
        {
            let mut other = bytes.clone();
            other[at] = byte;
            said += usize::from(agrees(&policy, &names, &mut both, &other, now, Mode::Full).unwrap());
        }
    }
    assert!(said > 1000, "only {said} said anything");
}

#[test]
fn slots_are_what_the_policy_reads() {
    let slots = Slots::of(&shop());
    let paths: Vec<&str> = slots.slots.iter().map(|slot| &*slot.path).collect();
    assert!(paths.starts_with(&["context.ip", "context.at"]) && paths.contains(&"User.home"));
    assert_eq!(slots.find("User.unread"), None);
    let tier = &slots.slots[slots.find("User.tier").unwrap() as usize];
    assert_eq!((&*tier.ty, &*tier.source), ("Tier?", "idp"));
    let request = || slots.request("buy", ("User", "ann"), ("Order", "o1")).unwrap();
    assert_eq!(request().context("ipp", 1).unwrap_err(), SlotError::NotRead("context.ipp".into()));
    assert_eq!(request().attribute("Nobody", "n", "a", 1).unwrap_err(), SlotError::NotRead("Nobody.a".into()));
    assert_eq!(request().describes("Nobody", "n").unwrap_err(), SlotError::UnknownType("Nobody".into()));
    let error = slots.request("sell", ("User", "ann"), ("Order", "o1")).unwrap_err();
    assert_eq!(error, SlotError::UnknownAction("sell".into()));
}
