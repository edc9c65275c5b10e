//! Hosts of guests on wasmtime, as plain as the pages of their protocols have them. Every trap but an abort is a failure.

use wasmtime::{
    Caller, Engine, Extern, Instance, Linker, Memory, MemoryType, Module, Store, StoreLimits, StoreLimitsBuilder,
};

/// What a host of waPC knows of the call at hand.
struct Calling {
    operation: Vec<u8>,
    payload: Vec<u8>,
    answer: String,
    error: String,
    limits: StoreLimits,
}

/// A guest of waPC.
pub struct Wapc {
    store: Store<Calling>,
    instance: Instance,
}

fn memory<T>(caller: &mut Caller<'_, T>) -> Memory {
    let Some(Extern::Memory(memory)) = caller.get_export("memory") else { panic!("no memory") };
    memory
}

fn text<T: 'static>(caller: &mut Caller<'_, T>, at: u32, len: u32) -> String {
    let memory = memory(caller);
    String::from_utf8(memory.data(&caller)[at as usize..][..len as usize].to_vec()).unwrap()
}

impl Wapc {
    /// A guest whose memory does not grow beyond so many bytes.
    pub fn of(module: &[u8], memory_max: usize) -> Self {
        let engine = Engine::default();
        let mut linker = Linker::<Calling>::new(&engine);
        let request = |mut caller: Caller<'_, Calling>, operation: u32, payload: u32| {
            let memory = memory(&mut caller);
            let (given, with) = (caller.data().operation.clone(), caller.data().payload.clone());
            memory.write(&mut caller, operation as usize, &given).unwrap();
            memory.write(&mut caller, payload as usize, &with).unwrap();
        };
        linker.func_wrap("wapc", "__guest_request", request).unwrap();
        let response = |mut caller: Caller<'_, Calling>, at: u32, len: u32| {
            caller.data_mut().answer = text(&mut caller, at, len);
        };
        linker.func_wrap("wapc", "__guest_response", response).unwrap();
        let error = |mut caller: Caller<'_, Calling>, at: u32, len: u32| {
            caller.data_mut().error = text(&mut caller, at, len);
        };
        linker.func_wrap("wapc", "__guest_error", error).unwrap();
        let limits = StoreLimitsBuilder::new().memory_size(memory_max).build();
        let (operation, payload) = (Vec::new(), Vec::new());
        let calling = Calling { operation, payload, answer: String::new(), error: String::new(), limits };
        let mut store = Store::new(&engine, calling);
        store.limiter(|calling| &mut calling.limits);
        let instance = linker.instantiate(&mut store, &Module::new(&engine, module).unwrap()).unwrap();
        Self { store, instance }
    }

    /// How many pages its memory has.
    pub fn pages(&mut self) -> usize {
        let memory = self.instance.get_memory(&mut self.store, "memory").unwrap();
        memory.data_size(&self.store) >> 16
    }

    /// What it answers, or what it says is wrong.
    pub fn call(&mut self, operation: &str, payload: &[u8]) -> Result<String, String> {
        let calling = self.store.data_mut();
        calling.operation = operation.into();
        calling.payload = payload.into();
        calling.answer.clear();
        calling.error.clear();
        let guest = self.instance.get_typed_func::<(u32, u32), u32>(&mut self.store, "__guest_call").unwrap();
        let lens = (operation.len() as u32, payload.len() as u32);
        match guest.call(&mut self.store, lens).unwrap() {
            1 => Ok(self.store.data().answer.clone()),
            _ => Err(self.store.data().error.clone()),
        }
    }
}

/// A module for hosts of OPA's policies, in a memory of so many pages.
pub struct Opa {
    store: Store<String>,
    instance: Instance,
    memory: Memory,
    /// Where the heap begins.
    base: u32,
}

