//! Rules, the strings that they share, and which rules an action has.
//!
//! A rule is a byte of flags ([`DENY`] and the others), a text: its name, the number of its file, its line as the
//! difference from the rule's before it, its column, its condition as the difference from the rule's before it; then each
//! part that its flags announce.
//!
//! Of the lists of rules that actions have each distinct one is written once, in the order in which actions first have them:
//! a count, then each list; a count of actions, then of each the numbers of its three.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use super::bytes::{Flaw, Reader, Writer, delta, undelta};
use crate::graph::{ActionRules, Annotation, DutyTemplate, Effect, Extras, Place, Rule, RuleExtras};
use crate::id::{NodeId, ObligationId, RuleId};
use crate::value::Text;

const DENY: u8 = 1;
const AUDIT: u8 = 2;
const BECAUSE: u8 = 4;
const OVERRIDES: u8 = 8;
const DUTIES: u8 = 16;
const CONTROLS: u8 = 32;
const ANNOTATIONS: u8 = 64;

/// The strings that rules share, each once, by number.
pub(super) struct Strings {
    all: Vec<(Arc<str>, Used)>,
}

#[derive(Clone, Copy, PartialEq)]
enum Used {
    Yes,
    No,
}

impl Strings {
    pub fn read(reader: &mut Reader<'_>) -> Result<Self, Flaw> {
        let all = reader.list(|reader| Ok((Arc::from(reader.text()?), Used::No)))?;
        let ascending = all.is_sorted_by(|(a, _): &(Arc<str>, _), (b, _)| a < b);
        if ascending { Ok(Self { all }) } else { Err(Flaw::Strings) }
    }

    fn take(&mut self, reader: &mut Reader<'_>) -> Result<Arc<str>, Flaw> {
        let (text, used) = self.all.get_mut(reader.number()? as usize).ok_or(Flaw::Strings)?;
        *used = Used::Yes;
        Ok(text.clone())
    }

    pub fn finish(&self) -> Result<(), Flaw> {
        if self.all.iter().all(|(_, used)| *used == Used::Yes) { Ok(()) } else { Err(Flaw::Strings) }
    }
}

/// Writes all strings that the rules name; their numbers.
pub(super) fn write_strings<'p>(writer: &mut Writer, rules: &'p [Rule]) -> BTreeMap<&'p str, u32> {
    let mut all = BTreeSet::new();
    for rule in rules {
        all.insert(&**rule.place.file());
        all.extend(rule.extras.because.iter().chain(&rule.extras.controls).map(|text| &**text));
        all.extend(
            rule.extras.annotations.iter().flat_map(|(name, text)| [Some(name), text.as_ref()]).flatten().map(|t| &**t),
        );
    }
    writer.count(all.len());
    all.iter().for_each(|text| writer.text(text));
    all.into_iter().zip(0..).collect()
}

/// What the parts of a rule are counted from.
#[derive(Default)]
struct Before {
    line: u32,
    condition: u32,
}

pub(super) fn write(writer: &mut Writer, rules: &[Rule], strings: &BTreeMap<&str, u32>) {
    writer.count(rules.len());
    let mut before = Before::default();
    // Every string of the rules has a number.
    let string = |text: &str| strings.get(text).copied().unwrap_or(u32::MAX);
    for rule in rules {
        let condition = u32::try_from(rule.condition.index()).unwrap_or(u32::MAX);
        writer.byte(flags(rule));
        writer.text(&rule.name);
        writer.number(string(rule.place.file()));
        writer.number(delta(rule.place.line(), before.line));
        writer.number(rule.place.column());
        writer.number(delta(condition, before.condition));
        before = Before { line: rule.place.line(), condition };
        write_parts(writer, rule, string);
    }
}

fn flags(rule: &Rule) -> u8 {
    let flag = |holds: bool, flag: u8| if holds { flag } else { 0 };
    flag(rule.effect == Effect::Deny, DENY)
        | flag(rule.audit, AUDIT)
        | flag(rule.extras.because.is_some(), BECAUSE)
        | flag(!rule.extras.overrides.is_empty(), OVERRIDES)
        | flag(!rule.extras.duties.is_empty(), DUTIES)
        | flag(!rule.extras.controls.is_empty(), CONTROLS)
        | flag(!rule.extras.annotations.is_empty(), ANNOTATIONS)
}

/// The parts that flags announce.
fn write_parts(writer: &mut Writer, rule: &Rule, string: impl Fn(&str) -> u32) {
    if let Some(because) = &rule.extras.because {
        writer.number(string(because));
    }
    write_some(writer, &rule.extras.overrides, |writer, id| writer.count(id.index()));
    write_some(writer, &rule.extras.duties, |writer, duty| {
        writer.count(duty.obligation.index());
        writer.count(duty.args.len());
        duty.args.iter().for_each(|arg| writer.count(arg.index()));
    });
    write_some(writer, &rule.extras.controls, |writer, control| writer.number(string(control)));
    write_some(writer, &rule.extras.annotations, |writer, (name, text)| {
        writer.number(string(name));
        writer.byte(u8::from(text.is_some()));
        text.iter().for_each(|text| writer.number(string(text)));
    });
}

/// A list, unless it is empty.
fn write_some<T>(writer: &mut Writer, list: &[T], mut write: impl FnMut(&mut Writer, &T)) {
    if !list.is_empty() {
        writer.count(list.len());
        list.iter().for_each(|item| write(writer, item));
    }
}

pub(super) fn read(reader: &mut Reader<'_>, strings: &mut Strings) -> Result<Vec<Rule>, Flaw> {
    let mut before = Before::default();
    reader.list(|reader| read_rule(reader, strings, &mut before))
}

