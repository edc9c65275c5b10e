//! Rules, functions, and the packages that they stand in.

use std::fmt::Write as _;

use zt_eval::id::ActionId;
use zt_eval::schema::{Action, Type};

use super::expr::has_union;
use super::scope::{Fact, Scope};
use super::{Author, Named};
use crate::oracle::pool;

/// Which actions a rule is about.
#[derive(Clone)]
pub struct Listed {
    pub text: String,
    pub actions: Vec<Action>,
}

/// A deny rule that can be overridden.
pub struct Overridable {
    pub name: String,
    pub listed: Listed,
}

/// Where a package acts that the root delegates to, with what that settles.
pub struct Delegation {
    pub clause: &'static str,
    pub facts: Vec<Fact>,
}

impl Author<'_, '_> {
    /// The files of a policy: the root package's, and sometimes that of a package it delegates to.
    pub fn files(&mut self, declarations: &str) -> Vec<(String, String)> {
        let delegation = self.choices.chance(1, 4).then(|| self.delegation());
        let mut text = String::from("package gen\n\n");
        if let Some(delegation) = &delegation {
            let _ = writeln!(text, "use team scope {}\n", delegation.clause);
        }
        text.push_str(declarations);
        text.push('\n');
        for _ in 0..1 + self.choices.below(4) {
            self.function(&mut text);
        }
        let mut team = String::from("package team\n\n");
        let mut deny = None;
        if let Some(delegation) = &delegation {
            // Functions of the root are not in reach by their bare names.
            let named = std::mem::take(&mut self.named);
            for _ in 0..1 + self.choices.below(3) {
                self.allow(&mut team, &delegation.facts, None);
            }
            deny = self.choices.chance(1, 2).then(|| self.deny(&mut team, &delegation.facts, " overridable by gen"));
            self.named = named;
        }
        self.rules(&mut text, deny.map(|deny| Overridable { name: format!("team.{}", deny.name), ..deny }));
        let mut files = vec![("gen.zt".to_owned(), text)];
        if delegation.is_some() {
            files.push(("team.zt".to_owned(), team));
        }
        files
    }

    pub fn delegation(&mut self) -> Delegation {
        let is_document = Fact::Types("resource".to_owned(), self.schema.find_entity("Document").into_iter().collect());
        let folder = self.schema.find_entity("Folder").into_iter().collect::<Vec<_>>();
        let document = self.schema.find_entity("Document").into_iter().collect::<Vec<_>>();
        let is_trusted = self.is_trusted(&folder) && self.is_trusted(&document);
        match self.choices.below(if is_trusted { 3 } else { 1 }) {
            2 => Delegation { clause: "resource in Folder::\"a\"", facts: Vec::new() },
            0 => Delegation { clause: "resource is Document", facts: vec![is_document] },
            _ => Delegation {
                clause: "resource is Document in [Folder::\"b\", Folder::\"c\"]",
                facts: vec![is_document],
            },
        }
    }

    fn rules(&mut self, text: &mut String, deny: Option<Overridable>) {
        let mut overridable: Vec<Overridable> = deny.into_iter().collect();
        for _ in 0..self.choices.below(4) {
            let clause = if self.choices.chance(1, 2) { " overridable" } else { "" };
            let deny = self.deny(text, &[], clause);
            if !clause.is_empty() {
                overridable.push(deny);
            }
        }
        for _ in 0..2 + self.choices.below(5) {
            self.allow(text, &[], None);
        }
        for deny in overridable {
            if self.choices.chance(3, 4) {
                self.allow(text, &[], Some(&deny));
            }
        }
    }

