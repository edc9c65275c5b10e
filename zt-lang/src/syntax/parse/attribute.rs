//! Names, types, fields, attributes, strings, docs.

use std::sync::Arc;

use super::{Builder, Built, Pair};
use crate::diag::{Code, Diagnostic};
use crate::span::Span;
use crate::syntax::ast::{Attribute, Field, Ident, Modifier, Name, Spanned, StringLit, Type};
use crate::syntax::grammar::Rule;
use crate::syntax::lex::TokenKind;

/// What a declaration declares, which settles the case of its first letter.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Declares {
    Type,
    Value,
}

impl Builder<'_> {
    /// `ident`, `any_ident`, `word` or `quoted`.
    pub fn ident(&self, pair: &Pair<'_>) -> Ident {
        let written = pair.as_str();
        let name = written.strip_prefix('`').and_then(|rest| rest.strip_suffix('`')).unwrap_or(written);
        Spanned::new(name.into(), self.span(pair))
    }

    /// A name where it is declared. Backquotes permit any spelling.
    pub fn declared(&mut self, pair: &Pair<'_>, declares: Declares) -> Ident {
        let ident = self.ident(pair);
        if pair.as_str().starts_with('`') {
            return ident;
        }
        let is_capital = ident.node.starts_with(|first: char| first.is_ascii_uppercase());
        if is_capital != (declares == Declares::Type) {
            self.diagnostics.push(letter_case(&ident, declares));
        }
        ident
    }

    pub fn name(&self, pair: Pair<'_>) -> Name {
        let segments = self.parts(pair).map(|segment| self.ident(&segment)).collect();
        Name { segments }
    }

    /// `names` or `union`, or what else holds nothing but names.
    pub fn names(&self, pair: Pair<'_>) -> Vec<Name> {
        self.parts(pair).map(|name| self.name(name)).collect()
    }

    pub fn only_name(&self, pair: Pair<'_>) -> Built<Name> {
        Ok(self.name(self.only(pair)?))
    }

    pub fn string(&self, pair: &Pair<'_>) -> Spanned<StringLit> {
        let written = pair.as_str();
        let raw = written.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(written);
        Spanned::new(StringLit { raw: raw.into() }, self.span(pair))
    }

    pub fn only_string(&self, pair: Pair<'_>) -> Built<Spanned<StringLit>> {
        Ok(self.string(&self.only(pair)?))
    }

    /// The `///` lines right before the byte at `offset`.
    pub fn doc(&self, offset: u32) -> Option<Arc<str>> {
        let count = self.all_tokens.partition_point(|token| token.start < offset as usize);
        let before = self.all_tokens.get(..count)?;
        let comments = before.iter().rev().take_while(|token| token.is_comment());
        let docs = comments.filter(|token| token.kind == TokenKind::Doc).map(|token| {
            let line = token.text(self.text).trim_start_matches('/');
            line.strip_prefix(' ').unwrap_or(line).trim_end()
        });
        let mut lines: Vec<_> = docs.collect();
        lines.reverse();
        (!lines.is_empty()).then(|| lines.join("\n").into())
    }

    pub fn ty(&self, pair: Pair<'_>) -> Built<Spanned<Type>> {
        let whole = self.span(&pair);
        let mut parts = self.parts(pair);
        let inner = parts.need()?;
        let span = self.span(&inner);
        let node = match inner.as_rule() {
            Rule::set => Type::Set(Box::new(self.ty(self.only(inner)?)?)),
            Rule::list_of => Type::List(Box::new(self.ty(self.only(inner)?)?)),
            Rule::map => Type::Map(Box::new(self.ty(self.only(inner)?)?)),
            Rule::union => union_type(self.names(inner)),
            _ => return self.unexpected(&inner),
        };
        let ty = Spanned::new(node, span);
        Ok(match parts.take_if(Rule::optional) {
            Some(_) => Spanned::new(Type::Optional(Box::new(ty)), whole),
            None => ty,
        })
    }

    /// `field` or `fn_param`.
    pub fn field(&mut self, pair: Pair<'_>) -> Built<Field> {
        let doc = self.doc(self.span(&pair).start);
        let mut parts = self.parts(pair);
        let name = self.declared(&parts.need()?, Declares::Value);
        Ok(Field { doc, name, ty: self.ty(parts.need()?)? })
    }

    /// `params`, `fn_params` or what else holds nothing but fields.
    pub fn fields(&mut self, pair: Pair<'_>) -> Built<Vec<Field>> {
        self.parts(pair).map(|field| self.field(field)).collect()
    }

    pub fn attributes(&mut self, pair: Pair<'_>) -> Built<Vec<Attribute>> {
        self.parts(pair).map(|attribute| self.attribute(attribute)).collect()
    }

    fn attribute(&mut self, pair: Pair<'_>) -> Built<Attribute> {
        let doc = self.doc(self.span(&pair).start);
        let mut parts = self.parts(pair);
        let name = self.declared(&parts.need()?, Declares::Value);
        let ty = self.ty(parts.need()?)?;
        let modifiers = parts.map(|modifier| self.modifier(modifier)).collect::<Built<_>>()?;
        Ok(Attribute { doc, name, ty, modifiers })
    }

    fn modifier(&mut self, pair: Pair<'_>) -> Built<Spanned<Modifier>> {
        let span = self.span(&pair);
        let production = pair.as_rule();
        if production == Rule::sensitive {
            let span = Span { end: span.start + "sensitive".len() as u32, ..span };
            return Ok(Spanned::new(Modifier::Sensitive, span));
        }
        let mut parts = self.parts(pair);
        let first = parts.need()?;
        let modifier = match production {
            Rule::from => Modifier::From(self.name(first)),
            Rule::fresh_until => Modifier::FreshUntil(self.name(first)),
            Rule::fresh_since => Modifier::FreshSince { age: self.expression(first)?, since: self.name(parts.need()?) },
            Rule::step_up => Modifier::StepUp { acr: self.string(&first), gives: self.expression(parts.need()?)? },
            _ => return self.unexpected(&first),
        };
        Ok(Spanned::new(modifier, span))
    }
}

fn union_type(mut names: Vec<Name>) -> Type {
    match (names.len(), names.pop()) {
        (1, Some(only)) => Type::Name(only),
        (_, last) => {
            names.extend(last);
            Type::Union(names)
        }
    }
}

fn letter_case(ident: &Ident, declares: Declares) -> Diagnostic {
    let mut letters = ident.node.chars();
    let first = letters.next().unwrap_or('_');
    let (kinds, first) = match declares {
        Declares::Type => ("types start with a capital letter", first.to_ascii_uppercase()),
        Declares::Value => ("names of values start with a small letter", first.to_ascii_lowercase()),
    };
    let mended = format!("{first}{}", letters.as_str());
    let fixed = if mended == *ident.node || super::failure::is_reserved(&mended) {
        format!("`{}`", ident.node)
    } else {
        mended
    };
    Diagnostic::new(Code::LETTER_CASE, ident.span, format!("`{}` is the wrong case: {kinds}", ident.node))
        .label(format!("write {}", super::failure::quote(&fixed)))
        .help("types and values are told apart by their first letter; a name in backquotes may be spelt any way")
        .fix(ident.span, fixed)
}
