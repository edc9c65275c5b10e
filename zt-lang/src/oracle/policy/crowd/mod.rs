//! Policies of many rules over few slots.
//!
//! The rules of such a policy test the same few attributes against constants, so that an index of rules has something to
//! tell apart: crowded keys that are divided again by another slot, intervals that overlap, anchors, alternatives on one slot
//! and on several. The declarations are those of any policy; which places are popular, what a rule says of them and which
//! kinds of rules there are is drawn for each policy.

mod guard;

use std::fmt::Write as _;

use zt_eval::id::EntityTypeId;
use zt_eval::schema::Type;

use super::rule::{Listed, Overridable};
use super::scope::{Fact, Place, Scope};
use super::{Author, Condition};

/// Rules of the smallest such policy.
const RULES_MIN: usize = 20;
/// What the largest has more than the smallest.
const RULES_SPREAD: usize = 130;
/// Conjuncts of the longest rules: more than an index counts.
const CONJUNCTS_MAX: usize = 19;

/// What the rules of a policy have in common.
struct Crowd {
    /// The places that most of them test, as they are written.
    popular: Vec<String>,
    /// The actions that most of them are about.
    listed: Listed,
    /// Of 16 rules, how many deny.
    denies: usize,
    /// Of 16 rules, how many are only reported.
    audits: usize,
    /// Of 16 allow rules, how many oblige.
    duties: usize,
}

impl Author<'_, '_> {
    /// The files of a crowded policy: the root package's, and sometimes that of a package it delegates to.
    pub fn crowded_files(&mut self, declarations: &str) -> Vec<(String, String)> {
        let rules = RULES_MIN + self.choices.below(RULES_SPREAD).min(self.choices.below(RULES_SPREAD));
        let delegation = self.choices.chance(1, 6).then(|| self.delegation());
        let crowd = self.crowd();
        let mut text = String::from("package gen\n\n");
        if let Some(delegation) = &delegation {
            let _ = writeln!(text, "use team scope {}\n", delegation.clause);
        }
        let _ = writeln!(text, "{declarations}");
        for _ in 0..2 {
            self.function(&mut text);
        }
        let mut files = Vec::new();
        if let Some(delegation) = &delegation {
            let mut team = String::from("package team\n\n");
            // Functions of the root are not in reach by their bare names.
            let named = std::mem::take(&mut self.named);
            self.crowded_rules(&crowd, rules / 2, &delegation.facts, &mut team);
            self.named = named;
            files.push(("team.zt".to_owned(), team));
        }
        let rest = if delegation.is_some() { rules - rules / 2 } else { rules };
        self.crowded_rules(&crowd, rest, &[], &mut text);
        files.insert(0, ("gen.zt".to_owned(), text));
        files
    }

    fn crowd(&mut self) -> Crowd {
        // Unknown deny rules deny: where there are many, nothing else is seen.
        let denies = self.choices.pick(&[2, 1, 0, 5, 10]).copied().unwrap_or_default();
        let audits = self.choices.pick(&[4, 2, 8]).copied().unwrap_or_default();
        let duties = self.choices.pick(&[4, 0, 12]).copied().unwrap_or_default();
        let listed = self.actions();
        let popular = self.popular(&listed);
        Crowd { popular, listed, denies, audits, duties }
    }

    /// Some places that deny rules about these actions can read.
    fn popular(&mut self, listed: &Listed) -> Vec<String> {
        let mut all: Vec<Place> = Vec::new();
        let scope = self.rule_scope(&listed.actions, false, &[]);
        for facts in narrowings(&scope) {
            let inside = scope.with(self.schema, &facts).places;
            all.extend(inside.into_iter().filter(|place| guard::is_telling(&place.ty)));
        }
        let roots: Vec<String> = ["subject", "resource"].map(str::to_owned).into();
        let mut popular: Vec<String> = roots.into_iter().filter(|_| self.choices.chance(2, 3)).collect();
        for _ in 0..2 + self.choices.below(4) {
            popular.extend(self.choices.pick(&all).map(|place| place.text.clone()));
        }
        popular
    }

