//! Calls a guest by the crates `wapc` and `wasmtime-provider`, as Kubewarden's policy server does.
//!
//! Arguments: a module, a file with a line of JSON for each call: its operation and its payload. A line of JSON for each
//! answer, or why there is none.

use std::env;
use std::error::Error;
use std::fs;

use serde_json::{Value, json};
use wapc::WapcHost;
use wasmtime_provider::WasmtimeEngineProviderBuilder;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let module = fs::read(arguments.next().ok_or("no module")?)?;
    let engine = WasmtimeEngineProviderBuilder::new().module_bytes(&module).build()?;
    let host = WapcHost::new(Box::new(engine), None)?;
    for line in fs::read_to_string(arguments.next().ok_or("no calls")?)?.lines() {
        let call: Value = serde_json::from_str(line)?;
        let (operation, payload) = (call["operation"].as_str().unwrap_or(""), call["payload"].as_str().unwrap_or(""));
        match host.call(operation, payload.as_bytes()) {
            Ok(answer) => println!("{}", json!({ "answer": String::from_utf8_lossy(&answer) })),
            Err(error) => println!("{}", json!({ "error": error.to_string() })),
        }
    }
    Ok(())
}
