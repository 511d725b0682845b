//! Fuzzes [`blobferry_bundle_fuzz::resend_code`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| blobferry_bundle_fuzz::resend_code(data));
