//! A host for modules of the target `core`, on wasmtime.
//!
//! A module is checked before it runs: against the digest of its bytes, if one is given, and for the exports of an ABI
//! version that this host knows. Instances are bounded in memory and in time. Time is counted in ticks of the
//! [`Host`], which whoever owns a clock gives; a decision that lasts longer than the ticks allowed is an error, and its
//! instance is spent.
//!
//! ```
//! use zt_eval::value::Timestamp;
//! use zt_eval::{Mode, Store};
//! use zt_wasm::host::{Host, HostLimits};
//!
//! # let mut sources = zt_lang::Sources::new();
//! # let text = "package door entity Person entity Door action open: Person -> Door allow anyone: open";
//! # sources.add("door.zt", text.as_bytes());
//! # let policy = zt_lang::parse(sources, &zt_lang::Options::default()).typecheck()?.lower()?;
//! # let module = zt_wasm::compile(&policy, &Store::empty(), zt_wasm::Target::Core(Default::default()))?;
//! // `module` is what `ztc build --target core` wrote, and `request` a document as `ztc schema` describes it.
//! # let request = br#"{
//! #   "subject": {"type": "Person", "id": "ann"},
//! #   "action": {"name": "open"},
//! #   "resource": {"type": "Door", "id": "front"}
//! # }"#;
//! let host = Host::new(HostLimits { instances_max: 16, ..HostLimits::default() })?;
//! let ticking = host.clone();
//! std::thread::spawn(move || {
//!     loop {
//!         std::thread::sleep(std::time::Duration::from_millis(10));
//!         ticking.tick();
//!     }
//! });
//!
//! let module = host.load(&module, None)?; // or Some(&digest), to run no other module than the one you know
//! let mut instance = module.instantiate()?; // decides one request after the other
//! let now = Timestamp::parse_rfc3339("2026-03-02T10:00:00Z");
//! let decision = instance.decide(request, now, Mode::Full)?; // on an error: deny, and take a fresh instance
//! let decision: serde_json::Value = serde_json::from_slice(decision)?;
//! assert_eq!(decision["effect"], "allow");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A module that was built to take entity data gets them by [`Instance::set_data`]; one that takes requests in slots, by
//! [`Instance::decide_slots`].

use std::fmt;

use sha2::{Digest, Sha256};
use thiserror::Error;
use wasmtime::{
    Config, Enabled, Engine, Extern, InstanceAllocationStrategy, InstancePre, Linker, Memory, Module as Code,
    ModuleExport, PoolingAllocationConfig, Store, StoreLimits, StoreLimitsBuilder, TypedFunc, WasmParams, WasmResults,
};
use zt_eval::decision::Mode;
use zt_eval::value::Timestamp;

use crate::ABI_VERSION;

/// Bytes of memory that a place in the pool keeps when its instance is gone, and of its table. They are put in order by
/// copying what was written to, which takes less time than a fresh instance takes to get each page from the kernel anew; an
/// instance that decides about an AdmissionReview of 7 kB writes to less.
const MEMORY_KEPT: usize = 512 << 10;
const TABLE_KEPT: usize = 64 << 10;

/// Entries of an instance's table of functions: as many as a module may have functions. A policy's module has one for each part
/// of a condition that can stand among the reasons of a decision, several for each rule.
const TABLE_ENTRIES_MAX: usize = 1_000_000;

/// Bytes that an address of 32 bits can name.
const ADDRESSES: u64 = 1 << 32;

/// Bounds on what a module may take.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct HostLimits {
    /// Bytes of an instance's memory.
    pub memory_bytes_max: usize,
    /// Ticks of the host that a decision may last.
    pub ticks_max: u64,
    /// Instances that are alive at once.
    pub instances_max: u32,
}

impl Default for HostLimits {
    fn default() -> Self {
        Self { memory_bytes_max: 64 << 20, ticks_max: 10, instances_max: 256 }
    }
}

