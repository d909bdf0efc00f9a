//! Texts that may be dates, and the format that fits all of them.

use arrow::datatypes::DataType;

use crate::format_hint::DateFormat;

/// Formats that are tried, the more specific ones first: the pattern of the text, and the hint that reads it.
const SPELLINGS: [(&str, &str); 15] = [
    ("yyyy-MM-dd", ""),
    // SQL and ISO 8601, with any fraction and offset.
    (ANY_ISO, ""),
    ("yyyy/MM/dd", "yyyy/MM/dd"),
    ("dd.MM.yyyy", "dd.MM.yyyy"),
    ("dd/MM/yyyy", "dd/MM/yyyy"),
    ("MM/dd/yyyy", "MM/dd/yyyy"),
    ("dd-MM-yyyy", "dd-MM-yyyy"),
    ("MM-dd-yyyy", "MM-dd-yyyy"),
    ("yyyy/MM/dd HH:mm:ss", "yyyy/MM/dd HH:mm:ss"),
    ("dd.MM.yyyy HH:mm:ss", "dd.MM.yyyy HH:mm:ss"),
    ("dd/MM/yyyy HH:mm:ss", "dd/MM/yyyy HH:mm:ss"),
    ("MM/dd/yyyy HH:mm:ss", "MM/dd/yyyy HH:mm:ss"),
    ("dd/MMM/yyyy:HH:mm:ss Z", "dd/MMM/yyyy:HH:mm:ss Z"),
    ("EEE MMM dd HH:mm:ss zzz yyyy", "EEE MMM dd HH:mm:ss zzz yyyy"),
    ("EEE, dd MMM yyyy HH:mm:ss Z", "rfc2822"),
];
const ANY_ISO: &str = "";

/// Compiled formats.
pub(super) struct DateFormats(Vec<Option<DateFormat>>);

impl DateFormats {
    pub(super) fn new() -> Self {
        Self(
            SPELLINGS
                .iter()
                .map(|(_, hint)| DateFormat::compile(hint).ok())
                .collect(),
        )
    }

    fn fits(&self, spelling: usize, text: &str) -> bool {
        let looks_so = match SPELLINGS[spelling].0 {
            // Eight digits are more likely a number.
            ANY_ISO => text.get(..10).is_some_and(|date| is_spelled(date, "yyyy-MM-dd")),
            pattern => is_spelled(text, pattern),
        };
        let format = self.0[spelling].as_ref();
        looks_so && format.is_some_and(|format| format.parse(text).is_some())
    }
}

/// Formats that fit every text so far.
#[derive(Debug, Default)]
pub(super) struct Candidates {
    /// Bit for each format that did not fit.
    ruled_out: u16,
    texts: bool,
}

