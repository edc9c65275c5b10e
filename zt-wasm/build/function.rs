//! Functions: what they take and give, and their locals while they are compiled.

use std::collections::BTreeMap;

use quote::ToTokens;

use crate::cells::Cells;
use crate::code::{Code, Routine, Ty};
use crate::constant::{Constants, ty_of};

/// All that a function can name.
pub struct Unit {
    pub constants: Constants,
    pub signatures: BTreeMap<String, Signature>,
    /// How the fixed places are used.
    pub cells: Cells,
}

/// What a function takes and gives.
#[derive(Clone, Debug)]
pub struct Signature {
    pub params: Vec<Ty>,
    pub result: Ty,
}

impl Signature {
    pub fn of(function: &syn::ItemFn) -> Self {
        let name = &function.sig.ident;
        let params = function.sig.inputs.iter().map(|input| match input {
            syn::FnArg::Typed(typed) => ty_of(&typed.ty).unwrap_or_else(|| panic!("{name}: type of a parameter")),
            syn::FnArg::Receiver(_) => panic!("{name}: self"),
        });
        let result = match &function.sig.output {
            syn::ReturnType::Default => Ty::Unit,
            syn::ReturnType::Type(_, ty) => ty_of(ty).unwrap_or_else(|| panic!("{name}: type of the result")),
        };
        Self { params: params.collect(), result }
    }

    /// The functions of `env.rs`.
    pub fn of_machine() -> BTreeMap<String, Self> {
        let all: &[(&str, &[Ty], Ty)] = &[
            ("ld8", &[Ty::I32], Ty::I32),
            ("ld16", &[Ty::I32], Ty::I32),
            ("ld32", &[Ty::I32], Ty::I32),
            ("ld64", &[Ty::I32], Ty::I64),
            ("st8", &[Ty::I32, Ty::I32], Ty::Unit),
            ("st16", &[Ty::I32, Ty::I32], Ty::Unit),
            ("st32", &[Ty::I32, Ty::I32], Ty::Unit),
            ("st64", &[Ty::I32, Ty::I64], Ty::Unit),
            ("copy", &[Ty::I32, Ty::I32, Ty::I32], Ty::Unit),
            ("fill", &[Ty::I32, Ty::I32, Ty::I32], Ty::Unit),
            ("pages", &[], Ty::I32),
            ("grow", &[Ty::I32], Ty::I32),
            ("tag_used", &[Ty::I32], Ty::I32),
            ("type_used", &[Ty::I32], Ty::I32),
            ("never", &[], Ty::Never),
            ("host_abort", &[Ty::I32], Ty::Unit),
            ("guest_request", &[Ty::I32, Ty::I32], Ty::Unit),
            ("guest_response", &[Ty::I32, Ty::I32], Ty::Unit),
            ("guest_error", &[Ty::I32, Ty::I32], Ty::Unit),
            ("host_property", &[Ty::I32; 4], Ty::I32),
            ("host_property_set", &[Ty::I32; 4], Ty::I32),
            ("host_headers", &[Ty::I32; 3], Ty::I32),
            ("host_buffer", &[Ty::I32; 5], Ty::I32),
            ("host_header_add", &[Ty::I32; 5], Ty::I32),
            ("host_header_remove", &[Ty::I32; 3], Ty::I32),
            ("host_respond", &[Ty::I32; 8], Ty::I32),
            ("host_time", &[Ty::I32], Ty::I32),
            ("host_log", &[Ty::I32; 3], Ty::I32),
            ("node_truth", &[Ty::I32], Ty::I32),
            ("node_value", &[Ty::I32], Ty::I32),
        ];
        let signature = |params: &&[Ty], result: &Ty| Self { params: params.to_vec(), result: *result };
        all.iter().map(|(name, params, result)| ((*name).to_owned(), signature(params, result))).collect()
    }
}

/// The labels of a loop.
#[derive(Clone, Copy)]
pub struct Loop {
    pub end: u32,
    pub again: u32,
}

/// A function that is being compiled.
pub struct Function<'u> {
    pub unit: &'u Unit,
    pub place: String,
    pub result: Ty,
    params: usize,
    locals: Vec<Ty>,
    /// Names in scope, innermost last.
    names: Vec<(String, u32)>,
    pub loops: Vec<Loop>,
    labels: u32,
}

impl Function<'_> {
    /// Ends the build: this is not of the small part of Rust.
    pub fn refuse(&self, what: &str, tokens: &dyn ToTokens) -> ! {
        panic!("{}: {what}: `{}`", self.place, tokens.to_token_stream())
    }

    pub fn label(&mut self) -> u32 {
        self.labels += 1;
        self.labels
    }

    pub fn ty(&self, local: u32) -> Ty {
        self.locals[local as usize]
    }

    pub fn find(&self, name: &str) -> Option<u32> {
        self.names.iter().rev().find(|(known, _)| known == name).map(|(_, local)| *local)
    }

    /// A local without a name. None has two uses here: which may be one is found when a module is linked.
    pub fn spare(&mut self, ty: Ty) -> u32 {
        self.locals.push(ty);
        self.locals.len() as u32 - 1
    }

    pub fn name(&mut self, name: String, local: u32) {
        self.names.push((name, local));
    }

    pub fn scope(&self) -> usize {
        self.names.len()
    }

    pub fn leave(&mut self, scope: usize) {
        self.names.truncate(scope);
    }
}

pub fn compile(unit: &Unit, file: &str, function: &syn::ItemFn) -> Routine {
    let Signature { params, result } = Signature::of(function);
    let mut compiler = Function {
        unit,
        place: format!("{file}: fn {}", function.sig.ident),
        result,
        params: params.len(),
        locals: params.clone(),
        names: Vec::new(),
        loops: Vec::new(),
        labels: 0,
    };
    for (at, input) in function.sig.inputs.iter().enumerate() {
        if let syn::FnArg::Typed(typed) = input {
            match &*typed.pat {
                syn::Pat::Ident(name) => compiler.name(name.ident.to_string(), at as u32),
                other => compiler.refuse("a parameter", other),
            }
        }
    }
    let mut code = Code::default();
    let ty = compiler.block(&function.block, Some(result), &mut code);
    match (ty, result) {
        (Ty::Never, _) => code.bytes(&[0x00]),
        (Ty::Unit, Ty::Unit) => {}
        (found, wanted) if found == wanted => {}
        (found, wanted) => panic!("{}: gives {found:?}, not {wanted:?}", compiler.place),
    }
    let locals = compiler.locals.split_off(compiler.params);
    Routine { params, result, locals, body: code.0 }
}
