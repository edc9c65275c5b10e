//! Cells at fixed addresses that nothing but loads and stores of one width ever reaches: in modules these are globals, which
//! take less code and time than memory; what no routine stores is a constant of the module.
//!
//! A cell is taken to be reached in other ways when the constant that names it is also used as a value (the address of a
//! list, say), or lies close behind one that is.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use syn::Expr;

use crate::constant::Constants;

/// How far behind an address that is used as a value nothing is a global: a datum's cell and a list fit in.
const REACHED: i64 = 16;
/// Below are only cells that stand alone, but for those of constants: a value there is a size or a byte rather than an address.
const ALONE: i64 = 192;

/// How the fixed places are used.
#[derive(Default)]
pub struct Cells(RefCell<Uses>);

#[derive(Default)]
struct Uses {
    /// By address: the width of accesses, nought if there are several, and whether any stores.
    direct: BTreeMap<i64, (i64, bool)>,
    /// Names in addresses of accesses, and what they stand for.
    places: BTreeMap<String, i64>,
    /// Names, and what they stand for, that are used as values.
    values: BTreeMap<String, i64>,
}

impl Cells {
    /// A load or a store at a constant address.
    pub fn access(&self, address: &Expr, at: i64, opcode: u8, constants: &Constants) {
        let width = match opcode {
            0x28 | 0x36 => 4,
            0x29 | 0x37 => 8,
            _ => 0,
        };
        let mut uses = self.0.borrow_mut();
        names(address, constants, &mut |name, value| {
            uses.places.insert(name, value);
        });
        let uses = uses.direct.entry(at).or_insert((width, false));
        if uses.0 != width {
            uses.0 = 0;
        }
        uses.1 |= opcode >= 0x36;
    }

    /// A constant as a value.
    pub fn value(&self, expression: &Expr, constants: &Constants) {
        let mut uses = self.0.borrow_mut();
        names(expression, constants, &mut |name, value| {
            uses.values.insert(name, value);
        });
    }

    /// As the text of a Rust constant: each cell's address, whether it is of 8 bytes, and whether any routine stores there.
    pub fn write(&self, text: &mut String) {
        let uses = self.0.borrow();
        uses.check_distinct();
        let reached: Vec<i64> = uses
            .values
            .iter()
            .filter(|(name, at)| uses.places.contains_key(*name) || **at >= ALONE)
            .map(|(_, at)| *at)
            .collect();
        text.push_str("pub(crate) static CELLS: &[(u32, bool, bool)] = &[\n");
        for (at, (width, stores)) in &uses.direct {
            let end = at + width;
            let overlaps = uses.direct.iter().any(|(other, (wide, _))| {
                // One whose width is not clear may be as wide as any.
                let wide = if *wide == 0 { 8 } else { *wide };
                other != at && *other < end && *at < other + wide
            });
            let is_reached = reached.iter().any(|from| *from < end && *at < from + REACHED);
            if *width > 0 && !is_reached && !overlaps {
                let _ = writeln!(text, "({at}, {}, {stores}),", *width == 8);
            }
        }
        text.push_str("];\n");
    }
}

impl Uses {
    /// Ends the build if two names stand for one place: what one routine keeps there, another would write over.
    fn check_distinct(&self) {
        let mut known: BTreeMap<i64, &str> = BTreeMap::new();
        for (name, at) in &self.places {
            if let Some(other) = known.insert(*at, name) {
                panic!("{name} and {other} are one place: {at}");
            }
        }
    }
}

fn names(expression: &Expr, constants: &Constants, tell: &mut impl FnMut(String, i64)) {
    match expression {
        Expr::Path(path) => {
            if let Some(name) = path.path.get_ident().map(ToString::to_string)
                && let Some((_, value)) = constants.get(&name)
            {
                tell(name, value);
            }
        }
        Expr::Paren(inner) => names(&inner.expr, constants, tell),
        Expr::Cast(cast) => names(&cast.expr, constants, tell),
        Expr::Unary(unary) => names(&unary.expr, constants, tell),
        Expr::Binary(binary) => {
            names(&binary.left, constants, tell);
            names(&binary.right, constants, tell);
        }
        _ => {}
    }
}
