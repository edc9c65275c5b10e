//! Expressions.

use syn::{BinOp, Expr, ExprBinary, ExprCall, ExprMethodCall, Lit, UnOp};

use crate::code::{Code, Op, Ty, unsigned};
use crate::constant::ty_of;
use crate::function::{Function, Signature};
use crate::statement::is_plain;

const RETURN: u8 = 0x0F;
const EQZ: u8 = 0x45;

impl Function<'_> {
    /// Compiles an expression; `want` is the type of literals of which nothing else tells it.
    pub fn expression(&mut self, expression: &Expr, want: Option<Ty>, code: &mut Code) -> Ty {
        if let Some(value) = self.unit.constants.value(expression) {
            let ty = self.type_of(expression).or(want.filter(|ty| ty.is_value())).unwrap_or(Ty::I32);
            self.unit.cells.value(expression, &self.unit.constants);
            code.constant(ty, value);
            return ty;
        }
        match expression {
            Expr::Path(path) => {
                let local = path.path.get_ident().and_then(|name| self.find(&name.to_string()));
                let local = local.unwrap_or_else(|| self.refuse("a name", expression));
                code.local(0x20, local);
                self.ty(local)
            }
            Expr::Paren(inner) => self.expression(&inner.expr, want, code),
            Expr::Unary(unary) => self.unary(unary, want, code),
            Expr::Binary(binary) => self.binary(binary, want, code),
            Expr::Assign(assign) => {
                let local = self.assigned(&assign.left);
                let ty = self.ty(local);
                self.typed(&assign.right, ty, code);
                code.local(0x21, local);
                Ty::Unit
            }
            Expr::Cast(cast) => {
                let to = ty_of(&cast.ty).unwrap_or_else(|| self.refuse("a type", &cast.ty));
                let from = self.expression(&cast.expr, None, code);
                convert(from, to, code);
                to
            }
            Expr::Call(call) => self.call(call, code),
            Expr::MethodCall(call) => self.method(call, want, code),
            Expr::Block(block) => self.block(&block.block, want, code),
            Expr::If(choice) => self.choose(choice, want, code),
            Expr::Match(choice) => self.matching(choice, want, code),
            Expr::While(repeated) => self.while_loop(&repeated.cond, &repeated.body, code),
            Expr::Loop(repeated) => self.endless_loop(&repeated.body, code),
            Expr::Break(end) if end.expr.is_none() && end.label.is_none() => self.leave_loop(true, code),
            Expr::Continue(again) if again.label.is_none() => self.leave_loop(false, code),
            Expr::Return(back) => {
                if let Some(value) = &back.expr {
                    self.typed(value, self.result, code);
                }
                code.bytes(&[RETURN]);
                Ty::Never
            }
            other => self.refuse("an expression", other),
        }
    }

    fn typed(&mut self, expression: &Expr, ty: Ty, code: &mut Code) {
        let found = self.expression(expression, Some(ty), code);
        if found != ty && found != Ty::Never {
            self.refuse(&format!("{found:?} where {ty:?} is expected"), expression);
        }
    }

    fn assigned(&self, left: &Expr) -> u32 {
        let Expr::Path(path) = left else {
            self.refuse("an assignment", left);
        };
        let name = path.path.get_ident().and_then(|name| self.find(&name.to_string()));
        name.unwrap_or_else(|| self.refuse("an assignment", left))
    }

    /// The type that an expression has by itself, without its literals.
    fn type_of(&self, expression: &Expr) -> Option<Ty> {
        match expression {
            Expr::Lit(literal) => match &literal.lit {
                Lit::Int(int) => Ty::named(int.suffix()),
                Lit::Bool(_) => Some(Ty::Bool),
                _ => None,
            },
            Expr::Path(path) => {
                let name = path.path.get_ident()?.to_string();
                let local = self.find(&name).map(|local| self.ty(local));
                local.or_else(|| self.unit.constants.get(&name).map(|(ty, _)| ty))
            }
            Expr::Paren(inner) => self.type_of(&inner.expr),
            Expr::Unary(unary) => self.type_of(&unary.expr),
            Expr::Binary(binary) if is_comparison(&binary.op) => Some(Ty::Bool),
            Expr::Binary(binary) if matches!(binary.op, BinOp::Shl(_) | BinOp::Shr(_)) => self.type_of(&binary.left),
            Expr::Binary(binary) => self.type_of(&binary.left).or_else(|| self.type_of(&binary.right)),
            Expr::Cast(cast) => ty_of(&cast.ty),
            Expr::Call(call) => self.unit.signatures.get(&self.callee(call)).map(|signature| signature.result),
            Expr::MethodCall(call) => match call.method.to_string().as_str() {
                "leading_zeros" | "trailing_zeros" | "count_ones" => Some(Ty::U32),
                _ => self.type_of(&call.receiver),
            },
            Expr::If(choice) => match choice.then_branch.stmts.last()? {
                syn::Stmt::Expr(last, None) => self.type_of(last),
                _ => None,
            },
            _ => None,
        }
    }

    fn unary(&mut self, unary: &syn::ExprUnary, want: Option<Ty>, code: &mut Code) -> Ty {
        match unary.op {
            UnOp::Not(_) => {
                let ty = self.expression(&unary.expr, want, code);
                match ty {
                    Ty::Bool => code.bytes(&[EQZ]),
                    ty => {
                        code.constant(ty, -1);
                        code.bytes(&[if ty.is_wide() { 0x85 } else { 0x73 }]);
                    }
                }
                ty
            }
            UnOp::Neg(_) => {
                let ty = self.type_of(&unary.expr).or(want).unwrap_or(Ty::I32);
                code.constant(ty, 0);
                self.typed(&unary.expr, ty, code);
                code.bytes(&[if ty.is_wide() { 0x7D } else { 0x6B }]);
                ty
            }
            _ => self.refuse("an operator", unary),
        }
    }

    fn binary(&mut self, binary: &ExprBinary, want: Option<Ty>, code: &mut Code) -> Ty {
        if matches!(binary.op, BinOp::And(_) | BinOp::Or(_)) {
            return self.shortcut(binary, code);
        }
        if let Some(op) = assigning(&binary.op) {
            let local = self.assigned(&binary.left);
            let ty = self.ty(local);
            code.local(0x20, local);
            self.operate(&op, ty, binary, code);
            code.local(0x21, local);
            return Ty::Unit;
        }
        let is_shift = matches!(binary.op, BinOp::Shl(_) | BinOp::Shr(_));
        let own = self.type_of(&binary.left).or_else(|| if is_shift { None } else { self.type_of(&binary.right) });
        let want = want.filter(|_| !is_comparison(&binary.op));
        let ty = own.or(want).unwrap_or(Ty::I32);
        self.typed(&binary.left, ty, code);
        self.operate(&binary.op, ty, binary, code);
        if is_comparison(&binary.op) { Ty::Bool } else { ty }
    }

    /// The right operand and the instruction; the left operand is there.
    fn operate(&mut self, op: &BinOp, ty: Ty, binary: &ExprBinary, code: &mut Code) {
        match op {
            BinOp::Shl(_) | BinOp::Shr(_) => {
                let count = self.expression(&binary.right, Some(ty), code);
                convert(count, ty, code);
            }
            BinOp::Div(_) | BinOp::Rem(_) if self.unit.constants.value(&binary.right).is_none_or(|by| by == 0) => {
                self.refuse("a division by what is no constant, or zero", binary);
            }
            _ => self.typed(&binary.right, ty, code),
        }
        let Some(opcode) = opcode(op, ty) else {
            self.refuse("an operator", binary);
        };
        code.bytes(&[opcode]);
    }

    fn shortcut(&mut self, binary: &ExprBinary, code: &mut Code) -> Ty {
        let is_and = matches!(binary.op, BinOp::And(_));
        self.typed(&binary.left, Ty::Bool, code);
        if is_and && is_plain(&binary.right) {
            self.typed(&binary.right, Ty::Bool, code);
            code.bytes(&[0x71]);
            return Ty::Bool;
        }
        let label = self.label();
        code.op(Op::Open(0x04, Ty::Bool.block(), label));
        if is_and {
            self.typed(&binary.right, Ty::Bool, code);
        } else {
            code.constant(Ty::Bool, 1);
        }
        code.op(Op::Else);
        if is_and {
            code.constant(Ty::Bool, 0);
        } else {
            self.typed(&binary.right, Ty::Bool, code);
        }
        code.op(Op::End);
        Ty::Bool
    }

    pub fn callee(&self, call: &ExprCall) -> String {
        match &*call.func {
            Expr::Path(path) => path.path.get_ident().map(ToString::to_string).unwrap_or_default(),
            _ => String::new(),
        }
    }

    fn call(&mut self, call: &ExprCall, code: &mut Code) -> Ty {
        let name = self.callee(call);
        let Some(signature) = self.unit.signatures.get(&name).cloned() else {
            self.refuse("a function", call);
        };
        if signature.params.len() != call.args.len() {
            self.refuse("the number of arguments", call);
        }
        if let Some((opcode, align)) = access(&name) {
            if let Some(address) = call.args.first()
                && let Some(at) = self.unit.constants.value(address)
            {
                self.fixed_access(call, &signature, (opcode, at), code);
                return signature.result;
            }
            let offset = call.args.first().map_or(0, |address| self.address(address, code));
            for (argument, ty) in call.args.iter().zip(&signature.params).skip(1) {
                self.typed(argument, *ty, code);
            }
            code.bytes(&[opcode, align]);
            code.bytes(&unsigned(offset));
            return signature.result;
        }
        for (argument, ty) in call.args.iter().zip(&signature.params) {
            self.typed(argument, *ty, code);
        }
        match name.as_str() {
            "copy" => code.bytes(&[0xFC, 0x0A, 0, 0]),
            "fill" => code.bytes(&[0xFC, 0x0B, 0]),
            "pages" => code.bytes(&[0x3F, 0]),
            "grow" => code.bytes(&[0x40, 0]),
            "tag_used" | "type_used" => {}
            "never" => code.bytes(&[0x00]),
            _ => code.op(Op::Call(name)),
        }
        signature.result
    }

    /// A load or a store at a constant address.
    fn fixed_access(&mut self, call: &ExprCall, signature: &Signature, (opcode, at): (u8, i64), code: &mut Code) {
        if let Some(address) = call.args.first() {
            self.unit.cells.access(address, at, opcode, &self.unit.constants);
        }
        match (call.args.iter().nth(1), signature.params.get(1)) {
            (Some(value), Some(ty)) => {
                code.op(Op::Place(at));
                self.typed(value, *ty, code);
                code.op(Op::Store(opcode, at));
            }
            _ => code.op(Op::Load(opcode, at)),
        }
    }

    /// The address of an access, without what is constant of it.
    fn address(&mut self, address: &Expr, code: &mut Code) -> u64 {
        if let Expr::Binary(binary) = address
            && matches!(binary.op, BinOp::Add(_))
            && let Some(offset) = self.unit.constants.value(&binary.right).and_then(|offset| u64::try_from(offset).ok())
        {
            self.typed(&binary.left, Ty::I32, code);
            return offset;
        }
        self.typed(address, Ty::I32, code);
        0
    }

    fn method(&mut self, call: &ExprMethodCall, want: Option<Ty>, code: &mut Code) -> Ty {
        let ty = self.type_of(&call.receiver).or(want).unwrap_or(Ty::I32);
        self.typed(&call.receiver, ty, code);
        let narrow = !ty.is_wide();
        let name = call.method.to_string();
        let counted = match name.as_str() {
            "leading_zeros" => Some(if narrow { 0x67 } else { 0x79 }),
            "trailing_zeros" => Some(if narrow { 0x68 } else { 0x7A }),
            "count_ones" => Some(if narrow { 0x69 } else { 0x7B }),
            _ => None,
        };
        if let Some(opcode) = counted {
            code.bytes(&[opcode]);
            convert(ty, Ty::U32, code);
            return Ty::U32;
        }
        let Some(argument) = call.args.first() else {
            self.refuse("a method", call);
        };
        let opcode = match name.as_str() {
            "wrapping_add" => {
                if narrow {
                    0x6A
                } else {
                    0x7C
                }
            }
            "wrapping_sub" => {
                if narrow {
                    0x6B
                } else {
                    0x7D
                }
            }
            "wrapping_mul" => {
                if narrow {
                    0x6C
                } else {
                    0x7E
                }
            }
            "rotate_left" => {
                if narrow {
                    0x77
                } else {
                    0x89
                }
            }
            _ => self.refuse("a method", call),
        };
        if name == "rotate_left" {
            let count = self.expression(argument, Some(Ty::U32), code);
            convert(count, ty, code);
        } else {
            self.typed(argument, ty, code);
        }
        code.bytes(&[opcode]);
        ty
    }
}

