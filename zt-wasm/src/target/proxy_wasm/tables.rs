//! The tables of a plan, as the routines read them.

use std::collections::BTreeSet;

use zt_eval::Policy;
use zt_eval::graph::Slot;

use super::duties::Duties;
use super::origins::OriginsError;
use super::plan::{Fill, From, Of, Plan, Property, Who};
use crate::layout::*;
use crate::slots;
use crate::tables::data::{Data, number};
use crate::tables::nodes::Numbers;
use crate::tables::schema::{Header, Row, Types};

pub(super) struct Writer<'a> {
    pub policy: &'a Policy,
    /// By their numbers.
    pub slots: Vec<Slot>,
    /// By which nodes are asked for: not by their ids.
    pub numbers: &'a Numbers,
    pub types: &'a mut Types,
    pub data: &'a mut Data,
    /// What `tag_used` tells apart.
    pub kinds: &'a mut BTreeSet<i64>,
}

impl Writer<'_> {
    pub fn write(&mut self, plan: &Plan) -> Result<Header, OriginsError> {
        self.check_challenges()?;
        let texts = self.texts();
        let properties = self.properties(&plan.properties);
        let subjects: Vec<u8> = plan.subjects.iter().flat_map(|who| self.who(who)).collect();
        let resource = self.who(&plan.resource);
        let (context, context_count) = self.fills(&plan.context);
        let headers = self.headers(&plan.duties);
        let (messages, duties) = (self.messages(), self.duties(&plan.duties, headers));
        Ok(vec![
            (H_TAKES_SLOTS, 1),
            (H_SLOTS, self.slot_words()),
            (H_SLOTS_COUNT, number(self.slots.len())),
            (PROXY_TEXTS, texts),
            (PROXY_ACTION, plan.action),
            (PROXY_TOKEN, plan.token),
            (PROXY_PROPERTIES, properties),
            (PROXY_PROPERTIES_COUNT, number(plan.properties.len())),
            (PROXY_SUBJECTS, self.data.shared(&subjects, 4)),
            (PROXY_SUBJECTS_COUNT, number(plan.subjects.len())),
            (PROXY_RESOURCE, self.data.shared(&resource, 4)),
            (PROXY_CONTEXT, context),
            (PROXY_CONTEXT_COUNT, context_count),
            (PROXY_MESSAGES, messages),
            (PROXY_DUTIES, duties),
            (PROXY_HEADERS, headers),
            (PROXY_HEADERS_COUNT, number(plan.duties.headers.len())),
        ])
    }

    /// Challenges name classes in a header, with spaces between them (RFC 9470; the characters are RFC 6750's).
    fn check_challenges(&self) -> Result<(), OriginsError> {
        let can_be_named = |byte: u8| matches!(byte, 0x21 | 0x23..=0x5B | 0x5D..=0x7E);
        for step_up in self.policy.schema().context.iter().filter_map(|attribute| attribute.step_up.as_ref()) {
            if step_up.acr.is_empty() || !step_up.acr.bytes().all(can_be_named) {
                let message =
                    format!("no challenge can ask for {:?}: it has characters that the header cannot", step_up.acr);
                return Err(OriginsError::missing(message));
            }
        }
        Ok(())
    }

    fn slot_words(&mut self) -> u32 {
        let words: Vec<u32> = self.slots.iter().flat_map(|slot| slots::words(*slot)).collect();
        self.data.words(&words)
    }

    fn properties(&mut self, properties: &[Property]) -> u32 {
        let members = |of: usize| (0..).zip(properties).filter(move |(_, other)| other.of == Some(number(of)));
        let mut rows = Vec::new();
        for (at, property) in properties.iter().enumerate() {
            let first = members(at).map(|(member, _)| member).next();
            let next =
                property.of.and_then(|of| members(of as usize).map(|(other, _)| other).find(|other| *other > at));
            let mut row = Row::new(PROPERTY);
            row.put64(0, self.data.span(&property.name));
            row.put(PROPERTY_FROM, property.from.cast_unsigned());
            row.put(PROPERTY_MEMBER, first.map_or(u32::MAX, number));
            row.put(PROPERTY_NEXT, next.map_or(u32::MAX, number));
            rows.extend(row.0);
        }
        self.data.shared(&rows, 4)
    }

    fn texts(&mut self) -> u32 {
        let plain = pairs(&[("content-type", PLAIN)]);
        // The length of the second value is filled in, and its zero byte follows it.
        let mut challenge = pairs(&[("content-type", PLAIN), ("www-authenticate", "")]);
        challenge.pop();
        let own = [(PROXY_PLAIN, plain), (PROXY_CHALLENGE, challenge)];
        let mut texts: Vec<(i32, Vec<u8>)> =
            TEXTS.iter().map(|(place, text)| (*place, text.as_bytes().to_vec())).collect();
        texts.extend(own);
        texts.sort();
        debug_assert!(texts.iter().zip(0..).all(|((place, _), at)| *place == at));
        let mut spans = Vec::new();
        for (_, text) in &texts {
            let span = u64::from(self.data.shared(text, 1)) | (text.len() as u64) << 32;
            spans.extend(span.to_le_bytes());
        }
        self.data.shared(&spans, 4)
    }

    fn who(&mut self, who: &Who) -> Vec<u8> {
        let (kind, from) = who.id.unwrap_or((0, u32::MAX));
        let mut when = Vec::new();
        for (property, text) in &who.when {
            let mut row = Row::new(WHEN);
            row.put(0, *property);
            row.put64(4, self.data.span(text));
            when.extend(row.0);
        }
        let mut parents = Vec::new();
        for (ty, kind, property) in &who.parents {
            self.kinds.insert((*kind).into());
            let mut row = Row::new(PARENT);
            row.put(0, *ty);
            row.put(4, kind.cast_unsigned());
            row.put(8, *property);
            parents.extend(row.0);
        }
        self.kinds.insert(kind.into());
        let (fills, count) = self.fills(&who.fills);
        let mut row = Row::new(WHO);
        row.put(0, who.ty);
        row.put(WHO_ID_KIND, kind.cast_unsigned());
        row.put(WHO_ID_FROM, from);
        row.put(WHO_WHEN, self.data.shared(&when, 4));
        row.put(WHO_WHEN_COUNT, number(who.when.len()));
        row.put(WHO_FILLS, fills);
        row.put(WHO_FILLS_COUNT, count);
        row.put(WHO_PARENTS, self.data.shared(&parents, 4));
        row.put(WHO_PARENTS_COUNT, number(who.parents.len()));
        row.0
    }

    /// The rows of values: their address and number.
    fn fills(&mut self, fills: &[Fill]) -> (u32, u32) {
        let mut rows = Vec::new();
        for fill in fills {
            self.kinds.insert(fill.kind.into());
            let (from, count) = match &fill.from {
                From::Property(property) => (*property, 0),
                From::Header(name) => {
                    let span = self.data.span(name);
                    (self.data.shared(&span.to_le_bytes(), 4), 0)
                }
                From::Record(fields) => self.fills(fields),
                From::Nothing => (0, 0),
            };
            let mut row = Row::new(FILL);
            match &fill.of {
                // Every attribute that is read has one.
                Of::Slot(of) => row.put(0, self.slots.iter().position(|slot| slot == of).map_or(u32::MAX, number)),
                Of::Field(name) => row.put64(0, self.data.span(name)),
            }
            row.put(FILL_KIND, fill.kind.cast_unsigned());
            row.put(FILL_FROM, from);
            row.put(FILL_COUNT, count);
            row.put(FILL_MISSING, fill.missing.cast_unsigned());
            rows.extend(row.0);
        }
        (self.data.shared(&rows, 4), number(fills.len()))
    }

    /// What is said for each rule that denies.
    fn messages(&mut self) -> u32 {
        let mut spans = Vec::new();
        for rule in self.policy.rules() {
            let message = rule
                .extras
                .because
                .as_ref()
                .map_or_else(|| format!("rule {} denies", rule.name), |because| because.to_string());
            spans.extend(self.data.span(&message).to_le_bytes());
        }
        self.data.shared(&spans, 4)
    }

    fn headers(&mut self, duties: &Duties) -> u32 {
        let mut rows = Vec::new();
        for header in &duties.headers {
            let mut row = Row::new(HEADER);
            row.put64(0, self.data.span(&header.name));
            row.put64(HEADER_OBLIGATION, self.data.span(&header.obligation));
            rows.extend(row.0);
        }
        self.data.shared(&rows, 4)
    }

    fn duties(&mut self, duties: &Duties, headers: u32) -> u32 {
        let mut rules = Vec::new();
        for heads in &duties.heads {
            let mut rows = Vec::new();
            for head in heads {
                let mut row = Row::new(HEAD);
                row.put(0, self.numbers.get(head.node));
                row.put(HEAD_TYPE, self.types.address(self.data, self.policy.schema(), &head.ty));
                row.put(HEAD_HEADER, headers + number(head.header) * HEADER.cast_unsigned());
                rows.extend(row.0);
            }
            rules.extend([self.data.shared(&rows, 4), number(heads.len())]);
        }
        self.data.words(&rules)
    }
}

