#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fragkit_fuzz_checks::movie::check(data));
