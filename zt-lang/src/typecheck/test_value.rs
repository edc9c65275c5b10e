//! Values in tests, as the JSON that a request would carry.

use serde_json::{Map, Value as Json, json};
use zt_eval::decision::value_to_json;
use zt_eval::schema::Type;
use zt_eval::value::{EntityUid, Value};

use super::{Checker, Scope, ty};
use crate::diag::{Code, Diagnostic};
use crate::names::nearest_declared;
use crate::resolve::Owner;
use crate::syntax::ast;

impl Checker<'_, '_> {
    /// A value of `wanted`, or `null`.
    pub fn test_value(&mut self, scope: &mut Scope, expr: &ast::Expr, wanted: &Type) -> Option<Json> {
        if ty::is_error(wanted) {
            return None;
        }
        match (&expr.node, wanted.present()) {
            (ast::ExprKind::Null, _) => Some(Json::Null),
            (ast::ExprKind::Record(fields), Type::Record(record)) => {
                let mut object = Map::new();
                for (name, value) in fields {
                    let declared = &self.schema.record(*record)?.fields;
                    let index = self.positions.field(*record, &name.node);
                    let Some(ty) = index.and_then(|index| declared.get(index as usize)).map(|field| field.ty.clone())
                    else {
                        let diagnostic = self.unknown_in_test(name, declared.iter().map(|field| &*field.name));
                        self.report(diagnostic);
                        continue;
                    };
                    let value = self.test_value(scope, value, &ty)?;
                    self.add(&mut object, name, value);
                }
                Some(Json::Object(object))
            }
            (ast::ExprKind::Record(entries), Type::Map(inner)) => {
                let mut object = Map::new();
                for (key, value) in entries {
                    let value = self.test_value(scope, value, inner)?;
                    self.add(&mut object, key, value);
                }
                Some(Json::Object(object))
            }
            (ast::ExprKind::List(elements), Type::Set(inner) | Type::List(inner)) => {
                let elements: Vec<_> = elements.iter().map(|element| self.test_value(scope, element, inner)).collect();
                elements.into_iter().collect::<Option<Vec<_>>>().map(Json::Array)
            }
            (_, present) => {
                let present = present.clone();
                let value = self.constant(scope, expr, &present)?;
                Some(value_to_json(&self.schema, &present, &value))
            }
        }
    }

    fn add(&mut self, object: &mut Map<String, Json>, name: &ast::Ident, value: Json) {
        if object.insert(name.node.to_string(), value).is_some() {
            let message = format!("`{}` is given twice", name.node);
            self.report(Diagnostic::new(Code::BAD_TEST, name.span, message));
        }
    }

    fn unknown_in_test<'n>(&self, name: &ast::Ident, known: impl Iterator<Item = &'n str>) -> Diagnostic {
        let diagnostic =
            Diagnostic::new(Code::UNKNOWN_ATTRIBUTE, name.span, format!("there is no `{}` here", name.node))
                .label("not declared");
        match nearest_declared(self.diagnostics, &name.node, known) {
            Some(near) => diagnostic.help(format!("did you mean `{near}`?")).fix(name.span, near),
            None => diagnostic.help("a test gives values to attributes that are declared"),
        }
    }

    /// The members of `{ … }` after an entity or `context`.
    pub fn test_attributes(
        &mut self,
        scope: &mut Scope,
        owner: Owner,
        given: &[(ast::Ident, ast::Expr)],
    ) -> Map<String, Json> {
        let mut object = Map::new();
        for (name, value) in given {
            let declared = self.siblings(owner);
            let index = self.positions.attribute(owner, &name.node);
            let found = index.and_then(|index| declared.get(index as usize));
            let Some(ty) = found.map(|attribute| attribute.ty.clone()) else {
                let diagnostic = self.unknown_in_test(name, declared.iter().map(|attribute| &*attribute.name));
                self.report(diagnostic);
                continue;
            };
            if let Some(value) = self.test_value(scope, value, &ty) {
                self.add(&mut object, name, value);
            }
        }
        object
    }

    /// An entity literal.
    pub fn test_uid(&mut self, scope: &mut Scope, expr: &ast::Expr) -> Option<EntityUid> {
        let found = self.infer(scope, expr, None)?;
        match self.fold(&found) {
            Some(Value::Entity(uid)) => Some(uid),
            _ => {
                let message = "an entity is needed here";
                self.report(
                    Diagnostic::new(Code::BAD_TEST, expr.span, message)
                        .help("write its type and its id: `User::\"ann\"`"),
                );
                None
            }
        }
    }

    /// `{"type": …, "id": …}`.
    pub fn uid_json(&self, uid: &EntityUid) -> Map<String, Json> {
        let name = self.schema.entity(uid.ty).map(|entity| entity.name.to_string()).unwrap_or_default();
        let object = json!({ "type": name, "id": &*uid.id });
        object.as_object().cloned().unwrap_or_default()
    }

    /// `in […]`: a list of entities, or one.
    pub fn test_parents(&mut self, scope: &mut Scope, parents: &ast::Expr) -> Option<Json> {
        let single = std::slice::from_ref(parents);
        let elements = match &parents.node {
            ast::ExprKind::List(elements) => elements.as_slice(),
            _ => single,
        };
        let uids: Vec<_> = elements.iter().map(|element| self.test_uid(scope, element)).collect();
        let uids = uids.into_iter().collect::<Option<Vec<_>>>()?;
        Some(Json::Array(uids.iter().map(|uid| Json::Object(self.uid_json(uid))).collect()))
    }
}
