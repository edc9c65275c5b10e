//! The bytes of a module.

use std::collections::BTreeMap;

use wasm_encoder::{
    CodeSection, ConstExpr, CustomSection, DataCountSection, DataSection, ElementSection, Elements, EntityType,
    ExportKind, ExportSection, FunctionSection, GlobalSection, GlobalType, ImportSection, MemorySection, MemoryType,
    NameMap, NameSection, RefType, StartSection, TableSection, TableType, TypeSection, ValType,
};

use crate::code::{I32, I64};
use crate::link::{FunctionType, Linked, table_type};
use crate::tables::data::number;

/// Where a module's memory comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Memory {
    /// It is the module's own, of so many pages at first.
    Own(u32),
    /// The host gives it, of at least so many pages.
    Imported { module: &'static str, name: &'static str, pages: u32 },
}

/// What a module shows.
#[derive(Clone, Debug)]
pub(crate) enum Export {
    /// A function, by the name that it has among the parts.
    Function {
        name: &'static str,
        of: &'static str,
    },
    Memory(&'static str),
    /// A number that never changes.
    Global(&'static str, i32),
}

/// What a module is put together from.
pub(crate) struct Layout<'p> {
    pub linked: &'p Linked,
    pub memory: Memory,
    pub exports: &'p [Export],
    /// A function that is called first. Segments then get to their places by it, and not before it.
    pub start: Option<&'p str>,
    /// Segments by address.
    pub data: &'p [(u32, Vec<u8>)],
    /// Custom sections, by name.
    pub custom: &'p [(&'static str, Vec<u8>)],
    /// Whether functions have names, for people.
    pub with_names: bool,
}

impl Layout<'_> {
    /// The module.
    pub fn encode(&self) -> Vec<u8> {
        let mut types = Types::default();
        let imports = self.imports(&mut types);
        let numbers: Vec<u32> = self.linked.functions.iter().map(|function| types.number(&function.ty)).collect();
        // Calls through the table name the first type: see `Types`.
        let mut functions = FunctionSection::new();
        for number in numbers {
            functions.function(number);
        }
        let mut module = wasm_encoder::Module::new();
        module.section(&types.section);
        if !imports.is_empty() {
            module.section(&imports);
        }
        module.section(&functions);
        let table = self.linked.table.len() as u64;
        if table > 0 {
            let ty = TableType {
                element_type: RefType::FUNCREF,
                table64: false,
                minimum: table,
                maximum: Some(table),
                shared: false,
            };
            module.section(TableSection::new().table(ty));
        }
        if let Memory::Own(pages) = self.memory {
            module.section(MemorySection::new().memory(memory_type(pages)));
        }
        let (exports, globals) = self.exports();
        if !globals.is_empty() {
            module.section(&globals);
        }
        module.section(&exports);
        if let Some(start) = self.start.and_then(|start| self.linked.numbers.get(start)) {
            module.section(&StartSection { function_index: *start });
        }
        if table > 0 {
            let elements = Elements::Functions(self.linked.table.as_slice().into());
            module.section(ElementSection::new().active(None, &ConstExpr::i32_const(0), elements));
        }
        if self.start.is_some() {
            module.section(&DataCountSection { count: u32::try_from(self.data.len()).unwrap_or(u32::MAX) });
        }
        let mut code = CodeSection::new();
        for function in &self.linked.functions {
            code.raw(&function.body);
        }
        module.section(&code);
        if !self.data.is_empty() {
            let mut data = DataSection::new();
            for (at, bytes) in self.data {
                match self.start {
                    Some(_) => data.passive(bytes.iter().copied()),
                    None => data.active(0, &ConstExpr::i32_const(at.cast_signed()), bytes.iter().copied()),
                };
            }
            module.section(&data);
        }
        for (name, data) in self.custom {
            module.section(&CustomSection { name: (*name).into(), data: data.into() });
        }
        if self.with_names {
            module.section(&self.names());
        }
        module.finish()
    }

    fn names(&self) -> NameSection {
        let mut functions = NameMap::new();
        for (number, function) in (number(self.linked.imports.len())..).zip(&self.linked.functions) {
            functions.append(number, &function.name);
        }
        let mut names = NameSection::new();
        names.functions(&functions);
        names
    }

    fn imports(&self, types: &mut Types) -> ImportSection {
        let mut imports = ImportSection::new();
        for import in &self.linked.imports {
            let number = types.number(&(import.params.clone(), import.result));
            imports.import(import.module, import.name, EntityType::Function(number));
        }
        if let Memory::Imported { module, name, pages } = self.memory {
            imports.import(module, name, EntityType::Memory(memory_type(pages)));
        }
        imports
    }

    fn exports(&self) -> (ExportSection, GlobalSection) {
        let (mut exports, mut globals) = (ExportSection::new(), GlobalSection::new());
        for (is_wide, value) in &self.linked.globals {
            let (val_type, first) = if *is_wide {
                (ValType::I64, ConstExpr::i64_const(*value))
            } else {
                (ValType::I32, ConstExpr::i32_const(i32::try_from(*value).unwrap_or_default()))
            };
            globals.global(GlobalType { val_type, mutable: true, shared: false }, &first);
        }
        for export in self.exports {
            match export {
                Export::Function { name, of } => {
                    // A target's exports are the roots that were linked.
                    if let Some(number) = self.linked.numbers.get(*of) {
                        exports.export(name, ExportKind::Func, *number);
                    }
                }
                Export::Memory(name) => {
                    exports.export(name, ExportKind::Memory, 0);
                }
                Export::Global(name, value) => {
                    exports.export(name, ExportKind::Global, globals.len());
                    let ty = GlobalType { val_type: ValType::I32, mutable: false, shared: false };
                    globals.global(ty, &ConstExpr::i32_const(*value));
                }
            }
        }
        (exports, globals)
    }
}

