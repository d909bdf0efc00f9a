#![no_main]

use topic::format_hint::DateFormat;

libfuzzer_sys::fuzz_target!(|hint_and_text: (&str, &str)| {
    let (hint, text) = hint_and_text;
    if let Ok(format) = DateFormat::compile(hint) {
        let _ = (format.parse_millis(text), format.parse_days(text));
    }
});
