#![no_main]

use topic::infer::{InferRecord, infer};

libfuzzer_sys::fuzz_target!(|records: Vec<(Option<&[u8]>, Option<&[u8]>)>| {
    let records = records.into_iter().map(|(key, value)| InferRecord { key, value });
    let _ = infer("topic", records);
});