/// Why a module cannot be used, or gave no decision. Whoever gets this denies.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum HostError {
    /// The bytes are not those that were expected.
    #[error("the module's SHA-256 is {found}, not {expected}")]
    OtherModule {
        /// In hexadecimal.
        found: String,
        /// In hexadecimal.
        expected: String,
    },
    /// The module has no export that the ABI asks for, or of another type.
    #[error("this is no module for the target `core`: {0}")]
    NotCore(String),
    /// The module is for an ABI that this host does not know.
    #[error("the module is for version {found} of the ABI, this host for version {ABI_VERSION}")]
    OtherVersion {
        /// The module's.
        found: i32,
    },
    /// The settings are not what the module takes; in its words.
    #[error("{0}")]
    Settings(String),
    /// The module was not made to take this from its host.
    #[error("the module has no export `{0}`: it was built without")]
    NotTaken(&'static str),
    /// The entity data do not fit the policy; what was in force still is.
    #[error("the entity data do not fit the policy: zt_eval::Store::from_json says what is wrong")]
    DataRefused,
    /// There is no memory for the entity data; what was in force still is.
    #[error("there is no memory for the entity data")]
    DataTooLarge,
    /// It lasted too long, took too much memory, or is no module at all.
    #[error("the module failed: {0:#}")]
    Failed(wasmtime::Error),
}

/// What runs modules.
#[derive(Clone, Debug)]
pub struct Host {
    engine: Engine,
    limits: HostLimits,
}

impl Host {
    /// A host with these bounds, which takes instances from a pool. The pool reserves 4 GiB of addresses for each instance, and
    /// 8 MB for its table, and keeps half a MiB of memory for each that there was at once.
    ///
    /// # Errors
    ///
    /// When the machine cannot give the pool's addresses.
    pub fn new(limits: HostLimits) -> Result<Self, HostError> {
        let mut pool = PoolingAllocationConfig::new();
        pool.total_core_instances(limits.instances_max)
            .total_memories(limits.instances_max)
            .total_tables(limits.instances_max)
            .max_memory_size(limits.memory_bytes_max)
            .linear_memory_keep_resident(MEMORY_KEPT)
            .table_elements(TABLE_ENTRIES_MAX)
            .table_keep_resident(TABLE_KEPT)
            .pagemap_scan(Enabled::Auto);
        let mut config = Config::new();
        // All addresses that a module can name are reserved, though not given: no access is compared with a bound, which
        // makes for a fifth less to compile.
        config
            .epoch_interruption(true)
            .memory_reservation(ADDRESSES)
            .allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
        let engine = Engine::new(&config).map_err(HostError::Failed)?;
        Ok(Self { engine, limits })
    }

    /// Compiles a module; `expected` is the SHA-256 that its bytes must have.
    ///
    /// # Errors
    ///
    /// When the bytes are others, are no module, or none of the target `core`.
    pub fn load(&self, bytes: &[u8], expected: Option<&[u8; 32]>) -> Result<Module, HostError> {
        let digest = digest(bytes);
        if let Some(expected) = expected
            && *expected != digest
        {
            return Err(HostError::OtherModule { found: hex(&digest), expected: hex(expected) });
        }
        let code = Code::new(&self.engine, bytes).map_err(HostError::Failed)?;
        if let Some(import) = code.imports().next() {
            let name = format!("it wants `{}.{}`", import.module(), import.name());
            return Err(HostError::NotCore(name));
        }
        let exports = Exports::of(&code)?;
        let code = Linker::new(&self.engine).instantiate_pre(&code).map_err(HostError::Failed)?;
        Ok(Module { code, exports, limits: self.limits })
    }

    /// Time passes: decisions that have lasted as many ticks as they may end.
    pub fn tick(&self) {
        self.engine.increment_epoch();
    }
}

/// A compiled module, from which instances are made.
#[derive(Clone)]
pub struct Module {
    code: InstancePre<StoreLimits>,
    exports: Exports,
    limits: HostLimits,
}

/// Where a module's exports are: an instance finds them without looking for names.
#[derive(Clone)]
struct Exports {
    version: ModuleExport,
    memory: ModuleExport,
    alloc: ModuleExport,
    decide: ModuleExport,
    configure: Option<ModuleExport>,
    alloc_data: Option<ModuleExport>,
    set_data: Option<ModuleExport>,
    decide_slots: Option<ModuleExport>,
}

impl Exports {
    fn of(code: &Code) -> Result<Self, HostError> {
        let wanted = |name: &str| {
            code.get_export_index(name).ok_or_else(|| HostError::NotCore(format!("it has no export `{name}`")))
        };
        Ok(Self {
            version: wanted("zt_abi_version")?,
            memory: wanted("memory")?,
            alloc: wanted("zt_alloc")?,
            decide: wanted("zt_decide")?,
            configure: code.get_export_index("zt_configure"),
            alloc_data: code.get_export_index("zt_alloc_data"),
            set_data: code.get_export_index("zt_set_data"),
            decide_slots: code.get_export_index("zt_decide_slots"),
        })
    }
}

