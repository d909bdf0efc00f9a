//! Java is the reference: `expected.tsv` holds results of `SimpleDateFormat` for some thousand patterns and
//! texts. Its README describes how it was made.

use chrono::DateTime;
use proptest::prelude::*;

use super::{DateFormat, FormatHintError, ParsedTime, correction};

const EXPECTED: &str = include_str!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/fixtures/simple_date_format/expected.tsv"
));

/// 2026-01-15T12:34:56.789Z, the moment from which two-digit years of the table count.
const TABLE_NOW_MS: i64 = 1_768_480_496_789;

/// Line of the table.
struct Case {
    pattern: String,
    text: String,
    expected: &'static str,
}

fn cases() -> impl Iterator<Item = Case> {
    EXPECTED.lines().map(|line| {
        let columns: Vec<_> = line.split('\t').collect();
        let [pattern, text, expected] = columns[..] else {
            panic!("not three columns: {line}")
        };
        Case {
            pattern: unescape(pattern),
            text: unescape(text),
            expected,
        }
    })
}

fn unescape(text: &str) -> String {
    let mut chars = text.chars();
    let unescaped = std::iter::from_fn(|| match chars.next()? {
        '\\' => chars.next().map(|c| match c {
            't' => '\t',
            'n' => '\n',
            _ => c,
        }),
        c => Some(c),
    });
    unescaped.collect()
}

fn found(hint: &str, text: &str) -> String {
    match DateFormat::compile_at(hint, TABLE_NOW_MS) {
        Err(_) => "ILLEGAL".to_owned(),
        Ok(format) => format
            .parse_millis(text)
            .map_or("NULL".to_owned(), |millis| millis.to_string()),
    }
}

/// Lines where `found` differs, all of them, so that a failure shows the common pattern.
fn differences(hint_of: impl Fn(&Case) -> String, relevant: impl Fn(&Case) -> bool) -> Vec<String> {
    let compared = cases().filter(relevant).filter_map(|case| {
        let found = found(&hint_of(&case), &case.text);
        (found != case.expected).then(|| {
            format!(
                "{:?} {:?}: wanted {}, found {found}",
                case.pattern, case.text, case.expected
            )
        })
    });
    compared.collect()
}

fn assert_none(differences: &[String]) {
    assert!(
        differences.is_empty(),
        "{} lines differ:\n{}",
        differences.len(),
        differences.join("\n")
    );
}

#[test]
fn reads_what_java_reads() {
    assert!(cases().count() > 5000);
    assert_none(&differences(|case| format!("java:{}", case.pattern), |_| true));
}

#[test]
fn reads_what_java_reads_without_the_prefix_if_no_fraction_is_involved() {
    // An empty hint is not a pattern.
    let relevant = |case: &Case| {
        let pattern = &case.pattern;
        !pattern.is_empty() && !pattern.contains('S') && correction(pattern).is_none()
    };
    assert_none(&differences(|case| case.pattern.clone(), relevant));
}

#[test]
fn three_digits_of_fraction_mean_the_same_either_way() {
    let patterns = [
        "yyyy-MM-dd HH:mm:ss.SSS",
        "yyyyMMddHHmmssSSS",
        "yyyy-MM-dd'T'HH:mm:ss.SSSX",
        "s.S",
    ];
    for millis in [0_i64, 7, 70, 123, 999] {
        for (pattern, text) in patterns.iter().zip([
            format!("2023-03-09 21:05:07.{millis:03}"),
            format!("20230309210507{millis:03}"),
            format!("2023-03-09T22:05:07.{millis:03}+01"),
            format!("1678395907.{millis:03}"),
        ]) {
            let expected = (1_678_395_907_000 + millis).to_string();
            assert_eq!(found(pattern, &text), expected, "{pattern}");
            assert_eq!(
                found(&format!("java:{pattern}"), &text),
                expected,
                "java:{pattern}"
            );
        }
    }
}