    /// A `let` or a function.
    pub fn function(&mut self, text: &mut String) {
        let verified = self.choices.chance(2, 3);
        let params: Vec<(String, Type)> = (0..self.choices.below(3)).filter_map(|_| self.parameter()).collect();
        let scope = Scope::new(self.schema, params.clone(), verified);
        let types: Vec<Type> = params.iter().map(|(_, ty)| ty.clone()).collect();
        let ty = match self.choices.below(3) {
            0 => Type::Bool,
            _ => self.place(&scope, |_| true).map_or(Type::Bool, |place| place.ty.present().clone()),
        };
        let is_let = params.is_empty();
        let states_type = is_let && self.choices.chance(1, 2);
        let body = if ty == Type::Bool {
            Some(self.condition(&scope, 2).text)
        } else {
            self.value(&scope, &ty, !states_type, 2)
        };
        // Without a stated type, that of the body may be narrower than what was wanted.
        let is_exact = states_type || !has_union(&ty);
        let Some(body) = body.filter(|_| is_exact) else { return };
        let name = self.fresh(if is_let { "l" } else { "f" });
        let list: Vec<String> =
            params.iter().map(|(name, ty)| format!("{name}: {}", self.schema.type_text(ty))).collect();
        let head = match (is_let, states_type) {
            (true, true) => format!("let {name}: {}", self.schema.type_text(&ty)),
            (true, false) => format!("let {name}"),
            (false, _) => format!("fn {name}({})", list.join(", ")),
        };
        let _ = writeln!(text, "{head} = {body}");
        self.named.push(Named { name, params: types, ty, verified });
    }

    fn parameter(&mut self) -> Option<(String, Type)> {
        let attributes = self.schema.entities.iter().flat_map(|entity| &entity.attributes);
        let types: Vec<Type> = attributes.map(|attribute| attribute.ty.present().clone()).collect();
        let ty = match self.choices.below(4) {
            0 => Type::Entity(vec![self.schema.find_entity("User")?]),
            1 => Type::Entity(vec![self.schema.find_entity("Document")?]),
            _ => self.choices.pick(&types)?.clone(),
        };
        Some((self.fresh("p"), ty))
    }

    /// The actions of a rule.
    pub fn actions(&mut self) -> Listed {
        let (text, ids): (String, Vec<usize>) = match self.choices.below(7) {
            0 => ("any".to_owned(), (0..self.schema.actions.len()).collect()),
            1 | 2 => match self.choices.pick(self.groups) {
                Some((name, members)) => ((*name).to_owned(), members.clone()),
                None => ("any".to_owned(), Vec::new()),
            },
            3 => ("read, claim".to_owned(), vec![0, 3]),
            _ => {
                let at = self.choices.below(self.schema.actions.len());
                (self.schema.actions.get(at).map_or_else(String::new, |action| action.name.to_string()), vec![at])
            }
        };
        let actions = ids.into_iter().filter_map(|id| self.schema.action(ActionId::new(id))).cloned().collect();
        Listed { text, actions }
    }

    pub fn rule_scope(&self, actions: &[Action], verified: bool, facts: &[Fact]) -> Scope {
        let union = |types: fn(&Action) -> &[zt_eval::id::EntityTypeId]| {
            let mut all: Vec<_> = actions.iter().flat_map(types).copied().collect();
            all.sort_unstable();
            all.dedup();
            Type::Entity(all)
        };
        let claimed = |action: &Action| self.schema.source(action.subject_from).is_some_and(|source| !source.verified);
        let mut roots = vec![("resource".to_owned(), union(|action| &action.resources))];
        if !(verified && actions.iter().any(claimed)) {
            roots.insert(0, ("subject".to_owned(), union(|action| &action.subjects)));
        }
        Scope::new(self.schema, roots, verified).with(self.schema, facts)
    }

