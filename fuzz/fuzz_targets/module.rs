#![no_main]

#[path = "../../zt-wasm/tests/it/oracle.rs"]
mod oracle;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Err(fault) = oracle::module(bytes) {
        panic!("{fault}");
    }
});