    fn crowded_rules(&mut self, crowd: &Crowd, count: usize, facts: &[Fact], text: &mut String) {
        let mut overridable: Vec<Overridable> = Vec::new();
        for _ in 0..count {
            if self.choices.chance(crowd.denies, 16) {
                overridable.extend(self.crowded_deny(crowd, facts, text));
            } else {
                let deny = if overridable.is_empty() { None } else { Some(self.choices.below(overridable.len() * 4)) };
                let deny = deny.and_then(|at| overridable.get(at));
                self.crowded_allow(crowd, facts, deny, text);
            }
        }
    }

    fn crowded_actions(&mut self, crowd: &Crowd) -> Listed {
        if self.choices.chance(1, 6) { self.actions() } else { crowd.listed.clone() }
    }

    fn crowded_deny(&mut self, crowd: &Crowd, facts: &[Fact], text: &mut String) -> Option<Overridable> {
        let name = self.fresh("d");
        let listed = self.crowded_actions(crowd);
        let audit = if self.choices.chance(crowd.audits, 16) { " audit" } else { "" };
        let clause = if self.choices.chance(1, 3) { " overridable" } else { "" };
        let scope = self.rule_scope(&listed.actions, false, facts);
        let _ = writeln!(text, "\ndeny {name}{audit}{clause}: {}", listed.text);
        let scope = self.targets(scope, text);
        let condition = self.conjuncts(crowd, &scope, 2);
        let _ = writeln!(text, "  when {}\n  because \"rule {name}\"", condition.text);
        (!clause.is_empty()).then_some(Overridable { name, listed })
    }

    fn crowded_allow(&mut self, crowd: &Crowd, facts: &[Fact], overrides: Option<&Overridable>, text: &mut String) {
        let name = self.fresh("a");
        let audit = if self.choices.chance(crowd.audits, 16) { " audit" } else { "" };
        let listed = overrides.map_or_else(|| self.crowded_actions(crowd), |deny| deny.listed.clone());
        let scope = self.rule_scope(&listed.actions, true, facts);
        let _ = writeln!(text, "\nallow {name}{audit}: {}", listed.text);
        let scope = self.targets(scope, text);
        let condition = self.conjuncts(crowd, &scope, 1);
        let _ = writeln!(text, "  when {}", condition.text);
        let scope = scope.with(self.schema, &condition.holds);
        if overrides.is_some() || self.choices.chance(crowd.duties, 16) {
            let duty = self.duty(&scope).unwrap_or_else(|| "trace()".to_owned());
            let _ = writeln!(text, "  oblige {duty}");
        }
        if let Some(deny) = overrides {
            let _ = writeln!(text, "  overrides {}", deny.name);
        }
    }

    /// What a rule asks for: mostly one to four tests of popular places.
    fn conjuncts(&mut self, crowd: &Crowd, scope: &Scope, least: usize) -> Condition {
        let count = match self.choices.below(32) {
            31 => CONJUNCTS_MAX,
            more => least + more % 4 / 2 + more % 3 / 2,
        };
        let (mut inner, mut texts, mut holds) = (scope.clone(), Vec::new(), Vec::new());
        if self.choices.chance(2, 3) {
            for facts in self.choices.pick(&narrowings(&inner)).cloned().unwrap_or_default() {
                if let Fact::Types(whom, types) = &facts {
                    texts.push(format!("{whom} is {}", self.schema.types_text(types)));
                }
                inner = inner.with(self.schema, std::slice::from_ref(&facts));
                holds.push(facts);
            }
        }
        // Further tests than a few would be hard to pass all.
        for at in 0..count {
            let part = if at < 6 {
                self.conjunct(crowd, &inner)
            } else {
                super::condition::plain(format!("now.time(\"UTC\") in 00:00..20:{at:02}"))
            };
            inner = inner.with(self.schema, &part.holds);
            texts.push(format!("({})", part.text));
            holds.extend(part.holds);
        }
        Condition { text: texts.join(" and "), holds, fails: Vec::new() }
    }

