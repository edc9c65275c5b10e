//! Declarations.

use super::attribute::Declares;
use super::{Builder, Built, Pair};
use crate::span::Span;
use crate::syntax::ast::{
    Action, Annotation, Entity, Enum, Fn, Ident, Item, ItemKind, Let, Name, Obligation, Param, Record, Source, Use,
};
use crate::syntax::grammar::Rule;

impl Builder<'_> {
    pub fn item(&mut self, pair: Pair<'_>) -> Built<Item> {
        let whole = self.span(&pair);
        let mut parts = self.parts(pair);
        let mut annotations = Vec::new();
        while let Some(annotation) = parts.take_if(Rule::annotation) {
            annotations.push(self.annotation(annotation)?);
        }
        let declaration = parts.need()?;
        let span = self.span(&declaration);
        let doc = match annotations.is_empty() {
            true => self.doc(whole.start),
            false => join(self.doc(whole.start), self.doc(span.start)),
        };
        Ok(Item { doc, annotations, kind: self.item_kind(declaration)?, span })
    }

    fn item_kind(&mut self, pair: Pair<'_>) -> Built<ItemKind> {
        Ok(match pair.as_rule() {
            Rule::package => ItemKind::Package(self.package(pair)?),
            Rule::use_ => ItemKind::Use(self.use_(pair)?),
            Rule::enum_ => ItemKind::Enum(self.enum_(pair)?),
            Rule::source => ItemKind::Source(self.source(pair)?),
            Rule::entity => ItemKind::Entity(self.entity(pair)?),
            Rule::record => ItemKind::Record(self.record(pair)?),
            Rule::context => {
                let attributes = self.only(pair)?;
                ItemKind::Context(self.attributes(attributes)?)
            }
            Rule::obligation => ItemKind::Obligation(self.obligation(pair)?),
            Rule::action => ItemKind::Action(self.action(pair)?),
            Rule::let_ => ItemKind::Let(self.let_(pair)?),
            Rule::fn_ => ItemKind::Fn(self.fn_(pair)?),
            Rule::param => ItemKind::Param(self.param(pair)?),
            Rule::rule => ItemKind::Rule(self.rule(pair)?),
            Rule::test => ItemKind::Test(self.test(pair)?),
            Rule::prove => ItemKind::Prove(self.prove(pair)?),
            _ => return self.unexpected(&pair),
        })
    }

    fn annotation(&mut self, pair: Pair<'_>) -> Built<Annotation> {
        let mut parts = self.parts(pair);
        let name = self.ident(&parts.need()?);
        let value = parts.take_if(Rule::string).map(|text| self.string(&text));
        Ok(Annotation { name, value })
    }

    fn package(&mut self, pair: Pair<'_>) -> Built<Name> {
        let name = self.only(pair)?;
        for segment in self.parts(name) {
            self.declared(&segment, Declares::Value);
        }
        Ok(self.name(name))
    }

    fn use_(&mut self, pair: Pair<'_>) -> Built<Use> {
        let mut parts = self.parts(pair);
        let package = self.name(parts.need()?);
        let alias = match parts.take_if(Rule::alias) {
            Some(alias) => Some(self.declared(&self.only(alias)?, Declares::Value)),
            None => None,
        };
        let scope = match parts.take_if(Rule::targets) {
            Some(targets) => self.targets(targets)?,
            None => Vec::new(),
        };
        Ok(Use { package, alias, scope })
    }

    fn enum_(&mut self, pair: Pair<'_>) -> Built<Enum> {
        let mut parts = self.parts(pair);
        let name = self.declared(&parts.need()?, Declares::Type);
        let body = parts.need()?;
        let ordered = body.as_rule() == Rule::ordered;
        let members = self.parts(body).filter(|part| part.as_rule() == Rule::ident);
        let members = members.map(|member| self.declared(&member, Declares::Value)).collect();
        Ok(Enum { name, ordered, members })
    }

    fn source(&mut self, pair: Pair<'_>) -> Built<Source> {
        let mut parts = self.parts(pair);
        let name = self.declared(&parts.need()?, Declares::Value);
        let verified = parts.need()?.as_rule() == Rule::verified;
        Ok(Source { name, verified, complete: parts.take_if(Rule::complete).is_some() })
    }

    fn entity(&mut self, pair: Pair<'_>) -> Built<Entity> {
        let mut parts = self.parts(pair);
        let name = self.declared(&parts.need()?, Declares::Type);
        let parents = parts.take_if(Rule::names).map(|names| self.names(names)).unwrap_or_default();
        let parents_from = match parts.take_if(Rule::from_name) {
            Some(from) => Some(self.only_name(from)?),
            None => None,
        };
        let attributes = match parts.take_if(Rule::attributes) {
            Some(attributes) => self.attributes(attributes)?,
            None => Vec::new(),
        };
        Ok(Entity { name, parents, parents_from, attributes })
    }

    fn record(&mut self, pair: Pair<'_>) -> Built<Record> {
        let mut parts = self.parts(pair);
        let name = self.declared(&parts.need()?, Declares::Type);
        let fields = parts.map(|field| self.field(field)).collect::<Built<_>>()?;
        Ok(Record { name, fields })
    }

    fn obligation(&mut self, pair: Pair<'_>) -> Built<Obligation> {
        let mut parts = self.parts(pair);
        let name = self.declared(&parts.need()?, Declares::Value);
        Ok(Obligation { name, params: self.fields(parts.need()?)? })
    }

    fn action(&mut self, pair: Pair<'_>) -> Built<Action> {
        let mut parts = self.parts(pair);
        let mut names = Vec::new();
        while let Some(name) = parts.take_if(Rule::ident) {
            names.push(self.declared(&name, Declares::Value));
        }
        let body = parts.need()?;
        if body.as_rule() == Rule::group {
            let members = self.only(body)?;
            return self.action_group(names, self.names(members));
        }
        let mut body = self.parts(body);
        let subjects = self.names(body.need()?);
        let subject_from = match body.take_if(Rule::from_name) {
            Some(from) => Some(self.only_name(from)?),
            None => None,
        };
        Ok(Action::Declared { names, subjects, subject_from, resources: self.names(body.need()?) })
    }

    fn action_group(&self, names: Vec<Ident>, members: Vec<Name>) -> Built<Action> {
        let mut names = names.into_iter();
        match (names.next(), names.next()) {
            (Some(name), None) => Ok(Action::Group { name, members }),
            (first, second) => Err(several_group_names(first.or(second))),
        }
    }

    fn let_(&mut self, pair: Pair<'_>) -> Built<Let> {
        let mut parts = self.parts(pair);
        let name = self.declared(&parts.need()?, Declares::Value);
        let ty = match parts.take_if(Rule::type_) {
            Some(ty) => Some(self.ty(ty)?),
            None => None,
        };
        Ok(Let { name, ty, value: self.expression(parts.need()?)? })
    }

    fn fn_(&mut self, pair: Pair<'_>) -> Built<Fn> {
        let mut parts = self.parts(pair);
        let name = self.declared(&parts.need()?, Declares::Value);
        let params = self.fields(parts.need()?)?;
        Ok(Fn { name, params, body: self.expression(parts.need()?)? })
    }

    fn param(&mut self, pair: Pair<'_>) -> Built<Param> {
        let mut parts = self.parts(pair);
        let name = self.declared(&parts.need()?, Declares::Value);
        let ty = self.ty(parts.need()?)?;
        let default = match parts.take_if(Rule::expression) {
            Some(default) => Some(self.expression(default)?),
            None => None,
        };
        Ok(Param { name, ty, default })
    }
}

fn join(first: Option<std::sync::Arc<str>>, second: Option<std::sync::Arc<str>>) -> Option<std::sync::Arc<str>> {
    match (first, second) {
        (Some(first), Some(second)) => Some(format!("{first}\n{second}").into()),
        (first, second) => first.or(second),
    }
}

fn several_group_names(first: Option<Ident>) -> super::Failure {
    let span = first.map_or(Span::default(), |name| name.span);
    let message = "a group of actions has one name";
    let help = "write `action GROUP = read, write`; actions that can be asked for are declared with `action read, write: User -> Document`";
    Box::new(crate::diag::Diagnostic::new(crate::diag::Code::SYNTAX, span, message).help(help))
}
