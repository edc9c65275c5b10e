#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Err(fault) = zt_lang::oracle::target::entities(bytes) {
        panic!("{fault}");
    }
});