impl Module {
    /// A fresh instance.
    ///
    /// # Errors
    ///
    /// When there are too many already, or the module's exports are not those of the ABI.
    pub fn instantiate(&self) -> Result<Instance, HostError> {
        let limits = StoreLimitsBuilder::new().memory_size(self.limits.memory_bytes_max).instances(1).build();
        let mut store = Store::new(self.code.module().engine(), limits);
        store.limiter(|limits| limits);
        store.set_epoch_deadline(self.limits.ticks_max);
        let instance = self.code.instantiate(&mut store).map_err(HostError::Failed)?;
        let mut made = Made { store, instance };
        let exports = &self.exports;
        match made.version(&exports.version) {
            Some(ABI_VERSION) => {}
            Some(found) => return Err(HostError::OtherVersion { found }),
            None => return Err(HostError::NotCore("its `zt_abi_version` is no number".to_owned())),
        }
        let Some(Extern::Memory(memory)) = made.export(&exports.memory) else {
            return Err(HostError::NotCore("its `memory` is none".to_owned()));
        };
        let alloc = made.function(&exports.alloc)?;
        let decide = made.function(&exports.decide)?;
        let configure = made.optional(exports.configure.as_ref())?;
        let alloc_data = made.optional(exports.alloc_data.as_ref())?;
        let set_data = made.optional(exports.set_data.as_ref())?;
        let data = alloc_data.zip(set_data);
        let decide_slots = made.optional(exports.decide_slots.as_ref())?;
        let (store, ticks_max) = (made.store, self.limits.ticks_max);
        Ok(Instance { store, memory, alloc, decide, configure, data, decide_slots, ticks_max })
    }
}

impl fmt::Debug for Module {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Module").field("limits", &self.limits).finish_non_exhaustive()
    }
}

/// An instance whose exports are being looked up.
struct Made {
    store: Store<StoreLimits>,
    instance: wasmtime::Instance,
}

impl Made {
    fn export(&mut self, export: &ModuleExport) -> Option<Extern> {
        self.instance.get_module_export(&mut self.store, export)
    }

    fn version(&mut self, export: &ModuleExport) -> Option<i32> {
        self.export(export)?.into_global()?.get(&mut self.store).i32()
    }

    fn function<P: WasmParams, R: WasmResults>(&mut self, export: &ModuleExport) -> Result<TypedFunc<P, R>, HostError> {
        let function = self.export(export).and_then(Extern::into_func);
        let function = function.ok_or_else(|| HostError::NotCore("what is to be called is no function".to_owned()))?;
        function.typed(&self.store).map_err(|error| HostError::NotCore(format!("{error:#}")))
    }

    /// Of an export that not every module has. (One that is looked for by name and not found makes an error, and that a trace
    /// of the stack where those are wanted, which takes longer than all the rest.)
    fn optional<P: WasmParams, R: WasmResults>(
        &mut self,
        export: Option<&ModuleExport>,
    ) -> Result<Option<TypedFunc<P, R>>, HostError> {
        export.map(|export| self.function(export)).transpose()
    }
}

/// Arguments of `zt_decide`: address and length of the request, whether the instant is known and which it is, and whether
/// every field is wanted.
type DecideArguments = (i32, i32, i32, i64, i32);

/// `zt_alloc_data` and `zt_set_data`.
type DataFunctions = (TypedFunc<i32, i32>, TypedFunc<(i32, i32), i32>);

/// An instance of a module: its memory, used again for each decision.
pub struct Instance {
    store: Store<StoreLimits>,
    memory: Memory,
    alloc: TypedFunc<i32, i32>,
    decide: TypedFunc<DecideArguments, i64>,
    /// None of a module that takes no settings.
    configure: Option<TypedFunc<(i32, i32), i64>>,
    /// Where the module has them.
    data: Option<DataFunctions>,
    /// `zt_decide_slots`, where the module has it.
    decide_slots: Option<TypedFunc<DecideArguments, i64>>,
    ticks_max: u64,
}

impl Instance {
    /// Decides a request in JSON; the decision as JSON, as [`zt_eval::decision::Decision::to_json`] has it, but that an
    /// invalid request is not explained.
    ///
    /// # Errors
    ///
    /// When the module breaks its bounds; the instance is then not to be used again.
    pub fn decide(&mut self, request: &[u8], now: Option<Timestamp>, mode: Mode) -> Result<&[u8], HostError> {
        self.decide_with(&self.decide.clone(), request, now, mode)
    }

