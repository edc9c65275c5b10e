//! A proxy that keeps what it knows in tables, on wasmtime. It does as proxies do: it writes what it gives into memory that
//! it asks the module for. What it says can be anything.

use std::collections::BTreeMap;

use super::metadata::Said;
use wasmtime::{
    Caller, Config, Engine, Extern, Linker, Memory, Module, Store as Instances, StoreLimits, StoreLimitsBuilder,
    TypedFunc,
};

pub const JWT_AUTHN: &str = "envoy.filters.http.jwt_authn";

/// What a host says of a property.
#[derive(Clone, Debug)]
pub enum Answer {
    /// It is there.
    Value(Vec<u8>),
    /// A status, and nothing.
    Status(i32),
    /// It is there, at a place that the module did not give.
    At(i32, i32),
}

/// A request, as its proxy knows it.
#[derive(Clone, Debug)]
pub struct Known {
    /// By their path, with dots between its parts. The request line is among the headers, too.
    pub properties: BTreeMap<String, Answer>,
    /// Metadata of the request and of its route, by filters.
    pub metadata: Said,
    pub route: Said,
    pub headers: Vec<(String, String)>,
    /// Instead of the map of headers.
    pub map: Option<Answer>,
    /// Milliseconds since the epoch.
    pub now: Option<u64>,
    /// The status of everything that is given to the host.
    pub takes: i32,
}

impl Default for Known {
    fn default() -> Self {
        let nothing = Said::Struct(BTreeMap::new());
        Self {
            properties: BTreeMap::new(),
            metadata: nothing.clone(),
            route: nothing,
            headers: Vec::new(),
            map: None,
            now: None,
            takes: 0,
        }
    }
}

impl Known {
    /// Metadata: a filter, a key, and members.
    pub fn say(&mut self, path: &[&str], value: impl Into<Said>) {
        self.metadata.put(path, value.into());
    }

    /// A claim, as `payload_in_metadata: jwt` has it.
    pub fn claim(&mut self, name: &str, value: impl Into<Said>) {
        self.say(&[JWT_AUTHN, "jwt", name], value);
    }

    /// What the host says of a property.
    fn answer(&self, path: &str) -> Option<Answer> {
        let metadata = |said: &Said| Some(Answer::Value(said.metadata()));
        let answer = self.properties.get(path).cloned();
        answer.or_else(|| match path {
            "metadata" => metadata(&self.metadata),
            "xds.route_metadata" => metadata(&self.route),
            _ => None,
        })
    }

    /// The request line, as it is among the headers.
    fn line(&self) -> impl Iterator<Item = (&str, &str)> {
        let parts = [(":authority", "host"), (":path", "path"), (":method", "method"), (":scheme", "scheme")];
        parts.into_iter().filter_map(|(name, part)| {
            let value = self.value(&format!("request.{part}"))?;
            Some((name, std::str::from_utf8(value).unwrap()))
        })
    }

    pub fn set(&mut self, path: &str, value: impl Into<Vec<u8>>) {
        self.properties.insert(path.into(), Answer::Value(value.into()));
    }

    pub fn text(&self, path: &str) -> Option<String> {
        self.value(path).map(|bytes| String::from_utf8(bytes.to_vec()).unwrap())
    }

    pub fn value(&self, path: &str) -> Option<&[u8]> {
        match self.properties.get(path)? {
            Answer::Value(bytes) => Some(bytes),
            other => panic!("{path} is {other:?}"),
        }
    }
}

/// A local answer.
#[derive(Clone, PartialEq, Debug)]
pub struct Response {
    pub status: i32,
    pub details: String,
    pub body: String,
    pub headers: Vec<(String, String)>,
}

/// What came of a request.
#[derive(Clone, Default, PartialEq, Debug)]
pub struct Outcome {
    pub continues: bool,
    pub response: Option<Response>,
    /// As the upstream gets them.
    pub headers: Vec<(String, String)>,
    /// The property that the module set.
    pub decision: Option<String>,
    pub logs: Vec<String>,
    /// Properties that were asked for.
    pub asked: Vec<String>,
}

#[derive(Default)]
struct State {
    known: Known,
    outcome: Outcome,
    limits: StoreLimits,
    /// The plugin's configuration.
    configuration: Option<Answer>,
}

pub struct Proxy {
    store: Instances<State>,
    configure: TypedFunc<(i32, i32), i32>,
    headers: TypedFunc<(i32, i32, i32), i32>,
    /// Of modules that take settings.
    create: Option<TypedFunc<(i32, i32), ()>>,
    delete: Option<TypedFunc<i32, ()>>,
    memory: Memory,
}

/// A map as hosts write it.
pub fn pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Vec<u8> {
    let pairs: Vec<_> = pairs.into_iter().collect();
    let mut bytes = (pairs.len() as u32).to_le_bytes().to_vec();
    for (name, value) in &pairs {
        bytes.extend((name.len() as u32).to_le_bytes());
        bytes.extend((value.len() as u32).to_le_bytes());
    }
    for (name, value) in &pairs {
        bytes.extend(format!("{name}\0{value}\0").bytes());
    }
    bytes
}

