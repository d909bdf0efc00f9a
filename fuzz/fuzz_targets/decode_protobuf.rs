#![no_main]

use fuzz::{Format, decode};

libfuzzer_sys::fuzz_target!(|payload: &[u8]| decode(Format::Protobuf, payload));
