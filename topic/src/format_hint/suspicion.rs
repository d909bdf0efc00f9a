//! Probable mistakes in patterns that compile.
//!
//! | pattern | mostly meant | reads |
//! |---|---|---|
//! | `YYYY` without a week (`w`) | `yyyy` | the year that the week is of, and the first day of that year |
//! | `DD` beside a month | `dd` | the day of the year |
//! | `mm` between year and day | `MM` | minutes |
//! | `MM` after the hour | `mm` | months |
//! | `hh` without `a` | `HH` | an hour of the half day: 12 is midnight |
//! | `%Y-%m-%d` | `yyyy-MM-dd` | nothing: `%` is a letter of the text |

use super::spelling::JAVA_PREFIX;

/// Probable mistakes in `hint`, a pattern; empty if there are none.
pub(super) fn of_pattern(hint: &str) -> Vec<String> {
    if is_strftime(hint) {
        return vec![
            "`%` is not a pattern letter: wanted a pattern such as `yyyy-MM-dd HH:mm:ss`".to_owned(),
        ];
    }
    let runs = runs(hint.strip_prefix(JAVA_PREFIX).unwrap_or(hint));
    let has = |letters: &str| runs.iter().any(|(letter, _)| letters.contains(*letter));
    let place = |letters: &str| runs.iter().position(|(letter, _)| letters.contains(*letter));
    let mut found = Vec::new();
    let mut suspect = |written: char, meant: char, reads: &str| {
        let width = runs.iter().find(|(letter, _)| *letter == written);
        let width = width.map_or(1, |(_, width)| *width);
        let (written, meant) = (written.to_string().repeat(width), meant.to_string().repeat(width));
        found.push(format!(
            "`{written}` reads {reads}; most likely `{meant}` is meant"
        ));
    };
    if has("Y") && !has("w") {
        suspect('Y', 'y', "the year that the week is of");
    }
    if has("D") && has("ML") && !has("d") {
        suspect('D', 'd', "the day of the year");
    }
    // Minutes beside a day, and without an hour before them, are probably the month.
    let minutes_are_early = match (place("m"), place("HhKk")) {
        (Some(_), None) => true,
        (Some(minutes), Some(hour)) => minutes < hour,
        _ => false,
    };
    if minutes_are_early && !has("ML") && has("yYdD") {
        suspect('m', 'M', "minutes");
    }
    let month_after_hour = runs
        .windows(2)
        .any(|pair| matches!(pair, [('H' | 'h' | 'K' | 'k', _), ('M', ..3)]));
    if month_after_hour && !has("m") {
        suspect('M', 'm', "months");
    }
    if has("h") && !has("a") {
        suspect('h', 'H', "hours of the half day, from 1 to 12");
    }
    found
}

/// Runs of the same letter in the pattern, with their lengths; quoted text is left out.
fn runs(pattern: &str) -> Vec<(char, usize)> {
    let mut runs: Vec<(char, usize)> = Vec::new();
    let (mut quoted, mut previous) = (false, None);
    for c in pattern.chars() {
        quoted ^= c == '\'';
        if c.is_ascii_alphabetic() && !quoted {
            match runs.last_mut() {
                Some((letter, width)) if *letter == c && previous == Some(c) => *width += 1,
                _ => runs.push((c, 1)),
            }
        }
        previous = Some(c);
    }
    runs
}

/// Whether `hint` has the conversions of `strftime`.
fn is_strftime(hint: &str) -> bool {
    let mut after_percent = hint.split('%').skip(1);
    after_percent.any(|rest| rest.starts_with(['Y', 'y', 'm', 'd', 'H', 'I', 'M', 'S', 'F', 'T', 's']))
}

#[cfg(test)]
mod tests {
    use super::super::suspicions;

    #[test]
    fn classical_mistakes_are_named_once_each() {
        for (hint, wanted) in [
            (
                "YYYY-MM-dd",
                vec!["`YYYY` reads the year that the week is of; most likely `yyyy` is meant"],
            ),
            (
                "yyyy-MM-DD",
                vec!["`DD` reads the day of the year; most likely `dd` is meant"],
            ),
            (
                "YYYY-MM-DD",
                vec![
                    "`YYYY` reads the year that the week is of; most likely `yyyy` is meant",
                    "`DD` reads the day of the year; most likely `dd` is meant",
                ],
            ),
            (
                "yyyy-mm-dd",
                vec!["`mm` reads minutes; most likely `MM` is meant"],
            ),
            (
                "yyyy-mm-dd HH:mm:ss",
                vec!["`mm` reads minutes; most likely `MM` is meant"],
            ),
            (
                "yyyy-MM-dd HH:MM:ss",
                vec!["`MM` reads months; most likely `mm` is meant"],
            ),
            ("HH:MM:ss", vec!["`MM` reads months; most likely `mm` is meant"]),
            (
                "yyyy-MM-dd hh:mm",
                vec!["`hh` reads hours of the half day, from 1 to 12; most likely `HH` is meant"],
            ),
            (
                "java:yyyy-mm-dd",
                vec!["`mm` reads minutes; most likely `MM` is meant"],
            ),
            (
                "%Y-%m-%d",
                vec!["`%` is not a pattern letter: wanted a pattern such as `yyyy-MM-dd HH:mm:ss`"],
            ),
        ] {
            assert_eq!(suspicions(hint), wanted, "{hint}");
        }
    }

    #[test]
    fn right_patterns_are_not_suspected() {
        for hint in [
            "",
            "iso8601",
            "epoch_days",
            "epoch_millis",
            "rfc2822",
            "yyyy-MM-dd HH:mm:ss.SSS",
            "yyyy-MM-dd'T'HH:mm:ssXXX",
            "hh:mm a",
            "dd/MM/yyyy h:mm:ss a",
            "yyyy-DDD",
            "yyyyDDD HH:mm",
            "YYYY-'W'ww",
            "YYYY-'W'ww-u",
            "HH:mm",
            "mm:ss",
            "yyyyMMddHHmmss",
            "EEE MMM dd HH:mm:ss zzz yyyy",
            "'YYYY DD' yyyy",
            "yyyy'%'MM",
        ] {
            assert_eq!(suspicions(hint), [""; 0], "{hint}");
        }
    }
}