#[test]
fn reads_a_fraction_of_any_width() {
    let millis_of = |text: &str| DateFormat::compile("s.SSSSSS").unwrap().parse_millis(text);
    for (text, millis) in [
        ("5.7", 5700),
        ("5.70", 5700),
        ("5.073456", 5073),
        ("5.073456789012345678901234567890", 5073),
        ("5.9999", 5999),
        ("5. 25", 5250),
        ("5.٢٥", 5250),
        ("5.5Z", 5500),
    ] {
        assert_eq!(millis_of(text), Some(millis), "{text}");
    }
    for text in ["5.", "5.-7", "5.+7", "5.x", "5.NaN"] {
        assert_eq!(millis_of(text), None, "{text}");
    }
}

#[test]
fn java_prefix_counts_milliseconds() {
    let format = DateFormat::compile("java:s.SSS").unwrap();
    assert_eq!(format.parse_millis("5.7"), Some(5007));
    assert_eq!(format.parse_millis("5.073456789"), Some(5000 + 73_456_789));
}

#[test]
fn a_fraction_that_abuts_a_number_keeps_its_width() {
    assert_eq!(found("sSSSyyyy", "0.5"), "NULL");
    assert_eq!(
        found("ssSSSyyyy", "071232023"),
        found("java:ssSSSyyyy", "071232023")
    );
}

#[test]
fn a_zone_belongs_to_its_value() {
    let format = DateFormat::compile("yyyy-MM-dd HH:mm z").unwrap();
    let bare = DateFormat::compile("yyyy-MM-dd HH:mm").unwrap();
    let utc = format.parse_millis("2023-07-09 21:05 UTC");
    assert_ne!(format.parse_millis("2023-07-09 21:05 PST"), utc);
    assert_eq!(bare.parse_millis("2023-07-09 21:05"), utc);
    assert_eq!(format.parse_millis("2023-07-09 21:05 UTC"), utc);
    // India's, after India was spelled out; Java's formatter then stays in India.
    let israel = format.parse_millis("2023-07-09 21:05 IST");
    assert_ne!(
        format.parse_millis("2023-07-09 21:05 India Standard Time"),
        israel
    );
    assert_eq!(format.parse_millis("2023-07-09 21:05 IST"), israel);
}

#[test]
fn the_last_of_two_zones_counts() {
    let format = DateFormat::compile("HH z Z").unwrap();
    assert_eq!(format.parse_millis("12 PDT +0100"), Some(11 * 3_600_000));
    assert_eq!(format.parse_millis("12 +0100 JST"), Some(3 * 3_600_000));
}

#[test]
fn days_are_local_and_rounded_down() {
    let days = |hint: &str, text: &str| DateFormat::compile(hint).unwrap().parse_days(text);
    assert_eq!(days("yyyy-MM-dd HH:mm", "1969-12-31 23:00"), Some(-1));
    assert_eq!(days("yyyy-MM-dd HH:mmX", "1969-12-31 23:00-05"), Some(-1));
    assert_eq!(days("yyyy-MM-dd HH:mmX", "1970-01-01 03:00+09"), Some(0));
    assert_eq!(days("yyyy-MM-dd HH:mm z", "2023-07-09 23:59 PDT"), Some(19_547));
    assert_eq!(days("", "2023-07-09T00:30+09:00"), Some(19_547));
    assert_eq!(days("rfc2822", "9 Jul 2023 23:30 -0900"), Some(19_547));
    assert_eq!(days("epoch_seconds", "-1"), Some(-1));
    assert_eq!(days("epoch_millis", "9000000000000000000"), None);
}

