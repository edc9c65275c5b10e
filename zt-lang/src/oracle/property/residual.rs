//! Partial evaluation: what is left of a policy decides the rest as the whole policy decides everything.
//!
//! From a whole request some places are taken to be known, some to be missing for good, and the rest to be said later. The
//! residual, asked with the two put together, must decide as the policy does; so must the policy that its text compiles to.

use std::collections::BTreeSet;

use zt_eval::decision::{Decision, Fact, Mode};
use zt_eval::eval::{self, Scratch};
use zt_eval::id::RuleId;
use zt_eval::request::Given;
use zt_eval::schema::{Attribute, Schema, Type};
use zt_eval::specialize::{Missing, Partial, Residual};
use zt_eval::value::{Datum, EntityUid, Timestamp, Value};
use zt_eval::{Policy, Request};

use super::{Asked, Subject};
use crate::oracle::choices::Choices;
use crate::oracle::policy::Files;

/// What is said later.
#[derive(Default)]
struct Open {
    context: Vec<bool>,
    /// Attributes that are open, and whether parents are, of each entity that the request describes.
    entities: Vec<(Vec<bool>, bool)>,
}

impl Subject {
    /// The residual of a part of a request decides the rest as the policy decides the whole.
    ///
    /// # Errors
    ///
    /// The part, and the field in which the decisions differ.
    pub fn residual_agrees(&self, asked: &Asked<'_>, choices: &mut Choices<'_>) -> Result<(), String> {
        let (partial, open) = self.part(asked, choices)?;
        let whole = self.decide(asked);
        for missing in [Missing::Kept, Missing::Settled] {
            let residual = self.residual(asked, &partial, missing)?;
            let decision = self.decide_rest(asked, &residual, &open)?;
            let told = |what: &str| {
                let text = residual.to_source().unwrap_or_else(|error| error.to_string());
                format!("{what} ({missing:?})\n{whole:?}\n{decision:?}\nof {partial:?}\n{text}")
            };
            let said = |decision: &Decision, policy: &Policy| Said::of(decision, policy, missing, true);
            let (expected, found) = (said(&whole, &self.compiled), said(&decision, residual.policy()));
            self.expect(asked.case, expected.agrees(&found), || told("a residual decides otherwise"))?;
            let is_settled = residual.effect().is_none_or(|effect| effect == whole.effect);
            self.expect(asked.case, is_settled, || told("an effect is settled otherwise"))?;
            for later in lasting(asked.case.now, decision.valid_until, choices) {
                let other = said(&self.decide_at(asked, Some(later)), &self.compiled);
                let is_same = other.rest == expected.rest && other.names == expected.names;
                self.expect(asked.case, is_same, || told(&format!("it is another at {later}")))?;
            }
        }
        Ok(())
    }

    /// The text of a residual decides as the residual does. Tells whether it could be written and compiled.
    ///
    /// # Errors
    ///
    /// The field in which the decisions differ.
    pub fn residual_text_agrees(&self, asked: &Asked<'_>, choices: &mut Choices<'_>) -> Result<bool, String> {
        let (partial, _) = self.part(asked, choices)?;
        let missing = if choices.chance(1, 2) { Missing::Kept } else { Missing::Settled };
        let residual = self.residual(asked, &partial, missing)?;
        let Ok(text) = residual.to_source() else { return Ok(false) };
        let told = |error: String| self.told(asked.case, &format!("{error}\nof {partial:?}\n{text}"));
        // In rare shapes the text lacks a guard or a type that the checker wants: it is refused, which misleads nobody.
        let Ok(written) = Self::compile(Files(vec![("residual.zt".to_owned(), text.clone())])) else {
            return Ok(false);
        };
        let schema = residual.policy().schema();
        self.expect(asked.case, written.compiled.schema() == schema, || told("it declares something else".to_owned()))?;
        let decide = |policy: &Policy| {
            let request =
                again(policy, &asked.request, |_, _| true, |_| true).map_err(|error| told(error.to_string()))?;
            Ok::<_, String>(eval::decide(
                policy,
                &asked.store,
                &request,
                asked.case.now,
                Mode::Full,
                &mut Scratch::new(),
            ))
        };
        let (found, expected) = (decide(&written.compiled)?, decide(residual.policy())?);
        let said = |decision: &Decision, policy: &Policy| Said::of(decision, policy, missing, false);
        let is_same = said(&expected, residual.policy()).agrees(&said(&found, &written.compiled));
        self.expect(asked.case, is_same, || told(format!("the text decides otherwise: {expected:?}\n{found:?}")))?;
        Ok(true)
    }

