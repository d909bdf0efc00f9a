#![no_main]

use fuzz::decode_headed;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    if let Some((length, rest)) = input.split_first() {
        let (header, payload) = rest.split_at(rest.len().min(usize::from(*length)));
        decode_headed(header, payload);
    }
});