/// A map as modules write it.
fn unpaired(bytes: &[u8]) -> Vec<(String, String)> {
    let number = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
    let mut at = 4 + number(0) * 8;
    let mut text = |len: usize| {
        let part = String::from_utf8(bytes[at..at + len].to_vec()).unwrap();
        assert_eq!(bytes[at + len], 0);
        at += len + 1;
        part
    };
    let found = (0..number(0)).map(|pair| (text(number(4 + pair * 8)), text(number(8 + pair * 8)))).collect();
    assert_eq!(at, bytes.len());
    found
}

fn memory(caller: &mut Caller<'_, State>) -> Memory {
    let Some(Extern::Memory(memory)) = caller.get_export("memory") else { panic!("no memory") };
    memory
}

fn read(caller: &mut Caller<'_, State>, at: u32, len: u32) -> Vec<u8> {
    memory(caller).data(&caller)[at as usize..][..len as usize].to_vec()
}

fn text(caller: &mut Caller<'_, State>, at: u32, len: u32) -> String {
    String::from_utf8(read(caller, at, len)).unwrap()
}

/// Gives the module an answer: the status.
fn give(caller: &mut Caller<'_, State>, answer: Option<Answer>, at: u32, len_at: u32) -> i32 {
    let (place, len) = match answer {
        None => return 1,
        Some(Answer::Status(status)) => return status,
        Some(Answer::At(place, len)) => (place, len),
        Some(Answer::Value(bytes)) if bytes.is_empty() => (0, 0),
        Some(Answer::Value(bytes)) => {
            let Some(Extern::Func(allocate)) = caller.get_export("proxy_on_memory_allocate") else {
                panic!("no allocator")
            };
            let allocate = allocate.typed::<i32, i32>(&caller).unwrap();
            let place = allocate.call(&mut *caller, bytes.len() as i32).unwrap();
            // As Envoy's host does.
            if place == 0 || memory(caller).write(&mut *caller, place as u32 as usize, &bytes).is_err() {
                return 6;
            }
            (place, bytes.len() as i32)
        }
    };
    let memory = memory(caller);
    memory.write(&mut *caller, at as usize, &place.to_le_bytes()).unwrap();
    memory.write(&mut *caller, len_at as usize, &len.to_le_bytes()).unwrap();
    0
}

fn linker(engine: &Engine) -> Linker<State> {
    type C<'a> = Caller<'a, State>;
    let mut linker = Linker::new(engine);
    let get = |mut caller: C, path: u32, len: u32, at: u32, len_at: u32| {
        let path = text(&mut caller, path, len).replace('\0', ".");
        let answer = caller.data().known.answer(&path);
        caller.data_mut().outcome.asked.push(path);
        give(&mut caller, answer, at, len_at)
    };
    linker.func_wrap("env", "proxy_get_property", get).unwrap();
    let set = |mut caller: C, path: u32, path_len: u32, at: u32, len: u32| {
        assert_eq!(text(&mut caller, path, path_len), "zt.decision");
        let decision = text(&mut caller, at, len);
        caller.data_mut().outcome.decision = Some(decision);
        caller.data().known.takes
    };
    linker.func_wrap("env", "proxy_set_property", set).unwrap();
    let map = |mut caller: C, map: i32, at: u32, len_at: u32| {
        assert_eq!(map, 0);
        let state = caller.data();
        let map = state.known.map.clone();
        let headers = state.outcome.headers.iter().map(|(name, value)| (&**name, &**value));
        let answer = map.unwrap_or_else(|| Answer::Value(pairs(state.known.line().chain(headers))));
        caller.data_mut().outcome.asked.push("headers".into());
        give(&mut caller, Some(answer), at, len_at)
    };
    linker.func_wrap("env", "proxy_get_header_map_pairs", map).unwrap();
    let buffer = |mut caller: C, buffer: i32, start: u32, max: u32, at: u32, len_at: u32| {
        assert_eq!((buffer, start), (7, 0));
        let answer = caller.data().configuration.clone();
        if let Some(Answer::Value(bytes)) = &answer {
            assert_eq!(bytes.len(), max as usize);
        }
        give(&mut caller, answer, at, len_at)
    };
    linker.func_wrap("env", "proxy_get_buffer_bytes", buffer).unwrap();
    let add = |mut caller: C, map: i32, name: u32, name_len: u32, at: u32, len: u32| {
        assert_eq!(map, 0);
        let header = (text(&mut caller, name, name_len), text(&mut caller, at, len));
        caller.data_mut().outcome.headers.push(header);
        caller.data().known.takes
    };
    linker.func_wrap("env", "proxy_add_header_map_value", add).unwrap();
    let remove = |mut caller: C, map: i32, name: u32, len: u32| {
        assert_eq!(map, 0);
        let name = text(&mut caller, name, len);
        caller.data_mut().outcome.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(&name));
        caller.data().known.takes
    };
    linker.func_wrap("env", "proxy_remove_header_map_value", remove).unwrap();
    let respond = |mut caller: C,
                   status: i32,
                   why: u32,
                   why_len: u32,
                   body: u32,
                   body_len: u32,
                   map: u32,
                   len: u32,
                   grpc: i32| {
        assert_eq!(grpc, -1);
        let (details, body) = (text(&mut caller, why, why_len), text(&mut caller, body, body_len));
        let headers = unpaired(&read(&mut caller, map, len));
        caller.data_mut().outcome.response = Some(Response { status, details, body, headers });
        caller.data().known.takes
    };
    linker.func_wrap("env", "proxy_send_local_response", respond).unwrap();
    let time = |mut caller: C, at: u32| {
        let Some(now) = caller.data().known.now else { return 12 };
        memory(&mut caller).write(&mut caller, at as usize, &(now * 1_000_000).to_le_bytes()).unwrap();
        0
    };
    linker.func_wrap("env", "proxy_get_current_time_nanoseconds", time).unwrap();
    let log = |mut caller: C, level: i32, at: u32, len: u32| {
        assert_eq!(level, 4);
        let line = text(&mut caller, at, len);
        caller.data_mut().outcome.logs.push(line);
        0
    };
    linker.func_wrap("env", "proxy_log", log).unwrap();
    linker
}