#[test]
fn knows_hints_by_name() {
    let expected = Some(1_678_395_907_123);
    for (hint, text) in [
        ("", "2023-03-09T21:05:07.123Z"),
        ("", "2023-03-09 21:05:07.123456"),
        ("iso8601", "2023-03-09T22:05:07.123+01:00"),
        ("epoch_seconds", "1678395907.123"),
        ("epoch_millis", "1678395907123"),
        ("epoch_micros", "1678395907123999"),
    ] {
        assert_eq!(
            DateFormat::compile(hint).unwrap().parse_millis(text),
            expected,
            "{hint}"
        );
    }
    let mail = DateFormat::compile("rfc2822").unwrap();
    assert_eq!(
        mail.parse("Thu, 9 Mar 2023 21:05:07 +0900"),
        Some(ParsedTime {
            utc_ms: 1_678_363_507_000,
            offset_seconds: 32_400
        })
    );
    assert_eq!(mail.parse("2023-03-09"), None);
    assert_eq!(
        DateFormat::compile("iso8601").unwrap().parse("2023-03-09 21:05"),
        None
    );
}

#[test]
fn two_digit_years_lie_within_80_years_back_and_20_ahead() {
    let now = DateTime::parse_from_rfc3339("2000-02-29T00:00:00Z").unwrap();
    let format = DateFormat::compile_at("yy-MM-dd", now.timestamp_millis()).unwrap();
    let year_of = |text| {
        DateTime::from_timestamp_millis(format.parse_millis(text).unwrap())
            .unwrap()
            .format("%Y")
            .to_string()
    };
    assert_eq!(year_of("20-02-29"), "1920");
    assert_eq!(year_of("20-02-28"), "2020");
    assert_eq!(year_of("19-12-31"), "2019");
    assert_eq!(year_of("21-01-01"), "1921");
}

#[test]
fn refuses_bad_patterns_by_place() {
    let error = |hint: &str| DateFormat::compile(hint).unwrap_err();
    assert_eq!(
        error("yyyy年MM-ddTmm"),
        FormatHintError::UnknownLetter {
            hint: "yyyy年MM-ddTmm".to_owned(),
            position: 10,
            letter: 'T'
        }
    );
    assert_eq!(
        error("java:HHXXXX"),
        FormatHintError::ZoneTooWide {
            hint: "java:HHXXXX".to_owned(),
            position: 7,
            width: 4
        }
    );
    assert_eq!(
        error("yyyy''''MM 'o''clock"),
        FormatHintError::UnterminatedQuote {
            hint: "yyyy''''MM 'o''clock".to_owned(),
            position: 11
        }
    );
    assert_eq!(
        error("iso").to_string(),
        "format hint \"iso\": `i` at position 0 is not a pattern letter; literal text requires single quotes"
    );
}

#[test]
fn hints_of_one_plain_meaning_are_read_by_it() {
    for (hint, meant, text) in [
        (
            "yyyy-MM-ddTHH:mm:ss",
            "yyyy-MM-dd'T'HH:mm:ss",
            "2023-03-09T21:05:07",
        ),
        ("yyyyMMddTHHmmssX", "yyyyMMdd'T'HHmmssX", "20230309T220507+01"),
        ("ISO8601", "iso8601", "2023-03-09T21:05:07Z"),
        ("Epoch_Seconds", "epoch_seconds", "1678395907"),
    ] {
        assert_eq!(correction(hint).as_deref(), Some(meant), "{hint}");
        let format = DateFormat::compile(hint).unwrap();
        assert_eq!(format.parse_millis(text), Some(1_678_395_907_000), "{hint}");
    }
    // A valid hint keeps its meaning, and a hint that would still be invalid is not a correction.
    for hint in ["", "yyyy-MM-dd'T'HH:mm", "iso8601", "s", "ddTHH b", "java:ddTHH"] {
        assert_eq!(correction(hint), None, "{hint}");
    }
    let error = DateFormat::compile("ddTHH b").unwrap_err().to_string();
    assert!(
        error.starts_with("format hint \"ddTHH b\": `T` at position 2"),
        "{error}"
    );
}

#[test]
fn an_unreadable_hint_reads_nothing_and_keeps_its_reason() {
    let format = DateFormat::compile_or_unreadable("yyyy-MM-dd b");
    for text in ["2023-03-09 b", "2023-03-09", "", "0"] {
        assert_eq!((format.parse_millis(text), format.parse_days(text)), (None, None));
    }
    assert_eq!(
        format.hint_error(),
        DateFormat::compile("yyyy-MM-dd b").err().as_ref()
    );
    assert_eq!(DateFormat::compile_or_unreadable("yyyy").hint_error(), None);
}