    /// A conjunct: a test of a popular place, alternatives, or anything.
    fn conjunct(&mut self, crowd: &Crowd, scope: &Scope) -> Condition {
        match self.choices.below(16) {
            10..=12 => self.alternatives(crowd, scope),
            13 if self.choices.chance(1, 2) => match self.outside(crowd, scope) {
                Some(text) => super::condition::plain(text),
                None => self.condition(scope, 1),
            },
            13 => {
                let Condition { text, fails, .. } = self.crowded_test(crowd, scope);
                Condition { text: format!("not ({text})"), holds: fails, fails: Vec::new() }
            }
            14 => self.condition(scope, 1),
            15 => {
                // One place against several constants, one by one.
                let several: Vec<String> = (0..2 + self.choices.below(3))
                    .filter_map(|_| Some(format!("({})", self.same_test(crowd, scope)?)))
                    .collect();
                if several.is_empty() {
                    self.condition(scope, 1)
                } else {
                    super::condition::plain(several.join(" or "))
                }
            }
            _ => self.crowded_test(crowd, scope),
        }
    }

    /// Neither of two tests; or one of two, as a third says.
    fn outside(&mut self, crowd: &Crowd, scope: &Scope) -> Option<String> {
        let (one, other) = (self.same_test(crowd, scope)?, self.same_test(crowd, scope)?);
        if self.choices.chance(1, 2) {
            return Some(format!("not (({one}) or ({other}))"));
        }
        let third = self.same_test(crowd, scope)?;
        Some(format!("(if {third} then {one} else {other})"))
    }

    /// Alternatives, some of which are conjunctions.
    fn alternatives(&mut self, crowd: &Crowd, scope: &Scope) -> Condition {
        let (mut inner, mut texts, mut fails) = (scope.clone(), Vec::new(), Vec::new());
        for _ in 0..2 + self.choices.below(3) {
            let part = self.crowded_test(crowd, &inner);
            if self.choices.chance(1, 4) {
                let both = inner.with(self.schema, &part.holds);
                let second = self.crowded_test(crowd, &both);
                texts.push(format!("(({}) and ({}))", part.text, second.text));
                continue;
            }
            inner = inner.with(self.schema, &part.fails);
            texts.push(format!("({})", part.text));
            fails.extend(part.fails);
        }
        Condition { text: texts.join(" or "), holds: Vec::new(), fails }
    }

    fn crowded_test(&mut self, crowd: &Crowd, scope: &Scope) -> Condition {
        let found = self.popular_place(crowd, scope).and_then(|place| self.guard(scope, &place));
        found.unwrap_or_else(|| self.atom(scope, 0))
    }

    /// A test that settles nothing about what else can be read.
    fn same_test(&mut self, crowd: &Crowd, scope: &Scope) -> Option<String> {
        let place = self.popular_place(crowd, scope).filter(|place| !place.ty.is_optional())?;
        self.guard(scope, &place).filter(|test| test.holds.is_empty() && test.fails.is_empty()).map(|test| test.text)
    }

    fn popular_place(&mut self, crowd: &Crowd, scope: &Scope) -> Option<Place> {
        let known =
            |text: &String| scope.places.iter().find(|place| place.text == *text && guard::is_telling(&place.ty));
        let within: Vec<&Place> = crowd.popular.iter().filter_map(known).collect();
        let one = self.choices.pick(&within).map(|place| (*place).clone());
        one.or_else(|| self.place(scope, |place| guard::is_telling(&place.ty)))
    }
}

/// Each way to say of what types subject and resource are, where they can have several.
fn narrowings(scope: &Scope) -> Vec<Vec<Fact>> {
    let mut ways = vec![Vec::new()];
    for whom in ["subject", "resource"] {
        let Some(place) = scope.places.iter().find(|place| place.text == whom) else { continue };
        let Type::Entity(types) = &place.ty else { continue };
        if types.len() > 1 {
            let is = |ty: &EntityTypeId| Fact::Types(whom.to_owned(), vec![*ty]);
            ways =
                ways.iter().flat_map(|way| types.iter().map(move |ty| [way.clone(), vec![is(ty)]].concat())).collect();
        }
    }
    ways
}