impl Proxy {
    pub fn new(module: &[u8]) -> Self {
        Self::with_pages(module, 1 << 14).unwrap()
    }

    /// One whose module has so many pages of memory at most; none, when it begins with more.
    pub fn with_pages(module: &[u8], pages: usize) -> Option<Self> {
        let engine = Engine::new(Config::new().consume_fuel(true)).unwrap();
        let limits = StoreLimitsBuilder::new().memory_size(pages << 16).build();
        let mut store = Instances::new(&engine, State { limits, ..State::default() });
        store.limiter(|state| &mut state.limits);
        store.set_fuel(FUEL).unwrap();
        let instance = linker(&engine).instantiate(&mut store, &Module::new(&engine, module).unwrap()).ok()?;
        // The ABI's version is a function that nobody calls.
        instance.get_typed_func::<(), ()>(&mut store, "proxy_abi_version_0_2_1").unwrap();
        let configure = instance.get_typed_func(&mut store, "proxy_on_configure").unwrap();
        let headers = instance.get_typed_func(&mut store, "proxy_on_request_headers").unwrap();
        let create = instance.get_typed_func(&mut store, "proxy_on_context_create").ok();
        let delete = instance.get_typed_func(&mut store, "proxy_on_delete").ok();
        let memory = instance.get_memory(&mut store, "memory").unwrap();
        Some(Self { store, configure, headers, create, delete, memory })
    }

    /// Whether the module takes a configuration for a root context; else what it logs.
    pub fn configure_root(&mut self, root: i32, configuration: &Answer) -> Result<(), Vec<String>> {
        self.store.set_fuel(FUEL).unwrap();
        let len = match configuration {
            Answer::Value(bytes) => bytes.len() as i32,
            Answer::At(_, len) => *len,
            Answer::Status(_) => 9,
        };
        let state = self.store.data_mut();
        state.configuration = Some(configuration.clone());
        state.outcome = Outcome::default();
        match self.configure.call(&mut self.store, (root, len)).unwrap() {
            1 => Ok(()),
            _ => Err(self.store.data().outcome.logs.clone()),
        }
    }

    /// A context is made: a root, or one for a request under it.
    pub fn create(&mut self, context: i32, parent: i32) {
        let create = self.create.clone().unwrap();
        create.call(&mut self.store, (context, parent)).unwrap();
    }

    pub fn delete(&mut self, context: i32) {
        let delete = self.delete.clone().unwrap();
        delete.call(&mut self.store, context).unwrap();
    }

    /// How many pages its memory has.
    pub fn pages(&mut self) -> usize {
        self.memory.data_size(&self.store) >> 16
    }

    /// Whether the module takes a configuration of so many bytes.
    pub fn configure(&mut self, len: i32) -> bool {
        self.configure.call(&mut self.store, (1, len)).unwrap() == 1
    }

    /// What comes of a request. It ends the test if the module traps, or does more work than any request needs.
    pub fn ask(&mut self, known: &Known) -> Outcome {
        self.ask_in(2, known)
    }

    /// The same in a context.
    pub fn ask_in(&mut self, context: i32, known: &Known) -> Outcome {
        self.store.set_fuel(FUEL).unwrap();
        let headers = known.headers.clone();
        let state = self.store.data_mut();
        state.known = known.clone();
        state.outcome = Outcome { headers, ..Outcome::default() };
        let action = self.headers.call(&mut self.store, (context, known.headers.len() as i32, 1));
        let action = action.unwrap_or_else(|error| panic!("{error:?}\n{known:?}"));
        let mut outcome = self.store.data().outcome.clone();
        outcome.continues = action == 0;
        // A request that is neither let through nor answered hangs.
        assert_eq!(outcome.continues, outcome.response.is_none(), "{action}");
        let mut asked = outcome.asked.clone();
        asked.sort();
        asked.dedup();
        assert_eq!(asked.len(), outcome.asked.len(), "asked more than once: {:?}", outcome.asked);
        outcome
    }
}

/// Instructions that a request may take.
const FUEL: u64 = 500_000_000;