fn read_rule(reader: &mut Reader<'_>, strings: &mut Strings, before: &mut Before) -> Result<Rule, Flaw> {
    let flags = reader.byte()?;
    if flags > DENY | AUDIT | BECAUSE | OVERRIDES | DUTIES | CONTROLS | ANNOTATIONS {
        return Err(Flaw::Kind);
    }
    let name = Text::new(reader.text()?);
    let file = strings.take(reader)?;
    before.line = undelta(reader.number()?, before.line);
    let place = Place::new(file, before.line, reader.number()?);
    before.condition = undelta(reader.number()?, before.condition);
    Ok(Rule {
        name,
        place,
        effect: if flags & DENY == 0 { Effect::Allow } else { Effect::Deny },
        audit: flags & AUDIT != 0,
        condition: NodeId::new(before.condition as usize),
        extras: if flags < BECAUSE { Extras::default() } else { read_extras(reader, strings, flags)?.into() },
    })
}

fn read_extras(reader: &mut Reader<'_>, strings: &mut Strings, flags: u8) -> Result<RuleExtras, Flaw> {
    Ok(RuleExtras {
        because: if flags & BECAUSE == 0 { None } else { Some(strings.take(reader)?) },
        overrides: read_some(reader, flags & OVERRIDES, |reader| Ok(RuleId::new(reader.number()? as usize)))?,
        duties: read_some(reader, flags & DUTIES, read_duty)?,
        controls: read_some(reader, flags & CONTROLS, |reader| strings.take(reader))?,
        annotations: read_some(reader, flags & ANNOTATIONS, |reader| read_annotation(reader, strings))?,
    })
}

/// A list that is not empty, if it is announced.
fn read_some<T>(
    reader: &mut Reader<'_>,
    announced: u8,
    read: impl FnMut(&mut Reader<'_>) -> Result<T, Flaw>,
) -> Result<Vec<T>, Flaw> {
    if announced == 0 {
        return Ok(Vec::new());
    }
    let list = reader.list(read)?;
    if list.is_empty() { Err(Flaw::NotCanonical) } else { Ok(list) }
}

fn read_duty(reader: &mut Reader<'_>) -> Result<DutyTemplate, Flaw> {
    let obligation = ObligationId::new(reader.number()? as usize);
    Ok(DutyTemplate { obligation, args: reader.boxed(|reader| Ok(NodeId::new(reader.number()? as usize)))? })
}

fn read_annotation(reader: &mut Reader<'_>, strings: &mut Strings) -> Result<Annotation, Flaw> {
    let name = strings.take(reader)?;
    match reader.byte()? {
        0 => Ok((name, None)),
        1 => Ok((name, Some(strings.take(reader)?))),
        _ => Err(Flaw::Kind),
    }
}

/// The lists of rules that actions have, each once, in the order in which actions first have them; by action, the numbers of
/// its three.
pub(super) fn write_actions(writer: &mut Writer, actions: &[ActionRules]) {
    let mut lists = Lists::default();
    let numbers: Vec<[usize; 3]> = actions.iter().map(|rules| rules.lists().map(|list| lists.number(list))).collect();
    writer.count(lists.all.len());
    lists.all.iter().for_each(|ids| write_ids(writer, ids));
    writer.count(numbers.len());
    numbers.iter().flatten().for_each(|number| writer.count(*number));
}

/// Lists by content, and those that were met by where they are: most are met again and again.
#[derive(Default)]
struct Lists<'p> {
    all: Vec<&'p [RuleId]>,
    by_place: HashMap<*const [RuleId], usize>,
    by_content: HashMap<&'p [RuleId], usize>,
}

impl<'p> Lists<'p> {
    fn number(&mut self, list: &'p Arc<[RuleId]>) -> usize {
        let Self { all, by_place, by_content } = self;
        *by_place.entry(Arc::as_ptr(list)).or_insert_with(|| {
            *by_content.entry(list).or_insert_with(|| {
                all.push(list);
                all.len() - 1
            })
        })
    }
}

/// Ids that ascend, each as the distance from the first that could follow the one before it.
fn write_ids(writer: &mut Writer, ids: &[RuleId]) {
    writer.count(ids.len());
    let mut next = 0;
    for id in ids {
        let id = u32::try_from(id.index()).unwrap_or(u32::MAX);
        writer.number(id.wrapping_sub(next));
        next = id.wrapping_add(1);
    }
}

pub(super) fn read_actions(reader: &mut Reader<'_>) -> Result<Vec<ActionRules>, Flaw> {
    let lists = reader.list(read_ids)?;
    let mut distinct = HashSet::new();
    if !lists.iter().all(|list| distinct.insert(list)) {
        return Err(Flaw::NotCanonical);
    }
    let mut met = 0;
    let mut list = |reader: &mut Reader<'_>| {
        let number = reader.number()? as usize;
        met += usize::from(number == met);
        lists.get(number).filter(|_| number < met).cloned().ok_or(Flaw::NotCanonical)
    };
    let actions = reader
        .list(|reader| Ok(ActionRules { denies: list(reader)?, allows: list(reader)?, audits: list(reader)? }))?;
    if met == lists.len() { Ok(actions) } else { Err(Flaw::NotCanonical) }
}

fn read_ids(reader: &mut Reader<'_>) -> Result<Arc<[RuleId]>, Flaw> {
    let mut next = 0u32;
    let ids = reader.list(|reader| {
        let id = next.wrapping_add(reader.number()?);
        next = id.wrapping_add(1);
        Ok(RuleId::new(id as usize))
    })?;
    Ok(ids.into())
}
