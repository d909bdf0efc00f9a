#![no_main]

use fuzz::decode_text;

libfuzzer_sys::fuzz_target!(|payload: &[u8]| decode_text(payload));
