//! Observation of the numbers at one place, as they are written.

use std::ops::RangeInclusive;

use arrow::datatypes::DataType;

/// Common properties of the numbers.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    /// Minimum and maximum, if all are integers of 64 bits.
    range: Option<(i64, i64)>,
    /// Whether some were not.
    beyond_bigint: bool,
    /// Whether some had a fraction or an exponent.
    no_integers: bool,
    /// Maximum number of digits before the point.
    whole_digits: usize,
    /// Number of digits after the point, if all have the same.
    scale: Option<usize>,
    scales_differ: bool,
    trailing_zero: bool,
}

impl Numbers {
    /// Observes a number in JSON's format.
    pub(super) fn observe(&mut self, text: &str) {
        match text.parse() {
            Ok(value) => self.widen_range(value, value),
            Err(_) => self.beyond_bigint = true,
        }
        let (whole, fraction) = text
            .split_once('.')
            .map_or((text, None), |(whole, rest)| (whole, Some(rest)));
        let whole = whole.trim_start_matches('-');
        let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        self.no_integers |= fraction.is_some() || !is_digits(whole);
        self.whole_digits = self.whole_digits.max(whole.len());
        match fraction.filter(|fraction| is_digits(fraction)) {
            Some(fraction) => {
                self.trailing_zero |= fraction.len() > 1 && fraction.ends_with('0');
                self.note_scale(fraction.len());
            }
            None => self.scales_differ = true,
        }
    }

    /// BIGINT, DECIMAL or DOUBLE; VARCHAR for more digits than a decimal has.
    pub(super) fn data_type(&self) -> DataType {
        match self.scale {
            _ if !self.beyond_bigint => DataType::Int64,
            _ if !self.no_integers => self.decimal(0),
            Some(scale) if !self.scales_differ && self.trailing_zero => self.decimal(scale),
            _ => DataType::Float64,
        }
    }

    /// Hint for numbers that count from 1970, if `name` and all of them suggest it.
    pub(super) fn epoch_unit(&self, name: &str) -> Option<&'static str> {
        let (least, greatest) = self.range.filter(|_| !self.beyond_bigint && is_of_time(name))?;
        EPOCHS.into_iter().find_map(|(hint, per_second)| {
            let plausible = PLAUSIBLE_SECONDS.start() * per_second..=PLAUSIBLE_SECONDS.end() * per_second;
            (plausible.contains(&least) && plausible.contains(&greatest)).then_some(hint)
        })
    }

    pub(super) fn merge(&mut self, other: &Self) {
        if let Some((least, greatest)) = other.range {
            self.widen_range(least, greatest);
        }
        if let Some(scale) = other.scale {
            self.note_scale(scale);
        }
        self.beyond_bigint |= other.beyond_bigint;
        self.no_integers |= other.no_integers;
        self.whole_digits = self.whole_digits.max(other.whole_digits);
        self.scales_differ |= other.scales_differ;
        self.trailing_zero |= other.trailing_zero;
    }

    fn widen_range(&mut self, least: i64, greatest: i64) {
        let (known_least, known_greatest) = self.range.unwrap_or((least, greatest));
        self.range = Some((known_least.min(least), known_greatest.max(greatest)));
    }

    fn note_scale(&mut self, scale: usize) {
        self.scales_differ |= self.scale.is_some_and(|known| known != scale);
        self.scale = Some(scale);
    }

    /// Decimal with room for larger numbers than observed.
    fn decimal(&self, scale: usize) -> DataType {
        let precision = match self.whole_digits + scale {
            ..=15 => 18,
            16..=38 => 38,
            _ => return DataType::Utf8,
        };
        i8::try_from(scale).map_or(DataType::Utf8, |scale| DataType::Decimal128(precision, scale))
    }
}

/// Hints with the number of their units in a second.
const EPOCHS: [(&str, i64); 3] = [
    ("epoch_seconds", 1),
    ("epoch_millis", 1000),
    ("epoch_micros", 1_000_000),
];
/// Seconds of the years 2000 to 2100.
const PLAUSIBLE_SECONDS: RangeInclusive<i64> = 946_684_800..=4_102_444_800;

/// Whether the name suggests times: `ts`, `created_at`, `eventTime`.
fn is_of_time(name: &str) -> bool {
    const WORDS: [&str; 7] = ["at", "ts", "time", "date", "timestamp", "datetime", "epoch"];
    let lower = name.to_ascii_lowercase();
    let ends_so = |word: &&str| match lower.strip_suffix(*word) {
        None => false,
        Some("") => *word != "at",
        Some(before) => {
            before.ends_with(['_', '-', '.', ' '])
                || name[before.len()..].starts_with(|c: char| c.is_uppercase())
        }
    };
    WORDS.iter().any(ends_so)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(texts: &[&str]) -> Numbers {
        let mut numbers = Numbers::default();
        texts.iter().for_each(|text| numbers.observe(text));
        numbers
    }

    #[test]
    fn widens_over_the_samples() {
        for (texts, wanted) in [
            (["1", "-9223372036854775808"].as_slice(), DataType::Int64),
            (&["-0"], DataType::Int64),
            (&["1", "1.5"], DataType::Float64),
            (&["1", "1.50"], DataType::Float64),
            (&["1e3"], DataType::Float64),
            (&["1.0"], DataType::Float64),
            (&["1.25", "2.5"], DataType::Float64),
            (&["1.25", "2.75"], DataType::Float64),
            (&["1.20", "2.5e1"], DataType::Float64),
            (&["5", "9223372036854775808"], DataType::Decimal128(38, 0)),
            (&["123456789012345678901234567890123456789"], DataType::Utf8),
            (&["9223372036854775808", "0.5"], DataType::Float64),
            (&["1.25", "2.50"], DataType::Decimal128(18, 2)),
            (&["-12345678901234.50"], DataType::Decimal128(38, 2)),
            (&["1.0000000000000000000000000000000000000000"], DataType::Utf8),
        ] {
            assert_eq!(numbers(texts).data_type(), wanted, "{texts:?}");
            let mut merged = Numbers::default();
            texts.iter().for_each(|text| merged.merge(&numbers(&[text])));
            assert_eq!(merged.data_type(), wanted, "{texts:?} merged");
        }
    }

    #[test]
    fn takes_integers_for_times_by_name_and_size() {
        for (name, texts, wanted) in [
            (
                "ts",
                ["1678396140", "946684800"].as_slice(),
                Some("epoch_seconds"),
            ),
            ("created_at", &["1678396140123"], Some("epoch_millis")),
            ("createdAt", &["1678396140123456"], Some("epoch_micros")),
            ("event.time", &["1678396140"], Some("epoch_seconds")),
            ("eventTimestamp", &["1678396140"], Some("epoch_seconds")),
            ("at", &["1678396140"], None),
            ("lifetime", &["1678396140"], None),
            ("format", &["1678396140"], None),
            ("order_id", &["1678396140"], None),
            ("ts", &["1678396140", "1678396140123"], None),
            ("ts", &["1678396140", "5"], None),
            ("ts", &["1678396140", "1678396140.5"], None),
            ("éts", &["1678396140"], None),
        ] {
            assert_eq!(numbers(texts).epoch_unit(name), wanted, "{name} {texts:?}");
        }
    }
}
