#![no_main]

use fuzz::describe;

libfuzzer_sys::fuzz_target!(|text: &str| describe("AVRO", text));
