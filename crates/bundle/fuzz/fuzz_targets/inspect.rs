//! Fuzzes [`blobferry_bundle_fuzz::inspect`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| blobferry_bundle_fuzz::inspect(data));