    /// Gives the parameters values that the module was built to take as settings: a JSON object by their names. Those that it
    /// does not have get their defaults.
    ///
    /// # Errors
    ///
    /// [`HostError::Settings`] says what is wrong with them; those before stay in force. Otherwise as of
    /// [`decide`](Self::decide).
    pub fn configure(&mut self, settings: &[u8]) -> Result<(), HostError> {
        let configure = self.configure.clone().ok_or(HostError::NotTaken("zt_configure"))?;
        self.store.set_epoch_deadline(self.ticks_max);
        let at = self.place(&self.alloc.clone(), settings)?;
        match configure.call(&mut self.store, (at, length(settings))).map_err(HostError::Failed)? {
            0 => Ok(()),
            wrong => Err(HostError::Settings(String::from_utf8_lossy(self.text(wrong)?).into_owned())),
        }
    }

    /// Decides a request in slots, as [`Slots::request`](crate::Slots::request) makes it: the same decision as on the request
    /// in JSON that says the same.
    ///
    /// # Errors
    ///
    /// As of [`decide`](Self::decide), and when the module does not take such requests.
    pub fn decide_slots(&mut self, request: &[u8], now: Option<Timestamp>, mode: Mode) -> Result<&[u8], HostError> {
        let decide = self.decide_slots.clone().ok_or(HostError::NotTaken("zt_decide_slots"))?;
        self.decide_with(&decide, request, now, mode)
    }

    fn decide_with(
        &mut self,
        decide: &TypedFunc<DecideArguments, i64>,
        request: &[u8],
        now: Option<Timestamp>,
        mode: Mode,
    ) -> Result<&[u8], HostError> {
        self.store.set_epoch_deadline(self.ticks_max);
        let at = self.place(&self.alloc.clone(), request)?;
        let (has_now, now) = (i32::from(now.is_some()), now.map_or(0, Timestamp::millis));
        let arguments = (at, length(request), has_now, now, i32::from(mode == Mode::Full));
        let span = decide.call(&mut self.store, arguments).map_err(HostError::Failed)?;
        self.text(span)
    }

    /// The text at an address, of a length.
    fn text(&self, span: i64) -> Result<&[u8], HostError> {
        let span = span.cast_unsigned();
        let (at, len) = ((span & 0xFFFF_FFFF) as usize, (span >> 32) as usize);
        let text = self.memory.data(&self.store).get(at..).and_then(|text| text.get(..len));
        text.ok_or_else(|| HostError::NotCore("what it gives is not in its memory".into()))
    }

    /// Puts entity data in force, in the JSON that [`zt_eval::Store::from_json`] takes, for all decisions from now on; what
    /// was in force before, baked in or set, is no more.
    ///
    /// # Errors
    ///
    /// When the module takes no data, or refuses these: then nothing has changed. When it breaks its bounds, the instance is
    /// not to be used again.
    pub fn set_data(&mut self, entities: &[u8]) -> Result<(), HostError> {
        let (alloc, set) = self.data.clone().ok_or(HostError::NotTaken("zt_set_data"))?;
        self.store.set_epoch_deadline(self.ticks_max);
        match self.place(&alloc, entities)? {
            0 => Err(HostError::DataTooLarge),
            at => match set.call(&mut self.store, (at, length(entities))).map_err(HostError::Failed)? {
                0 => Ok(()),
                1 => Err(HostError::DataRefused),
                _ => Err(HostError::DataTooLarge),
            },
        }
    }

    /// Writes a document to the place that the module gives for it; nowhere when it gives none.
    fn place(&mut self, alloc: &TypedFunc<i32, i32>, document: &[u8]) -> Result<i32, HostError> {
        let at = alloc.call(&mut self.store, length(document)).map_err(HostError::Failed)?;
        // Nowhere: it is too long, or there is no memory.
        if at != 0 {
            let place = self.memory.data_mut(&mut self.store).get_mut(at.cast_unsigned() as usize..);
            let place = place.and_then(|place| place.get_mut(..document.len()));
            place.ok_or_else(|| HostError::NotCore("the module gives no memory".into()))?.copy_from_slice(document);
        }
        Ok(at)
    }
}

/// Longer documents than a number can say have no place anywhere.
fn length(document: &[u8]) -> i32 {
    i32::try_from(document.len()).unwrap_or(i32::MAX)
}

/// A module's SHA-256, which [`Host::load`] can be told to expect.
#[must_use]
pub fn digest(module: &[u8]) -> [u8; 32] {
    Sha256::digest(module).into()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