    fn residual(&self, asked: &Asked<'_>, partial: &Partial, missing: Missing) -> Result<Residual, String> {
        let residual = self.compiled.specialize(partial, &asked.store, missing);
        residual.map_err(|error| self.told(asked.case, &format!("no residual: {error}\nof {partial:?}")))
    }

    /// Some part of a request, and what is left to be said.
    fn part(&self, asked: &Asked<'_>, choices: &mut Choices<'_>) -> Result<(Partial, Open), String> {
        let (policy, request, schema) = (&self.compiled, &asked.request, self.compiled.schema());
        let mut partial = Partial::of(policy, request);
        let mut open = Open::default();
        let mut change = |part: String, choices: &mut Choices<'_>, known: bool| {
            let opens = if known { choices.chance(1, 3) } else { choices.chance(1, 2) };
            let changed = match opens {
                true => partial.clone().open(policy, &part),
                false => partial.clone().missing(policy, &part),
            };
            partial = changed.map_err(|error| self.told(asked.case, &error.to_string()))?;
            Ok::<_, String>(opens)
        };
        for (at, datum) in (0..).zip(request.context()) {
            let part = schema.fact_text(&Fact::Context(at));
            open.context.push(change(part, choices, *datum != Datum::Unknown)?);
        }
        for entity in request.entities() {
            let mut attributes = Vec::new();
            for (at, datum) in (0..).zip(entity.attributes()) {
                let part = schema.fact_text(&Fact::Attribute(entity.uid().clone(), at));
                attributes.push(change(part, choices, *datum != Datum::Unknown)?);
            }
            let part = schema.fact_text(&Fact::Parents(entity.uid().clone()));
            open.entities.push((attributes, change(part, choices, entity.parents().is_some())?));
        }
        for (part, of) in [("subject", 3), ("resource", 2)] {
            if choices.chance(1, of) {
                partial = partial.open(policy, part).map_err(|error| error.to_string())?;
            }
        }
        if choices.chance(1, 2) {
            partial = partial.missing(policy, "entities").map_err(|error| error.to_string())?;
        }
        if let Some(now) = asked.case.now.filter(|_| choices.chance(1, 2)) {
            let before = choices.pick(&[0, 1, 60_000, 86_400_000]).copied().unwrap_or_default();
            let instant = now.millis().checked_sub(before).and_then(Timestamp::from_millis);
            partial = partial.not_before(instant.unwrap_or(now));
        }
        Ok((partial, open))
    }

    /// Decides the rest: only what was open is said.
    fn decide_rest(&self, asked: &Asked<'_>, residual: &Residual, open: &Open) -> Result<Decision, String> {
        let policy = residual.policy();
        let entities = asked.request.entities();
        let position = |uid: &EntityUid| entities.iter().position(|entity| entity.uid() == uid);
        let says = |uid: Option<&EntityUid>, at: usize| match uid {
            None => open.context.get(at) == Some(&true),
            Some(uid) => position(uid)
                .and_then(|found| open.entities.get(found))
                .is_some_and(|(data, _)| data.get(at) == Some(&true)),
        };
        let says_parents = |uid: &EntityUid| {
            position(uid).and_then(|found| open.entities.get(found)).is_some_and(|(_, parents)| *parents)
        };
        let told = |error: String| self.told(asked.case, &format!("the rest is refused: {error}"));
        let rest = again(policy, &asked.request, says, says_parents).map_err(|error| told(error.to_string()))?;
        let request = residual.complete(&rest).map_err(|error| told(error.to_string()))?;
        Ok(eval::decide(policy, &asked.store, &request, asked.case.now, Mode::Full, &mut Scratch::new()))
    }
}

/// Some instants at which a residual's decision claims to hold: then the whole policy's must.
fn lasting(now: Option<Timestamp>, until: Option<Timestamp>, choices: &mut Choices<'_>) -> Vec<Timestamp> {
    let Some(now) = now.map(Timestamp::millis) else { return Vec::new() };
    let last = until.map_or(Timestamp::MAX.millis(), |until| until.millis() - 1);
    let between = now + (last - now) / 256 * i64::try_from(choices.below(256)).unwrap_or(0);
    let near = choices.pick(&[0, 1, 60_000, 900_000]).copied().unwrap_or_default();
    [now.saturating_add(near).min(last), between, last].into_iter().filter_map(Timestamp::from_millis).collect()
}