#[test]
fn an_instant_beyond_64_bits_is_no_match() {
    for (hint, text) in [
        ("yyyy", "292300000"),
        ("yyyy", "-292300000"),
        ("YYYY", "2147483647"),
        ("YYYY w", "-2147483648 -2147483648"),
        ("G y", "BC -2147483648"),
    ] {
        assert_eq!(
            DateFormat::compile(hint).unwrap().parse(text),
            None,
            "{hint} {text}"
        );
    }
}

#[test]
fn is_shared_between_threads() {
    fn assert_shared<T: Send + Sync + Clone>() {}
    assert_shared::<DateFormat>();
}

/// Patterns with all of a date and a time, and chrono's formats for them.
const WRITTEN: [(&str, &str); 8] = [
    ("yyyy-MM-dd HH:mm:ss.SSS", "%Y-%m-%d %H:%M:%S%.3f"),
    ("yyyyMMddHHmmssSSS", "%Y%m%d%H%M%S%3f"),
    ("EEEE d MMMM yyyy hh:mm:ss a SSS", "%A %-d %B %Y %I:%M:%S %p %3f"),
    ("EEE, dd MMM yyyy HH:mm:ss.SSS Z", "%a, %d %b %Y %H:%M:%S%.3f %z"),
    ("yyyy-DDD HH:mm:ss.SSSXXX", "%Y-%j %H:%M:%S%.3f%:z"),
    ("java:s.SSS", "%s%.3f"),
    ("", "%Y-%m-%dT%H:%M:%S%.6f%:z"),
    ("iso8601", "%Y%m%dT%H%M%S%.3f%z"),
];

proptest! {
    #[test]
    fn reads_back_what_was_written(millis in 0..4_102_444_800_000_i64) {
        let time = DateTime::from_timestamp_millis(millis).unwrap();
        for (hint, written) in WRITTEN {
            let text = time.format(written).to_string();
            // A 32-bit field of seconds ends in 2038.
            if hint != "java:s.SSS" || millis < i64::from(i32::MAX) * 1000 {
                prop_assert_eq!(DateFormat::compile(hint).unwrap().parse_millis(&text), Some(millis), "{} {}", hint, text);
            }
        }
        for (hint, unit) in [("epoch_seconds", 1000), ("epoch_millis", 1)] {
            let text = (millis / unit).to_string();
            prop_assert_eq!(DateFormat::compile(hint).unwrap().parse_millis(&text), Some(millis / unit * unit));
        }
    }

    #[test]
    fn never_panics(hint in ".{0,12}", text in ".{0,24}") {
        read_by_name_and(&hint, &text);
    }

    #[test]
    fn never_panics_on_what_looks_like_a_date(
        hint in "(java:)?([GyYMLwWDdFEuaHkKhmsSzZX]{1,5}[-/: .,'年]{0,2}){1,6}",
        text in "(-?[0-9]{1,20}|[-+: T.,Z∞]|NaN|E-?[0-9]{1,12}|GMT|PST|Mar|Thu|BC|PM|[٣２𝟚]){1,12}",
    ) {
        read_by_name_and(&hint, &text);
    }

    #[test]
    fn never_panics_on_numbers_of_any_size(
        hint in "java:([yYMwWDdFuHkKhmsS] ){1,4}E?",
        text in "(-?([0-9]{1,25}|2147483647|-2147483648|∞)(E-?([0-9]{1,12}|2147483647))? ){4}Mon",
    ) {
        read_by_name_and(&hint, &text);
    }
}

/// Reads `text` with each named hint, and with `hint`.
fn read_by_name_and(hint: &str, text: &str) {
    for hint in [
        hint,
        "",
        "iso8601",
        "rfc2822",
        "epoch_seconds",
        "epoch_millis",
        "epoch_micros",
    ] {
        if let Ok(format) = DateFormat::compile(hint) {
            let _ = format.parse_days(text);
        }
    }
}