fn memory_type(pages: u32) -> MemoryType {
    MemoryType { minimum: pages.into(), maximum: None, memory64: false, shared: false, page_size_log2: None }
}

/// Function types, each once. The first is that of functions in the table, so that a call through it can be compiled
/// before the others are known.
struct Types {
    section: TypeSection,
    numbers: BTreeMap<FunctionType, u32>,
}

impl Default for Types {
    fn default() -> Self {
        let mut types = Self { section: TypeSection::new(), numbers: BTreeMap::new() };
        types.number(&table_type());
        types
    }
}

impl Types {
    fn number(&mut self, ty: &FunctionType) -> u32 {
        if let Some(number) = self.numbers.get(ty) {
            return *number;
        }
        let value = |ty: &u8| match *ty {
            I64 => ValType::I64,
            _ => ValType::I32,
        };
        debug_assert!(ty.0.iter().chain(ty.1.as_ref()).all(|ty| [I32, I64].contains(ty)));
        self.section.ty().function(ty.0.iter().map(value), ty.1.iter().map(value));
        let number = self.section.len() - 1;
        self.numbers.insert(ty.clone(), number);
        number
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::code::{Generated, ROUTINES};
    use crate::link::{LinkError, Parts};
    use crate::target::proxy_wasm::IMPORTS;

    /// Parts in which nothing is left out, and nodes are unknown.
    fn parts() -> Parts {
        let mut node = Generated::new(&[I32], Some(I32));
        node.i32(2);
        let abort = Generated::new(&[I32], None);
        let guest = Generated::new(&[I32, I32], None);
        let generated = [
            ("node_truth", node.clone()),
            ("node_value", node),
            ("host_abort", abort),
            ("guest_request", guest.clone()),
            ("guest_response", guest.clone()),
            ("guest_error", guest),
        ];
        let proxy = IMPORTS.map(|(name, _, params)| {
            let mut function = Generated::new(&vec![I32; params], Some(I32));
            function.i32(1);
            (name.to_owned(), function)
        });
        let generated = generated.map(|(name, function)| (name.to_owned(), function));
        Parts { generated: generated.into_iter().chain(proxy).collect(), tags: (0..128).collect(), ..Parts::default() }
    }

    fn module(parts: &Parts, roots: &[&str]) -> Vec<u8> {
        let linked = parts.link(roots).unwrap();
        let exports = [Export::Memory("memory")];
        let (linked, memory) = (&linked, Memory::Own(1));
        Layout { linked, memory, exports: &exports, start: None, data: &[], custom: &[], with_names: false }.encode()
    }

    #[test]
    fn every_routine_is_valid_and_none_recurs() {
        let parts = parts();
        for routine in ROUTINES {
            let module = module(&parts, &[routine.name]);
            let result = wasmparser::Validator::new().validate_all(&module);
            assert_eq!(result.err().map(|error| error.to_string()), None, "{}", routine.name);
        }
    }

    #[test]
    fn recursion_is_told_with_its_way() {
        let mut parts = parts();
        for (name, callee) in [("a", "b"), ("b", "c"), ("c", "b")] {
            let mut function = Generated::new(&[], None);
            function.call(callee);
            parts.generated.insert(name.to_owned(), function);
        }
        let way = ["a", "b", "c", "b"].map(str::to_owned).to_vec();
        assert_eq!(parts.link(&["a"]).unwrap_err(), LinkError::Recursion(way));
    }

    #[test]
    fn what_is_missing_is_named() {
        assert_eq!(parts().link(&["nobody"]).unwrap_err(), LinkError::NoSuchFunction("nobody".to_owned()));
    }
}