/// Classification of the texts.
#[derive(Debug, PartialEq)]
pub(super) enum Reading {
    Text,
    /// Type and format hint.
    Date(DataType, &'static str),
    /// Dates whose day and month may be in either order.
    Ambiguous(&'static str, &'static str),
}

impl Candidates {
    pub(super) fn observe(&mut self, text: &str, formats: &DateFormats) {
        self.texts = true;
        for spelling in 0..SPELLINGS.len() {
            if self.ruled_out & 1 << spelling == 0 && !formats.fits(spelling, text) {
                self.ruled_out |= 1 << spelling;
            }
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.ruled_out |= other.ruled_out;
        self.texts |= other.texts;
    }

    pub(super) fn reading(&self) -> Reading {
        let fits = |spelling: &usize| self.texts && self.ruled_out & 1 << spelling == 0;
        let mut fitting = (0..SPELLINGS.len())
            .filter(fits)
            .map(|spelling| SPELLINGS[spelling]);
        match (fitting.next(), fitting.next()) {
            (None, _) => Reading::Text,
            (Some((_, first)), Some((_, second))) if first != second => Reading::Ambiguous(first, second),
            (Some((pattern, hint)), _) => {
                let has_time = pattern == ANY_ISO || pattern.contains("HH");
                let data_type = if has_time {
                    DataType::Date64
                } else {
                    DataType::Date32
                };
                Reading::Date(data_type, hint)
            }
        }
    }
}

/// Whether `text` matches `pattern` with a number of the same number of digits, and within its bounds, for
/// each letter. Format hints themselves are lenient.
fn is_spelled(text: &str, pattern: &str) -> bool {
    let (mut text, mut pattern) = (text, pattern);
    while let Some(letter) = pattern.chars().next() {
        let width = pattern.len() - pattern.trim_start_matches(letter).len();
        pattern = &pattern[width..];
        let Some((part, rest)) = split_part(text, letter, width) else {
            return false;
        };
        if !fits_letter(part, letter, width) {
            return false;
        }
        text = rest;
    }
    text.is_empty()
}

fn split_part(text: &str, letter: char, width: usize) -> Option<(&str, &str)> {
    let bytes = match letter {
        'z' => text.find(' ')?,
        'Z' => 5,
        _ => width,
    };
    text.split_at_checked(bytes)
}

fn fits_letter(part: &str, letter: char, width: usize) -> bool {
    let all = |fits: fn(&u8) -> bool| part.as_bytes().iter().all(fits);
    let within = |bounds: std::ops::RangeInclusive<u32>| {
        all(u8::is_ascii_digit) && part.parse().is_ok_and(|number| bounds.contains(&number))
    };
    match (letter, width) {
        ('E', _) | ('M', 3) | ('z', _) => !part.is_empty() && all(u8::is_ascii_alphabetic),
        ('y', _) => within(1..=9999),
        ('M', _) => within(1..=12),
        ('d', _) => within(1..=31),
        ('H', _) => within(0..=23),
        ('m' | 's', _) => within(0..=59),
        ('Z', _) => part.starts_with(['+', '-']) && part[1..].bytes().all(|byte| byte.is_ascii_digit()),
        (literal, _) => part.chars().all(|c| c == literal),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(texts: &[&str]) -> Reading {
        let formats = DateFormats::new();
        let mut candidates = Candidates::default();
        texts.iter().for_each(|text| candidates.observe(text, &formats));
        candidates.reading()
    }

    #[test]
    fn finds_the_spelling_that_fits_all() {
        use DataType::{Date32, Date64};
        for (texts, data_type, hint) in [
            (["2023-03-09", "0001-01-01"].as_slice(), Date32, ""),
            (&["2023-03-09", "2023-03-09 21:05"], Date64, ""),
            (
                &["2023-03-09T21:05:00.123456Z", "2023-03-09 21:05:00 +09:00"],
                Date64,
                "",
            ),
            (&["2023/03/09"], Date32, "yyyy/MM/dd"),
            (&["09.03.2023"], Date32, "dd.MM.yyyy"),
            (&["09/03/2023", "13/03/2023"], Date32, "dd/MM/yyyy"),
            (&["03/13/2023"], Date32, "MM/dd/yyyy"),
            (&["13-03-2023"], Date32, "dd-MM-yyyy"),
            (&["03-13-2023"], Date32, "MM-dd-yyyy"),
            (&["2023/03/09 21:05:00"], Date64, "yyyy/MM/dd HH:mm:ss"),
            (&["09.03.2023 21:05:00"], Date64, "dd.MM.yyyy HH:mm:ss"),
            (&["13/03/2023 21:05:00"], Date64, "dd/MM/yyyy HH:mm:ss"),
            (&["03/13/2023 21:05:00"], Date64, "MM/dd/yyyy HH:mm:ss"),
            (&["09/Mar/2023:21:05:00 +0900"], Date64, "dd/MMM/yyyy:HH:mm:ss Z"),
            (
                &["Thu Mar 09 21:05:00 UTC 2023"],
                Date64,
                "EEE MMM dd HH:mm:ss zzz yyyy",
            ),
            (&["Thu, 09 Mar 2023 21:05:00 +0900"], Date64, "rfc2822"),
        ] {
            assert_eq!(reading(texts), Reading::Date(data_type, hint), "{texts:?}");
        }
    }

    #[test]
    fn leaves_text_alone() {
        for texts in [
            [].as_slice(),
            &[""],
            &["2023-03-09", ""],
            &["2023-03-09", "soon"],
            &["2023-02-30"],
            &["2023-03-09T25:00"],
            &["2023-13-09"],
            &["20230309"],
            &["2023-03"],
            &[" 2023-03-09"],
            &["2023/3/9"],
            &["2023/03/09", "2023-03-09"],
            &["99/99/2023"],
            &["2023/03/09 24:00:00"],
            &["Xyz Mar 09 21:05:00 UTC 2023"],
            &["2023-03-0é"],
        ] {
            assert_eq!(reading(texts), Reading::Text, "{texts:?}");
        }
    }

    #[test]
    fn does_not_guess_whether_the_day_comes_first() {
        assert_eq!(
            reading(&["01/02/2023"]),
            Reading::Ambiguous("dd/MM/yyyy", "MM/dd/yyyy")
        );
    }
}
