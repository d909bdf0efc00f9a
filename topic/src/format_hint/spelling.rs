//! Names of hints, and corrections of hints that are neither a name nor a pattern, but unambiguous.

use super::epoch::EpochUnit;

/// Prefix for Java's own reading of a pattern, including `S` as a count of milliseconds.
pub(super) const JAVA_PREFIX: &str = "java:";

/// Names of hints that are not patterns, beside those of epochs.
pub(super) const ISO_8601: &str = "iso8601";
pub(super) const RFC_2822: &str = "rfc2822";

/// Correction of a hint that cannot be compiled: a name in another spelling (`ISO-8601`, `Epoch_Millis`), or
/// a pattern whose `T` before the hour lacks its quotes. The result may not be compilable either.
pub(super) fn corrected(hint: &str) -> Option<String> {
    if hint.starts_with(JAVA_PREFIX) {
        return None;
    }
    name(hint).map(str::to_owned).or_else(|| with_quoted_t(hint))
}

/// Name for a hint, ignoring case, blanks, `-` and `_`.
fn name(hint: &str) -> Option<&'static str> {
    let folded = |text: &str| -> String {
        let counts = |c: &char| !matches!(c, ' ' | '-' | '_');
        text.trim()
            .chars()
            .filter(counts)
            .map(|c| c.to_ascii_lowercase())
            .collect()
    };
    let hint = folded(hint);
    let names = [ISO_8601, RFC_2822]
        .into_iter()
        .chain(EpochUnit::ALL.map(EpochUnit::name));
    names.into_iter().find(|name| folded(name) == hint)
}

/// Pattern with quotes around each unquoted single `T` before the letters of an hour.
fn with_quoted_t(pattern: &str) -> Option<String> {
    let mut corrected = String::with_capacity(pattern.len() + 2);
    let (mut quoted, mut previous) = (false, None);
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        quoted ^= c == '\'';
        let is_before_hour = chars.peek().is_some_and(|next| "HhKk".contains(*next));
        if c == 'T' && !quoted && previous != Some('T') && is_before_hour {
            corrected.push_str("'T'");
        } else {
            corrected.push(c);
        }
        previous = Some(c);
    }
    (corrected != pattern).then_some(corrected)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_known_in_any_letters() {
        for (hint, meant) in [
            ("ISO8601", "iso8601"),
            ("ISO-8601", "iso8601"),
            (" iso_8601 ", "iso8601"),
            ("RFC 2822", "rfc2822"),
            ("Epoch_Millis", "epoch_millis"),
            ("epochMillis", "epoch_millis"),
            ("EPOCH-SECONDS", "epoch_seconds"),
            ("epoch_Micros", "epoch_micros"),
        ] {
            assert_eq!(corrected(hint).as_deref(), Some(meant), "{hint}");
        }
        for hint in ["", "epoch", "millis", "iso", "java:ISO8601", "unix"] {
            assert_eq!(corrected(hint), None, "{hint}");
        }
    }

    #[test]
    fn a_bare_t_before_the_hour_is_a_letter() {
        for (hint, meant) in [
            ("yyyy-MM-ddTHH:mm:ss", "yyyy-MM-dd'T'HH:mm:ss"),
            ("yyyyMMddTkkmm", "yyyyMMdd'T'kkmm"),
            ("'T'ddThh a, THH", "'T'dd'T'hh a, 'T'HH"),
            ("'o''clock' THH", "'o''clock' 'T'HH"),
        ] {
            assert_eq!(corrected(hint).as_deref(), Some(meant), "{hint}");
        }
        for hint in ["T", "TEXT", "ddTTHH", "yyyy-MM-dd'T'HH:mm", "'THH'", "java:ddTHH"] {
            assert_eq!(corrected(hint), None, "{hint}");
        }
    }
}