/// What a decision says that a residual must say too, with rules by name.
#[derive(PartialEq, Debug)]
struct Said {
    rest: Decision,
    names: Vec<Vec<(String, String)>>,
    unknown: BTreeSet<Option<Fact>>,
}

impl Said {
    fn of(decision: &Decision, policy: &Policy, missing: Missing, with_places: bool) -> Self {
        let name = |rule: &RuleId| {
            let rule = policy.rule(*rule);
            let place = rule.filter(|_| with_places).map(|rule| rule.place.to_string());
            (rule.map_or("", |rule| &*rule.name).to_owned(), place.unwrap_or_default())
        };
        let names = [&decision.rules, &decision.overridden, &decision.audit];
        let is_kept = missing == Missing::Kept;
        let unknown = decision.unknown.iter().filter(|_| is_kept).map(|unknown| unknown.fact.clone()).collect();
        let rest = Decision {
            reason: decision.reason.clone().filter(|_| is_kept),
            rules: Vec::new(),
            overridden: Vec::new(),
            audit: Vec::new(),
            unknown: Vec::new(),
            valid_until: None,
            depends_on: Vec::new(),
            ..decision.clone()
        };
        Self { rest, names: names.map(|rules| rules.iter().map(name).collect()).to_vec(), unknown }
    }

    /// Whether a residual may say `found` where the whole policy says this: the same, but it may name less of what is
    /// unknown. Where both arms of an `if` come to the same once more is known, its condition no longer matters.
    fn agrees(&self, found: &Self) -> bool {
        let names_some = self.unknown.is_empty() == found.unknown.is_empty();
        let names_no_more = found.unknown.is_subset(&self.unknown) && names_some;
        self.rest == found.rest && self.names == found.names && names_no_more
    }
}

/// A request for another policy of the same declarations that says what `says` names, and that the rest of that is unknown.
fn again(
    policy: &Policy,
    request: &Request,
    says: impl Fn(Option<&EntityUid>, usize) -> bool,
    says_parents: impl Fn(&EntityUid) -> bool,
) -> Result<Request, zt_eval::request::InvalidRequest> {
    let schema = policy.schema();
    let mut builder = Request::builder(policy)
        .action(schema.action(request.action()).map_or("", |action| &action.name))
        .subject(type_name(schema, request.subject()), &request.subject().id)
        .resource(type_name(schema, request.resource()), &request.resource().id);
    for (_, attribute, datum) in said(&schema.context, request.context()).filter(|(at, ..)| says(None, *at)) {
        builder = builder.context(&attribute.name, given(attribute, datum));
    }
    for entity in request.entities() {
        let uid = entity.uid();
        let declared = schema.entity(uid.ty).map_or(&[][..], |entity| &entity.attributes);
        for (_, attribute, datum) in said(declared, entity.attributes()).filter(|(at, ..)| says(Some(uid), *at)) {
            builder = builder.attribute(type_name(schema, uid), &uid.id, &attribute.name, given(attribute, datum));
        }
        if let Some(parents) = entity.parents().filter(|_| says_parents(uid)) {
            let names = parents.iter().map(|parent| (type_name(schema, parent), &*parent.id));
            builder = builder.parents(type_name(schema, uid), &uid.id, names);
        }
    }
    builder.build()
}

fn said<'r>(declared: &'r [Attribute], data: &'r [Datum]) -> impl Iterator<Item = (usize, &'r Attribute, &'r Datum)> {
    declared.iter().zip(data).enumerate().map(|(at, (attribute, datum))| (at, attribute, datum))
}

fn type_name<'s>(schema: &'s Schema, uid: &EntityUid) -> &'s str {
    schema.entity(uid.ty).map_or("", |entity| &*entity.name)
}

fn given(attribute: &Attribute, datum: &Datum) -> Given {
    match (datum, attribute.ty.present()) {
        (Datum::Value(value), _) => Given::Known(value.clone()),
        (Datum::Absent, _) => Given::Null,
        (Datum::Unknown, Type::Bool) => Given::Known(Value::Int(0)),
        (Datum::Unknown, _) => Given::Known(Value::Bool(false)),
    }
}
