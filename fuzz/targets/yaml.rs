//! libFuzzer's door to `gantry_fuzz::yaml`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| gantry_fuzz::on_text(data, gantry_fuzz::yaml));
