//! Decides requests by the crate `opa-wasm`.
//!
//! Arguments: a module, files of requests. A line of JSON for each decision: the text that the host gave to the module, and
//! the result, or the error.

use std::env;
use std::error::Error;
use std::fs;

use opa_wasm::Runtime;
use opa_wasm::wasmtime::{Engine, Module, Store};
use serde_json::{Value, json};

async fn run() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let engine = Engine::default();
    let module = Module::new(&engine, fs::read(arguments.next().ok_or("no module")?)?)?;
    let mut store = Store::new(&engine, ());
    let policy = Runtime::new(&mut store, &module).await?.without_data(&mut store).await?;
    let entrypoint = policy.entrypoints().into_iter().next().ok_or("no entrypoint")?.to_owned();
    for path in arguments {
        let Ok(request) = serde_json::from_slice::<Value>(&fs::read(path)?) else {
            continue; // the host gives values only
        };
        let sent = request.to_string();
        let decided: Result<Value, _> = policy.evaluate(&mut store, &entrypoint, &request).await;
        match decided {
            Ok(results) => println!("{}", json!({ "sent": sent, "result": results[0]["result"] })),
            Err(error) => println!("{}", json!({ "sent": sent, "error": format!("{error:#}") })),
        }
    }
    // Data end an evaluation.
    let mut store = Store::new(&engine, ());
    let data = json!({ "users": {} });
    let policy = Runtime::new(&mut store, &module).await?.with_data(&mut store, &data).await?;
    let decided: Result<Value, _> = policy.evaluate(&mut store, &entrypoint, &json!({})).await;
    println!("{}", json!({ "abort": format!("{:#}", decided.expect_err("data count")) }));
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    tokio::runtime::Builder::new_current_thread().build()?.block_on(run())
}
