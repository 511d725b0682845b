//! Fuzzes [`blobferry_bundle_fuzz::signature`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| blobferry_bundle_fuzz::signature(data));