fn convert(from: Ty, to: Ty, code: &mut Code) {
    match (from.is_wide(), to.is_wide()) {
        (false, true) => code.bytes(&[if from == Ty::I32 { 0xAC } else { 0xAD }]),
        (true, false) => code.bytes(&[0xA7]),
        _ => {}
    }
}

fn is_comparison(op: &BinOp) -> bool {
    matches!(
        op,
        BinOp::Eq(_)
            | BinOp::Ne(_)
            | BinOp::Lt(_)
            | BinOp::Le(_)
            | BinOp::Gt(_)
            | BinOp::Ge(_)
            | BinOp::And(_)
            | BinOp::Or(_)
    )
}

/// The operator of an assignment that computes.
fn assigning(op: &BinOp) -> Option<BinOp> {
    Some(match op {
        BinOp::AddAssign(_) => BinOp::Add(Default::default()),
        BinOp::SubAssign(_) => BinOp::Sub(Default::default()),
        BinOp::MulAssign(_) => BinOp::Mul(Default::default()),
        BinOp::DivAssign(_) => BinOp::Div(Default::default()),
        BinOp::RemAssign(_) => BinOp::Rem(Default::default()),
        BinOp::BitAndAssign(_) => BinOp::BitAnd(Default::default()),
        BinOp::BitOrAssign(_) => BinOp::BitOr(Default::default()),
        BinOp::BitXorAssign(_) => BinOp::BitXor(Default::default()),
        BinOp::ShlAssign(_) => BinOp::Shl(Default::default()),
        BinOp::ShrAssign(_) => BinOp::Shr(Default::default()),
        _ => return None,
    })
}