const PLAIN: &str = "text/plain; charset=utf-8";

/// A map as hosts read it.
fn pairs(pairs: &[(&str, &str)]) -> Vec<u8> {
    let lengths = pairs.iter().flat_map(|(name, value)| [number(name.len()), number(value.len())]);
    let numbers = [number(pairs.len())].into_iter().chain(lengths);
    let mut bytes: Vec<u8> = numbers.flat_map(u32::to_le_bytes).collect();
    for (name, value) in pairs {
        bytes.extend(format!("{name}\0{value}\0").into_bytes());
    }
    bytes
}

const TEXTS: [(i32, &str); 22] = [
    (PROXY_DENIED, "zt_denied"),
    (PROXY_CHALLENGED, "zt_challenge"),
    (PROXY_INVALID, "zt_invalid"),
    (PROXY_NO_MEMORY, "zt_no_memory"),
    (PROXY_SAY_NO_RULE, "no rule allows this"),
    (PROXY_SAY_INVALID, "the request does not fit this policy"),
    (PROXY_SAY_NO_MEMORY, "there is no memory left"),
    (PROXY_BEARER, r#"Bearer error="insufficient_user_authentication", acr_values=""#),
    (PROXY_MAX_AGE, ", max_age="),
    (PROXY_DECISION, "zt.decision"),
    (PROXY_SHORT_ALLOW, r#"{"effect":"allow""#),
    (PROXY_SHORT_DENY, r#"{"effect":"deny""#),
    (PROXY_SHORT_RULES, r#","rules":["#),
    (PROXY_LOG_DECISION, "zt: the host does not take the decision"),
    (PROXY_LOG_RESPONSE, "zt: the host does not take the answer"),
    (PROXY_LOG_HEADER, "zt: the host does not take a header"),
    (PROXY_LOG_CONFIGURED, "zt: this policy takes no configuration"),
    (PROXY_OBLIGATION, "zt_obligation"),
    (PROXY_SAY_OBLIGATION, "access comes with the obligation `"),
    (PROXY_SAY_NO_HEADER, "`, which no header can carry"),
    (PROXY_SHORT_OBLIGATION, r#","obligation":"#),
    (PROXY_SHORT_REASON, r#","reason":"obligation""#),
];
