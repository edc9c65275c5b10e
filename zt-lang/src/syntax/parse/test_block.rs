//! Tests.

use super::rule::{effect, path_name};
use super::{Builder, Built, Pair};
use crate::diag::{Code, Diagnostic};
use crate::syntax::ast::{Described, Expect, ExpectDetail, Given, Part, Place, Spanned, Test};
use crate::syntax::grammar::Rule;

impl Builder<'_> {
    pub fn test(&mut self, pair: Pair<'_>) -> Built<Test> {
        let mut parts = self.parts(pair);
        let name = self.string(&parts.need()?);
        let given = match parts.take_if(Rule::given) {
            Some(given) => self.parts(given).map(|line| self.given(line)).collect::<Built<_>>()?,
            None => Vec::new(),
        };
        let expects = parts.map(|expect| self.expect(expect)).collect::<Built<_>>()?;
        Ok(Test { name, given, expects })
    }

    fn given(&mut self, pair: Pair<'_>) -> Built<Given> {
        Ok(match pair.as_rule() {
            Rule::given_now => Given::Now(self.only_string(pair)?),
            Rule::given_param => {
                let mut parts = self.parts(pair);
                Given::Param(self.name(parts.need()?), self.expression(parts.need()?)?)
            }
            Rule::evidence => {
                let mut parts = self.parts(pair);
                let source = self.name(parts.need()?);
                let said = parts.map(|part| self.part(part, true)).collect::<Built<_>>()?;
                Given::Evidence(source, said)
            }
            _ => Given::Part(self.part(pair, false)?),
        })
    }

    fn part(&mut self, pair: Pair<'_>, in_evidence: bool) -> Built<Part> {
        let production = pair.as_rule();
        if production == Rule::part_context {
            let record = self.only(pair)?;
            let span = self.span(&record);
            let entries = self.parts(record).map(|entry| self.entry(entry)).collect::<Built<_>>()?;
            return Ok(Part::Context(Spanned::new(entries, span)));
        }
        let may_be_nameless = in_evidence && matches!(production, Rule::part_subject | Rule::part_resource);
        let described = self.described(pair, may_be_nameless)?;
        Ok(match production {
            Rule::part_subject => Part::Subject(described),
            Rule::part_resource => Part::Resource(described),
            Rule::part_entity => Part::Entity(described),
            _ => Part::Stored(described),
        })
    }

    fn described(&mut self, pair: Pair<'_>, may_be_nameless: bool) -> Built<Described> {
        let span = self.span(&pair);
        let word = pair.as_str().split_ascii_whitespace().next().unwrap_or("").to_owned();
        let inner = self.only(pair)?;
        let mut described = Described { uid: None, parents: None, attributes: None, span: Place(span) };
        for part in self.parts(inner) {
            match part.as_rule() {
                Rule::entity_literal => described.uid = Some(self.entity_literal(part)?),
                Rule::described_in => described.parents = Some(self.operation(self.only(part)?)?),
                _ => {
                    described.attributes = Some(self.parts(part).map(|entry| self.entry(entry)).collect::<Built<_>>()?)
                }
            }
        }
        if described.uid.is_none() && !may_be_nameless {
            let message = format!("`{word}` does not say which entity it is");
            let help = format!("name it, as in `{word} User::\"ann\" {{ … }}`");
            return Err(Box::new(
                Diagnostic::new(Code::SYNTAX, span, message).label("an entity is missing here").help(help),
            ));
        }
        Ok(described)
    }

    fn expect(&mut self, pair: Pair<'_>) -> Built<Expect> {
        let span = Place(self.span(&pair));
        let mut parts = self.parts(pair);
        let effect = effect(&parts.need()?);
        let action = self.name(parts.need()?);
        let details = parts.map(|detail| self.detail(detail)).collect::<Built<_>>()?;
        Ok(Expect { effect, action, details, span })
    }

    fn detail(&mut self, pair: Pair<'_>) -> Built<ExpectDetail> {
        Ok(match pair.as_rule() {
            Rule::expect_by => ExpectDetail::By(self.names(self.only(pair)?)),
            Rule::expect_challenge => {
                let attributes = self.parts(pair).filter(|part| part.as_rule() == Rule::ident);
                ExpectDetail::Challenge(attributes.map(|attribute| self.ident(&attribute)).collect())
            }
            Rule::expect_unknown => {
                let paths =
                    self.parts(pair).map(|path| path_name(self.parts(path).map(|part| self.ident(&part)).collect()));
                ExpectDetail::Unknown(paths.collect())
            }
            Rule::expect_because => ExpectDetail::Because(self.only_string(pair)?),
            Rule::expect_reason => ExpectDetail::Reason(self.ident(&self.only(pair)?)),
            Rule::oblige => ExpectDetail::Oblige(self.duties(pair)?),
            _ => return self.unexpected(&pair),
        })
    }
}