/// Loads and stores, with the alignment that can be relied upon: none.
fn access(name: &str) -> Option<(u8, u8)> {
    Some(match name {
        "ld8" => (0x2D, 0),
        "ld16" => (0x2F, 0),
        "ld32" => (0x28, 0),
        "ld64" => (0x29, 0),
        "st8" => (0x3A, 0),
        "st16" => (0x3B, 0),
        "st32" => (0x36, 0),
        "st64" => (0x37, 0),
        _ => return None,
    })
}

fn opcode(op: &BinOp, ty: Ty) -> Option<u8> {
    let (narrow, signed) = (!ty.is_wide(), ty.is_signed());
    let pick = |narrow_code: u8, wide_code: u8| if narrow { narrow_code } else { wide_code };
    // Of instructions for signed and for unsigned numbers, the second follows the first.
    let either = |code: u8| if signed { code } else { code + 1 };
    Some(match op {
        BinOp::Add(_) => pick(0x6A, 0x7C),
        BinOp::Sub(_) => pick(0x6B, 0x7D),
        BinOp::Mul(_) => pick(0x6C, 0x7E),
        BinOp::Div(_) => either(pick(0x6D, 0x7F)),
        BinOp::Rem(_) => either(pick(0x6F, 0x81)),
        BinOp::BitAnd(_) => pick(0x71, 0x83),
        BinOp::BitOr(_) => pick(0x72, 0x84),
        BinOp::BitXor(_) => pick(0x73, 0x85),
        BinOp::Shl(_) => pick(0x74, 0x86),
        BinOp::Shr(_) => either(pick(0x75, 0x87)),
        BinOp::Eq(_) => pick(0x46, 0x51),
        BinOp::Ne(_) => pick(0x47, 0x52),
        BinOp::Lt(_) => either(pick(0x48, 0x53)),
        BinOp::Gt(_) => either(pick(0x4A, 0x55)),
        BinOp::Le(_) => either(pick(0x4C, 0x57)),
        BinOp::Ge(_) => either(pick(0x4E, 0x59)),
        _ => return None,
    })
}
