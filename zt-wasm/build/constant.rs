//! Constants, and expressions of them.

use std::collections::BTreeMap;

use quote::ToTokens;
use syn::{BinOp, Expr, Lit, UnOp};

use crate::code::Ty;

/// The routines' constants by name.
#[derive(Default)]
pub struct Constants(BTreeMap<String, (Ty, i64)>);

impl Constants {
    /// All constants of all files; one may be made of others, wherever they stand.
    pub fn of(files: &[(String, syn::File)]) -> Self {
        let mut open: Vec<(&str, &syn::ItemConst)> = Vec::new();
        for (name, file) in files {
            open.extend(file.items.iter().filter_map(|item| match item {
                syn::Item::Const(constant) => Some((name.as_str(), constant)),
                _ => None,
            }));
        }
        let mut constants = Self::default();
        while !open.is_empty() {
            let before = open.len();
            open.retain(|(file, item)| {
                let ty = ty_of(&item.ty).unwrap_or_else(|| panic!("{file}: type of {}", item.ident));
                let Some(value) = constants.value(&item.expr) else {
                    return true;
                };
                let name = item.ident.to_string();
                assert!(constants.0.insert(name, (ty, value)).is_none(), "{file}: there is another {}", item.ident);
                false
            });
            let rest = || open.iter().map(|(file, item)| format!("{file}: {}", item.to_token_stream()));
            assert!(open.len() < before, "constants that are none:\n{}", rest().collect::<Vec<_>>().join("\n"));
        }
        constants
    }

    pub fn get(&self, name: &str) -> Option<(Ty, i64)> {
        self.0.get(name).copied()
    }

    /// The value of an expression of constants and literals alone.
    pub fn value(&self, expression: &Expr) -> Option<i64> {
        match expression {
            Expr::Lit(literal) => match &literal.lit {
                Lit::Int(int) => int.base10_parse::<u64>().ok().map(|value| value as i64),
                Lit::Byte(byte) => Some(byte.value().into()),
                Lit::Bool(bool) => Some(bool.value.into()),
                _ => None,
            },
            Expr::Path(path) => self.get(&path.path.get_ident()?.to_string()).map(|(_, value)| value),
            Expr::Paren(inner) => self.value(&inner.expr),
            Expr::Unary(unary) if matches!(unary.op, UnOp::Neg(_)) => self.value(&unary.expr).map(i64::wrapping_neg),
            Expr::Cast(cast) => {
                let value = self.value(&cast.expr)?;
                Some(match ty_of(&cast.ty)? {
                    Ty::I32 => (value as i32).into(),
                    Ty::U32 => (value as u32).into(),
                    _ => value,
                })
            }
            Expr::Binary(binary) => {
                let (left, right) = (self.value(&binary.left)?, self.value(&binary.right)?);
                Some(match binary.op {
                    BinOp::Add(_) => left.wrapping_add(right),
                    BinOp::Sub(_) => left.wrapping_sub(right),
                    BinOp::Mul(_) => left.wrapping_mul(right),
                    BinOp::BitOr(_) => left | right,
                    BinOp::BitAnd(_) => left & right,
                    BinOp::Shl(_) => left << right,
                    _ => return None,
                })
            }
            _ => None,
        }
    }
}

pub fn ty_of(ty: &syn::Type) -> Option<Ty> {
    match ty {
        syn::Type::Path(path) => Ty::named(&path.path.get_ident()?.to_string()),
        _ => None,
    }
}
