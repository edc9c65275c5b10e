//! Blocks, statements, loops and choices.

use syn::{BinOp, Block, Expr, ExprIf, ExprMatch, Lit, Pat, Stmt, UnOp};

use crate::code::{Code, Op, Ty};
use crate::constant::ty_of;
use crate::function::{Function, Loop};

const BLOCK: u8 = 0x02;
const LOOP: u8 = 0x03;
const IF: u8 = 0x04;
const BR: u8 = 0x0C;
const BR_IF: u8 = 0x0D;
const DROP: u8 = 0x1A;
const UNREACHABLE: u8 = 0x00;
const EQZ: u8 = 0x45;
const AND: u8 = 0x71;

/// A branch of a choice with what it gives.
type Branch = (Code, Ty);

impl Function<'_> {
    pub fn block(&mut self, block: &Block, want: Option<Ty>, code: &mut Code) -> Ty {
        let scope = self.scope();
        let mut ty = Ty::Unit;
        for (at, statement) in block.stmts.iter().enumerate() {
            let is_last = at + 1 == block.stmts.len();
            let found = match statement {
                Stmt::Local(local) => self.bind(local, code),
                Stmt::Expr(expression, None) if is_last => self.expression(expression, want, code),
                Stmt::Expr(expression, _) => {
                    let found = self.expression(expression, None, code);
                    if found.is_value() {
                        code.bytes(&[DROP]);
                    }
                    if found == Ty::Never { Ty::Never } else { Ty::Unit }
                }
                Stmt::Item(_) | Stmt::Macro(_) => self.refuse("a statement", statement),
            };
            // What follows something that does not come back is dead; rustc warns of it.
            ty = if ty == Ty::Never { Ty::Never } else { found };
        }
        self.leave(scope);
        ty
    }

    fn bind(&mut self, local: &syn::Local, code: &mut Code) -> Ty {
        let (name, declared) = match &local.pat {
            Pat::Ident(name) => (name.ident.to_string(), None),
            Pat::Type(typed) => match &*typed.pat {
                Pat::Ident(name) => (name.ident.to_string(), ty_of(&typed.ty)),
                other => self.refuse("a pattern", other),
            },
            other => self.refuse("a pattern", other),
        };
        let Some(init) = &local.init else {
            self.refuse("a variable without a value", local);
        };
        let ty = self.expression(&init.expr, declared, code);
        if !ty.is_value() {
            self.refuse("a variable of no value", local);
        }
        let place = self.spare(ty);
        code.local(0x21, place);
        self.name(name, place);
        Ty::Unit
    }

    pub fn choose(&mut self, choice: &ExprIf, want: Option<Ty>, code: &mut Code) -> Ty {
        if choice.else_branch.is_none() {
            return self.choose_alone(choice, code);
        }
        self.condition(&choice.cond, code);
        let label = self.label();
        let then = self.branch(|this, code| this.block(&choice.then_branch, want, code));
        let otherwise = choice.else_branch.as_ref().map(|(_, otherwise)| {
            let want = want.or(Some(then.1).filter(|ty| ty.is_value()));
            self.branch(|this, code| this.expression(otherwise, want, code))
        });
        self.join(label, then, otherwise, code)
    }

    /// Without `else`, each part of a conjunction is an `if` of its own.
    fn choose_alone(&mut self, choice: &ExprIf, code: &mut Code) -> Ty {
        let mut parts = Vec::new();
        conjuncts(&choice.cond, &mut parts);
        let groups = together(&parts);
        for group in &groups {
            self.conditions(group, code);
            let label = self.label();
            code.op(Op::Open(IF, 0x40, label));
        }
        let (then, ty) = self.branch(|this, code| this.block(&choice.then_branch, Some(Ty::Unit), code));
        if ty.is_value() {
            self.refuse("a value that is not always there", &choice.then_branch);
        }
        code.append(then);
        groups.iter().for_each(|_| code.op(Op::End));
        Ty::Unit
    }

    /// The conjunction of conditions all of which may be looked at.
    fn conditions(&mut self, group: &[&Expr], code: &mut Code) {
        for (at, condition) in group.iter().enumerate() {
            self.condition(condition, code);
            if at > 0 {
                code.bytes(&[AND]);
            }
        }
    }

    fn condition(&mut self, condition: &Expr, code: &mut Code) {
        if self.expression(condition, Some(Ty::Bool), code) != Ty::Bool {
            self.refuse("a condition", condition);
        }
    }

    fn branch(&mut self, compile: impl FnOnce(&mut Self, &mut Code) -> Ty) -> Branch {
        let mut code = Code::default();
        let ty = compile(self, &mut code);
        (code, ty)
    }

    /// What both branches of a choice give.
    fn common(&self, then: Ty, otherwise: Ty) -> Ty {
        match (then, otherwise) {
            (Ty::Never, other) | (other, Ty::Never) => other,
            (a, b) if a == b => a,
            (a, b) => panic!("{}: one branch gives {a:?}, another {b:?}", self.place),
        }
    }

    fn join(&self, label: u32, then: Branch, otherwise: Option<Branch>, code: &mut Code) -> Ty {
        let other = otherwise.as_ref().map_or(Ty::Unit, |(_, ty)| *ty);
        let ty = self.common(then.1, other);
        code.op(Op::Open(IF, ty.block(), label));
        code.append(then.0);
        if let Some((otherwise, _)) = otherwise {
            code.op(Op::Else);
            code.append(otherwise);
        }
        code.op(Op::End);
        if ty == Ty::Never {
            code.bytes(&[UNREACHABLE]);
        }
        ty
    }

    pub fn matching(&mut self, choice: &ExprMatch, want: Option<Ty>, code: &mut Code) -> Ty {
        let callee = if let Expr::Call(call) = &*choice.expr { self.callee(call) } else { String::new() };
        // Tags are told apart from what has them as its type.
        let pruned = match callee.as_str() {
            "tag_used" => Some(0),
            "type_used" => Some(self.unit.constants.get("TYPES_READ").map_or(0, |(_, value)| value)),
            _ => None,
        };
        let ty = self.expression(&choice.expr, None, code);
        let tested = self.spare(ty);
        code.local(0x21, tested);
        let (branch, given) = self.arms(choice, 0, tested, want, pruned);
        code.append(branch);
        given
    }

    fn arms(&mut self, choice: &ExprMatch, at: usize, tested: u32, want: Option<Ty>, pruned: Option<i64>) -> Branch {
        let Some(arm) = choice.arms.get(at) else {
            self.refuse("a match without `_`", choice);
        };
        if arm.guard.is_some() {
            self.refuse("a guard", &arm.pat);
        }
        let body = self.branch(|this, code| this.expression(&arm.body, want, code));
        if matches!(arm.pat, Pat::Wild(_)) {
            return body;
        }
        let ty = self.ty(tested);
        let tags = self.patterns(&arm.pat);
        let mut test = Code::default();
        for (at, tag) in tags.iter().enumerate() {
            test.local(0x20, tested);
            test.constant(ty, *tag);
            test.bytes(&[if ty.is_wide() { 0x51 } else { 0x46 }]);
            if at > 0 {
                test.bytes(&[0x72]);
            }
        }
        let label = self.label();
        let want = want.or(Some(body.1).filter(|ty| ty.is_value()));
        let rest = self.arms(choice, at + 1, tested, want, pruned);
        let mut code = Code::default();
        if let Some(added) = pruned {
            let tags = tags.iter().map(|tag| tag + added).collect();
            let ty = self.common(body.1, rest.1);
            let open = (ty.block(), label);
            code.op(Op::Arm { tags, test: test.0, open, body: body.0.0, rest: rest.0.0 });
            if ty == Ty::Never {
                code.bytes(&[UNREACHABLE]);
            }
            return (code, ty);
        }
        code.append(test);
        let ty = self.join(label, body, Some(rest), &mut code);
        (code, ty)
    }

    fn patterns(&self, pattern: &Pat) -> Vec<i64> {
        match pattern {
            Pat::Or(all) => all.cases.iter().flat_map(|case| self.patterns(case)).collect(),
            Pat::Lit(literal) => match &literal.lit {
                Lit::Int(int) => vec![int.base10_parse().unwrap_or_else(|_| self.refuse("a pattern", pattern))],
                _ => self.refuse("a pattern", pattern),
            },
            Pat::Ident(name) => match self.unit.constants.get(&name.ident.to_string()) {
                Some((_, value)) => vec![value],
                None => self.refuse("a pattern that is no constant", pattern),
            },
            _ => self.refuse("a pattern", pattern),
        }
    }

    pub fn while_loop(&mut self, condition: &Expr, body: &Block, code: &mut Code) -> Ty {
        let mut parts = Vec::new();
        conjuncts(condition, &mut parts);
        let labels = self.open_loop(code);
        let groups = together(&parts);
        if breaks(body) {
            for group in &groups {
                self.conditions(group, code);
                code.bytes(&[EQZ]);
                code.op(Op::Branch(BR_IF, labels.end));
            }
            self.loop_body(labels, body, code);
            return Ty::Unit;
        }
        // What nothing leaves but its condition ends where that is false: the block around it goes away.
        for group in &groups {
            self.conditions(group, code);
            let label = self.label();
            code.op(Op::Open(IF, 0x40, label));
        }
        self.loops.push(labels);
        let ty = self.block(body, None, code);
        self.loops.pop();
        if ty.is_value() {
            self.refuse("a loop's value", body);
        }
        if ty != Ty::Never {
            code.op(Op::Branch(BR, labels.again));
        }
        groups.iter().for_each(|_| code.op(Op::End));
        code.op(Op::End);
        code.op(Op::End);
        Ty::Unit
    }

    pub fn endless_loop(&mut self, body: &Block, code: &mut Code) -> Ty {
        let labels = self.open_loop(code);
        self.loop_body(labels, body, code);
        if breaks(body) {
            return Ty::Unit;
        }
        code.bytes(&[UNREACHABLE]);
        Ty::Never
    }

    fn open_loop(&mut self, code: &mut Code) -> Loop {
        let labels = Loop { end: self.label(), again: self.label() };
        code.op(Op::Open(BLOCK, 0x40, labels.end));
        code.op(Op::Open(LOOP, 0x40, labels.again));
        labels
    }

    fn loop_body(&mut self, labels: Loop, body: &Block, code: &mut Code) {
        self.loops.push(labels);
        let ty = self.block(body, None, code);
        self.loops.pop();
        if ty.is_value() {
            self.refuse("a loop's value", body);
        }
        code.op(Op::Branch(BR, labels.again));
        code.op(Op::End);
        code.op(Op::End);
    }

    /// `break` or `continue`.
    pub fn leave_loop(&mut self, is_break: bool, code: &mut Code) -> Ty {
        let Some(labels) = self.loops.last() else {
            panic!("{}: no loop to leave", self.place);
        };
        code.op(Op::Branch(BR, if is_break { labels.end } else { labels.again }));
        Ty::Never
    }
}