impl Opa {
    /// With so many pages at first, and at most. None, if that is too little for its tables.
    pub fn of(module: &[u8], pages: u32, pages_max: u32) -> Option<Self> {
        let engine = Engine::default();
        let mut store = Store::new(&engine, String::new());
        let memory = Memory::new(&mut store, MemoryType::new(pages, Some(pages_max))).unwrap();
        let mut linker = Linker::<String>::new(&engine);
        linker.define(&store, "env", "memory", memory).unwrap();
        let abort = |mut caller: Caller<'_, String>, at: u32| {
            let memory = memory_of(&mut caller);
            let from = &memory[at as usize..];
            let end = from.iter().position(|byte| *byte == 0).unwrap();
            *caller.data_mut() = String::from_utf8(from[..end].to_vec()).unwrap();
        };
        linker.func_wrap("env", "opa_abort", abort).unwrap();
        let instance = linker.instantiate(&mut store, &Module::new(&engine, module).unwrap()).ok()?;
        let mut opa = Self { store, instance, memory, base: 0 };
        opa.base = opa.call("opa_heap_ptr_get", &[]).unwrap();
        Some(opa)
    }

    /// Calls an export: what it gives, or with which text it ended the evaluation.
    pub fn call(&mut self, name: &str, arguments: &[u32]) -> Result<u32, String> {
        let function = self.instance.get_func(&mut self.store, name).unwrap();
        let arguments: Vec<wasmtime::Val> = arguments.iter().map(|value| (*value as i32).into()).collect();
        let gives = function.ty(&self.store).results().len();
        let mut results = vec![wasmtime::Val::I32(0); gives];
        self.store.data_mut().clear();
        match function.call(&mut self.store, &arguments, &mut results) {
            Ok(()) => Ok(results.first().map_or(0, |result| result.unwrap_i32() as u32)),
            Err(error) => {
                let text = self.store.data().clone();
                assert!(!text.is_empty(), "{name}: {error:?}");
                Err(text)
            }
        }
    }

    /// Where the heap begins when nothing is on it.
    pub fn base(&self) -> u32 {
        self.base
    }

    /// How long the memory is.
    pub fn end(&self) -> u64 {
        self.memory.data_size(&self.store) as u64
    }

    /// Writes bytes into the memory, which grows for that if it can.
    pub fn write(&mut self, at: u32, bytes: &[u8]) -> bool {
        let missing = (u64::from(at) + bytes.len() as u64).saturating_sub(self.end());
        if missing > 0 && self.memory.grow(&mut self.store, missing.div_ceil(1 << 16)).is_err() {
            return false;
        }
        self.memory.write(&mut self.store, at as usize, bytes).unwrap();
        true
    }

    /// The text that a zero byte ends.
    pub fn text(&self, at: u32) -> String {
        let from = &self.memory.data(&self.store)[at as usize..];
        let end = from.iter().position(|byte| *byte == 0).unwrap();
        String::from_utf8(from[..end].to_vec()).unwrap()
    }

    /// Decides by the one call that most hosts make. None if the input does not go into the memory.
    pub fn eval(&mut self, input: &[u8]) -> Option<Result<String, String>> {
        let base = self.base;
        if !self.write(base, input) {
            return None;
        }
        let len = input.len() as u32;
        let text = self.call("opa_eval", &[0, 0, 0, base, len, base + len, 0]);
        Some(text.map(|at| self.text(at)))
    }

    /// Decides by way of a context.
    pub fn eval_by_context(&mut self, input: &[u8]) -> Result<String, String> {
        self.call("opa_heap_ptr_set", &[self.base])?;
        let at = self.call("opa_malloc", &[input.len() as u32])?;
        assert!(self.write(at, input));
        let value = self.call("opa_json_parse", &[at, input.len() as u32])?;
        let context = self.call("opa_eval_ctx_new", &[])?;
        self.call("opa_eval_ctx_set_input", &[context, value])?;
        self.call("opa_eval_ctx_set_entrypoint", &[context, 0])?;
        self.call("eval", &[context])?;
        let result = self.call("opa_eval_ctx_get_result", &[context])?;
        let text = self.call("opa_json_dump", &[result])?;
        Ok(self.text(text))
    }
}

fn memory_of<'c>(caller: &'c mut Caller<'_, String>) -> &'c [u8] {
    let memory = memory(caller);
    memory.data(caller)
}
