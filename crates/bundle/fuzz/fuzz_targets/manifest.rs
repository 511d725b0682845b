//! Fuzzes [`blobferry_bundle_fuzz::manifest`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| blobferry_bundle_fuzz::manifest(data));