/// The parts of a conjunction, in order.
fn conjuncts<'e>(condition: &'e Expr, parts: &mut Vec<&'e Expr>) {
    match condition {
        Expr::Binary(binary) if matches!(binary.op, BinOp::And(_)) => {
            conjuncts(&binary.left, parts);
            conjuncts(&binary.right, parts);
        }
        Expr::Paren(inner) => conjuncts(&inner.expr, parts),
        other => parts.push(other),
    }
}

/// Conditions in groups, of which all but the first of each cost no more than a branch.
fn together<'e>(parts: &[&'e Expr]) -> Vec<Vec<&'e Expr>> {
    let mut groups: Vec<Vec<&Expr>> = Vec::new();
    for part in parts {
        match groups.last_mut() {
            Some(group) if is_plain(part) => group.push(part),
            _ => groups.push(vec![part]),
        }
    }
    groups
}

/// Whether an expression is a variable, or one comparison of variables and constants: looking at it costs no more than a
/// branch around it.
pub fn is_plain(expression: &Expr) -> bool {
    let is_operand = |operand: &Expr| match operand {
        Expr::Cast(cast) => matches!(&*cast.expr, Expr::Path(_) | Expr::Lit(_)),
        operand => matches!(operand, Expr::Path(_) | Expr::Lit(_)),
    };
    match expression {
        Expr::Path(_) => true,
        Expr::Paren(inner) => is_plain(&inner.expr),
        Expr::Unary(unary) => matches!(unary.op, UnOp::Not(_)) && is_plain(&unary.expr),
        Expr::Binary(binary) => {
            !matches!(binary.op, BinOp::Div(_) | BinOp::Rem(_)) && is_operand(&binary.left) && is_operand(&binary.right)
        }
        _ => false,
    }
}

/// Whether a loop's body has a `break` of that loop.
fn breaks(body: &Block) -> bool {
    body.stmts.iter().any(|statement| match statement {
        Stmt::Expr(expression, _) => expression_breaks(expression),
        _ => false,
    })
}

fn expression_breaks(expression: &Expr) -> bool {
    match expression {
        Expr::Break(_) => true,
        Expr::Block(block) => breaks(&block.block),
        Expr::If(choice) => {
            breaks(&choice.then_branch)
                || choice.else_branch.as_ref().is_some_and(|(_, otherwise)| expression_breaks(otherwise))
        }
        Expr::Match(choice) => choice.arms.iter().any(|arm| expression_breaks(&arm.body)),
        _ => false,
    }
}
