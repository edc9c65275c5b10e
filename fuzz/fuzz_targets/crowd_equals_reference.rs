#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Err(fault) = zt_lang::oracle::target::crowd_equals_reference(bytes) {
        panic!("{fault}");
    }
});
