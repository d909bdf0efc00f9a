#![no_main]

use fuzz::describe;

libfuzzer_sys::fuzz_target!(|text: &str| {
    for data_format in ["JSON", "AVRO", "PROTOBUF"] {
        describe(data_format, text);
    }
});