    /// `for …`, and the scope behind it.
    pub fn targets(&mut self, scope: Scope, text: &mut String) -> Scope {
        let mut scope = scope;
        let mut targets = Vec::new();
        for whom in ["subject", "resource"] {
            let Some(place) = scope.places.iter().find(|place| place.text == whom).cloned() else { continue };
            let Type::Entity(types) = &place.ty else { continue };
            if !self.choices.chance(1, 3) {
                continue;
            }
            let (mut target, mut types) = (whom.to_owned(), types.clone());
            let is = self.choices.chance(1, 2);
            if is {
                types = self.some_of(&types).0;
                let _ = write!(target, " is {}", self.schema.types_text(&types));
                scope = scope.with(self.schema, &[Fact::Types(whom.to_owned(), types.clone())]);
            }
            let within = if self.choices.chance(1, 2) { self.hierarchy(&scope, "", &types) } else { None };
            match within.filter(|within| within.starts_with(" in ")) {
                Some(within) => target.push_str(&within),
                None if is => {}
                None => {
                    let ty = Type::Entity(types);
                    let Some(literal) = pool::literal(self.schema, &ty, self.choices) else { continue };
                    let _ = write!(target, " == {literal}");
                }
            }
            targets.push(target);
        }
        if !targets.is_empty() {
            let _ = writeln!(text, "  for {}", targets.join(", "));
        }
        scope
    }

    fn deny(&mut self, text: &mut String, facts: &[Fact], overridable: &str) -> Overridable {
        let name = self.fresh("d");
        let audit = if self.choices.chance(1, 10) { " audit" } else { "" };
        let listed = self.actions();
        let scope = self.rule_scope(&listed.actions, false, facts);
        let _ = writeln!(text, "\n@owner(\"team-{name}\")\ndeny {name}{audit}{overridable}: {}", listed.text);
        let scope = self.targets(scope, text);
        // Narrow ones: a deny that always fires says little.
        let condition = if self.choices.chance(3, 4) { self.all_of(&scope, 1) } else { self.condition(&scope, 2) };
        let _ = writeln!(text, "  when {}\n  because \"rule {name}\"", condition.text);
        Overridable { name, listed }
    }

    fn allow(&mut self, text: &mut String, facts: &[Fact], overrides: Option<&Overridable>) {
        let name = self.fresh("a");
        let audit = if self.choices.chance(1, 10) { " audit" } else { "" };
        let listed = overrides.map_or_else(|| self.actions(), |deny| deny.listed.clone());
        let scope = self.rule_scope(&listed.actions, true, facts);
        let _ = writeln!(text, "\nallow {name}{audit}: {}", listed.text);
        let mut scope = self.targets(scope, text);
        if self.choices.chance(5, 6) {
            // Wide ones, which hold now and then.
            let condition = match self.choices.below(3) {
                0 => self.any_of(&scope, 1),
                1 => self.atom(&scope, 2),
                _ => self.condition(&scope, 2),
            };
            // What a step-up renews is asked for more often than other things.
            let renewed = if self.choices.chance(1, 3) { "context.ok and " } else { "" };
            let _ = match renewed {
                "" => writeln!(text, "  when {}", condition.text),
                _ => writeln!(text, "  when {renewed}({})", condition.text),
            };
            scope = scope.with(self.schema, &condition.holds);
        }
        let mut duties: Vec<String> = Vec::new();
        if overrides.is_some() || self.choices.chance(1, 3) {
            let count = 1 + self.choices.below(2);
            duties.extend((0..count).filter_map(|_| self.duty(&scope)));
            if duties.is_empty() {
                duties.push("trace()".to_owned());
            }
        }
        if !duties.is_empty() {
            let _ = writeln!(text, "  oblige {}", duties.join(", "));
        }
        if let Some(deny) = overrides {
            let _ = writeln!(text, "  overrides {}", deny.name);
        }
        if self.choices.chance(1, 8) {
            let _ = writeln!(text, "  control \"NIST-800-53:AC-3\"");
        }
    }

    pub fn duty(&mut self, scope: &Scope) -> Option<String> {
        let obligation = self.choices.pick(&self.schema.obligations)?;
        let mut args = Vec::new();
        for param in &obligation.params {
            args.push(format!("{}: {}", param.name, self.value(scope, &param.ty, false, 1)?));
        }
        Some(format!("{}({})", obligation.name, args.join(", ")))
    }
}
