#![no_main]

use fuzz::decode_written;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let end = input.iter().position(|byte| *byte == 0).unwrap_or(input.len());
    let (schema, datum) = input.split_at(end);
    if let Ok(schema) = std::str::from_utf8(schema) {
        decode_written(schema, datum.get(1..).unwrap_or_default());
    }
});
